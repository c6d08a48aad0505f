"""What planner and admission say to each other: slots under the limits of queues and of the installation.

A slot belongs to one attempt of an operation.  All requests go to one partition, so that there is one order.
"""

from typing import ClassVar, Final

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


class AskForSlot(SlotMessage):
    """Request: let this attempt run when it is its turn.  Safe to receive twice, at any time."""

    WIRE: ClassVar[str] = "polyflow.slot.ask.v1"

    active: bool = False
    """It runs already, and counts whatever the limits are."""

    def key(self) -> str:
        """Return the one key of all requests."""
        return INSTALLATION

    def identity(self) -> str:
        """Return an id: one for each attempt that waits, and one for each that runs."""
        return f"{self.run}/{self.index}/{self.attempt}/slot/{'held' if self.active else 'asked'}"


class SlotReturned(SlotMessage):
    """This attempt runs no more, or will not.  Safe to receive twice, and before the request."""

    WIRE: ClassVar[str] = "polyflow.slot.returned.v1"

    def key(self) -> str:
        """Return the one key of all requests."""
        return INSTALLATION

    def identity(self) -> str:
        """Return an id: one for each attempt."""
        return f"{self.run}/{self.index}/{self.attempt}/slot/returned"


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
    """Admission answers a planner.  Who is given a slot that it does not need returns it."""

    WIRE: ClassVar[str] = "polyflow.slot.answered.v1"

    granted: bool
    reason: str = ""
    """Why it waits: `QueueLimit` or `InstallationLimit`."""
    message: str = ""

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each answer to an attempt."""
        said = "granted" if self.granted else f"waits/{self.reason}"
        return f"{self.run}/{self.index}/{self.attempt}/slot/{said}"


class VerifySlot(SlotMessage):
    """Request: say whether this attempt still needs its slot.  Safe to receive twice."""

    WIRE: ClassVar[str] = "polyflow.slot.verify.v1"

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each attempt."""
        return f"{self.run}/{self.index}/{self.attempt}/slot/verify"
