"""What the planner's decisions add to its metrics."""

from collections.abc import Iterable
from datetime import datetime

from polyflow_services.planner.rows.keys import run_of
from polyflow_services.planner.rows.state import RunRow, final
from polyflow_shared.deciding.decision import Decision
from polyflow_shared.deciding.rows import StoredRows
from polyflow_shared.observing.metrics import HAND_OVER, OPEN_COMMANDS, OPERATIONS, RUNS, Meter, bounded
from polyflow_topics.commands import LaunchOperation
from polyflow_topics.events import OperationChanged, RunChanged
from polyflow_topics.inbox import OperationReported
from polyflow_topics.message import Message
from polyflow_topics.status import Status

_FINAL = frozenset(str(status) for status in Status if final(status))


class Observer:
    """Counts statuses, times hand-overs, and adds up the launches that no cluster has answered yet."""

    def __init__(self, meter: Meter) -> None:
        """Write to this meter."""
        self._meter = meter
        self._unseen: dict[str, int] = {}

    def observe(self, message: Message, decision: Decision, sent: datetime) -> None:
        """Take in one decision, whose messages were on the broker at `sent`."""
        self._count_statuses(decision)
        self._add_up_unseen(decision)
        launched = any(isinstance(answer, LaunchOperation) for answer in decision.messages)
        if launched and isinstance(message, OperationReported) and message.status in _FINAL:
            self._meter.observe(HAND_OVER, max(0.0, (sent - message.at).total_seconds()))

    def recount(self, owned: Iterable[StoredRows]) -> None:
        """Add up anew, for other partitions are owned than before."""
        runs = {
            key: row
            for rows in owned
            for key, stored in rows.items()
            if run_of(key) and isinstance(row := rows.codec.decode(stored), RunRow)
        }
        self._unseen = {key: row.unseen for key, row in runs.items() if row.unseen}
        self._meter.set(OPEN_COMMANDS, sum(self._unseen.values()))

    def _count_statuses(self, decision: Decision) -> None:
        for event in decision.messages:
            if isinstance(event, OperationChanged):
                self._meter.count(OPERATIONS, status=event.status, reason=bounded(event.reason))
            elif isinstance(event, RunChanged):
                self._meter.count(RUNS, status=event.status, reason=bounded(event.reason))

    def _add_up_unseen(self, decision: Decision) -> None:
        for key, row in decision.writes.items():
            if run_of(key) is None:
                continue
            unseen = row.unseen if isinstance(row, RunRow) else 0
            change = unseen - self._unseen.pop(key, 0)
            if unseen:
                self._unseen[key] = unseen
            if change:
                self._meter.add(OPEN_COMMANDS, change)
