"""The decider's loop with the real planner: it may die between any two steps; nothing is lost."""

import asyncio
from dataclasses import replace

import pytest

from polyflow_services.planner import core
from polyflow_services.planner.rows import state
from polyflow_services.planner.rows.keys import run_key
from polyflow_shared.broker import codec
from polyflow_shared.broker.memory import MemoryBroker
from polyflow_shared.broker.port import Outgoing
from polyflow_shared.clock import FakeClock
from polyflow_shared.deciding.decision import Decision
from polyflow_shared.errors import BrokerUnavailableError, FencedError
from polyflow_shared.loops.decider import Decider, run_decider
from polyflow_topics.catalog import DEAD_LETTERS, PLANNER_ROWS, RUN_EVENTS, RUN_INBOX
from polyflow_topics.commands import LaunchOperation
from polyflow_topics.events import RunChanged, RunEvent
from polyflow_topics.inbox import OperationReported, StopRequested, SweepContinued
from tests.unit.planner.plan_builder import RUN, dag, plan, report
from tests.unit.shared.shells import a_broker, a_shell, everything_on, publish, running, until

COMMANDS = "polyflow.operation-commands.local"
DIAMOND = dag(a="", b="a", c="a", d="b c")


class DiedError(Exception):
    """The process is gone, as after kill -9."""


class Dying:
    """Lets the loop die when a certain step comes for the nth time."""

    def __init__(self, step: str, nth: int) -> None:
        self._step = step
        self._left = nth

    async def step(self, name: str) -> None:
        if name == self._step:
            self._left -= 1
            if self._left == 0:
                raise DiedError(name)


def planner(step=None, **more) -> Decider:
    hooks = {"step": step} if step else {}
    return Decider(
        decide=core.decide,
        rows=state.CODEC,
        inbox=RUN_INBOX.name,
        changelog=PLANNER_ROWS.name,
        recovered=core.recovered,
        **hooks,
        **more,
    )


async def serve(
    broker: MemoryBroker, decider: Decider, clock: FakeClock | None = None, *, parks: bool = False
) -> None:
    shell = await a_shell(broker, clock=clock, parks=parks)
    await run_decider(decider, broker, shell, group="polyflow-planner", member="planner-0")


async def cluster(broker: MemoryBroker, pods: set[tuple[int, int]]) -> None:
    """Start each attempt once, and let it succeed at once; tell it again to whoever asks again."""
    source = await broker.source([COMMANDS], group="launcher", member="launcher")
    while True:
        for record in await source.take(10):
            command = codec.decode(record)
            if isinstance(command, LaunchOperation):
                pods.add((command.index, command.attempt))
                await publish(broker, report(command, "succeeded"))
        await source.commit()


async def end_of_run(broker: MemoryBroker) -> RunChanged:
    source = await broker.source([RUN_EVENTS.name], group="observer", member="observer")
    while True:
        for record in await source.take(100):
            event = codec.decode(record)
            if isinstance(event, RunChanged) and state.final(event.status):
                await source.close()
                return event


async def until_idle() -> None:
    """Let everything run that can."""
    for _ in range(50):
        await asyncio.sleep(0)


@pytest.mark.parametrize("step", ["taken", "sent", "saved", "committed"])
@pytest.mark.parametrize("nth", range(1, 6))
async def test_a_planner_that_dies_after_any_step_leaves_a_run_that_ends_right(step: str, nth: int) -> None:
    broker = await a_broker()
    pods: set[tuple[int, int]] = set()
    await publish(broker, *plan(DIAMOND))
    async with running(cluster(broker, pods)):
        async with asyncio.timeout(10):
            end = asyncio.ensure_future(end_of_run(broker))
            with pytest.raises(DiedError):
                await serve(broker, planner(Dying(step, nth).step))
            async with running(serve(broker, planner())):
                assert (await end).status == "succeeded"
    assert pods == {(index, 0) for index in range(4)}
    await assert_events_agree(broker)


async def assert_events_agree(broker: MemoryBroker) -> None:
    """Events of one sequence number say the same; no number is left out."""
    seen: dict[int, RunEvent] = {}
    for event in await everything_on(broker, RUN_EVENTS.name):
        assert isinstance(event, RunEvent)
        first = seen.setdefault(event.sequence, event)
        assert first.model_dump(exclude={"at"}) == event.model_dump(exclude={"at"})
    assert sorted(seen) == list(range(1, len(seen) + 1))


@pytest.mark.parametrize("verb", ["send", "append"])
async def test_a_failed_write_ends_the_process_and_commits_nothing(verb: str) -> None:
    broker = await a_broker()
    begun = plan(DIAMOND)[0]
    await publish(broker, begun)

    async def break_now(name: str) -> None:
        if name == "taken":
            broker.faults[verb] = BrokerUnavailableError("away")

    with pytest.raises(BrokerUnavailableError):
        await serve(broker, planner(break_now))
    source = await broker.source([RUN_INBOX.name], group="polyflow-planner", member="test")
    assert [codec.decode(record) for record in await source.take(10)] == [begun]


async def test_a_process_that_was_away_too_long_sends_nothing() -> None:
    broker = await a_broker()
    clock = FakeClock()

    async def pause(name: str) -> None:
        if name == "taken":
            await clock.move(31)

    await publish(broker, *plan(DIAMOND))
    with pytest.raises(FencedError, match="away for 31 s"):
        await serve(broker, planner(pause, session_timeout=30.0), clock)
    assert await everything_on(broker, COMMANDS) == []


async def test_a_process_that_stood_still_while_it_waited_ends() -> None:
    clock = FakeClock()
    broker = await a_broker(clock)
    async with running(serve(broker, planner(session_timeout=30.0), clock)) as serving:
        await until_idle()
        await clock.move(31)
        with pytest.raises(FencedError, match="away for 31 s"):
            await asyncio.wait_for(serving, 10)


@pytest.mark.parametrize("verb", ["take", "lag"])
async def test_a_planner_waits_for_a_broker_that_is_away_for_longer_than_its_session(verb: str) -> None:
    clock = FakeClock()
    broker = await a_broker(clock)
    async with running(serve(broker, planner(session_timeout=30.0), clock)) as serving:
        for _ in range(90):
            broker.faults[verb] = BrokerUnavailableError("away")
            await clock.move(1)
            await until_idle()
            assert not serving.done(), serving.exception()
        broker.faults.clear()
        await publish(broker, *plan(DIAMOND))
        async with running(cluster(broker, set())), asyncio.timeout(10):
            end = asyncio.ensure_future(end_of_run(broker))
            while not end.done():
                await clock.move(1)
                assert not serving.done(), serving.exception()
        assert end.result().status == "succeeded"


async def test_a_message_that_cannot_be_read_is_parked_and_the_run_goes_on() -> None:
    broker = await a_broker()
    sink = await broker.sink("test")
    await sink.send([Outgoing(RUN_INBOX.name, RUN, b"{", (("ce_type", b"polyflow.plan.ended.v1"),))])
    await publish(broker, *plan(DIAMOND))
    pods: set[tuple[int, int]] = set()
    async with running(cluster(broker, pods)), running(serve(broker, planner())):
        async with asyncio.timeout(10):
            assert (await end_of_run(broker)).status == "succeeded"
    letters = await everything_on(broker, DEAD_LETTERS.name)
    parked = [(letter.service, letter.topic, letter.offset) for letter in letters]
    assert parked == [("planner", RUN_INBOX.name, 0)]


def unforeseen(rows, message, at):
    raise KeyError("scope")


def unsayable(rows, message, at):
    return Decision(messages=[StopRequested(run=RUN, reason="\ud800")], writes={run_key(RUN): None})


def unstorable(rows, message, at):
    return Decision(
        messages=[StopRequested(run=RUN, reason="Never")], writes={run_key(RUN): None, "odd": object()}
    )


@pytest.mark.parametrize("wrong", [unforeseen, unsayable, unstorable])
async def test_a_record_that_nobody_foresaw_is_parked_and_nothing_is_kept_of_it(wrong, caplog) -> None:
    broker = await a_broker()
    first, *others = plan(DIAMOND)
    poison = StopRequested(run=RUN, reason="Poison")
    await publish(broker, first, poison, *others)

    def decide(rows, message, at):
        return (wrong if message == poison else core.decide)(rows, message, at)

    serving = serve(broker, replace(planner(), decide=decide), parks=True)
    async with running(cluster(broker, set())), running(serving), asyncio.timeout(10):
        assert (await end_of_run(broker)).status == "succeeded"
    (letter,) = await everything_on(broker, DEAD_LETTERS.name)
    assert (letter.service, letter.offset, letter.reason) == ("planner", 1, "Unforeseen")
    said = [m for m in await everything_on(broker, RUN_INBOX.name) if isinstance(m, StopRequested)]
    assert said == [poison]
    (line,) = [line for line in caplog.records if line.getMessage() == "message_parked"]
    assert line.exc_info


async def test_an_engine_of_one_run_ends_where_nobody_foresaw_it() -> None:
    broker = await a_broker()
    await publish(broker, *plan(DIAMOND))
    with pytest.raises(KeyError, match="scope"):
        await serve(broker, replace(planner(), decide=unforeseen))
    assert await everything_on(broker, DEAD_LETTERS.name) == []


async def test_after_a_restart_the_planner_asks_again_about_live_runs() -> None:
    broker = await a_broker()
    await publish(broker, *plan(DIAMOND))
    with pytest.raises(DiedError):
        await serve(broker, planner(Dying("committed", 1).step))
    with pytest.raises(DiedError):
        await serve(broker, planner(Dying("sent", 1).step))
    said = [m for m in await everything_on(broker, RUN_INBOX.name) if isinstance(m, SweepContinued)]
    assert said == [SweepContinued(run=RUN, sweep="recover", cursor=0)]
    launches = [m for m in await everything_on(broker, COMMANDS) if isinstance(m, LaunchOperation)]
    assert [launch.operation for launch in launches] == ["a", "a"]


async def test_rows_are_counted_when_partitions_come_and_when_they_go() -> None:
    broker = await a_broker()
    await publish(broker, *plan(DIAMOND))
    with pytest.raises(DiedError):
        await serve(broker, planner(Dying("committed", 1).step))
    counts: list[int] = []
    shell = await a_shell(broker)
    told: list[float] = []

    def recount(owned) -> None:
        counts.append(sum(len(rows) for rows in owned))

    async def die(step: str) -> None:
        if step == "taken":
            told.append(shell.meter.values["polyflow_rows", "planner"])
            raise DiedError(step)

    decider = planner(die, recount=recount)
    with pytest.raises(DiedError):
        await run_decider(decider, broker, shell, group="polyflow-planner", member="planner-0")
    restored, left = counts
    assert restored > len(DIAMOND.operations)
    assert left == 0
    assert (*told, shell.meter.values["polyflow_rows", "planner"]) == (restored, 0)


async def test_time_passes_as_events_on_the_inbox() -> None:
    clock = FakeClock()
    broker = await a_broker(clock)
    await publish(broker, *plan(DIAMOND))
    async with running(serve(broker, planner(), clock)):
        await until(broker, COMMANDS, 1)
        async with asyncio.timeout(10):
            while len(await everything_on(broker, COMMANDS)) < 2:
                await clock.move(5)
    kinds = [type(message) for message in await everything_on(broker, RUN_INBOX.name)]
    assert OperationReported not in kinds
