import asyncio
from collections import deque
from datetime import timedelta

import pytest

from polyflow_services.pod_launcher.act import Launcher, lane_of
from polyflow_shared.broker import codec
from polyflow_shared.broker.port import Record
from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.memory import Ending, MemoryCluster
from polyflow_shared.cluster.port import LogTail
from polyflow_shared.cluster.released import LATE
from polyflow_shared.errors import ClusterBusyError, ClusterUnavailableError, NotDecodableError
from polyflow_topics.commands import LaunchOperation, ReleaseOperation, StopOperation, VerifyOperation
from polyflow_topics.inbox import StopRequested
from polyflow_topics.names import ClusterName, OperationName, RunId, pod_name
from polyflow_topics.plan import Container
from polyflow_topics.pods import PodParts, Service
from polyflow_topics.status import PodStatus

RUN = RunId("7c0f2c1e-5a52-5d8e-9a2b-3c1f6a1f0d11")
WHICH = {
    "run": RUN,
    "operation": OperationName("train"),
    "index": 4,
    "attempt": 1,
    "cluster": ClusterName("gpu"),
}
NAME = pod_name(RUN, 4, 1)
LAUNCH = LaunchOperation(**WHICH, container=Container(command=("true",)), project="digits", timeout=60)
STOP = StopOperation(**WHICH, grace=0, reason="Unwanted")
RELEASE = ReleaseOperation(**WHICH)
VERIFY = VerifyOperation(**WHICH)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def cluster(clock):
    return MemoryCluster(lambda _: None, clock=clock)


@pytest.fixture
def launcher(cluster, clock):
    return Launcher(cluster, clock)


def told(messages):
    assert all((m.run, m.operation, m.index, m.attempt, m.cluster) == tuple(WHICH.values()) for m in messages)
    return [(message.status, message.reason, message.message) for message in messages]


async def test_a_launch_starts_the_pod_and_leaves_the_telling_to_the_watcher(launcher, cluster, clock):
    assert await launcher.act(LAUNCH, clock.now()) == ()
    report = await cluster.get(NAME)
    assert (report.operation, report.attempt, report.status) == ("train", 1, PodStatus.RUNNING)


async def test_a_launch_that_comes_twice_starts_once(launcher, cluster, clock):
    await launcher.act(LAUNCH, clock.now())
    await launcher.act(LAUNCH, clock.now())
    assert cluster.starts == 1


async def test_an_old_launch_is_answered_and_not_obeyed(launcher, cluster, clock):
    said = clock.now() - LATE - timedelta(seconds=1)
    assert told(await launcher.act(LAUNCH, said)) == [(PodStatus.EXPIRED, "", "")]
    assert cluster.starts == 0


async def test_a_launch_just_young_enough_is_obeyed(launcher, cluster, clock):
    assert await launcher.act(LAUNCH, clock.now() - LATE) == ()
    assert cluster.starts == 1


async def test_a_launch_that_grows_old_while_it_waits_for_its_turn_is_not_obeyed(cluster, clock):
    class Throttled(MemoryCluster):
        async def ensure(self, pod):
            await asyncio.Event().wait()

    launcher = Launcher(Throttled(lambda _: None, clock=clock), clock)
    said = clock.now() - LATE + timedelta(milliseconds=1)
    assert told(await launcher.act(LAUNCH, said)) == [(PodStatus.EXPIRED, "", "")]


async def test_a_cluster_that_is_out_of_time_by_itself_is_not_taken_for_an_old_launch(cluster, clock):
    class Broken(MemoryCluster):
        async def ensure(self, pod):
            raise TimeoutError

    with pytest.raises(TimeoutError):
        await Launcher(Broken(lambda _: None, clock=clock), clock).act(LAUNCH, clock.now())


async def test_a_service_whose_launch_grew_old_half_way_is_made_whole(clock):
    class HalfWay(MemoryCluster):
        asked = 0

        async def ensure(self, pod):
            self.asked += 1
            await super().ensure(pod)
            if self.asked == 1:
                await asyncio.Event().wait()

    cluster = HalfWay(lambda _: None, clock=clock)
    parts = PodParts(service=Service(ports=(80,)))
    launch = LAUNCH.model_copy(update={"parts": parts})
    said = clock.now() - LATE + timedelta(milliseconds=1)
    assert await Launcher(cluster, clock).act(launch, said) == ()
    assert (cluster.asked, cluster.starts) == (2, 1)


async def test_an_old_launch_of_a_pod_that_is_there_is_not_called_expired(launcher, clock):
    await launcher.act(LAUNCH, clock.now())
    assert await launcher.act(LAUNCH, clock.now() - 2 * LATE) == ()


async def test_a_launch_that_the_cluster_refuses_has_failed(launcher, cluster, clock):
    cluster.rejected.add(OperationName("train"))
    answers = await launcher.act(LAUNCH, clock.now())
    assert told(answers) == [(PodStatus.FAILED, "ClusterRejected", "train is refused")]


@pytest.mark.parametrize("command", [LAUNCH, STOP, RELEASE, VERIFY])
async def test_nothing_is_said_while_the_cluster_is_unavailable(launcher, cluster, clock, command):
    cluster.unavailable = 1
    with pytest.raises(ClusterUnavailableError):
        await launcher.act(command, clock.now())


async def test_a_stop_ends_the_pod_with_its_reason(launcher, cluster, clock):
    await launcher.act(LAUNCH, clock.now())
    assert await launcher.act(STOP, clock.now()) == ()
    report = await cluster.get(NAME)
    assert (report.status, report.reason) == (PodStatus.STOPPED, "Unwanted")


async def test_a_stop_of_nothing_is_answered_absent(launcher, clock):
    assert told(await launcher.act(STOP, clock.now())) == [(PodStatus.ABSENT, "", "")]


async def test_a_release_forgets_the_ended_pod(launcher, cluster, clock):
    await launcher.act(LAUNCH, clock.now())
    cluster.end(NAME)
    assert await launcher.act(RELEASE, clock.now()) == []
    assert await cluster.get(NAME) is None


async def test_a_launch_that_the_cluster_does_not_take_now_says_why(launcher, cluster, clock):
    cluster.busy["train"] = ClusterBusyError("4 of 4 pods are used", "QuotaExceeded")
    answered = told(await launcher.act(LAUNCH, clock.now()))
    assert answered == [(PodStatus.REFUSED, "QuotaExceeded", "4 of 4 pods are used")]


async def test_a_release_hands_over_the_logs(launcher, cluster, clock):
    there = [LogTail("main", "a line\n"), LogTail("side", "", missing="the node is away")]
    cluster.tails[NAME] = deque([there])
    saved = await launcher.act(RELEASE, clock.now())
    assert [(log.operation, log.attempt, log.container, log.text, log.missing) for log in saved] == [
        ("train", 1, "main", "a line\n", ""),
        ("train", 1, "side", "", "the node is away"),
    ]


async def test_logs_that_could_not_be_read_are_read_again_by_the_next_release(launcher, cluster, clock):
    cluster.tails[NAME] = deque([[LogTail("main", "", missing="500")], [LogTail("main", "a line\n")]])
    said = [await launcher.act(RELEASE, clock.now()) for _ in range(3)]
    assert [[log.missing or log.text for log in logs] for logs in said] == [["500"], ["a line\n"], []]


async def test_logs_that_were_handed_over_are_not_read_again_but_by_another_launcher(
    launcher, cluster, clock
):
    cluster.tails[NAME] = deque([[LogTail("main", "a line\n")]] * 2)
    assert len(await launcher.act(RELEASE, clock.now())) == 1
    assert await launcher.act(RELEASE, clock.now()) == ()
    assert len(cluster.tails[NAME]) == 1
    # The first may have been killed before it had sent them.
    assert len(await Launcher(cluster, clock).act(RELEASE, clock.now())) == 1


async def test_a_pod_that_had_no_logs_yet_is_looked_at_again(launcher, cluster, clock):
    await launcher.act(LAUNCH, clock.now())
    assert await launcher.act(RELEASE, clock.now()) == []
    cluster.end(NAME)
    assert await launcher.act(RELEASE, clock.now()) == []
    assert await cluster.get(NAME) is None


async def test_a_verify_says_whether_the_pod_is_there(launcher, clock):
    assert told(await launcher.act(VERIFY, clock.now())) == [(PodStatus.ABSENT, "", "")]
    await launcher.act(LAUNCH, clock.now())
    assert told(await launcher.act(VERIFY, clock.now())) == [(PodStatus.PRESENT, "", "")]


async def test_a_verify_of_an_ended_pod_tells_its_end_again(launcher, cluster, clock):
    await launcher.act(LAUNCH, clock.now())
    cluster.end(NAME, Ending(PodStatus.FAILED, "Error", "exit code 3", 3, {"loss": 0}))
    (answer,) = await launcher.act(VERIFY, clock.now())
    assert (answer.status, answer.reason, answer.exit_code, answer.outputs) == (
        PodStatus.FAILED,
        "Error",
        3,
        {"loss": 0},
    )


async def test_what_is_no_command_is_parked(launcher, clock):
    with pytest.raises(NotDecodableError, match="is no command"):
        await launcher.act(StopRequested(run=RUN), clock.now())


def recorded(command) -> Record:
    out = codec.encode(command, source="/planner", at=FakeClock().now())
    return Record("commands", 0, 0, out.key, out.value, out.headers, FakeClock().now())


def test_a_release_that_waits_holds_up_no_later_attempt():
    lanes = [lane_of(recorded(command)) for command in (LAUNCH, STOP, RELEASE, VERIFY)]
    assert lanes[0] == lanes[1] == lanes[3] == LAUNCH.key()
    assert lanes[2] not in lanes[:2]
