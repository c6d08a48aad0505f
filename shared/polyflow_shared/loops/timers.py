"""Timers of the partitions that a decider owns: rows with a due time, and a task that fires them."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from polyflow_shared.clock import Clock
from polyflow_shared.deciding.rows import Row, TimerRow
from polyflow_topics.inbox import TimerFired
from polyflow_topics.names import RunId

Fire = Callable[[TimerFired], Awaitable[None]]

AGAIN: Final = timedelta(seconds=60)
"""Until a timer fires again that has fired and was set for the same time: our clock is ahead of the log's."""
LOOK: Final = 60.0
"""Seconds after which the time is looked at again: somebody may have set our clock meanwhile."""


class Timers:
    """Sleeps until the nearest timer, says that it is due, and goes on.

    A timer that was set anew or removed may still fire: the core knows from its row.
    """

    def __init__(self, clock: Clock, fire: Fire) -> None:
        """Have no timers yet; `fire` publishes."""
        self._clock = clock
        self._fire = fire
        self._heap: list[tuple[datetime, int, str, TimerRow]] = []
        self._rows: dict[str, tuple[int, TimerRow]] = {}
        self._fired: dict[str, TimerRow] = {}
        self._changed = asyncio.Event()

    def note(self, partition: int, writes: Mapping[str, Row | None]) -> None:
        """Take over the timers among changed rows."""
        for key, row in writes.items():
            if isinstance(row, TimerRow):
                self._rows[key] = (partition, row)
                again = self._fired.pop(key, None) == row
                due = self._clock.now() + AGAIN if again else row.due
                heapq.heappush(self._heap, (due, partition, key, row))
                self._changed.set()
            elif row is None:
                self._rows.pop(key, None)
                self._fired.pop(key, None)

    def drop(self, partition: int) -> None:
        """Forget the timers of a partition that somebody else owns by now."""
        self._rows = {key: entry for key, entry in self._rows.items() if entry[0] != partition}
        self._fired = {key: row for key, row in self._fired.items() if key in self._rows}

    async def run(self) -> None:
        """Fire timers as they come due, for ever; overdue ones at once.

        Raises:
            BrokerUnavailableError: one could not be published.
        """
        while True:
            self._changed.clear()
            await self._fire_due()
            await self._wait()

    async def _fire_due(self) -> None:
        now = self._clock.now()
        while self._heap and self._heap[0][0] <= now:
            _, partition, key, row = heapq.heappop(self._heap)
            if self._rows.get(key) == (partition, row):
                self._fired[key] = row
                await self._fire(TimerFired(run=RunId(row.run), name=row.name, due=row.due))

    async def _wait(self) -> None:
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._changed.wait())]
        if self._heap:
            seconds = (self._heap[0][0] - self._clock.now()).total_seconds()
            waits.append(asyncio.ensure_future(self._clock.sleep(min(max(0.0, seconds), LOOK))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
