"""How many requests go to an API server at once and in a second, and whose is next."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from polyflow_shared.clock import Clock

BURST: Final = 2.0
"""Seconds of the allowance that may be saved up and used at once."""
UNHURRIED: Final = 16
"""Requests at the same time, at most, of those that nothing waits for; one while anything else goes on."""
BACKLOG: Final = 500
"""Requests that nothing waits for, from which on they do not stand back any more: as many must go as come."""


class Gate:
    """Lets requests through: one run after the other, each in its own order.

    One run with ten thousand requests holds up another with one by one request at most.  What nothing waits
    for, such as a release, goes last and a few at a time: a pod that starts later is what users see.
    """

    def __init__(self, clock: Clock, *, in_flight: int, per_second: float) -> None:
        """Begin with a full allowance.

        Args:
            clock: what a second is.
            in_flight: requests at the same time (>= 1).
            per_second: requests in a second, over a while (> 0).
        """
        self._clock = clock
        self._most = in_flight
        self._per_second = per_second
        self._allowance = self._saved = max(per_second * BURST, 1.0)
        self._filled = clock.monotonic()
        self._hurried = _Line()
        self._unhurried = _Line()
        self._alarm: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def turn(self, whose: str, *, hurried: bool = True) -> AsyncIterator[None]:
        """Wait for a turn, and hold it for as long as the block takes.

        Args:
            whose: whose request it is, such as a run's id; each gets its turn after the other.
            hurried: whether anything waits for it.
        """
        line = self._hurried if hurried else self._unhurried
        await self._enter(line, whose)
        try:
            yield
        finally:
            self._leave(line)

    def close(self) -> None:
        """End what the gate has running; nobody may wait any more."""
        if self._alarm is not None:
            self._alarm.cancel()

    async def _enter(self, line: "_Line", whose: str) -> None:
        mine = line.join(whose)
        self._admit()
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._leave(line)
            raise

    def _leave(self, line: "_Line") -> None:
        line.under_way -= 1
        self._admit()

    def _admit(self) -> None:
        self._fill()
        self._let(self._hurried, self._most)
        stand_back = self._hurried.under_way and self._unhurried.waiting < BACKLOG
        self._let(self._unhurried, 1 if stand_back else UNHURRIED)
        waiting = self._hurried.waiting or self._unhurried.waiting
        if waiting and self._free and self._allowance < 1.0 and self._alarm is None:
            self._alarm = asyncio.create_task(self._later((1.0 - self._allowance) / self._per_second))

    def _let(self, line: "_Line", most: int) -> None:
        while self._free and self._allowance >= 1.0 and line.under_way < most and line.admit():
            self._allowance -= 1.0

    @property
    def _free(self) -> int:
        return self._most - self._hurried.under_way - self._unhurried.under_way

    def _fill(self) -> None:
        now = self._clock.monotonic()
        self._allowance = min(self._saved, self._allowance + (now - self._filled) * self._per_second)
        self._filled = now

    async def _later(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._alarm = None
        self._admit()


class _Line:
    """Who waits, one row for each run; the row served goes to the end."""

    def __init__(self) -> None:
        self.under_way = 0
        self.waiting = 0
        self._rows: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    def join(self, whose: str) -> asyncio.Future[None]:
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._rows.setdefault(whose, deque()).append(mine)
        self.waiting += 1
        return mine

    def admit(self) -> bool:
        """Let the next one go; return False if there is none."""
        while self._rows:
            whose, row = self._rows.popitem(last=False)
            first = row.popleft()
            self.waiting -= 1
            if row:
                self._rows[whose] = row
            if not first.cancelled():
                first.set_result(None)
                self.under_way += 1
                return True
        return False
