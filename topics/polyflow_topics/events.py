"""The public events of a run: what users subscribe to, and all that the read model is made of.

Every event of a run carries a `sequence`, which counts from 1 without gaps; a reader who keeps the last one
it saw can drop repetitions.  Every event carries the run's project, owner, name, tags and presets; the
run's description and params are in the run's own events, an operation's resolved params in that operation's.
"""

from typing import ClassVar, Final, Literal

from pydantic import Field

from polyflow_topics.message import Frozen, Message, Moment, Values
from polyflow_topics.names import ClusterName, OperationName, RunId, ScopeName
from polyflow_topics.origins import Origin
from polyflow_topics.status import Pending, Status

IN_REQUEST: Final = "request"
"""The `file` of a problem with the fields around a specification; its line and column are the body's."""


class RunEvent(Message):
    """What all events of a run say."""

    run: RunId
    sequence: int
    """Counts from 1 within the run; 0 of what has no place in its history."""
    project: str = "default"
    owner: str = "default"
    name: str = ""
    tags: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()
    at: Moment
    """When the planner decided it: the time of the record that caused it."""

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: run and sequence."""
        return f"{self.run}/{self.sequence}"


class RunChanged(RunEvent):
    """The run has a new status."""

    WIRE: ClassVar[str] = "polyflow.run.changed.v1"

    status: Status
    reason: str = ""
    message: str = ""
    description: str = ""
    """What the specification says of itself."""
    params: Values = Field(default_factory=dict)
    specification: str = ""
    """SHA-256 of the request's body, in hex."""
    operations: int = 0
    """Operations in the plan."""
    pending: Pending | None = None
    """What holds it; with status `created` only."""
    kind: str = ""
    """What is run: `job`, `service`, `dag` or `matrix`."""
    origin: Origin | None = None
    """The run that it comes from."""
    generation: int = 0
    """How often it was resumed; each time it begins anew with `created`, its graph, and what was kept."""


class OperationInGraph(Frozen):
    """One node of the run's graph."""

    index: int
    name: OperationName
    scope: ScopeName = ScopeName("")
    dag: bool = False
    """Whether it opens a scope, as a nested DAG and a matrix do."""
    kind: str = "job"
    """What it runs: `job`, `service`, `dag` or `matrix`."""
    definition: str = ""
    """A hash of what it does and with which values."""


class RunPlanned(RunEvent):
    """Part of the run's graph: operations, and edges between operations by their numbers."""

    WIRE: ClassVar[str] = "polyflow.run.planned.v1"

    operations: tuple[OperationInGraph, ...] = ()
    edges: tuple[tuple[int, int], ...] = ()
    """Pairs (upstream, downstream)."""


class OperationChanged(RunEvent):
    """An operation has a new status."""

    WIRE: ClassVar[str] = "polyflow.operation.changed.v1"

    operation: OperationName
    index: int
    attempt: int = 0
    cluster: ClusterName = ClusterName("local")
    status: Status
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    params: Values | None = None
    """The resolved params: with status `scheduled`; of what is not launched itself (a DAG, a trial, what was
    kept or comes from the cache) with `running`, `succeeded` or `skipped`, where there are any."""
    outputs: Values | None = None
    """With status `succeeded`, with `failed` where there are any, and with `running` of a service."""
    pending: Pending | None = None
    """What holds it; with status `created` only."""
    cache: str = ""
    """What its result is kept under (SHA-256 in hex), where results are looked for and that is known."""
    ran: tuple[Moment, Moment] | None = None
    """From when to when that was executed whose outputs it has, of what was kept or comes from the cache."""


Severity = Literal["error", "warning", "note"]


class Problem(Frozen):
    """One thing that is wrong with a request."""

    code: str
    """Stable, such as `PF1023`."""
    severity: Severity = "error"
    """`error`: it is refused for this; `warning`; `note`: it is right, and not to be run yet."""
    message: str
    """What is wrong and what was expected."""
    path: str = ""
    """Where in the document, such as `run.operations[2].params.lr`."""
    file: str | None = None
    line: int | None = None
    """Counts from 1."""
    column: int | None = None
    """Counts from 1."""
    hint: str = ""
    """What to write instead."""


class RequestRejected(Message):
    """A request was refused; nothing of it runs.  An earlier run of the same id is left alone."""

    WIRE: ClassVar[str] = "polyflow.request.rejected.v1"

    run: RunId
    """The run that the request would have made."""
    request: str = ""
    """The id that the client chose."""
    project: str = "default"
    owner: str = "default"
    name: str = ""
    tags: tuple[str, ...] = ()
    problems: tuple[Problem, ...]
    """All that was found, at least one."""
    specification: str = ""
    """SHA-256 of the request's body, in hex."""
    at: Moment
    origin: Origin | None = None
    """The run that it would have come from."""

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each body that was refused under the run's id."""
        return f"{self.run}/rejected/{self.specification[:16]}"


class RequestAnswered(RunEvent):
    """What has become of a request about a run: to stop it, to approve an operation of it, and the like.

    It is said to whoever asked, and is no part of the run's history: its `sequence` is always 0.  The same
    request, delivered twice, is answered once where the run is known or has ended, unless it is an `explain`;
    about a run that is not known it may be answered twice.
    """

    WIRE: ClassVar[str] = "polyflow.request.answered.v1"

    request: str = ""
    """The id that the sender chose."""
    kind: str
    """What was asked for: the word before the version in the request's type, such as `stop`."""
    operation: OperationName = OperationName("")
    """The operation that it was about; empty for the run."""
    accepted: bool
    """False where it can mean nothing as things stand; then nothing has changed."""
    reason: str = ""
    """A word in CamelCase."""
    message: str = ""
    """A sentence for the user."""

    def identity(self) -> str:
        """Return an id: one for each answer that one request can be given."""
        return f"{self.run}/answered/{self.kind}/{self.request}/{self.reason}"


class RequestAccepted(Message):
    """A request became a run, or lets one go on.  Kept so that the run can be restarted."""

    WIRE: ClassVar[str] = "polyflow.request.accepted.v1"

    run: RunId
    specification: str
    """SHA-256 of the request's body, in hex."""
    body: str
    """The request as it was sent, at most 1 MiB."""
    at: Moment

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each body that the run was asked for with."""
        return f"{self.run}/accepted/{self.specification[:16]}"
