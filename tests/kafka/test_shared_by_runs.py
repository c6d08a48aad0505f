"""What runs on real Kafka share: results, and slots under the limits of queues and of the installation."""

from collections.abc import Iterator

import pytest

from polyflow.forgetting import Invalidated, NothingCachedError
from polyflow.known.written import LogPiece
from polyflow_topics.names import OperationName
from tests.e2e.command import rest_of, wait_for
from tests.e2e.test_caching import COUNT, cached, executed, two, waits
from tests.e2e.test_limits import QUEUES, holds, started
from tests.e2e.test_run import dag, job
from tests.kafka.installation import OnKafka, an_installation, client_of

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def installation(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnKafka]:
    """An installation with queues, where one operation runs at once."""
    folder = tmp_path_factory.mktemp("installation")
    (folder / "catalogue.yaml").write_text(QUEUES)
    settings = {"queues": str(folder / "catalogue.yaml"), "max_concurrency": "1"}
    with an_installation(folder, kafka, **settings) as installed:
        yield installed


@pytest.fixture
def polyflow(installation: OnKafka) -> OnKafka:
    """The same, with nothing left of the test before."""
    for name in ("executed", "go"):
        (installation.folder / name).unlink(missing_ok=True)
    return installation


def variant(name: str) -> str:
    """Return a script whose results are those of no other test."""
    return f": {name}; {COUNT}"


def test_106_an_equal_operation_gets_the_result_that_there_is(polyflow: OnKafka) -> None:
    text = polyflow.file(cached(variant("one after the other")))
    first, second = (polyflow.json("run", text) for _ in range(2))
    found = second["operations"]["train"]
    assert (found["reason"], found["outputs"], executed(polyflow)) == ("CacheHit", {"loss": 0.25}, 1)
    assert found["message"] == f"the cached results of operation 'train' of run {first['id']} are used"


def test_107_what_was_invalidated_is_executed_again(polyflow: OnKafka) -> None:
    text = polyflow.file(cached(variant("invalidated")))
    run = polyflow.json("run", text)["id"]
    polyflow.shown(run, lambda view: view["status"] == "succeeded")
    assert polyflow("invalidate", run).stdout == "1 cached result is not used any more\n"
    assert polyflow.json("run", text)["operations"]["train"]["reason"] == ""


def test_107_a_client_invalidates_what_its_machine_knows_and_reads_its_logs(polyflow: OnKafka) -> None:
    text = polyflow.file(cached(f"echo hello; {variant('by a client')}"))
    run = polyflow.json("run", text)["id"]
    polyflow.shown(run, lambda view: view["status"] == "succeeded")
    a_piece = LogPiece(OperationName("train"), 0, "", b"hello\n")
    with client_of(polyflow) as client:
        assert client.invalidate(run) == Invalidated(now=1)
        assert [*client.logs(run, "train")] == [a_piece]
        with pytest.raises(NothingCachedError, match=f"nothing of operation 'use' of run {run} is cached"):
            client.invalidate(run, "use")
    assert polyflow.json("run", text)["operations"]["train"]["reason"] == ""


def test_108_of_two_equal_ones_at_the_same_time_one_waits(polyflow: OnKafka) -> None:
    go = polyflow.folder / "go"
    first, second = two(polyflow, waits(go, variant("together")))
    go.touch()
    assert ("CacheHit" in rest_of(second), "CacheHit" in rest_of(first)) == (True, False)
    assert (first.returncode, second.returncode, executed(polyflow)) == (0, 0, 1)


def test_108_who_waits_is_told_although_the_cache_was_killed_meanwhile(polyflow: OnKafka) -> None:
    go = polyflow.folder / "go"
    first, second = two(polyflow, waits(go, variant("killed")))
    polyflow.services.kill("cache-0")
    go.touch()
    wait_for(first, "train succeeded")
    polyflow.services.start("cache")
    rest_of(first), rest_of(second)
    assert (first.returncode, second.returncode, executed(polyflow)) == (0, 0, 1)


def test_109_the_queue_with_the_higher_priority_goes_first(polyflow: OnKafka) -> None:
    go = polyflow.folder / "go"
    first = polyflow.begin("run", polyflow.file(dag(job("first", holds(go))), "first.yaml"))
    wait_for(first, "first running")
    text = dag(job("low", "true", ", queue: low"), job("high", "true", ", queue: local/high"))
    second = polyflow.begin("run", polyflow.file(text))
    wait_for(second, "high queued")
    run = polyflow.newest()
    told = {one["name"]: (one["active"], one["waiting"]) for one in polyflow.json("queues")["queues"]}
    assert told == {"high": (0, 1), "closed": (0, 0), "default": (1, 0), "low": (0, 1)}
    with client_of(polyflow) as client:
        assert {one.name: (one.active, one.waiting) for one in client.queues().queues} == told
    go.touch()
    rest_of(first), rest_of(second)
    view = polyflow.shown(run, lambda view: view["status"] == "succeeded")
    assert started(dict(view)) == ["high", "low"]


def test_111_one_at_a_time_although_admission_was_killed_meanwhile(polyflow: OnKafka) -> None:
    go = polyflow.folder / "go"
    first = polyflow.begin("run", polyflow.file(dag(job("a", holds(go))), "first.yaml"))
    wait_for(first, "a running")
    second = polyflow.begin("run", polyflow.file(dag(job("b", "true")), "second.yaml"))
    wait_for(second, "InstallationLimit: the installation runs 1 operation at once")
    polyflow.services.kill("admission-0")
    go.touch()
    wait_for(first, "a succeeded")
    polyflow.services.start("admission")
    rest_of(first)
    assert "b succeeded" in rest_of(second)


def test_111_limits_change_without_a_restart(polyflow: OnKafka) -> None:
    catalogue, go = polyflow.folder / "catalogue.yaml", polyflow.folder / "go"
    going = polyflow.begin("run", polyflow.file(dag(job("a", holds(go)), job("b", holds(go)))))
    wait_for(going, "InstallationLimit: the installation runs 1 operation at once")
    catalogue.write_text(f"maxConcurrency: 2\n{QUEUES}")
    wait_for(going, "b running")
    assert polyflow.json("queues")["limit"] == 2
    go.touch()
    rest_of(going)
    assert going.returncode == 0
