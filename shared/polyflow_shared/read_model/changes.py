"""What an event changes in the read model: rows for its tables.

Every row names the sequence of the event that made it; a row of an older event than the one that stands is
ignored, so that the same changes can be written any number of times.
"""

from dataclasses import dataclass, field
from typing import NamedTuple


class RunRow(NamedTuple):
    """The run has a new status, or its request was rejected (sequence 0)."""

    id: str
    sequence: int
    name: str
    project: str
    owner: str
    tags: str
    presets: str
    params: str
    specification: str
    status: str
    reason: str
    message: str
    total: int
    problems: str
    created_at: str
    started_at: str | None
    finished_at: str | None
    description: str = ""
    pending: str = ""
    kind: str = ""
    origin: str = ""
    """As JSON; empty where it comes from no other run."""
    original: str = ""
    """The other run that it comes from, by which queries know it."""
    cloning_kind: str = ""
    """How it comes from it."""
    generation: int = 0
    since: int = 0
    """The sequence with which this generation begins, where the event says so."""


class OperationRow(NamedTuple):
    """The run has this operation."""

    run: str
    number: int
    name: str
    dag: bool
    id: str = ""
    """By which queries know it."""
    pipeline: str = ""
    """The id of the DAG or run that it is directly in."""
    kind: str = ""
    definition: str = ""
    sequence: int = 0


class EdgeRow(NamedTuple):
    """The run has this edge, between operations by their numbers."""

    run: str
    upstream: int
    downstream: int
    sequence: int = 0


class MoveRow(NamedTuple):
    """An operation has a new status.  None leaves a column as it is."""

    sequence: int
    status: str
    reason: str
    message: str
    cluster: str
    attempts: int
    started_at: str | None
    finished_at: str | None
    exit_code: int | None
    params: str | None
    outputs: str | None
    run: str
    number: int
    pending: str = ""
    ran_from: str | None = None
    """When that began whose outputs it has, of what was kept or comes from the cache."""
    ran_until: str | None = None


class StatusRow(NamedTuple):
    """One line of a history; no number means the run's own."""

    run: str
    sequence: int
    number: int | None
    attempt: int
    status: str
    reason: str
    message: str
    at: str
    operation: str | None = None
    """Its name: another generation may give the number to another one."""


class EventRow(NamedTuple):
    """A public event, as it was published."""

    run: str
    sequence: int
    type: str
    body: str


class LogRow(NamedTuple):
    """The end of a container's log."""

    run: str
    number: int
    attempt: int
    container: str
    text: str
    cut: bool
    missing: str


class MetricRow(NamedTuple):
    """The last that an operation has measured of a metric, so far."""

    run: str
    operation: str
    """Its scoped name."""
    name: str
    value: float
    attempt: int
    line: int
    """The number of the measurement within its attempt."""
    at: str


class RequestRow(NamedTuple):
    """A request that has become a run, as it was sent."""

    run: str
    specification: str
    body: str
    at: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What a batch of events changes, by table; the order within each table counts."""

    runs: list[RunRow] = field(default_factory=list)
    operations: list[OperationRow] = field(default_factory=list)
    edges: list[EdgeRow] = field(default_factory=list)
    moves: list[MoveRow] = field(default_factory=list)
    statuses: list[StatusRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    logs: list[LogRow] = field(default_factory=list)
    requests: list[RequestRow] = field(default_factory=list)
    metrics: list[MetricRow] = field(default_factory=list)
