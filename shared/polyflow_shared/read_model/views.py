"""What users read: runs and operations as they stand, and how they came there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from polyflow_topics.events import Problem
from polyflow_topics.message import Values
from polyflow_topics.names import OperationName, RunId
from polyflow_topics.origins import Origin
from polyflow_topics.status import FINAL, OPERATIONS_FAILED, OPERATIONS_STOPPED, Status

REJECTED: Final = "rejected"
"""The request was refused: no run of that id has ever existed."""
INTERRUPTED: Final = "interrupted"
"""The run is not final, and the engine that ran it has gone.  Derived by the reader, never stored."""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One line of a history."""

    status: str
    at: datetime
    reason: str = ""
    message: str = ""
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationView:
    """An operation as it stands."""

    index: int
    name: OperationName
    """Scoped."""
    dag: bool = False
    status: str = Status.CREATED.value
    reason: str = ""
    message: str = ""
    attempts: int = 0
    """The number of the last attempt that was begun, plus 1: in a resumed run, where numbers go on from the
    highest that any operation has used, more than there were."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    """Of the last attempt whose container ended by itself."""
    cluster: str = ""
    params: Values = field(default_factory=dict)
    """As resolved for the last attempt."""
    outputs: Values = field(default_factory=dict)
    upstreams: tuple[OperationName, ...] = ()
    statuses: tuple[StatusChange, ...] = ()
    """In order."""
    pending: str = ""
    """What holds it while it is `created`, though its turn has come."""
    definition: str = ""
    """A hash of what it does and with which values."""
    ran: tuple[datetime, datetime] | None = None
    """From when to when that was executed whose outputs it has, of what was kept or comes from the cache."""

    @property
    def final(self) -> bool:
        """Whether it can change no more."""
        return self.status in FINAL

    @property
    def ended_by_members(self) -> bool:
        """Whether it is a DAG or matrix whose end says no more than the ends of what is in it."""
        return self.dag and self.reason in {OPERATIONS_FAILED, OPERATIONS_STOPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run in one line."""

    id: RunId
    name: str = ""
    project: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    status: str
    reason: str = ""
    message: str = ""
    total: int = 0
    """Operations in the plan."""
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    pending: str = ""
    """What holds it while it is `created`."""
    origin: Origin | None = None
    """The run that it comes from."""
    generation: int = 0
    """How often it was resumed."""

    @property
    def final(self) -> bool:
        """Whether it can change no more."""
        return self.status in FINAL or self.status == REJECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(RunSummary):
    """What a search has found: a run, or an operation of one, whose `id` is that of `names.operation_id`."""

    run: RunId
    """The run that it is, or belongs to."""
    kind: str = ""
    pipeline: str | None = None
    """The id of the DAG or run that it is directly in; none for a run."""
    inputs: Values = field(default_factory=dict)
    outputs: Values = field(default_factory=dict)
    operation: str = ""
    """The operation that it is, by its scoped name; of a run that is one job or service, that one."""
    attempts: int = 0
    shown: tuple[str, ...] = ()
    """The columns that the search wants, as texts; empty ones for what it lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView(RunSummary):
    """A run as it stands, with all its operations."""

    presets: tuple[str, ...] = ()
    params: Values = field(default_factory=dict)
    description: str = ""
    """What the specification says of itself."""
    specification: str = ""
    """SHA-256 of the request's body, in hex."""
    problems: tuple[Problem, ...] = ()
    """Why the request was rejected."""
    operations: Mapping[OperationName, OperationView] = field(default_factory=dict)
    """By scoped name, in the order of the plan."""
    statuses: tuple[StatusChange, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A public event of a run, as it was published."""

    sequence: int
    type: str
    body: str
    """JSON."""


@dataclass(frozen=True, slots=True)
class StoredLog:
    """The end of a container's log, which its cluster handed over before the pod was removed."""

    container: str
    text: str
    cut: bool
    """Whether there was more before it."""
    missing: str
    """Why it could not be read."""


def moment_text(at: datetime | None) -> str | None:
    """Return a moment in UTC as RFC 3339 with milliseconds."""
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def summary_json(run: RunSummary) -> dict[str, Any]:
    """Return what a listing says of a run, as JSON."""
    return {
        "id": run.id,
        "name": run.name,
        "project": run.project,
        "owner": run.owner,
        "tags": list(run.tags),
        "status": run.status,
        "pending": run.pending or None,
        "reason": run.reason,
        "message": run.message,
        "created_at": moment_text(run.created_at),
        "started_at": moment_text(run.started_at),
        "finished_at": moment_text(run.finished_at),
        "origin": None if run.origin is None else run.origin.model_dump(mode="json"),
        "generation": run.generation,
    }


def run_json(run: RunView) -> dict[str, Any]:
    """Return all that is known of a run, as JSON."""
    return {
        **summary_json(run),
        "description": run.description,
        "presets": list(run.presets),
        "params": run.params,
        "problems": [problem.model_dump(mode="json") for problem in run.problems],
        "statuses": [_status_json(change) for change in run.statuses],
        "operations": {name: _operation_json(operation) for name, operation in run.operations.items()},
    }


def _operation_json(operation: OperationView) -> dict[str, Any]:
    return {
        "status": operation.status,
        "pending": operation.pending or None,
        "reason": operation.reason,
        "message": operation.message,
        "started_at": moment_text(operation.started_at),
        "finished_at": moment_text(operation.finished_at),
        "attempts": operation.attempts,
        "outputs": operation.outputs,
        "params": operation.params,
        "exit_code": operation.exit_code,
        "dag": operation.dag,
        "upstreams": list(operation.upstreams),
        "statuses": [_status_json(change) for change in operation.statuses],
    }


def _status_json(change: StatusChange) -> dict[str, Any]:
    return {
        "status": change.status,
        "reason": change.reason,
        "message": change.message,
        "attempt": change.attempt,
        "at": moment_text(change.at),
    }
