"""What runs share, as the client tells of it: queues with their limits, and cached results."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from polyflow import Client
from polyflow.forgetting import Invalidated, NothingCachedError, invalidate
from polyflow.history import UnknownOperationError, UnknownRunError
from polyflow.queueing import NoAnswerError, queues
from polyflow_shared.errors import BrokerUnavailableError
from polyflow_shared.machine.home import Home
from polyflow_topics.events import OperationChanged
from polyflow_topics.names import RunId
from polyflow_topics.queues import QueuesListed, QueueState
from tests.e2e.test_run import dag, job

NOBODY = "127.0.0.1:1"
UNTIL_DONE = "until [ -e done ]; do sleep 0.05; done"
CACHED = dag(job("a", "true", ", cache: {}"), job("b", "echo b", ", cache: {}"), job("c", "true"))


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POLYFLOW_QUEUES", str(tmp_path / "queues.yaml"))
    (tmp_path / "queues.yaml").write_text("queues: [{name: narrow, limit: 1, priority: 2}]\n")
    with Client(home_folder=tmp_path) as client:
        yield client


def ended(client: Client, run: RunId) -> dict[str, str]:
    """Watch a run to its end, and return the reasons of its operations."""
    for _ in client.watch(run):
        pass
    return {name: one.reason for name, one in client.get(run).operations.items()}


def test_queues_are_listed_with_those_that_run_and_wait(client: Client) -> None:
    run = client.submit(dag(*(job(name, UNTIL_DONE, ", queue: narrow") for name in "abc")))
    for event in client.watch(run):
        if isinstance(event, OperationChanged) and event.status == "running":
            break
    listed = client.queues()
    Path("done").touch()
    ended(client, run)
    assert [one.name for one in listed.queues] == ["narrow", "default"]
    assert listed.queues[0] == QueueState(
        name="narrow", cluster="local", priority=2, limit=1, active=1, waiting=2
    )
    assert (listed.limit, listed.active, listed.waiting) == (None, 1, 2)
    assert (client.queues().active, client.queues().waiting) == (0, 0)


def test_results_are_not_used_any_more_once_they_are_invalidated(client: Client) -> None:
    used, anew = {"a": "CacheHit", "b": "CacheHit", "c": ""}, {"a": "", "b": "", "c": ""}
    run = client.submit(CACHED)
    assert ended(client, run) == anew
    assert ended(client, client.submit(CACHED)) == used
    assert client.invalidate(run, "a") == Invalidated(now=1, before=0)
    assert client.invalidate(run, "a") == Invalidated(now=0, before=1)
    assert ended(client, client.submit(CACHED)) == used | {"a": ""}
    assert client.invalidate(project="default") == Invalidated(now=2, before=0)
    assert ended(client, client.submit(CACHED)) == anew
    assert client.invalidate("latest") == Invalidated(now=2, before=0)


def test_what_is_not_cached_is_an_error(client: Client) -> None:
    run = client.submit(CACHED)
    ended(client, run)
    with pytest.raises(NothingCachedError, match=f"nothing of operation 'c' of run {run} is cached"):
        client.invalidate(run, "c")
    with pytest.raises(NothingCachedError, match="nothing of project 'other' is cached"):
        client.invalidate(project="other")
    with pytest.raises(UnknownOperationError, match="no operation 'd'"):
        client.invalidate(run, "d")
    with pytest.raises(UnknownRunError, match="there is no run 'nope'"):
        client.invalidate("nope")


@pytest.mark.parametrize(
    "meant", [{}, {"run": "latest", "project": "p"}, {"operation": "a", "project": "p"}, {"operation": "a"}]
)
def test_either_a_run_or_a_project_is_meant(client: Client, meant: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"give either a run .* or a project"):
        client.invalidate(**meant)


class Behind:
    """Services behind a broker: an admission that may answer, and a cache that forgets."""

    def __init__(self, listed: QueuesListed | None = None) -> None:
        self.listed = listed
        self.forgotten: list[str] = []

    async def queues(self) -> QueuesListed | None:
        return self.listed

    async def forget(self, results: Sequence[str]) -> None:
        self.forgotten += results


async def test_elsewhere_admission_is_asked_and_may_not_answer(tmp_path: Path) -> None:
    listed = QueuesListed(request="r", queues=(), active=0, waiting=0)
    assert await queues(Home(tmp_path), Behind(listed)) is listed
    with pytest.raises(NoAnswerError, match="does `polyflow serve admission` run"):
        await queues(Home(tmp_path), Behind())


async def test_elsewhere_all_results_are_told_once_each(client: Client, tmp_path: Path) -> None:
    run = client.submit(CACHED)
    ended(client, run)
    there = Behind()
    done = await invalidate(Home(tmp_path), there, run=run, operation=None, project=None)
    assert (done, len(set(there.forgotten)), len(there.forgotten)) == (Invalidated(2), 2, 2)
    assert client.invalidate(run).now == 2  # here they are as they were


def test_a_broker_that_is_not_up_is_told_with_its_address(client: Client, tmp_path: Path) -> None:
    run = client.submit(CACHED)
    ended(client, run)
    with Client(home_folder=tmp_path, kafka=NOBODY) as there:
        for ask in (there.queues, lambda: there.invalidate(run)):
            with pytest.raises(BrokerUnavailableError, match=NOBODY):
                ask()
        with pytest.raises(NothingCachedError, match="operations need `cache` for that"):
            there.invalidate(run, "c")
