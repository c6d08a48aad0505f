"""What a run has come to, kept up to date by its events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from polyflow_topics.events import OperationChanged, RequestRejected, RunChanged, RunEvent, RunPlanned
from polyflow_topics.message import Message
from polyflow_topics.names import THE_RUN, RunId
from polyflow_topics.status import FINAL, Status


@dataclass
class Line:
    """One operation, as a live view shows it."""

    name: str
    dag: bool = False
    status: str = Status.CREATED.value
    reason: str = ""
    message: str = ""
    pending: str = ""
    """What holds it while it is created."""
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass
class Progress:
    """A run, as far as its events have told."""

    run: RunId
    status: str = Status.CREATED.value
    reason: str = ""
    message: str = ""
    pending: str = ""
    """What holds the run while it is created."""
    name: str = ""
    specification: str = ""
    """SHA-256 of the body that the run was made from."""
    wanted: str = ""
    """SHA-256 of the body of the request that is followed; a run of another body is not its run."""
    rejected: RequestRejected | None = None
    lines: dict[int, Line] = field(default_factory=dict)
    """By the operation's number, in the order of the plan."""
    counts: dict[str, int] = field(default_factory=dict)
    """Operations without nested DAGs, by status."""
    generation: int = 0
    """How often it was resumed."""
    _sequence: int = 0

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        ours = self.wanted in {"", self.specification}
        return self.rejected is not None or (ours and self.status in FINAL)

    def take(self, events: Iterable[Message]) -> list[RunEvent]:
        """Take events in; return those that are of this run and new."""
        return [event for event in events if isinstance(event, RunEvent) and self._take(event)]

    def refuse(self, events: Iterable[Message]) -> None:
        """Take in that the request was rejected, if the events say so."""
        for event in events:
            if isinstance(event, RequestRejected) and event.run == self.run and self._means(event):
                self.rejected = event

    def _means(self, event: RequestRejected) -> bool:
        return event.specification == self.wanted if self.wanted else self._sequence == 0

    def _take(self, event: RunEvent) -> bool:
        if event.run != self.run or event.sequence <= self._sequence:
            return False
        self._sequence = event.sequence
        match event:
            case RunChanged():
                self._change(event)
            case RunPlanned():
                self._plan(event)
            case OperationChanged():
                self._move(event)
        return True

    def _change(self, event: RunChanged) -> None:
        if event.generation > self.generation:
            self.generation = event.generation
            self.lines.clear()
            self.counts.clear()
        self.status, self.reason, self.message = event.status.value, event.reason, event.message
        self.pending = event.pending or ""
        self.name, self.specification = event.name, event.specification

    def _plan(self, event: RunPlanned) -> None:
        for operation in event.operations:
            self.lines[operation.index] = Line(operation.name, operation.dag)
            self._count(Status.CREATED.value, 1, dag=operation.dag)

    def _move(self, event: OperationChanged) -> None:
        line = self.lines.setdefault(event.index, Line(event.operation))
        self._count(line.status, -1, dag=line.dag)
        line.status, line.reason, line.message = event.status.value, event.reason, event.message
        line.pending = event.pending or ""
        self._count(line.status, 1, dag=line.dag)
        if event.status is Status.SCHEDULED:
            line.attempts = event.attempt + 1
        if event.status in {Status.SCHEDULED, Status.RUNNING} and line.started_at is None:
            line.started_at = event.at
        if event.status in FINAL:
            line.finished_at = event.at

    def _count(self, status: str, change: int, *, dag: bool) -> None:
        if not dag:
            self.counts[status] = self.counts.get(status, 0) + change


def standing(events: Iterable[RunEvent]) -> list[RunEvent]:
    """Return those of a run's events that say how what has not ended stands, in their order."""
    last: dict[int, RunChanged | OperationChanged] = {}
    generation = 0
    for event in events:
        if isinstance(event, RunChanged):
            if event.generation > generation:
                generation = event.generation
                last.clear()
            last[THE_RUN] = event
        elif isinstance(event, OperationChanged):
            last[event.index] = event
    still_open = [event for event in last.values() if event.status not in FINAL]
    return sorted(still_open, key=lambda event: event.sequence)


def counts_text(counts: Mapping[str, int]) -> str:
    """Return how many operations stand how, in words and always in the same order."""
    return ", ".join(f"{counts[status]} {status}" for status in Status if counts.get(status))
