"""What people ask about queues, and what admission answers."""

from typing import ClassVar

from pydantic import Field

from polyflow_topics.admission import INSTALLATION
from polyflow_topics.message import Frozen, Message


class ListQueues(Message):
    """Request: say how the queues stand.  Safe to send twice."""

    WIRE: ClassVar[str] = "polyflow.queues.list.v1"

    request: str = Field(min_length=1)
    """An id that the sender chooses; the answer names it."""

    def key(self) -> str:
        """Return the request's id."""
        return self.request

    def identity(self) -> str:
        """Return the request's id."""
        return self.request


class QueuesAsked(Message):
    """Request, as admission hears it: say how the queues stand.  Safe to receive twice."""

    WIRE: ClassVar[str] = "polyflow.slot.queues-asked.v1"

    request: str

    def key(self) -> str:
        """Return the one key of all requests to admission."""
        return INSTALLATION

    def identity(self) -> str:
        """Return an id: one for each request."""
        return f"{self.request}/queues"


class QueueState(Frozen):
    """How a queue stands."""

    name: str
    """`default` for the operations that name none."""
    cluster: str = ""
    """Where its operations run; empty for `default`, whose may name any."""
    priority: int = 0
    limit: int | None = None
    """Operations that run at once; None is any number."""
    active: int | None = None
    """Operations that hold a place; None where nothing limits the queue, for then nobody counts them."""
    waiting: int | None = None
    """Operations that wait for one; None likewise."""


class QueuesListed(Message):
    """Admission says how the queues stand, to whoever has asked."""

    WIRE: ClassVar[str] = "polyflow.queues.listed.v1"

    request: str
    """The id of the request."""
    queues: tuple[QueueState, ...]
    """Those of the catalogue and `default`, the one that goes first first."""
    limit: int | None = None
    """Operations of the whole installation that run at once; None is any number."""
    active: int
    """Operations that hold a place, of all queues that are counted."""
    waiting: int

    def key(self) -> str:
        """Return the one key of all that admission says to everybody."""
        return INSTALLATION

    def identity(self) -> str:
        """Return an id: one for each request."""
        return f"{self.request}/queues/listed"
