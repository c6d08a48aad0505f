"""How the API server is found: what a user is told where it is not."""

import logging
from pathlib import Path

import pytest

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.kubernetes.client import Reach, connect
from polyflow_shared.errors import InvariantError


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand outside of any cluster, with no file named."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.delenv("KUBECONFIG", raising=False)


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


async def test_of_several_files_one_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = tmp_path / "there.yaml"
    there.write_text("""
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u, user: {token: t}}]
current-context: c
""")
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/none.yaml:{there}")
    client = await connect(Reach(), FakeClock())
    await client.close()


async def test_a_file_that_says_nothing_is_refused_in_our_words(tmp_path: Path) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("clusters: []\n")
    with pytest.raises(InvariantError, match="how to reach Kubernetes is not known from"):
        await connect(Reach(kubeconfig=empty), FakeClock())
