"""When what nobody waits for is done."""

import asyncio

import pytest

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.kubernetes.limits import Gate
from polyflow_shared.cluster.kubernetes.lull import AT_ONCE, BACKLOG, CALM, FRESH, PATIENCE, Lull


class Things:
    """Things to do in a lull, beside a gate for all else; each goes on until it is told to end."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.gate = Gate(self.clock, in_flight=10, per_second=1000)
        self.lull = Lull(self.clock, self.gate.idle_for)
        self.begun: list[int] = []
        self.ends: list[asyncio.Event] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def ask(self, count: int) -> None:
        for _ in range(count):
            self.ends.append(asyncio.Event())
            self.tasks.append(asyncio.create_task(self._one(len(self.tasks))))
        await settled()

    async def end(self, number: int) -> None:
        self.ends[number].set()
        await settled()

    async def pass_by(self, seconds: float) -> None:
        await self.clock.move(seconds)
        await settled()

    async def request(self) -> None:
        async with self.gate.turn("a run"):
            pass

    async def _one(self, number: int) -> None:
        async with self.lull.turn():
            self.begun.append(number)
            await self.ends[number].wait()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
async def fresh():
    """Things of a process that has just been started."""
    things = Things()
    yield things
    things.lull.close()
    for task in things.tasks:
        task.cancel()
    await asyncio.gather(*things.tasks, return_exceptions=True)


@pytest.fixture
async def things(fresh: Things):
    await fresh.pass_by(FRESH)
    return fresh


async def test_in_a_process_that_has_just_been_started_nobody_waits(fresh: Things) -> None:
    async with fresh.gate.turn("a run"):
        await fresh.ask(AT_ONCE + 1)
        assert fresh.begun == list(range(AT_ONCE))
        await fresh.pass_by(FRESH)
        await fresh.end(0)
        assert fresh.begun == list(range(AT_ONCE))


async def test_where_nothing_else_goes_on_a_few_are_done_at_a_time(things: Things) -> None:
    await things.ask(AT_ONCE + 2)
    assert things.begun == list(range(AT_ONCE))
    await things.end(1)
    assert things.begun == list(range(AT_ONCE + 1))


async def test_after_a_request_they_wait_until_it_has_been_calm_for_a_while(things: Things) -> None:
    await things.request()
    await things.ask(1)
    await things.pass_by(CALM * 0.9)
    await things.request()
    await things.pass_by(CALM * 0.9)
    assert things.begun == []
    await things.pass_by(CALM * 0.1)
    assert things.begun == [0]


async def test_while_a_request_is_under_way_they_wait(things: Things) -> None:
    async with things.gate.turn("a run"):
        await things.ask(1)
        await things.pass_by(PATIENCE * 0.9)
        assert things.begun == []
    await things.pass_by(CALM)
    assert things.begun == [0]


async def test_a_request_that_nobody_waits_for_does_not_count(things: Things) -> None:
    async with things.gate.turn("a run", hurried=False):
        await things.ask(1)
        assert things.begun == [0]


async def test_after_a_long_wait_one_at_a_time_is_done_whatever_goes_on(things: Things) -> None:
    async with things.gate.turn("a run"):
        await things.ask(3)
        for _ in range(int(PATIENCE / CALM)):
            await things.pass_by(CALM)
        assert things.begun == [0]
        await things.end(0)
        assert things.begun == [0, 1]


async def test_a_long_line_does_not_wait(things: Things) -> None:
    async with things.gate.turn("a run"):
        await things.ask(BACKLOG)
        assert things.begun == []
        await things.ask(1)
        assert things.begun == [0]
        await things.ask(AT_ONCE + 1)
        assert len(things.begun) == AT_ONCE


async def test_who_gives_up_leaves_no_hole(things: Things) -> None:
    await things.ask(AT_ONCE + 2)
    things.tasks[AT_ONCE].cancel()
    things.tasks[0].cancel()
    await settled()
    assert things.begun == [*range(AT_ONCE), AT_ONCE + 1]
