"""What the planner remembers: the statuses that may follow each other, and the rows.

Rows of the plan are written once.  Rows that change hold counters, never lists, and stay under 300 bytes.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from polyflow_services.planner.rows import claims
from polyflow_services.planner.rows.event_edges import GroupRow
from polyflow_services.planner.rows.kept import (
    AnsweredRow,
    AnswersRow,
    ArrivedRow,
    PendingStopRow,
    ResumeRow,
    StubRow,
    ToldRow,
)
from polyflow_shared.deciding.rows import Row, RowCodec
from polyflow_topics.status import Pending, Status, Trigger

NONE: Final = -1
"""No operation, no scope, no limit of its own."""
UNLIMITED: Final = 0
"""A limit that somebody has lifted."""

NEXT: Final[Mapping[Status, frozenset[Status]]] = {
    Status.CREATED: frozenset(
        {Status.QUEUED, Status.SCHEDULED, Status.RUNNING, Status.SUCCEEDED,
         Status.FAILED, Status.STOPPED, Status.SKIPPED, Status.UPSTREAM_FAILED}
    ),
    Status.QUEUED: frozenset(
        {Status.SCHEDULED, Status.RUNNING,
         Status.FAILED, Status.STOPPED, Status.SKIPPED, Status.UPSTREAM_FAILED}
    ),
    Status.SCHEDULED: frozenset(
        {Status.RUNNING, Status.PROCESSING, Status.RETRYING, Status.STOPPING,
         Status.SUCCEEDED, Status.FAILED, Status.STOPPED}
    ),
    Status.RUNNING: frozenset(
        {Status.PROCESSING, Status.RETRYING, Status.STOPPING,
         Status.SUCCEEDED, Status.FAILED, Status.STOPPED}
    ),
    Status.PROCESSING: frozenset(
        {Status.RETRYING, Status.STOPPING, Status.SUCCEEDED, Status.FAILED, Status.STOPPED}
    ),
    Status.RETRYING: frozenset({Status.QUEUED, Status.SCHEDULED, Status.FAILED, Status.STOPPED}),
    Status.STOPPING: frozenset({Status.SUCCEEDED, Status.FAILED, Status.STOPPED, Status.SKIPPED}),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.STOPPED: frozenset(),
    Status.SKIPPED: frozenset(),
    Status.UPSTREAM_FAILED: frozenset(),
}  # fmt: skip
"""Which status may follow which, for operations and for runs.  Nothing else may change a status."""


NOT_BEGUN: Final = frozenset({Status.CREATED, Status.QUEUED})
"""Statuses of an operation that nothing was launched of, and of a DAG or matrix that has not opened."""
FAILURES: Final = frozenset({Status.FAILED, Status.UPSTREAM_FAILED})
"""Ends that count as failures."""


def final(status: Status) -> bool:
    """Tell whether no status may follow."""
    return not NEXT[status]


class HeadRow(Row, frozen=True, array_like=True, tag="head.v1"):
    """What a request said of itself; written once."""

    specification: str
    plan: str
    name: str
    project: str
    owner: str
    tags: tuple[str, ...]
    presets: tuple[str, ...]
    operations: int
    parts: int
    policies: bool
    """Whether the run has metric policies."""
    created: datetime
    description: str = ""
    kind: str = "dag"
    """What is run: `job`, `service`, `dag` or `matrix`."""
    origin: str = ""
    """Where the run comes from, as JSON; empty for most."""
    generation: int = 0
    """How often it was resumed."""
    first: str = ""
    """What `specification` was before it was resumed for the first time; empty for most."""
    approval: bool = False
    """Whether nothing starts before somebody has approved."""
    hooks: int = 0
    upload: bool = False
    """Whether nothing starts before its files have arrived."""
    attempts: int = 0
    """The number that attempts of this generation count from."""


class DocumentRow(Row, frozen=True, array_like=True, tag="document.v1"):
    """A larger value of the plan or of an operation, as JSON.

    Written once, but for three: the params of a run are written again with what it finds in others, the
    outputs of a service when it is up and at its end, and an end that is held is removed with its attempt and
    written anew by the next.
    """

    body: msgspec.Raw


class TrialRow(Row, frozen=True, array_like=True, tag="trial.v1"):
    """What the plan says of a trial that is no DAG; written once."""

    owner: int
    """The operation that is the matrix, which says everything else."""
    values: msgspec.Raw
    """Its own values, in the order of the matrix's varied params, as JSON."""


class RunRow(Row, frozen=True, array_like=True, tag="run.v1"):
    """A run that has not been forgotten yet."""

    status: Status = Status.CREATED
    sequence: int = 0
    """Of the last public event."""
    parts: int = 0
    """Parts of the plan that have arrived."""
    open: int = 0
    """Operations that are not final, in all scopes."""
    unseen: int = 0
    """Launches that the cluster has not answered."""
    head: int = NONE
    """First operation of the queue for a launch; the rows of operations link to the next."""
    tail: int = NONE
    pending: Pending | None = None
    """What holds it while it is created."""
    attempts: int = 0
    """One more than the highest number of an attempt so far, of whatever operation."""
    approval: bool = False
    """Whether it needs an approval that it has not got."""
    paused: bool = False
    """Whether nothing more is launched."""
    upload: bool = False
    """Whether it needs files that have not arrived."""
    recovered: int = 0
    """When all that is open was last asked about after a restart, in seconds since 1970."""


class OperationRow(Row, frozen=True, array_like=True, tag="operation.v1"):
    """One operation."""

    name: str
    cluster: str
    scope: int
    upstreams: int
    """Edges that lead here."""
    trigger: Trigger = Trigger.ALL_SUCCEEDED
    opens: int = NONE
    """The scope that it opens, for a nested DAG."""
    retries: int = 0
    """User retries that are left."""
    defaults: bool = False
    """Whether the plan has default values for its outputs."""
    status: Status = Status.CREATED
    succeeded: int = 0
    """Upstreams that ended well, or were skipped."""
    failed: int = 0
    """Upstreams that failed, or whose own upstreams did."""
    done: int = 0
    """Upstreams that ended, in whatever way."""
    attempt: int = 0
    losses: int = 0
    """Attempts that the infrastructure lost."""
    slot: bool = False
    """Whether it counts under the concurrency of its scope."""
    unseen: bool = False
    """Whether its launch is out and was not answered yet."""
    asked: int = 0
    """How often the open command was sent again."""
    since: int = 0
    """When the cluster was last asked or heard, in seconds since 1970."""
    released: int = 0
    """Chunks of its edges that were followed."""
    next: int = NONE
    """The operation behind it in the queue that it stands in."""
    waits: str = ""
    """What its pod was last said to wait for."""
    skipped: int = 0
    """Upstreams that were skipped; they are among those that ended well."""
    skips: bool = False
    """Whether it is skipped as soon as an upstream was."""
    conditional: bool = False
    """Whether the plan has a condition for it."""
    service: bool = False
    up: bool = False
    """Whether it is a service that has been up: what waits for it was let go on."""
    pending: Pending | None = None
    """What holds it while it is created and its trigger is met."""
    trial: bool = False
    """Whether it is a trial of a matrix: it takes one of the matrix's slots even where it is a DAG."""
    asks: bool = False
    """Whether it has questions about other runs."""
    read: bool = False
    """Whether others read its inputs or its times."""
    stated: bool = True
    """Whether there may be rows of outputs that it stated, or of an end that waits for them."""
    cached: bool = False
    """Whether the cache is asked before it is executed."""
    kept: bool = False
    """Whether it has ended in the run that this one comes from, and does not run."""
    limited: bool = False
    """Whether it needs a slot of admission's as well."""
    approval: bool = False
    """Whether it needs an approval that it has not got."""
    hooks: int = 0
    groups: int = 0
    """Groups of downstreams that wait for an event of it."""
    builds: int = NONE
    """The operation whose image it builds."""


class ScopeRow(Row, frozen=True, array_like=True, tag="scope.v1"):
    """A DAG, or the trials of a matrix: how many operations stand where."""

    open: int
    """Operations directly in it that are not final."""
    active: int = 0
    """Operations that hold a slot."""
    failed: int = 0
    stopped: int = 0
    failures: int = 0
    """Operations in it and in all scopes inside it that failed, or whose upstreams did."""
    head: int = NONE
    """First operation of the queue for a slot."""
    tail: int = NONE
    opened: int = 0
    """Chunks of opening edges that were followed."""
    rest: Status | None = None
    """Set while it closes: what becomes of operations that have not started."""
    ends: Status | None = None
    """Set while it closes: what becomes of the scope; none where only its services still end."""
    reason: str = ""
    message: str = ""
    """At most 120 characters."""
    cursor: int = 0
    """Operations from this number on were not visited by the closing sweep."""
    services: int = 0
    """Services directly in it that are not final and end with it."""
    limit: int = NONE
    """Operations that may be active at once, where somebody has changed that; 0 for any number."""


class ScopePlanRow(Row, frozen=True, array_like=True, tag="scope-plan.v1"):
    """What the plan says of a scope; written once."""

    name: str
    owner: int
    """The operation that opens it; none for the root."""
    first: int
    last: int
    members: int
    concurrency: int | None
    failure_percent: float | None
    trials: bool = False
    """Whether its members are the trials of a matrix."""


class EdgesRow(Row, frozen=True, array_like=True, tag="edges.v1"):
    """A chunk of downstream operations; written once."""

    targets: tuple[int, ...]


class ScopeNumberRow(Row, frozen=True, array_like=True, tag="scope-number.v1"):
    """The number of the scope with a certain name; written once."""

    number: int


CODEC: Final = RowCodec(
    (
        HeadRow,
        DocumentRow,
        TrialRow,
        ArrivedRow,
        RunRow,
        OperationRow,
        ScopeRow,
        ScopePlanRow,
        EdgesRow,
        ScopeNumberRow,
        PendingStopRow,
        StubRow,
        ToldRow,
        AnswersRow,
        *claims.ROWS,
        ResumeRow,
        AnsweredRow,
        GroupRow,
    )
)


def moved(row: OperationRow, status: Status, **changes: Any) -> OperationRow:
    """Return `row` in `status`, or `row` itself where the table has no such move (late, doubled).

    Args:
        row: the operation as it stood.
        status: the new one.
        changes: what else is new with it, by the row's fields.
    """
    if status not in NEXT[row.status]:
        return row
    return replace(row, status=status, waits="", pending=None, **changes)
