"""`polyflow cluster` with a kubeconfig that leads nowhere: one sentence, never a traceback."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from polyflow.cli.installation.cluster import cluster
from polyflow_shared.errors import PolyflowError

WHOLE = {
    "current-context": "current-context: c",
    "contexts": "contexts: [{name: c, context: {cluster: k, user: u}}]",
    "clusters": 'clusters: [{name: k, cluster: {server: "https://127.0.0.1:1"}}]',
    "users": "users: [{name: u, user: {token: t}}]",
}


def kubeconfig(**parts: str) -> bytes:
    return "\n".join(
        (WHOLE | {name.replace("_", "-"): text for name, text in parts.items()}).values()
    ).encode()


NO_KUBECONFIG = "it is no kubeconfig file, or not a whole one"
WRONG = {
    "an empty file": (b"", NO_KUBECONFIG),
    "a word": (b"foo", NO_KUBECONFIG),
    "a list": (b"[a, b]", NO_KUBECONFIG),
    "no text": (b"\xff\xfe\x00\x81", NO_KUBECONFIG),
    "broken YAML": (b"a: [", NO_KUBECONFIG),
    "contexts that are a word": (kubeconfig(contexts="contexts: nope"), ""),
    "a cluster without a body": (kubeconfig(clusters="clusters: [{name: k}]"), ""),
    "a context of no cluster": (
        kubeconfig(contexts="contexts: [{name: c, context: {cluster: x, user: u}}]"),
        "",
    ),
    "a context that there is not": (kubeconfig(current_context="current-context: x"), ""),
    "a server that is a number": (
        kubeconfig(clusters="clusters: [{name: k, cluster: {server: 17}}]"),
        NO_KUBECONFIG,
    ),
    "a certificate that is none": (
        kubeconfig(users="users: [{name: u, user: {client-certificate-data: aGVsbG8=, client-key-data: eA==}}]"),
        "",
    ),
    "a certificate that is not encoded": (
        kubeconfig(users='users: [{name: u, user: {client-certificate-data: "!!!"}}]'),
        "",
    ),
}  # fmt: skip


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that KUBECONFIG names."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


def refused(command: str) -> str:
    """Return the sentence that a command ends with."""
    error = CliRunner().invoke(cluster, [command]).exception
    assert isinstance(error, PolyflowError), repr(error)
    return str(error)


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("command", ["ls", "clean"])
def test_a_kubeconfig_that_is_none_ends_in_one_sentence(case: str, command: str, named: Path) -> None:
    text, why = WRONG[case]
    named.write_bytes(text)
    told = refused(command)
    assert f"how to reach Kubernetes is not known from {named}: {why}" in told
    assert "\n" not in told
    assert told.endswith("`kubectl --kubeconfig FILE get pods` works with")


def test_a_folder_is_called_one(named: Path) -> None:
    named.mkdir()
    assert f"{named}: it is a folder." in refused("ls")


def test_who_does_not_reach_the_server_is_told_where_to_look(named: Path) -> None:
    named.write_bytes(kubeconfig())
    told = refused("ls")
    assert (
        "/api/v1/namespaces/default/pods: the API server is away: Cannot connect to host 127.0.0.1:1" in told
    )
    assert told.endswith("; look at KUBECONFIG, and at `kubectl get pods`")
