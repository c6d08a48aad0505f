"""The plan of a run as it travels to the planner: begin, parts, end.

Operations, edges and scopes are numbered over the whole run, nested DAGs included, depth first: the
operations of a scope and of all scopes inside it are one range.  Rows of the plan are written once.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, Literal

from pydantic import Field, JsonValue

from polyflow_topics.hooks import PlannedHook
from polyflow_topics.message import Frozen, Message, Values
from polyflow_topics.metrics import MetricPolicy
from polyflow_topics.names import ClusterName, OperationName, RunId, ScopeName
from polyflow_topics.origins import Kept, Origin
from polyflow_topics.pods import PodParts
from polyflow_topics.queries import Question
from polyflow_topics.status import Trigger

EDGES_PER_CHUNK = 240
"""Downstream operations in one `PlannedEdges`: what one decision releases at most."""
TRIALS_PER_BLOCK = 240
"""Trials in one `PlannedTrials` at most."""

AwaitedEvent = Literal[
    "queued", "scheduled", "running", "processing", "retrying",
    "succeeded", "failed", "stopped", "skipped", "upstream_failed", "done",
]  # fmt: skip
"""What can happen to an operation that others wait for: it comes to a status; `done` is any final one."""


class EnvSource(Frozen):
    """A secret or a config map whose entries become environment variables."""

    kind: Literal["secret", "config_map"]
    name: str
    prefix: str = ""
    """Written before the name of each variable."""
    optional: bool = False
    """Whether the container starts without it."""


class Container(Frozen):
    """The user's container, before or after its templates were rendered."""

    image: str | None = None
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    env_from: tuple[EnvSource, ...] = ()
    """Before `env`, in this order; values stay where they are kept until the container starts."""
    working_dir: str | None = None


class OutputOf(Frozen):
    """A param's value is read from an operation that ends earlier, or from the DAG around."""

    operation: int
    """The operation's number; -1 for the run itself."""
    output: str
    """The entry's name; empty means all of them as one map."""
    of: Literal["outputs", "inputs", "io", "globals", "artifacts"] = "outputs"
    """What it is an entry of; `io` has all inputs and outputs.  An artifact is named by its path below the
    folder of all that the operation leaves; `.` is that folder."""
    files: Values = Field(default_factory=dict)
    """Of artifacts, several at once: lists of paths under `files` and `dirs`, each a path or `[from, to]`."""
    elsewhere: bool = False
    """Of an input: whether it is paths of artifacts of other runs."""


class Found(Frozen):
    """A param's value is what a question of its operation has found."""

    question: int
    """Its place among the operation's questions."""
    entry: int
    """The place of what is read among the question's entries."""


class PlannedParam(Frozen):
    """One value that an operation gets: a literal, read from upstream, or found in other runs."""

    name: str
    value: JsonValue = None
    """The literal, or the default where the upstream operation has no such output."""
    source: OutputOf | None = None
    kind: str | None = None
    """The declared type, by the language's name; values from upstream are checked against it."""
    required: bool = True
    """Whether the operation fails when the upstream operation has no such output."""
    env: str | None = None
    """The environment variable that carries the value as well (`toEnv`)."""
    flag: bool = False
    """Whether a command line has it as a bare flag: `--name` when true, nothing when false (`isFlag`)."""
    arg_format: str | None = None
    """How it is written on a command line, as a template of `name` and `value` (`argFormat`)."""
    rules: Values = Field(default_factory=dict)
    """What a value from upstream must be like, by the names of the rules in the language (`validation`)."""
    found: tuple[Found, ...] = ()
    """The answers that it is made of: one value of one run, or lists that follow each other."""


class Backoff(Frozen):
    """How long an attempt waits after the one before."""

    kind: Literal["fixed", "exponential"] = "exponential"
    """`exponential` doubles with each attempt and waits between half and all of that, so that what failed
    together does not come back together."""
    delay: float = 1.0
    """Seconds (>= 0) before the second attempt."""
    limit: float = 300.0
    """Seconds that an attempt waits at most."""


class FailureRule(Frozen):
    """What becomes of some failures of an operation; of several rules the first that matches holds."""

    action: Literal["fail", "ignore", "count"]
    """Not tried again; tried again and not counted as a retry; tried again as long as there are retries."""
    exit_codes: tuple[int, ...] = ()
    """Of the main container; empty for a rule about the infrastructure."""
    other: bool = False
    """Whether it is about all other exit codes but 0 instead."""


class PlannedCondition(Frozen):
    """An expression that says whether something is run at all."""

    text: str
    """A template that gives true or false."""
    params: tuple[PlannedParam, ...] | None = None
    """What it can name; none: the params of its operation."""


class PlannedAsking(Frozen):
    """What a run asks about other runs before its condition is looked at, and anything of it starts."""

    questions: tuple[Question, ...]
    params: tuple[PlannedParam, ...]
    """Those that are made of the answers, and those that templates of the questions can name."""


class PlannedMatrix(Frozen):
    """What the trials of a matrix have in common is said by the operation itself; this is about the rest."""

    kind: Literal["mapping", "grid", "random"]
    trials: int
    """How many there are (>= 0)."""
    seed: int | None = None
    """What random trials were drawn with: the same seed draws the same ones."""
    varied: tuple[PlannedParam, ...] = ()
    """The params that each trial has its own value for, in the order of the values."""


class PlannedCache(Frozen):
    """That the result of an equal operation is used instead of executing this one, and what equal means."""

    digest: str
    """SHA-256, in hex, of all that counts and is known before anything runs."""
    names: tuple[str, ...] = ()
    """Names in its templates: those that are globals count with their values; `*` is all globals."""
    io: tuple[str, ...] | None = None
    """The params that count; none means all."""
    ttl: int | None = None
    """Seconds after its end during which a result is used; none means for ever.  0: it is executed whatever
    there is, and its own result takes the place of an older one."""


class Awaited(Frozen):
    """An event of an upstream that an operation waits for; its edge says so as well."""

    operation: int
    """The upstream's number."""
    events: tuple[AwaitedEvent, ...]
    """One of these."""


class PlannedOperation(Frozen):
    """One operation of the plan."""

    index: int
    name: OperationName
    scope: int = 0
    """The number of the scope that it belongs to."""
    opens: int | None = None
    """The number of the scope that it opens: set for a nested DAG, which has no container, and for a matrix,
    whose container is that of its trials."""
    upstreams: int = 0
    """Edges that lead here (>= 0): two from an upstream that has both to end and to come to a status."""
    trigger: Trigger = Trigger.ALL_SUCCEEDED
    skips: bool = False
    """Whether it is skipped as soon as an upstream was, whatever its trigger (`skipOnUpstreamSkip`)."""
    condition: PlannedCondition | None = None
    """Evaluated once the trigger is met; the operation is skipped where it is false."""
    cluster: ClusterName = ClusterName("local")
    container: Container | None = None
    parts: PodParts | None = None
    """What its pod has besides; none is nothing."""
    templated: bool = False
    """Whether the container or the pod's parts have `{{ }}` templates to render."""
    connections: Values = Field(default_factory=dict)
    """What templates may name of the connections that it uses: the fields of each, by its name."""
    params: tuple[PlannedParam, ...] = ()
    outputs: Values = Field(default_factory=dict)
    """Declared outputs that have a default value."""
    max_retries: int = 0
    backoff: Backoff = Backoff()
    failure_rules: tuple[FailureRule, ...] = ()
    """Without exit codes a rule is about failures that the infrastructure is to blame for."""
    timeout: int | None = None
    """Seconds that one attempt may take."""
    matrix: PlannedMatrix | None = None
    """Set where the scope that it opens has trials."""
    trial: bool = False
    """Whether it is a trial of the matrix whose scope it is in."""
    questions: tuple[Question, ...] = ()
    """About other runs; asked once the trigger is met."""
    read: bool = False
    """Whether others read its inputs or its times, which are kept for them."""
    cache: PlannedCache | None = None
    """None: it is executed whatever there is.  That of a matrix is for its trials."""
    definition: str = ""
    """A hash of what it does and with which values, not of how often it is tried."""
    kept: Kept | None = None
    """How it has ended in the run that this one comes from; it does not run."""
    queue: str | None = None
    """Under whose limits it runs; none where there are no limits for it."""
    approval: bool = False
    """Whether it waits for somebody's approval once its trigger is met and its condition is true."""
    awaits: tuple[Awaited, ...] = ()
    """Told to who asks what it waits for."""
    builds: int | None = None
    """The number of the operation whose image it builds, and which waits for it alone."""


NOT_OF_TRIALS: Final[Mapping[str, object]] = {
    "upstreams": 0,
    "trigger": Trigger.ALL_SUCCEEDED,
    "skips": False,
    "condition": None,
    "trial": True,
    "approval": False,
    "awaits": (),
}
"""What a trial does not take from its matrix, by the fields of `PlannedOperation`: the matrix has waited."""


class PlannedTrials(Frozen):
    """Trials of a matrix that are no DAGs: operations like their owner, but for some values.

    Trial N of a matrix NAME is the operation `NAME.N`, in the scope that its owner opens.
    """

    owner: int
    """The number of the operation that is the matrix."""
    first: int
    """The number of the first operation here."""
    trial: int
    """Which trial that is; counts from 0 within the matrix."""
    values: tuple[tuple[JsonValue, ...], ...]
    """For each trial its own values, in the order of `varied`; 1 to `TRIALS_PER_BLOCK` trials."""
    definitions: tuple[str, ...] = ()
    """For each trial a hash of what it does and with which values."""
    kept: tuple[Kept | None, ...] = ()
    """For each trial how it has ended in the run that this one comes from; empty where none is kept."""


class PlannedEdges(Frozen):
    """Some of what is released when `source` ends, by an event or, for a scope, when it opens."""

    source: int
    """The operation's number, or the scope's where `opening`."""
    opening: bool = False
    chunk: int
    """Counts from 0 for each source."""
    targets: tuple[int, ...]
    """Operations' numbers, at least one; `EDGES_PER_CHUNK` in every chunk of a source but its last."""
    group: int | None = None
    """Set where these wait for an event: which of the source's groups they are, from 0."""
    events: tuple[AwaitedEvent, ...] = ()
    """What a group waits for: one of these."""


class PlannedScope(Frozen):
    """A DAG, the run's root (number 0) or a nested one, or the trials of a matrix."""

    number: int
    name: ScopeName
    owner: int | None = None
    """The operation that opens it; none for the root."""
    first: int
    """Number of the first operation inside it, nested scopes included."""
    last: int
    """One past the number of the last operation inside it."""
    members: int
    """Operations directly in it (>= 0; only a matrix may have none)."""
    services: int = 0
    """How many of them are services that end once all others have ended; 0 where nothing ends them."""
    concurrency: int | None = None
    """Operations of this scope that may be active at once; none is no limit."""
    failure_percent: float | None = None
    """Early stopping: the share of failed operations, in percent, from which the scope is stopped."""
    trials: bool = False
    """Whether its members are the trials of a matrix: the share is one of trials then."""


class PlanBegun(Message):
    """A request was valid; its plan follows in `parts` parts.  Repeating all or some of it is harmless."""

    WIRE: ClassVar[str] = "polyflow.plan.begun.v1"

    run: RunId
    specification: str
    """SHA-256 of the request's body, in hex: another body under the same id is another request."""
    plan: str
    """SHA-256 of the plan, in hex: tells apart the plans of two releases of the validator."""
    name: str
    project: str = "default"
    owner: str = "default"
    tags: tuple[str, ...] = ()
    """The specification's and the request's, each once."""
    description: str = ""
    """What the specification says of itself."""
    params: Values = Field(default_factory=dict)
    presets: tuple[str, ...] = ()
    operations: int
    parts: int
    policies: tuple[MetricPolicy, ...] = ()
    condition: PlannedCondition | None = None
    """The run is skipped where it is false."""
    kind: str = "dag"
    """What is run: `job`, `service`, `dag` or `matrix`."""
    origin: Origin | None = None
    """The run that it comes from; `resume` lets an ended run go on."""
    hooks: int = 0
    """How many hooks the run itself has."""
    note: str = ""
    """What was kept of that run and what was not: a sentence for the user."""
    approval: bool = False
    """Whether nothing of it starts before somebody has approved."""
    upload: bool = False
    """Whether nothing of it starts before its files have arrived."""
    asks: PlannedAsking | None = None
    """What it finds in other runs, which is among its params then."""

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each plan of a run."""
        return f"{self.run}/{self.plan[:16]}/begun"


class PlanPart(Message):
    """Part of a plan, at most 256 KiB on the wire."""

    WIRE: ClassVar[str] = "polyflow.plan.part.v1"

    run: RunId
    plan: str
    part: int
    """Counts from 0."""
    operations: tuple[PlannedOperation, ...] = ()
    edges: tuple[PlannedEdges, ...] = ()
    scopes: tuple[PlannedScope, ...] = ()
    trials: tuple[PlannedTrials, ...] = ()
    """After the operations that own them."""
    hooks: tuple[PlannedHook, ...] = ()
    """Likewise."""

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each part of a plan."""
        return f"{self.run}/{self.plan[:16]}/part/{self.part}"


class PlanEnded(Message):
    """All parts of the plan were sent; the run can begin."""

    WIRE: ClassVar[str] = "polyflow.plan.ended.v1"

    run: RunId
    plan: str

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each plan of a run."""
        return f"{self.run}/{self.plan[:16]}/ended"
