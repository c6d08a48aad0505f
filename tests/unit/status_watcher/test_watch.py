from datetime import UTC, datetime

from polyflow_services.status_watcher.act import watch
from polyflow_services.status_watcher.core import Memory
from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.memory import Ending, MemoryCluster
from polyflow_shared.cluster.port import Measurement, PodReport
from polyflow_topics.inbox import OperationReported
from polyflow_topics.metrics import MetricsLogged
from polyflow_topics.names import ClusterName, OperationName, RunId, pod_name
from polyflow_topics.status import PodStatus
from tests.contract.clusters import pod

RUN = RunId("7c0f2c1e-5a52-5d8e-9a2b-3c1f6a1f0d11")
AT = datetime(2026, 1, 1, tzinfo=UTC)
CLUSTER = ClusterName("gpu")


def report(status, *, attempt=0, operation="train", **rest):
    return PodReport(pod_name(RUN, 4, attempt), RUN, OperationName(operation), 4, attempt, status, AT, **rest)


def measurement(line, loss=0.5, *, attempt=0):
    return Measurement(RUN, OperationName("train"), attempt, line, line, {"loss": loss}, AT)


def said(memory, *seen):
    """Return what is said, in a few letters."""
    return [
        message.line if isinstance(message, MetricsLogged) else str(message.status)
        for message in memory.news(seen, CLUSTER)
    ]


def test_a_report_becomes_a_message_with_all_it_says():
    failed = report(PodStatus.FAILED, reason="Error", message="exit code 3", exit_code=3, outputs={"n": 0})
    assert Memory().news([failed], CLUSTER) == [
        OperationReported(
            run=RUN,
            operation=OperationName("train"),
            index=4,
            attempt=0,
            status=PodStatus.FAILED,
            cluster=CLUSTER,
            reason="Error",
            message="exit code 3",
            exit_code=3,
            outputs={"n": 0},
            at=AT,
        )
    ]


def test_a_measurement_becomes_a_message_with_all_it_says():
    assert Memory().news([measurement(7, 0.25)], CLUSTER) == [
        MetricsLogged(
            run=RUN,
            operation=OperationName("train"),
            attempt=0,
            line=7,
            step=7,
            values={"loss": 0.25},
            at=AT,
        )
    ]


def test_what_was_said_is_not_said_again():
    memory = Memory()
    running, ended = report(PodStatus.RUNNING), report(PodStatus.SUCCEEDED)
    assert said(memory, running, measurement(0), measurement(1), ended) == ["running", 0, 1, "succeeded"]
    assert said(memory, measurement(0), measurement(1), ended) == []


def test_why_a_pod_is_pending_is_said_once_for_each_reason():
    memory = Memory()
    waits = [
        report(PodStatus.PENDING, reason=reason) for reason in ("", "Unschedulable", "Unschedulable", "")
    ]
    assert said(memory, *waits, report(PodStatus.RUNNING, reason="x"), report(PodStatus.RUNNING)) == [
        "pending",
        "pending",
        "pending",
        "running",
    ]


def test_a_new_line_is_said_among_old_ones():
    memory = Memory()
    assert said(memory, measurement(0), measurement(2)) == [0, 2]
    assert said(memory, measurement(0), measurement(2), measurement(3)) == [3]


def test_attempts_are_told_apart():
    memory = Memory()
    assert said(memory, report(PodStatus.RUNNING), measurement(0)) == ["running", 0]
    assert said(memory, report(PodStatus.RUNNING, attempt=1), measurement(0, attempt=1)) == ["running", 0]


def test_memory_is_bounded_and_what_was_forgotten_is_said_again():
    memory = Memory(remembered=2)
    assert len(said(memory, *(report(PodStatus.RUNNING, attempt=n) for n in range(3)))) == 3
    assert said(memory, report(PodStatus.RUNNING, attempt=2)) == []
    assert said(memory, report(PodStatus.RUNNING, attempt=0)) == ["running"]


async def test_a_watch_says_what_happens_and_ends_with_the_cluster():
    cluster = MemoryCluster(lambda _: Ending(measurements=[(1, {"loss": 0.5})]), clock=FakeClock())
    await cluster.ensure(pod())
    told = []
    async for messages in watch(cluster, CLUSTER):
        told.extend(messages)
        await cluster.close()
    assert [type(message) for message in told] == [MetricsLogged, OperationReported]
    assert told[1].cluster == CLUSTER


async def test_a_watch_begun_anew_says_everything_that_was_not_released():
    cluster = MemoryCluster(clock=FakeClock())
    await cluster.ensure(pod())
    first, second = watch(cluster, CLUSTER), watch(cluster, CLUSTER)
    assert await anext(first) == await anext(second) != []
    await first.aclose()
    await second.aclose()
    await cluster.close()
