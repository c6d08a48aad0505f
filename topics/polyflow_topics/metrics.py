"""What runs measure, and the policies that the measurements can meet.  All on one topic, so in one order."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, WithJsonSchema

from polyflow_topics.message import Frozen, Message, Moment
from polyflow_topics.names import OperationName, RunId, ScopeName

_NUMBER: Final = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}

Measured = Annotated[float, WithJsonSchema(_NUMBER)]
"""A measured value.  JSON has no word for NaN and infinities: they are written as strings."""


class Comparison(Frozen):
    """How what an operation measures is compared with what the others of its scope do."""

    kind: Literal["median", "truncation", "diff"]
    """Whether it is worse than the median, among the worst, or farther than so much from the best."""
    percent: float = 0.0
    """Of the operations (`truncation`), or of the best value (`diff`)."""
    interval: int = Field(default=1, ge=1)
    """Values of an operation between two looks at it."""
    first: int = Field(default=0, ge=0)
    """Values of an operation before the first look at it."""
    samples: int = Field(default=0, ge=0)
    """Other operations that must have come as far."""


class MetricPolicy(Frozen):
    """Stop a scope as soon as a metric of one of its operations reaches a value."""

    scope: ScopeName
    metric: str
    value: float
    """In the metric's own unit; reaching it counts (inclusive)."""
    optimization: Literal["maximize", "minimize"]
    """`maximize`: reached from below; `minimize`: from above."""
    comparison: Comparison | None = None
    """Stop single operations instead: those that a comparison with the others speaks against; the value plays
    no part then."""


class MetricsLogged(Message):
    """An operation measured something.  Late, doubled and reordered ones are harmless."""

    WIRE: ClassVar[str] = "polyflow.metrics.logged.v1"

    run: RunId
    operation: OperationName
    attempt: int
    line: int
    """The number of this measurement within its attempt, from 0: tells a repetition from a second one."""
    step: int | None = None
    values: dict[str, Measured]
    """By the metric's name, each in its own unit; NaN and infinities are written as strings."""
    at: Moment
    """When the operation measured it."""

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each measurement of an attempt."""
        return f"{self.run}/{self.operation}/{self.attempt}/{self.line}"


class OutputsMeasured(Message):
    """An operation has ended with outputs that are numbers: a policy may want one of them to reach a value.

    Sent for runs that have metric policies.  Late, doubled and reordered ones are harmless.
    """

    WIRE: ClassVar[str] = "polyflow.metrics.outputs.v1"

    run: RunId
    operation: OperationName
    attempt: int
    values: dict[str, Measured]
    """By the output's name."""
    at: Moment
    """When the operation ended."""

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: an attempt ends once."""
        return f"{self.run}/{self.operation}/{self.attempt}/outputs"


class PoliciesDeclared(Message):
    """The run has these metric policies.  Sent, and acknowledged, before anything of the run is launched."""

    WIRE: ClassVar[str] = "polyflow.policies.declared.v1"

    run: RunId
    policies: tuple[MetricPolicy, ...]

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: a run's policies are declared once."""
        return f"{self.run}/policies"


class PoliciesClosed(Message):
    """The run has ended: its policies can stop nothing any more."""

    WIRE: ClassVar[str] = "polyflow.policies.closed.v1"

    run: RunId

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: a run's policies are closed once."""
        return f"{self.run}/policies-closed"


class ClosingContinued(Message):
    """The early-stopping monitor to itself: go on removing what was kept of a run that has ended.

    Safe to receive twice.
    """

    WIRE: ClassVar[str] = "polyflow.policies.closing-continued.v1"

    run: RunId
    step: int
    """Counts from 1."""

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each step."""
        return f"{self.run}/policies-closed/{self.step}"
