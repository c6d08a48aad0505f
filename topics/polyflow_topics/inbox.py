"""What the planner hears beside plans: reports of pods, stops, timers, and its own messages to itself."""

import json
from hashlib import sha256
from typing import ClassVar, Literal

from pydantic import Field

from polyflow_topics.message import Frozen, Message, Moment, Values
from polyflow_topics.names import ClusterName, OperationName, RunId, ScopeName
from polyflow_topics.status import PodStatus


class OperationReported(Message):
    """The cluster says how one attempt stands.  Late, doubled and reordered ones are harmless."""

    WIRE: ClassVar[str] = "polyflow.operation.reported.v1"

    run: RunId
    operation: OperationName
    index: int
    attempt: int
    """Counts from 0."""
    status: PodStatus
    cluster: ClusterName = ClusterName("local")
    """Where the pod is, or would be."""
    reason: str = ""
    """A word in CamelCase: `OOMKilled`, `DeadlineExceeded`, `Error` …"""
    message: str = ""
    """A sentence for the user."""
    exit_code: int | None = None
    outputs: Values = Field(default_factory=dict)
    """What the operation logged, at most 64 KiB: with a final status, and with `running` of a service."""
    infrastructure: bool = False
    """Whether the cluster, and neither the program nor its specification, is to blame for a failure."""
    awaited: int = Field(default=0, ge=0)
    """The number of the last statement of outputs that was acknowledged to the pod and that this report does
    not make up for; 0: nothing is still on its way."""
    at: Moment
    """When the cluster saw it."""

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each status of an attempt, and for each reason why it is pending."""
        waits = f"/{self.reason}" if self.status is PodStatus.PENDING else ""
        return f"{self.run}/{self.index}/{self.attempt}/{self.status}{waits}"


class OutputsLogged(Message):
    """An attempt states its outputs.  Late, doubled and reordered ones are harmless."""

    WIRE: ClassVar[str] = "polyflow.outputs.logged.v1"

    run: RunId
    index: int
    """The operation's number in the plan."""
    attempt: int
    """Counts from 0."""
    number: int = Field(default=0, ge=0)
    """Counts the statements of the attempt, from 1; each has all outputs so far, so that the highest counts.
    0: not counted; its outputs are added to what was stated before."""
    outputs: Values
    """By name, at most 64 KiB as JSON."""
    at: Moment
    """When it was received."""

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each number of an attempt, or where there is none for each content."""
        said = json.dumps(self.outputs, sort_keys=True).encode()
        which = self.number or sha256(said).hexdigest()[:16]
        return f"{self.run}/{self.index}/{self.attempt}/outputs/{which}"


class StopRequested(Message):
    """Somebody, or a policy, wants a scope of the run to end.  Safe to receive twice, and before the plan."""

    WIRE: ClassVar[str] = "polyflow.stop.requested.v1"

    run: RunId
    scope: ScopeName = ScopeName("")
    """Empty for the whole run."""
    operation: OperationName = OperationName("")
    """One operation directly in that scope; empty for all of the scope."""
    reason: str = "Stopped"
    message: str = ""
    by_policy: bool = False
    """A metric policy was met: the scope ends `succeeded`, what is still going in it `stopped`."""
    caused_at: Moment | None = None
    """When the metric that caused it was measured."""
    attempt: int | None = None
    """Which attempt measured it; None for a stop that no metric caused."""
    request: str = ""
    """The id of the request that is to be answered; empty for none."""

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: all stops of one thing with one reason are one, but for those that are answered."""
        answered = f"/{self.request}" if self.request else ""
        return f"{self.run}/{self.operation or self.scope}/stop/{self.reason}{answered}"


OperatingKind = Literal["stop", "skip", "approve", "pause", "unpause", "limit", "explain", "upload"]


class OperatingRequested(Message):
    """Somebody wants something of a run, or of an operation.  Safe to receive twice, and at any time."""

    WIRE: ClassVar[str] = "polyflow.operating.requested.v1"

    run: RunId
    request: str = ""
    """The id that the answer names."""
    kind: OperatingKind
    operation: OperationName = OperationName("")
    """Scoped; empty for the run."""
    concurrency: int | None = None
    """The new limit; None: no limit."""
    reason: str = ""
    message: str = ""
    cursor: int = 0
    """Operations before this one were looked at and have other names; only the planner sets it."""

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each request, and for each step on the way to its operation."""
        return f"{self.run}/{self.kind}/{self.operation}/{self.request}/{self.cursor}"


class TimerFired(Message):
    """A timer of the run is due.  The planner ignores one whose row is gone or says another time."""

    WIRE: ClassVar[str] = "polyflow.timer.fired.v1"

    run: RunId
    name: str
    due: Moment

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each time the timer was set."""
        return f"{self.run}/timer/{self.name}/{self.due.isoformat()}"


class Release(Frozen):
    """A chunk of edges that is still to be followed."""

    source: int
    opening: bool = False
    chunk: int
    group: int | None = None
    """Set for edges that are met by an event: which of the source's groups they lead to."""


class ReleaseContinued(Message):
    """The planner to itself: these edges are left over from the last decision."""

    WIRE: ClassVar[str] = "polyflow.release.continued.v1"

    run: RunId
    releases: tuple[Release, ...]

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id made of the first chunk, which is followed once."""
        first = self.releases[0]
        kind = "o" if first.opening else "e" if first.group is None else f"g{first.group}."
        return f"{self.run}/release/{kind}{first.source}/{first.chunk}"


class SweepContinued(Message):
    """The planner to itself: go on over the run's operations from number `cursor`."""

    WIRE: ClassVar[str] = "polyflow.sweep.continued.v1"

    run: RunId
    sweep: str
    """`close/SCOPE`: end what is in a closing scope; `start/SCOPE`: start what waits for a slot of it;
    `launch`: launch what waits for room among the run's launches; `give-back`: return the slots under limits
    of what a paused run holds back; `recheck`: ask about what was not heard of for long; `recover`: ask about
    all that is open; `forget`: remove the rows of a run that has ended; `clear`: those of a plan that another
    one replaces."""
    cursor: int

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each step of a sweep."""
        return f"{self.run}/sweep/{self.sweep}/{self.cursor}"
