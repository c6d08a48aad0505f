"""When what nobody waits for is done: once nothing else goes on, or when it has waited for long.

Pods that are released while others start take the API server's time from those: a burst of a thousand pods
took half as long again.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from polyflow_shared.clock import Clock

CALM: Final = 1.0
"""Seconds without any other request that make a lull."""
AT_ONCE: Final = 4
"""Things done at the same time in a lull."""
PATIENCE: Final = 10.0
"""Seconds after which one at a time is done whatever else goes on."""
BACKLOG: Final = 1_000
"""Things waiting from which on they are done as in a lull: no fewer may be done than come."""


FRESH: Final = 10.0
"""Seconds after the start in which nobody waits.

Who waits here may have waited in an earlier process, which was killed, and what is not done is done again,
with all that came after it: where processes live shortly, nothing would ever be done.
"""


class Lull:
    """Lets what nobody waits for begin, in order."""

    def __init__(self, clock: Clock, idle_for: Callable[[], float]) -> None:
        """Begin with nobody waiting.

        Args:
            clock: what a second is.
            idle_for: tells for how many seconds nothing else has gone on.
        """
        self._clock = clock
        self._idle_for = idle_for
        self._line: deque[tuple[float, asyncio.Future[None]]] = deque()
        """Who waits, and since when."""
        self._begun = clock.monotonic()
        self._under_way = 0
        self._alarm: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it for as long as the block takes."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((self._clock.monotonic(), mine))
        self._admit()
        try:
            await mine
            yield
        finally:
            if mine.done() and not mine.cancelled():
                self._under_way -= 1
                self._admit()

    def close(self) -> None:
        """End what is running here; nobody may wait any more."""
        if self._alarm is not None:
            self._alarm.cancel()

    def _admit(self) -> None:
        while self._line and self._under_way < self._room():
            _, first = self._line.popleft()
            if not first.cancelled():
                first.set_result(None)
                self._under_way += 1
        # Whoever is under way looks again at its end.
        if self._line and not self._under_way and self._alarm is None:
            self._alarm = asyncio.create_task(self._later(self._pause()))

    def _room(self) -> int:
        fresh = self._clock.monotonic() - self._begun < FRESH
        if fresh or self._idle_for() >= CALM or len(self._line) > BACKLOG:
            return AT_ONCE
        return 1 if self._patience_left() <= 0 else 0

    def _pause(self) -> float:
        """Return the seconds (> 0) after which the first may go, if nothing else happens."""
        return min(CALM - self._idle_for(), self._patience_left())

    def _patience_left(self) -> float:
        return self._line[0][0] + PATIENCE - self._clock.monotonic()

    async def _later(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._alarm = None
        self._admit()
