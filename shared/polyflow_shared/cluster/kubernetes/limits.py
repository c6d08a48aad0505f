"""How many requests go to an API server at once and in a second, and whose is next."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from polyflow_shared.clock import Clock

BURST: Final = 2.0
"""Seconds of the allowance that may be saved up and used at once."""


class Gate:
    """Lets requests through: one run after the other, each in its own order.

    One run with ten thousand requests holds up another with one by one request at most.
    """

    def __init__(self, clock: Clock, *, in_flight: int, per_second: float) -> None:
        """Begin with a full allowance.

        Args:
            clock: what a second is.
            in_flight: requests at the same time (>= 1).
            per_second: requests in a second, over a while (> 0).
        """
        self._clock = clock
        self._free = in_flight
        self._per_second = per_second
        self._allowance = self._most = max(per_second * BURST, 1.0)
        self._filled = clock.monotonic()
        self._rows: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        """Who waits, one row for each run; the row served goes to the end."""
        self._hurried = 0
        self._hurried_at = float("-inf")
        """When a request that somebody waits for last ended."""
        self._alarm: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def turn(self, whose: str, *, hurried: bool = True) -> AsyncIterator[None]:
        """Wait for a turn, and hold it for as long as the block takes.

        Args:
            whose: whose request it is, such as a run's id; each gets its turn after the other.
            hurried: whether anything waits for it.
        """
        self._hurried += hurried
        try:
            await self._enter(whose)
            try:
                yield
            finally:
                self._leave()
        finally:
            self._hurried -= hurried
            if hurried:
                self._hurried_at = self._clock.monotonic()

    def idle_for(self) -> float:
        """Return the seconds since anything was asked that somebody waits for; 0 while something is."""
        return 0.0 if self._hurried else self._clock.monotonic() - self._hurried_at

    def close(self) -> None:
        """End what the gate has running; nobody may wait any more."""
        if self._alarm is not None:
            self._alarm.cancel()

    async def _enter(self, whose: str) -> None:
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._rows.setdefault(whose, deque()).append(mine)
        self._admit()
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        self._free += 1
        self._admit()

    def _admit(self) -> None:
        self._fill()
        while self._free and self._allowance >= 1.0 and self._admit_next():
            self._free -= 1
            self._allowance -= 1.0
        if self._rows and self._free and self._alarm is None:
            self._alarm = asyncio.create_task(self._later((1.0 - self._allowance) / self._per_second))

    def _admit_next(self) -> bool:
        """Let the next one go; return False if there is none."""
        while self._rows:
            whose, row = self._rows.popitem(last=False)
            first = row.popleft()
            if row:
                self._rows[whose] = row
            if not first.cancelled():
                first.set_result(None)
                return True
        return False

    def _fill(self) -> None:
        now = self._clock.monotonic()
        self._allowance = min(self._most, self._allowance + (now - self._filled) * self._per_second)
        self._filled = now

    async def _later(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._alarm = None
        self._admit()
