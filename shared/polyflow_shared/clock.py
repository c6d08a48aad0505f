"""The only place that reads the clock or sleeps; tests pass a clock that they move themselves."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Time, as the shell sees it.  A core never has one: its time is the record's."""

    def now(self) -> datetime:
        """Return the wall-clock time in UTC."""

    def monotonic(self) -> float:
        """Return seconds from some fixed moment; never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds (>= 0)."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the wall-clock time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds from the machine's start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        await asyncio.sleep(seconds)


class FakeClock:
    """A clock that stands still until it is told to move; sleepers wake when it passes them."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._seconds = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the start plus all moves so far."""
        return self._start + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        """Return seconds moved so far."""
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        """Return once the clock was moved so far."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._seconds + seconds, woken))
        await woken

    async def move(self, seconds: float) -> None:
        """Move on by so many seconds and let whoever slept until then run."""
        self._seconds += seconds
        due = [entry for entry in self._sleepers if entry[0] <= self._seconds]
        self._sleepers = [entry for entry in self._sleepers if entry[0] > self._seconds]
        for _, woken in due:
            if not woken.done():
                woken.set_result(None)
        await asyncio.sleep(0)


def backoff(failures: int, *, first: float, cap: float) -> float:
    """Return seconds to wait after `failures` failures in a row (>= 1): first, 2x, 4x, ... cap."""
    return min(cap, first * 2.0 ** min(failures - 1, 62))
