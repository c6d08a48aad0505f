"""Admission under limits that may change while it serves."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from polyflow_services.admission import core
from polyflow_shared.clock import Clock
from polyflow_shared.deciding.decision import Decision
from polyflow_shared.deciding.rows import Rows
from polyflow_shared.declared.queues import LiveQueues
from polyflow_shared.observing.logs import Log
from polyflow_topics.admission import LimitsChecked
from polyflow_topics.message import Message


class LiveLimits:
    """The core, with the limits that hold at the moment."""

    def __init__(self, queues: LiveQueues) -> None:
        """Begin with what the catalogue says now."""
        self._queues = queues
        self._limits = core.limits_of(queues.now)

    def decide(self, rows: Rows[Any], message: Message, at: datetime) -> Decision:
        """Return what changes because of a message; see `core.decide`."""
        return core.decide(rows, message, at, limits=self._limits)

    async def changes(self, clock: Clock, log: Log) -> AsyncIterator[Sequence[Message]]:
        """Yield what admission says to itself whenever limits are others than before, for ever."""
        async for queues in self._queues.changes(clock, log):
            self._limits = core.limits_of(queues)
            yield [LimitsChecked(step=0)]
