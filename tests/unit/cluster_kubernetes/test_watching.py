"""What a watch over several namespaces tells, whatever the API server says."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.kubernetes.client import Object, Query, RefusedError, Turn
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.cluster.kubernetes.watching import LOOK_AFTER, LOOKS, PodWatch
from polyflow_shared.cluster.port import PodReport
from polyflow_shared.cluster.pulse import Pulse
from polyflow_shared.observing.logs import log_of
from polyflow_shared.observing.metrics import WATCH_HEARD, MemoryMeter, NullMeter
from polyflow_topics.status import PodStatus
from tests.unit.cluster_kubernetes.pods import NOT_FOUND, UID, ended, event, pod, runs, waits
from tests.unit.shared.shells import running


class Server:
    """Lists pods; then each watch yields what it is given, and says nothing more."""

    def __init__(self, *events: Object, pods: Sequence[Object] = ()) -> None:
        self.events = list(events)
        self.pods = list(pods)
        self.answers = asyncio.Event()
        self.answers.set()

    async def get(self, path: str, query: Query | None = None) -> Object:
        await self.answers.wait()
        return {"metadata": {"resourceVersion": "5"}, "items": self.pods}

    async def watch(self, path: str, query: Query, *, silence: float) -> AsyncIterator[list[Object]]:
        yield self.events
        await asyncio.Event().wait()


class Short(Server):
    """Has no pods any more when it is asked for one."""

    async def get(self, path: str, query: Query | None = None, *, turn: Turn | None = None) -> Object:
        if turn is not None:
            raise RefusedError(404, NOT_FOUND)
        return await super().get(path, query)


class Mistaken(Server):
    async def watch(self, path: str, query: Query, *, silence: float) -> AsyncIterator[list[Object]]:
        yield [{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(1 // 0)}}}]


class Partial:
    """Two namespaces; what each watch says is put into a queue, and pods of `a` may not be looked at."""

    def __init__(self, *pods: Object) -> None:
        self.pods = {each["metadata"]["name"]: each for each in pods}
        self.says: dict[str, asyncio.Queue[Object]] = {each: asyncio.Queue() for each in "ab"}
        self.refused = True

    async def get(self, path: str, query: Query | None = None, *, turn: Turn | None = None) -> Object:
        namespace, _, name = path.removeprefix("/api/v1/namespaces/").partition("/pods")
        if name and namespace == "a" and self.refused:
            raise RefusedError(403, {"message": "you may not"})
        if name:
            raise RefusedError(404, NOT_FOUND)
        there = [each for each in self.pods.values() if each["metadata"]["namespace"] == namespace]
        return {"metadata": {"resourceVersion": "5"}, "items": there}

    async def watch(self, path: str, query: Query, *, silence: float) -> AsyncIterator[list[Object]]:
        while True:
            yield [await self.says[path.split("/")[4]].get()]


def watch(server: Server, *namespaces: str, pulse: Pulse | None = None) -> PodWatch:
    clock, place = FakeClock(), Place(namespaces=namespaces or ("a",))
    return PodWatch(server, place, clock, log_of("test"), pulse or Pulse(clock, NullMeter()))


async def test_a_part_that_ends_by_a_mistake_ends_the_watch() -> None:
    async with asyncio.timeout(10):
        with pytest.raises(ZeroDivisionError):
            async for _ in watch(Mistaken()).follow(asyncio.Event()):
                pass


async def test_a_watch_that_is_closed_ends() -> None:
    closed = asyncio.Event()
    closed.set()
    async with asyncio.timeout(10):
        assert [reports async for reports in watch(Server(), "a", "b").follow(closed)] == []


def made(name: str, **labels: str) -> Object:
    """A pod that was followed under these labels."""
    wrong = {key.replace("_", "-"): value for key, value in labels.items()}
    return {
        **pod(main=runs()),
        "metadata": {
            "name": name,
            "namespace": "a",
            "uid": UID,
            "resourceVersion": "4",
            "labels": {f"polyflow.io/{key}": value for key, value in {**LABELS, **wrong}.items() if value},
            "annotations": {"polyflow.io/operation": "train"},
        },
    }


LABELS = {"tracked": "true", "installation": "polyflow", "run": "r1", "index": "0", "attempt": "0"}
FOREIGN = {
    "a pod that has nothing of ours but two labels": made("theirs", run="", index="", attempt=""),
    "a copy of a pod of ours": made("copy-of-a-pod"),
    "a pod of ours with a label that somebody has changed": made("pf-r1-0-0", attempt="1"),
    "a label that is no number": made("pf-r1-0-0", index="first"),
}


@pytest.mark.parametrize("name", FOREIGN)
async def test_what_is_none_of_our_pods_is_left_out_with_a_warning(name: str) -> None:
    ours = made("pf-r1-0-0")
    told: list[PodReport] = []
    async with asyncio.timeout(10):
        async for reports in watch(Server(pods=[FOREIGN[name], ours])).follow(asyncio.Event()):
            told.extend(reports)
            break
    assert [(one.name, one.operation, one.status) for one in told] == [
        ("pf-r1-0-0", "train", PodStatus.RUNNING)
    ]


async def test_a_pod_that_may_not_be_looked_at_holds_up_no_report_of_others() -> None:
    ours, theirs = made("pf-r1-0-0", run="r1"), made("pf-r2-0-0", run="r2")
    theirs["metadata"]["namespace"] = "b"
    server, clock, told = Partial(ours, theirs), FakeClock(), dict[str, PodStatus]()
    following = PodWatch(
        server, Place(namespaces=["a", "b"]), clock, log_of("test"), Pulse(clock, NullMeter())
    )

    async def until(name: str, status: PodStatus) -> None:
        async with asyncio.timeout(10):
            while told.get(name) is not status:
                await asyncio.sleep(0)
                await clock.move(1)

    async def follow() -> None:
        async for reports in following.follow(asyncio.Event()):
            told.update({one.name: one.status for one in reports})

    async with running(follow()):
        await until("pf-r1-0-0", PodStatus.RUNNING)
        await until("pf-r2-0-0", PodStatus.RUNNING)
        server.says["a"].put_nowait({"type": "DELETED", "object": ours})
        await clock.move(60)
        over = {**theirs, "status": pod(main=ended(0), phase="Succeeded")["status"]}
        server.says["b"].put_nowait({"type": "MODIFIED", "object": over})
        await until("pf-r2-0-0", PodStatus.SUCCEEDED)
        assert told["pf-r1-0-0"] is PodStatus.RUNNING
        server.refused = False
        await until("pf-r1-0-0", PodStatus.LOST)


class Stuck(Server):
    """More pods without a node than are looked at in one round; events tell why."""

    async def get(self, path: str, query: Query | None = None, *, turn: Turn | None = None) -> Object:
        if path.endswith("/events"):
            return {"items": [event("FailedMount", 'MountVolume.SetUp failed for volume "v" : gone')]}
        return next((each for each in self.pods if path.endswith(each["metadata"]["name"])), None) or (
            await super().get(path, query)
        )


async def test_pods_that_are_stuck_do_not_hide_why_others_are() -> None:
    stuck = [made(f"pf-r{number}-0-0", run=f"r{number}") for number in range(LOOKS + 5)]
    for each in stuck:
        each["status"] = pod("Pending", main=waits("ContainerCreating"))["status"]
    clock, told = FakeClock(), set[str]()
    following = PodWatch(
        Stuck(pods=stuck), Place(namespaces=["a"]), clock, log_of("test"), Pulse(clock, NullMeter())
    )

    async def follow() -> None:
        async for reports in following.follow(asyncio.Event()):
            told.update(one.name for one in reports if one.reason == "FailedMount")

    async with running(follow()):
        for _ in range(int(4 * LOOK_AFTER)):
            await clock.move(1)
            for _ in range(5 * LOOKS):
                await asyncio.sleep(0)
    assert told == {each["metadata"]["name"] for each in stuck}


async def test_a_pod_that_came_and_went_at_once_is_lost() -> None:
    ours, told = made("pf-r1-0-0"), list[PodStatus]()
    server = Short({"type": "ADDED", "object": ours}, {"type": "DELETED", "object": ours})
    async with asyncio.timeout(10):
        async for reports in watch(server).follow(asyncio.Event()):
            told.extend(one.status for one in reports)
            if told[-1:] == [PodStatus.LOST]:
                break
    assert told == [PodStatus.RUNNING, PodStatus.LOST]


class Unlabelled(Server):
    """Has a pod still that is followed no more."""

    def __init__(self, pod: Object) -> None:
        super().__init__({"type": "ADDED", "object": pod}, {"type": "DELETED", "object": pod})
        self.pod = pod

    async def get(self, path: str, query: Query | None = None, *, turn: Turn | None = None) -> Object:
        return await super().get(path, query) if turn is None else self.pod


async def test_the_end_is_told_of_a_pod_whose_labels_somebody_has_taken_off() -> None:
    ours, clock, told = made("pf-r1-0-0"), FakeClock(), list[PodStatus]()
    server = Unlabelled(ours)
    following = PodWatch(server, Place(namespaces=["a"]), clock, log_of("test"), Pulse(clock, NullMeter()))

    async def follow() -> None:
        async for reports in following.follow(asyncio.Event()):
            told.extend(one.status for one in reports)

    async with running(follow()):
        for seconds in range(int(6 * LOOK_AFTER)):
            if seconds == 3 * LOOK_AFTER:
                server.pod = {**ours, "status": pod("Succeeded", main=ended(0))["status"]}
            await clock.move(1)
            for _ in range(20):
                await asyncio.sleep(0)
    assert told == [PodStatus.RUNNING, PodStatus.SUCCEEDED]


async def test_a_watch_is_ready_once_every_namespace_was_listed_and_its_age_is_shown() -> None:
    clock, meter, ready = FakeClock(), MemoryMeter(), asyncio.Event()
    began = clock.now().timestamp()
    server, closed = (
        Server({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "6"}}}),
        asyncio.Event(),
    )
    server.answers.clear()
    pulse = Pulse(clock, meter, ready.set)

    async def follow() -> None:
        async for _ in watch(server, "a", "b", pulse=pulse).follow(closed):
            pass

    following = asyncio.create_task(follow())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not ready.is_set()
    assert [meter.values[WATCH_HEARD.name, each] for each in "ab"] == [began, began]
    await clock.move(30)
    server.answers.set()
    async with asyncio.timeout(10):
        await ready.wait()
        closed.set()
        await following
    assert [meter.values[WATCH_HEARD.name, each] for each in "ab"] == [began + 30, began + 30]


def test_where_there_is_nothing_to_list_a_watch_is_ready_at_once() -> None:
    ready = asyncio.Event()
    Pulse(FakeClock(), NullMeter(), ready.set).expect(())
    assert ready.is_set()


def test_it_is_not_ready_while_one_namespace_of_two_is_not_listed() -> None:
    ready = asyncio.Event()
    pulse = Pulse(FakeClock(), NullMeter(), ready.set)
    pulse.expect(["a", "b"])
    pulse.heard("a")
    pulse.heard("a")
    assert not ready.is_set()
    pulse.heard("b")
    assert ready.is_set()
