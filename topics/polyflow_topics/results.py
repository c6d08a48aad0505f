"""What planner and cache say to each other: whether an equal operation has a result that can be used.

A result is kept under the SHA-256, in hex, of everything that makes operations equal; whoever asks first
where there is none holds it until its operation has ended.
"""

from hashlib import sha256
from typing import ClassVar, Final, Literal

from pydantic import Field

from polyflow_topics.message import Message, Moment, Values
from polyflow_topics.names import OperationName, RunId

MAX_RESULTS: Final = 1000
"""Results that one request names, at most."""


class LookUpResult(Message):
    """Request: say whether there is a result for this operation.  Safe to receive twice, at any time."""

    WIRE: ClassVar[str] = "polyflow.result.look-up.v1"

    result: str
    """What it is kept under."""
    run: RunId
    operation: OperationName
    index: int
    attempt: int
    """That the operation would begin with; a later one takes the place of an earlier."""
    ttl: int | None = None
    """Seconds after its end during which a result is used; none means for ever, 0 that none is."""

    def key(self) -> str:
        """Return what the result is kept under."""
        return self.result

    def identity(self) -> str:
        """Return an id: one for each operation that asks, and attempt."""
        return f"{self.run}/{self.index}/{self.attempt}/look-up"


class ResultSettled(Message):
    """An operation that has asked needs no answer any more: it has ended, or is executed without one.

    Safe to receive twice, and before the request.
    """

    WIRE: ClassVar[str] = "polyflow.result.settled.v1"

    result: str
    run: RunId
    operation: OperationName
    index: int
    attempt: int
    outputs: Values | None = None
    """Of an operation that has been executed and has succeeded; none of any other."""
    ran: tuple[Moment, Moment] | None = None
    """From when to when it was executed, where there are outputs."""

    def key(self) -> str:
        """Return what the result is kept under."""
        return self.result

    def identity(self) -> str:
        """Return an id: one for each operation that asked, and attempt."""
        return f"{self.run}/{self.index}/{self.attempt}/settled"


class ForgetResult(Message):
    """Request: let nobody use this result any more.  Safe to receive twice, and where there is none."""

    WIRE: ClassVar[str] = "polyflow.result.forget.v1"

    result: str

    def key(self) -> str:
        """Return what the result is kept under."""
        return self.result

    def identity(self) -> str:
        """Return an id made of what the result is kept under."""
        return f"{self.result}/forget"


class AnswersContinued(Message):
    """The cache to itself: more operations wait for this result than one decision answers."""

    WIRE: ClassVar[str] = "polyflow.result.answers-continued.v1"

    result: str
    left: int
    """How many of them have no answer yet."""

    def key(self) -> str:
        """Return what the result is kept under."""
        return self.result

    def identity(self) -> str:
        """Return an id: one for each step."""
        return f"{self.result}/answers/{self.left}"


class ResultAnswered(Message):
    """The cache answers a planner.  An answer to who does not ask changes nothing."""

    WIRE: ClassVar[str] = "polyflow.result.answered.v1"

    run: RunId
    index: int
    attempt: int
    result: str
    answer: Literal["found", "absent", "awaited"]
    """There is one; there is none, and who asked holds its place until it has ended; an equal operation is
    being executed, and who asked waits for it."""
    of_run: RunId | None = None
    """Whose result it is, or will be."""
    of_operation: OperationName = OperationName("")
    outputs: Values = Field(default_factory=dict)
    ran: tuple[Moment, Moment] | None = None
    """From when to when what has these outputs was executed."""

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each answer to an attempt."""
        return f"{self.run}/{self.index}/{self.attempt}/result/{self.answer}"


class VerifyLookUp(Message):
    """Request: ask again if this operation still holds the place of its result; else say that it is settled.

    Safe to receive twice.
    """

    WIRE: ClassVar[str] = "polyflow.result.verify.v1"

    run: RunId
    operation: OperationName
    index: int
    attempt: int
    result: str

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each attempt."""
        return f"{self.run}/{self.index}/{self.attempt}/verify-look-up"


class ForgetResults(Message):
    """Request: let nobody use these results any more.  Safe to send twice."""

    WIRE: ClassVar[str] = "polyflow.pipeline.forget-results.v1"

    results: tuple[str, ...] = Field(min_length=1, max_length=MAX_RESULTS)
    """As `cache` of `polyflow.operation.changed.v1` says."""

    def key(self) -> str:
        """Return the first result."""
        return self.results[0]

    def identity(self) -> str:
        """Return an id made of all of them."""
        return f"{sha256(' '.join(self.results).encode()).hexdigest()[:32]}/forget"
