"""How an effector runs, whatever happens to it."""

import asyncio
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.broker.port import Outgoing, Record
from polyflow_shared.clock import FakeClock
from polyflow_shared.errors import ClusterRejectedError, ClusterUnavailableError, FencedError
from polyflow_shared.loops.effector import UNHURRIED, UNHURRIED_AT_ONCE, WINDOW, Lanes, Progress, run_effector
from polyflow_shared.loops.service import on_message, run_batches
from polyflow_shared.observing.health import SILENCE, Health
from polyflow_shared.observing.metrics import BROKER_UNAVAILABLE, DEAD_LETTERS, HANDLED
from polyflow_shared.read_model.port import ReadModelUnavailableError
from polyflow_topics.catalog import DEAD_LETTERS as LETTERS
from polyflow_topics.catalog import RUN_EVENTS, RUN_INBOX, RUN_METRICS
from polyflow_topics.inbox import StopRequested
from polyflow_topics.metrics import PoliciesClosed
from polyflow_topics.names import RunId
from tests.unit.shared.shells import a_broker, a_shell, everything_on, publish, running, until

INBOX = RUN_INBOX.name


def ask(name: str, reason: str = "Stopped") -> StopRequested:
    return StopRequested(run=RunId(name), reason=reason)


class Echo:
    """Answers each stop by closing the run's policies; fails as planned."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.seen: list[tuple[str, str]] = []

    async def act(self, message, at: datetime):
        self.seen.append((message.run, message.reason))
        if self.errors:
            raise self.errors.pop(0)
        return [PoliciesClosed(run=message.run)]


async def served(broker, echo: Echo, clock: FakeClock, answers: int):
    shell = await a_shell(broker, clock=clock)
    source = await broker.source([INBOX], group="g", member="m")
    async with running(run_effector(on_message(echo.act), source, shell)):
        found = await until(broker, "polyflow.run-metrics", answers)
    return found, shell


async def test_every_record_is_answered() -> None:
    broker = await a_broker()
    await publish(broker, ask("a"), ask("b"))
    found, shell = await served(broker, Echo(), FakeClock(), 2)
    assert sorted(message.run for message in found) == ["a", "b"]
    handled = (HANDLED.name, "planner", "polyflow.stop.requested.v1", "handled")
    assert shell.meter.values[handled] == 2


async def test_records_of_one_key_are_handled_in_order() -> None:
    broker = await a_broker()
    echo = Echo()
    await publish(broker, *(ask("a", f"R{number}") for number in range(20)))
    await served(broker, echo, FakeClock(), 20)
    assert [reason for _, reason in echo.seen] == [f"R{number}" for number in range(20)]


async def test_a_record_that_cannot_be_decoded_is_kept_with_its_reason_and_the_next_one_is_handled() -> None:
    broker = await a_broker()
    sink = await broker.sink("test")
    await sink.send([Outgoing(INBOX, "k", b"\xff\xfe", (("ce_type", b"polyflow.stop.requested.v1"),))])
    await sink.send([Outgoing(INBOX, "k", b"{}")])
    await publish(broker, ask("a"))
    found, shell = await served(broker, Echo(), FakeClock(), 1)
    letters = await everything_on(broker, LETTERS.name)
    parked = [(letter.topic, letter.partition, letter.offset) for letter in letters]
    assert parked == [
        (INBOX, 0, 0),
        (INBOX, 0, 1),
    ]
    assert b64decode(letters[0].value) == b"\xff\xfe"
    assert letters[0].reason == "NotDecodable"
    assert shell.meter.values[DEAD_LETTERS.name, "planner", "NotDecodable"] == 2
    assert found[0].run == "a"


async def test_what_can_never_succeed_is_parked_with_its_own_reason() -> None:
    broker = await a_broker()
    await publish(broker, ask("a"), ask("b"))
    await served(broker, Echo(ClusterRejectedError("no such quota")), FakeClock(), 1)
    letters = await everything_on(broker, LETTERS.name)
    assert [(letter.reason, letter.message) for letter in letters] == [("ClusterRejected", "no such quota")]


async def test_what_may_succeed_later_is_tried_again_after_longer_and_longer_waits() -> None:
    broker = await a_broker()
    await publish(broker, ask("a"))
    clock = FakeClock()
    echo = Echo(ClusterUnavailableError("busy"), ClusterUnavailableError("busy"))
    async with running(served(broker, echo, clock, 1)) as task:
        waited: list[int] = []
        while not task.done():
            await asyncio.sleep(0)
            await clock.move(0.05)
            waited.append(len(echo.seen))
    assert echo.seen == [("a", "Stopped")] * 3
    assert waited.count(1) in range(2, 6)  # steps of 0.05 s: 0.1 to 0.2 s
    assert waited.count(2) in range(4, 10)  # 0.2 to 0.4 s
    _, shell = task.result()
    assert shell.meter.values[HANDLED.name, "planner", "", "retried"] == 2
    assert not [key for key in shell.meter.values if key[0] == BROKER_UNAVAILABLE.name]


async def test_answers_are_sent_before_the_commit_so_a_crash_repeats_them() -> None:
    broker = await a_broker()
    await publish(broker, ask("a"))
    broker.faults["commit"] = FencedError("dies here")
    source = await broker.source([INBOX], group="g", member="m")
    with pytest.raises(FencedError):
        await run_effector(on_message(Echo().act), source, await a_shell(broker))
    await source.close()
    assert len(await everything_on(broker, "polyflow.run-metrics")) == 1
    await served(broker, Echo(), FakeClock(), 2)
    assert len(await everything_on(broker, "polyflow.run-metrics")) == 2


class Gated:
    """Answers a stop once its gate is open."""

    def __init__(self) -> None:
        self.gates: dict[str, asyncio.Event] = {}

    async def act(self, message, at: datetime):
        await self.gates.setdefault(message.run, asyncio.Event()).wait()
        return [PoliciesClosed(run=message.run)]


async def committed(broker) -> int:
    """Return where the group goes on, once everything that can run has run."""
    for _ in range(100):
        await asyncio.sleep(0)
    return broker._store.committed("g").get((INBOX, 0), 0)


async def test_one_that_waits_holds_up_nobody_and_is_not_committed_over() -> None:
    broker = await a_broker()
    gated = Gated()
    await publish(broker, ask("a"), ask("b"), ask("c"))
    source = await broker.source([INBOX], group="g", member="m")
    async with running(run_effector(on_message(gated.act), source, await a_shell(broker))):
        await committed(broker)
        gated.gates["b"].set()
        assert await committed(broker) == 0
        await publish(broker, ask("d"))
        await committed(broker)
        gated.gates["d"].set()
        assert [message.run for message in await until(broker, "polyflow.run-metrics", 2)] == ["b", "d"]
        gated.gates["a"].set()
        assert await committed(broker) == 2
        gated.gates["c"].set()
        assert await committed(broker) == 4


async def test_records_of_one_key_wait_for_each_other_only_within_a_lane() -> None:
    broker = await a_broker()
    await publish(broker, ask("a", "Slow"), ask("a", "Quick"))

    for lane, done in ((lambda _: "one", 0), (lambda record: str(b"Slow" in record.value), 1)):
        gated = Gated()

        async def act(record: Record, slow: Gated = gated):
            return await on_message(slow.act)(record) if b"Slow" in record.value else ()

        source = await broker.source([INBOX], group=f"g{done}", member="m")
        shell = await a_shell(broker)
        async with running(run_effector(act, source, shell, lanes=Lanes(of=lane))):
            await committed(broker)
            assert sum(count for key, count in shell.meter.values.items() if key[0] == HANDLED.name) == done
            gated.gates["a"].set()
        await source.close()


@pytest.mark.parametrize("unhurried", [WINDOW + 1, UNHURRIED - 1])
async def test_thousands_that_nobody_waits_for_do_not_hide_what_is_behind_them(unhurried: int) -> None:
    broker, gated = await a_broker(), Gated()
    await publish(broker, *(ask(f"r{number}", "Unhurried") for number in range(unhurried)))
    await publish(broker, ask("a", "Hurried"))
    lanes = Lanes(unhurried=lambda record: b"Unhurried" in record.value)
    source = await broker.source([INBOX], group="g", member="m")
    async with running(run_effector(on_message(gated.act), source, await a_shell(broker), lanes=lanes)):
        gated.gates["a"] = asyncio.Event()
        gated.gates["a"].set()
        assert [message.run for message in await until(broker, "polyflow.run-metrics", 1)] == ["a"]
    assert len(gated.gates) == UNHURRIED_AT_ONCE + 1


@pytest.mark.parametrize(
    ("lanes", "most"), [(Lanes(at_once=WINDOW), WINDOW), (Lanes(unhurried=lambda _: True), UNHURRIED)]
)
async def test_no_more_is_taken_than_there_is_room_for(lanes: Lanes, most: int) -> None:
    broker, gated = await a_broker(), Gated()
    await publish(broker, *(ask(f"r{number}") for number in range(most + 1)))
    source, taken = await broker.source([INBOX], group="g", member="m"), set()

    def of(record: Record) -> str:
        taken.add(record.offset)
        return record.key

    shell = await a_shell(broker)
    async with running(run_effector(on_message(gated.act), source, shell, lanes=replace(lanes, of=of))):
        await committed(broker)
        assert len(taken) == most
        gated.gates["r0"].set()
        await until(broker, "polyflow.run-metrics", 1)
        await committed(broker)
        assert len(taken) == most + 1


async def test_what_is_at_hand_is_ended_and_committed_before_the_loop_ends() -> None:
    broker = await a_broker()
    gated = Gated()
    await publish(broker, ask("a"))
    source = await broker.source([INBOX], group="g", member="m")
    async with running(run_effector(on_message(gated.act), source, await a_shell(broker))) as serving:
        await committed(broker)
        serving.cancel()
        await asyncio.sleep(0)
        gated.gates["a"].set()
        await asyncio.gather(serving, return_exceptions=True)
    assert await committed(broker) == 1


def record(offset: int) -> Record:
    return Record(INBOX, 0, offset, "k", b"", (), datetime(2026, 1, 1, tzinfo=UTC))


@given(st.data())
def test_what_is_committed_is_done_whatever_the_order(data) -> None:
    progress, under_way, done = Progress(), [], set()
    told = next_offset = 0
    for _ in range(data.draw(st.integers(0, 40))):
        if data.draw(st.booleans()) or not under_way:
            next_offset += data.draw(st.integers(1, 3))  # a compacted topic has gaps
            assert progress.begin(record(next_offset))
            assert not progress.begin(record(next_offset))
            under_way.append(next_offset)
        else:
            one = data.draw(st.sampled_from(under_way))
            under_way.remove(one)
            done.add(one)
            progress.end(record(one))
        for position in progress.advanced().values():
            assert told <= position
            told = position
        assert all(offset >= told for offset in under_way)
    for one in under_way:
        progress.end(record(one))
    assert not next_offset or progress.advanced().get((INBOX, 0), told) == next_offset + 1


def test_a_partition_that_comes_back_goes_on_where_its_group_went_on() -> None:
    progress = Progress()
    progress.begin(record(9))
    progress.end(record(9))
    assert progress.advanced() == {(INBOX, 0): 10}
    progress.begin(record(4))
    assert progress.advanced() == {(INBOX, 0): 4}


async def test_batches_are_handed_over_whole_without_the_unreadable() -> None:
    broker = await a_broker()
    sink = await broker.sink("test")
    await sink.send([Outgoing(RUN_EVENTS.name, "k", b"nonsense")])
    seen = []
    done = asyncio.Event()

    async def act(pairs) -> None:
        seen.append(len(pairs))
        done.set()

    shell = await a_shell(broker, "projector")
    source = await broker.source([RUN_EVENTS.name], group="g", member="m")
    async with running(run_batches(act, source, shell)), asyncio.timeout(10):
        await done.wait()
    assert seen == [0]
    assert len(await everything_on(broker, LETTERS.name)) == 1


async def test_a_service_whose_batches_cannot_be_written_lives_and_is_not_ready_until_they_can() -> None:
    broker, clock = await a_broker(), FakeClock()
    health, full = Health(clock), True
    tried = asyncio.Event()

    async def act(pairs) -> None:
        tried.set()
        if full:
            raise ReadModelUnavailableError("the history cannot be used: database or disk is full")

    def beat() -> None:
        health.beat()
        health.be_ready()

    shell = replace(await a_shell(broker, "projector", clock), beat=beat, stumble=health.stumble)
    source = await broker.source([RUN_METRICS.name], group="g", member="m")
    await publish(broker, PoliciesClosed(run=RunId("a")))
    async with running(run_batches(act, source, shell)), asyncio.timeout(10):
        for _ in range(5):
            tried.clear()
            await clock.move(SILENCE)
            await tried.wait()
        assert (health.live, health.ready) == (True, False)
        full = False
        while not health.ready:
            await clock.move(SILENCE)
    assert health.live
