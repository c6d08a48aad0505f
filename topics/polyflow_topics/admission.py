"""What planner and admission say to each other: slots under the limits of queues and of the installation.

A slot belongs to one attempt of an operation, which may ask, give it back and ask again: a pause of its run
can come between.  So its questions are numbered, and whatever is said is about one of them.  All requests go
to one partition, so that there is one order.
"""

from typing import Any, ClassVar, Final

from polyflow_topics.message import Message
from polyflow_topics.names import OperationName, RunId

INSTALLATION: Final = "installation"
"""The key of all requests."""
DEFAULT: Final = "default"
"""The queue of operations that name none."""


class SlotMessage(Message):
    """What all of these say: which attempt of which operation."""

    run: RunId
    operation: OperationName
    index: int
    attempt: int
    """Counts from 0."""
    queue: str = DEFAULT
    """`default` for operations that name none."""
    question: int = 0
    """Which question of the attempt this is about.  Counts from 0, the only one of earlier releases."""

    def about(self) -> dict[str, Any]:
        """Return what an answer says of the same question, by field."""
        return {name: getattr(self, name) for name in SlotMessage.model_fields}

    def _id(self, said: str) -> str:
        """Return an id for what is said about this question; the first one has no number."""
        again = f"/{self.question}" if self.question else ""
        return f"{self.run}/{self.index}/{self.attempt}/slot{again}/{said}"


class AskForSlot(SlotMessage):
    """Request: let this attempt run when it is its turn.  Safe to receive twice, at any time."""

    WIRE: ClassVar[str] = "polyflow.slot.ask.v1"

    active: bool = False
    """It runs already, and counts whatever the limits are."""

    def key(self) -> str:
        """Return the one key of all requests."""
        return INSTALLATION

    def identity(self) -> str:
        """Return an id: one for each question of an attempt that waits, and one for each of one that runs."""
        return self._id("held" if self.active else "asked")


class SlotReturned(SlotMessage):
    """This attempt runs no more, or does not now.  Safe to receive twice, and before the request.

    It returns what this question and those before it hold.
    """

    WIRE: ClassVar[str] = "polyflow.slot.returned.v1"

    def key(self) -> str:
        """Return the one key of all requests."""
        return INSTALLATION

    def identity(self) -> str:
        """Return an id: one for each question."""
        return self._id("returned")


class LimitsChecked(Message):
    """Admission to itself: give the free slots away, for limits may be others than before."""

    WIRE: ClassVar[str] = "polyflow.slot.limits-checked.v1"

    step: int
    """How many slots had been given so far; 0 after a restart."""

    def key(self) -> str:
        """Return the one key of all requests."""
        return INSTALLATION

    def identity(self) -> str:
        """Return an id: one for each step."""
        return f"limits/{self.step}"


class SlotAnswered(SlotMessage):
    """Admission answers a planner.  Who is given a slot that its last question does not need returns it."""

    WIRE: ClassVar[str] = "polyflow.slot.answered.v1"

    granted: bool
    reason: str = ""
    """Why it waits: `QueueLimit` or `InstallationLimit`."""
    message: str = ""

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each answer to a question."""
        return self._id("granted" if self.granted else f"waits/{self.reason}")


class VerifySlot(SlotMessage):
    """Request: say whether this attempt still needs its slot.  Safe to receive twice."""

    WIRE: ClassVar[str] = "polyflow.slot.verify.v1"

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each question."""
        return self._id("verify")
