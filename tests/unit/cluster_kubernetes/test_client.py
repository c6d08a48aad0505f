"""How the API server is found: what a user is told where it is not."""

import json
import logging
from pathlib import Path

import pytest

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.kubernetes.access import Reach
from polyflow_shared.cluster.kubernetes.client import connect
from polyflow_shared.errors import InvariantError


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand outside of any cluster, with no file named."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.delenv("KUBECONFIG", raising=False)


def _file(folder: Path) -> Path:
    there = folder / "there.yaml"
    there.write_text("""
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u, user: {token: t}}]
current-context: c
""")
    return there


async def test_a_file_that_is_not_there_is_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none.yaml"))
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(InvariantError, match=r"none\.yaml: there is no such"),
    ):
        await connect(Reach(), FakeClock())
    assert caplog.records == []


async def test_an_empty_name_of_a_file_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".kube").mkdir()
    _file(tmp_path).rename(tmp_path / ".kube" / "config")
    monkeypatch.setenv("KUBECONFIG", "")
    client = await connect(Reach(), FakeClock())
    await client.close()


async def test_in_a_cluster_an_empty_name_of_a_file_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[object] = []
    monkeypatch.setattr("polyflow_shared.cluster.kubernetes.access.load_incluster_config", found.append)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBECONFIG", "")
    client = await connect(Reach(), FakeClock())
    await client.close()
    assert len(found) == 1


async def test_of_several_files_one_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/none.yaml:{_file(tmp_path)}")
    client = await connect(Reach(), FakeClock())
    await client.close()


CREDENTIALS = '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": %s}'
PLUGINS = {
    "one that is not there": (("no-such-plugin",), r"No such file or directory: 'no-such-plugin'\.  Set"),
    "one that fails": (("sh", "-c", "echo log in first >&2; exit 3"), r"returned 3\. log in first\.  Set"),
    "one that says something else": (("echo", "hello"), r"exec: failed to decode process output: .*Set"),
    "one without credentials": (("echo", CREDENTIALS % "{}"), "exec: missing token or clientCertificateData"),
    "one without a key": (
        ("echo", CREDENTIALS % '{"clientCertificateData": "x"}'),
        "exec: missing clientKeyData",
    ),
}


@pytest.mark.parametrize("name", PLUGINS)
async def test_a_credential_plug_in_that_gives_nothing_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    (command, *arguments), says = PLUGINS[name]
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "args": arguments or None}
    file = _file(tmp_path)
    file.write_text(file.read_text().replace("token: t", f"exec: {json.dumps(plugin)}"))
    with pytest.raises(InvariantError, match=f"(?s)not known from .*there.yaml: .*{says}"):
        await connect(Reach(kubeconfig=file), FakeClock())
    assert caplog.records == []


async def test_a_credential_plug_in_gives_a_token(tmp_path: Path) -> None:
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "echo",
        "args": [CREDENTIALS % '{"token": "t"}'],
    }
    file = _file(tmp_path)
    file.write_text(file.read_text().replace("token: t", f"exec: {json.dumps(plugin)}"))
    client = await connect(Reach(kubeconfig=file), FakeClock())
    await client.close()


async def test_a_file_that_says_nothing_is_refused_in_our_words(tmp_path: Path) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("clusters: []\n")
    with pytest.raises(InvariantError, match="how to reach Kubernetes is not known from"):
        await connect(Reach(kubeconfig=empty), FakeClock())
