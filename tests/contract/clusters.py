"""What every cluster must do, as one suite: in memory, of processes, of processes behind a socket, Kubernetes.

Pods say what they do by the words of a shell; the cluster in memory, and Kubernetes' fake nodes, know the same
words by a table.
"""

import asyncio
from collections.abc import Sequence
from itertools import groupby

import pytest

from polyflow_shared.cluster.memory import Ending
from polyflow_shared.cluster.port import Cluster, Measurement, Pod, PodReport, Seen
from polyflow_shared.errors import ClusterRejectedError
from polyflow_topics.names import OperationName, RunId, pod_name
from polyflow_topics.plan import Container
from polyflow_topics.status import POD_FINAL, PodStatus

RUN = RunId("7c0f2c1e-5a52-5d8e-9a2b-3c1f6a1f0d11")
LIVE = {PodStatus.PENDING, PodStatus.RUNNING}
LIMIT = 20.0
"""Seconds within which anything that is to happen happens."""

SUCCEED = "exit 0"
FAIL = "echo the reason; exit 3"
GO_ON = "exec sleep 1000"
MEASURE = """printf '{"values":{"loss":0.5},"step":1}\\n{"values":{"loss":0.25}}\\n' >> $POLYFLOW_METRICS"""
OUTPUT = """printf '{"zero":0,"no":false,"empty":"","none":null,"list":[]}' > $POLYFLOW_OUTPUTS"""
OUTPUTS = {"zero": 0, "no": False, "empty": "", "none": None, "list": []}

SCRIPT = {
    SUCCEED: Ending(),
    FAIL: Ending(PodStatus.FAILED, "Error", "exit code 3\nits log ends:\nthe reason", 3),
    GO_ON: None,
    MEASURE: Ending(measurements=[(1, {"loss": 0.5}), (None, {"loss": 0.25})]),
    OUTPUT: Ending(outputs=OUTPUTS),
}


def script(pod: Pod) -> Ending | None:
    return SCRIPT[pod.container.command[2]]


def pod(words: str = SUCCEED, *, index: int = 0, attempt: int = 0, timeout: int | None = None) -> Pod:
    return Pod(
        pod_name(RUN, index, attempt),
        RUN,
        OperationName(f"operation-{index}"),
        index,
        attempt,
        Container(command=("sh", "-c", words)),
        timeout=timeout,
    )


async def seen_until_ended(cluster: Cluster, *pods: Pod) -> list[Seen]:
    """Return what a watch yields until all these pods have ended."""
    waiting = {one.name for one in pods}
    seen: list[Seen] = []
    async with asyncio.timeout(LIMIT):
        async for portion in cluster.watch():
            seen.extend(portion)
            waiting -= {one.name for one in portion if isinstance(one, PodReport) and one.status in POD_FINAL}
            if not waiting:
                return seen
    raise AssertionError("the watch has ended")


async def end_of(cluster: Cluster, one: Pod) -> PodReport:
    await seen_until_ended(cluster, one)
    report = await cluster.get(one.name)
    assert report is not None
    return report


async def end(cluster: Cluster, one: Pod) -> PodReport:
    """Launch a pod, and return how it ends."""
    await cluster.ensure(one)
    return await end_of(cluster, one)


async def measured(cluster: Cluster) -> dict[str, float]:
    """Return the first numbers that a pod measures."""
    async with asyncio.timeout(LIMIT):
        async for portion in cluster.watch():
            for one in portion:
                if isinstance(one, Measurement):
                    return one.values
    raise AssertionError("the watch has ended")


def lines(seen: Sequence[Seen]) -> list[tuple[int, int | None, dict[str, float]]]:
    return [(one.line, one.step, one.values) for one in seen if isinstance(one, Measurement)]


class ClusterContract:
    """Subclasses give the fixtures `clock`, a FakeClock that the cluster goes by, and `cluster`."""

    async def test_a_pod_that_ends_well_has_succeeded(self, cluster):
        await cluster.ensure(pod())
        report = await end_of(cluster, pod())
        assert (report.status, report.reason, report.exit_code) == (PodStatus.SUCCEEDED, "", 0)
        assert (report.run, report.operation, report.index, report.attempt) == (RUN, "operation-0", 0, 0)

    async def test_a_pod_that_fails_says_why(self, cluster):
        await cluster.ensure(pod(FAIL))
        report = await end_of(cluster, pod())
        assert (report.status, report.reason, report.exit_code) == (PodStatus.FAILED, "Error", 3)
        assert "exit code 3" in report.message
        assert "the reason" in report.message

    async def test_a_watcher_hears_that_it_runs_before_it_hears_that_it_has_ended(self, cluster):
        watch = cluster.watch()
        await cluster.ensure(pod(GO_ON, index=1))
        await anext(watch)
        await cluster.ensure(pod())
        statuses = []
        async with asyncio.timeout(LIMIT):
            while not statuses or statuses[-1] not in POD_FINAL:
                statuses += [one.status for one in await anext(watch) if one.name == pod().name]
        begun = [status for status, _ in groupby(statuses) if status is not PodStatus.PENDING]
        assert begun == [PodStatus.RUNNING, PodStatus.SUCCEEDED]
        await watch.aclose()

    async def test_ensuring_twice_starts_once(self, cluster):
        await cluster.ensure(pod(GO_ON))
        await cluster.ensure(pod(FAIL))
        assert [one.status in LIVE for one in await cluster.list()] == [True]

    async def test_ensuring_what_has_ended_does_not_start_it_again(self, cluster):
        await cluster.ensure(pod())
        await end_of(cluster, pod())
        await cluster.ensure(pod(GO_ON))
        assert (await cluster.get(pod().name)).status is PodStatus.SUCCEEDED

    async def test_another_attempt_is_another_pod(self, cluster):
        await cluster.ensure(pod(FAIL))
        await cluster.ensure(pod(SUCCEED, attempt=1))
        await seen_until_ended(cluster, pod(), pod(attempt=1))
        reports = {one.attempt: one.status for one in await cluster.list()}
        assert reports == {0: PodStatus.FAILED, 1: PodStatus.SUCCEEDED}

    async def test_stopping_ends_a_pod_with_the_reason(self, cluster):
        await cluster.ensure(pod(GO_ON))
        assert await cluster.stop(pod().name, grace=10, reason="Unwanted")
        report = await end_of(cluster, pod())
        assert (report.status, report.reason) == (PodStatus.STOPPED, "Unwanted")

    async def test_stopping_twice_keeps_the_first_reason(self, cluster):
        await cluster.ensure(pod(GO_ON))
        assert await cluster.stop(pod().name, grace=10, reason="First")
        assert await cluster.stop(pod().name, grace=10, reason="Second")
        assert (await end_of(cluster, pod())).reason == "First"

    async def test_stopping_what_does_not_exist_says_so(self, cluster):
        assert await cluster.stop(pod().name, grace=0, reason="Unwanted") is False

    async def test_stopping_what_has_ended_changes_nothing(self, cluster):
        await cluster.ensure(pod(FAIL))
        before = await end_of(cluster, pod())
        assert await cluster.stop(pod().name, grace=0, reason="Unwanted")
        assert await cluster.get(pod().name) == before

    async def test_falsy_outputs_are_outputs(self, cluster):
        await cluster.ensure(pod(OUTPUT))
        assert (await end_of(cluster, pod())).outputs == OUTPUTS

    async def test_a_released_pod_is_forgotten(self, cluster):
        await cluster.ensure(pod())
        await end_of(cluster, pod())
        await cluster.release(pod().name)
        await cluster.release(pod().name)
        assert await cluster.get(pod().name) is None
        assert await cluster.list() == []
        assert await cluster.stop(pod().name, grace=0, reason="Unwanted") is False

    async def test_a_late_launch_of_a_released_pod_starts_nothing(self, cluster):
        await cluster.ensure(pod())
        await end_of(cluster, pod())
        await cluster.release(pod().name)
        await cluster.ensure(pod())
        assert await cluster.get(pod().name) is None
        assert await cluster.list() == []

    async def test_a_pod_that_goes_on_is_not_released(self, cluster):
        await cluster.ensure(pod(GO_ON))
        await cluster.release(pod().name)
        assert (await cluster.get(pod().name)).status in LIVE

    async def test_a_watch_begins_with_what_is_there(self, cluster):
        await cluster.ensure(pod(GO_ON))
        await cluster.ensure(pod(FAIL, index=1))
        await end_of(cluster, pod(index=1))
        seen = await seen_until_ended(cluster, pod(index=1))
        assert {(one.index, one.status) for one in seen} - {(0, PodStatus.PENDING)} == {
            (0, PodStatus.RUNNING),
            (1, PodStatus.FAILED),
        }

    async def test_two_watchers_hear_the_same(self, cluster):
        both = [asyncio.create_task(seen_until_ended(cluster, pod())) for _ in range(2)]
        await cluster.ensure(pod())
        first, second = await asyncio.gather(*both)
        assert first[-1] == second[-1]

    async def test_nothing_is_known_of_a_pod_that_never_was(self, cluster):
        assert await cluster.get(pod().name) is None
        assert await cluster.list() == []
        await cluster.release(pod().name)

    async def test_what_can_never_run_is_rejected(self, cluster, rejected):
        with pytest.raises(ClusterRejectedError):
            await cluster.ensure(rejected)
        assert await cluster.list() == []


class LocalContract(ClusterContract):
    """Duties of clusters that keep time themselves, and read measurements from what a pod writes."""

    async def test_a_pod_that_takes_too_long_has_failed(self, cluster, clock):
        await cluster.ensure(pod(GO_ON, timeout=60))
        await clock.move(0)
        await clock.move(61)
        report = await end_of(cluster, pod())
        assert (report.status, report.reason) == (PodStatus.FAILED, "DeadlineExceeded")
        assert "60 s" in report.message

    async def test_a_pod_that_ends_in_time_is_left_alone(self, cluster, clock):
        await cluster.ensure(pod(timeout=60))
        before = await end_of(cluster, pod())
        await clock.move(61)
        assert await cluster.get(pod().name) == before

    async def test_measurements_come_before_the_end(self, cluster):
        await cluster.ensure(pod(MEASURE))
        seen = await seen_until_ended(cluster, pod())
        assert lines(seen)[-2:] == [(0, 1, {"loss": 0.5}), (1, None, {"loss": 0.25})]
        assert isinstance(seen[-1], PodReport)

    async def test_a_watch_that_begins_late_has_the_measurements_as_well(self, cluster):
        await cluster.ensure(pod(MEASURE))
        await end_of(cluster, pod())
        seen = await seen_until_ended(cluster, pod())
        assert [line for line, _, _ in lines(seen)] == [0, 1]
        assert isinstance(seen[-1], PodReport)
