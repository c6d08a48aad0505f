"""What the planner asks of a cluster.  Every command is safe to receive twice."""

from typing import ClassVar

from polyflow_topics.message import Message
from polyflow_topics.names import ClusterName, OperationName, RunId
from polyflow_topics.plan import Container
from polyflow_topics.pods import PodParts


class Command(Message):
    """What all commands say: which attempt of which operation, on which cluster."""

    run: RunId
    operation: OperationName
    index: int
    """The operation's number in the plan."""
    attempt: int
    """Counts from 0."""
    cluster: ClusterName

    def key(self) -> str:
        """Return run and operation: an operation's commands stay in order, a run's spread out."""
        return f"{self.run}/{self.index}"

    def identity(self) -> str:
        """Return an id: one for each kind of command and attempt."""
        return f"{self.run}/{self.index}/{self.attempt}/{type(self).__name__}"


class LaunchOperation(Command):
    """Request: let there be the pod of this attempt.  One older than 10 minutes is answered `expired`."""

    WIRE: ClassVar[str] = "polyflow.operation.launch.v1"

    project: str = "default"
    owner: str = "default"
    container: Container
    """Rendered: no templates are left in it."""
    parts: PodParts | None = None
    """What the pod has besides, rendered as well; none is nothing."""
    timeout: int | None = None
    """Seconds that the attempt may take; then it fails with reason `DeadlineExceeded`."""


class StopOperation(Command):
    """Request: end the pod of this attempt, if there is one.  Its absence is answered `absent`."""

    WIRE: ClassVar[str] = "polyflow.operation.stop.v1"

    grace: float = 10.0
    """Seconds between TERM and KILL (>= 0)."""
    reason: str = "Stopped"


class ReleaseOperation(Command):
    """Request: the end of this attempt is saved; the cluster may forget its pod."""

    WIRE: ClassVar[str] = "polyflow.operation.release.v1"


class VerifyOperation(Command):
    """Request: say whether the pod of this attempt exists.  Answered `present` or `absent`."""

    WIRE: ClassVar[str] = "polyflow.operation.verify.v1"
