"""Timers fire when they are due, and not before."""

import asyncio
from datetime import datetime, timedelta

from polyflow_shared.clock import FakeClock
from polyflow_shared.deciding.rows import TimerRow
from polyflow_shared.loops.timers import Timers
from tests.unit.shared.shells import running


class Fired:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.names: list[str] = []
        self.timers = Timers(self.clock, self.fire)

    async def fire(self, timer) -> None:
        self.names.append(timer.name)

    def row(self, name: str, seconds: float) -> dict[str, TimerRow]:
        due = self.clock.now() + timedelta(seconds=seconds)
        return {f"run/timer/{name}": TimerRow("run", name, due)}

    async def pass_time(self, seconds: float) -> None:
        await self.clock.move(seconds)
        for _ in range(10):
            await asyncio.sleep(0)


async def test_timers_fire_in_the_order_of_their_times() -> None:
    fired = Fired()
    fired.timers.note(0, fired.row("late", 20) | fired.row("early", 10))
    async with running(fired.timers.run()):
        await fired.pass_time(9)
        assert fired.names == []
        await fired.pass_time(1)
        assert fired.names == ["early"]
        await fired.pass_time(10)
    assert fired.names == ["early", "late"]


async def test_an_overdue_timer_fires_at_once() -> None:
    fired = Fired()
    fired.timers.note(0, fired.row("overdue", -3600))
    async with running(fired.timers.run()):
        await fired.pass_time(0)
        assert fired.names == ["overdue"]


async def test_an_earlier_timer_that_comes_later_is_not_slept_through() -> None:
    fired = Fired()
    fired.timers.note(0, fired.row("late", 100))
    async with running(fired.timers.run()):
        await fired.pass_time(0)
        fired.timers.note(0, fired.row("early", 5))
        await fired.pass_time(0)
        await fired.pass_time(5)
        assert fired.names == ["early"]


async def test_a_timer_that_was_removed_moved_or_given_away_does_not_fire() -> None:
    fired = Fired()
    fired.timers.note(0, fired.row("removed", 5) | fired.row("moved", 5))
    fired.timers.note(1, fired.row("given away", 5))
    fired.timers.note(0, {"run/timer/removed": None} | fired.row("moved", 50))
    fired.timers.drop(1)
    async with running(fired.timers.run()):
        await fired.pass_time(6)
        assert fired.names == []
        await fired.pass_time(50)
        assert fired.names == ["moved"]


async def test_a_timer_that_is_set_again_for_a_time_at_which_it_fired_waits_a_minute() -> None:
    fired = Fired()
    early = fired.row("early", -3600)
    fired.timers.note(0, early)
    async with running(fired.timers.run()):
        await fired.pass_time(0)
        fired.timers.note(0, early)
        await fired.pass_time(59)
        assert fired.names == ["early"]
        await fired.pass_time(1)
        assert fired.names == ["early", "early"]
        fired.timers.note(0, fired.row("early", 5))
        await fired.pass_time(5)
        assert fired.names == ["early", "early", "early"]


class SetBack(FakeClock):
    """A clock that somebody has set back, and sets right again."""

    back = timedelta()

    def now(self) -> datetime:
        return super().now() - self.back


async def test_a_timer_is_not_slept_through_when_the_clock_is_set_right() -> None:
    fired = Fired()
    fired.clock = clock = SetBack()
    fired.timers = Timers(clock, fired.fire)
    due = fired.row("due", 10)
    clock.back = timedelta(hours=1)
    fired.timers.note(0, due)
    async with running(fired.timers.run()):
        await fired.pass_time(1)
        clock.back = timedelta()
        await fired.pass_time(60)
        assert fired.names == ["due"]
