"""The cluster, in the few verbs that we need: pods of one attempt each, and what becomes of them.

Adapters: `kubernetes/` (a real cluster), `memory.py` (ends everything by a script; for tests and benchmarks),
`processes.py` (each pod is a process group on this machine) and `remote.py` (a process cluster in another
process, over a Unix socket).
All pass `tests/contract/clusters.py`.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from polyflow_topics.message import Values
from polyflow_topics.names import OperationName, PodName, RunId
from polyflow_topics.plan import Container
from polyflow_topics.pods import PodParts
from polyflow_topics.status import PodStatus


@dataclass(frozen=True, slots=True)
class Pod:
    """One attempt of an operation, to be run."""

    name: PodName
    run: RunId
    operation: OperationName
    index: int
    attempt: int
    container: Container
    project: str = "default"
    owner: str = "default"
    timeout: int | None = None
    """Seconds until it is ended with reason `DeadlineExceeded`."""
    parts: PodParts = field(default_factory=PodParts)
    """What it has besides its main container's command."""


def identity(pod: Pod) -> dict[str, str]:
    """Return the variables that tell a program, on any cluster, whose attempt it is."""
    return {
        "POLYFLOW_RUN": pod.run,
        "POLYFLOW_OPERATION": pod.operation,
        "POLYFLOW_ATTEMPT": str(pod.attempt),
        "POLYFLOW_PROJECT": pod.project,
        "POLYFLOW_OWNER": pod.owner,
    }


@dataclass(frozen=True, slots=True)
class PodReport:
    """How a pod stands now."""

    name: PodName
    run: RunId
    operation: OperationName
    index: int
    attempt: int
    status: PodStatus
    """`pending`, `running`, `processing`, `succeeded`, `failed`, `stopped` or `lost`.

    A service is `running` from when it is up; its `address` is its outputs until it ends.
    """
    at: datetime
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    outputs: Values = field(default_factory=dict)
    infrastructure: bool = False
    """Whether the cluster, and neither the program nor its specification, is to blame for a failure."""
    awaited: int = 0
    """The number of the last statement of outputs that was acknowledged to the pod on another way, and that
    `outputs` do not make up for; 0 where all are here."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A line that a pod wrote to its metrics."""

    run: RunId
    operation: OperationName
    attempt: int
    line: int
    """Counts from 0 within the attempt."""
    step: int | None
    values: dict[str, float]
    at: datetime


@dataclass(frozen=True, slots=True)
class LogTail:
    """The end of what a container has written."""

    container: str
    text: str
    """At most `MAX_TAIL_BYTES` in UTF-8."""
    cut: bool = False
    """Whether there was more before it."""
    missing: str = ""
    """Why it could not be read."""


def end_of_log(end: bytes, *, cut: bool) -> str:
    """Return what a log's last bytes say; where they are cut from more, half a character may come first."""
    text = end.decode(errors="replace")
    return text.lstrip("\ufffd") if cut else text


def address(host: str, ports: Sequence[int]) -> Values:
    """Return the outputs that a service has while it is up: where its first port (of at least one) is."""
    return {"host": host, "port": ports[0], "url": f"http://{host}:{ports[0]}"}


NOT_READY: Final = "NotReady"
"""Why a service whose process has begun is `pending`: its first port does not answer yet."""

Seen = PodReport | Measurement
"""What a watch yields."""


class Cluster(Protocol):
    """Runs pods.  Every verb is safe to repeat."""

    async def ensure(self, pod: Pod) -> None:
        """Start the pod unless one of that name exists, or was released within `released.KEPT`.

        A container that cannot be started is no error: its pod has failed, and a report says why.

        Raises:
            ClusterUnavailableError: try again later.
            ClusterBusyError: try again later; the user should know why it waits.
            ClusterRejectedError: this pod can never run here; if it has begun, it is ended.
        """

    async def stop(self, name: PodName, *, grace: float, reason: str) -> bool:
        """Begin to end the pod: TERM to all of it, KILL after `grace` seconds (>= 0).

        A report says when it has ended: `stopped` with `reason`, unless it had already ended by itself.
        The first reason counts.

        Returns:
            False if there is no such pod; True otherwise, ended or not.

        Raises:
            ClusterUnavailableError: try again later.
        """

    async def release(self, name: PodName) -> Sequence[LogTail]:
        """Forget an ended pod; one still going is left alone.  A late launch of it starts nothing.

        Returns:
            The ends of its logs, which were read first; nothing where the cluster keeps logs itself.

        Raises:
            ClusterUnavailableError: try again later.
        """

    async def get(self, name: PodName) -> PodReport | None:
        """Return how the pod stands now, or None if there is none, or it was released.

        Raises:
            ClusterUnavailableError: it is not known.
        """

    async def list(self) -> Sequence[PodReport]:
        """Return all pods that were not released, as they stand now.

        Raises:
            ClusterUnavailableError: try again later.
        """

    def watch(self) -> AsyncIterator[Sequence[Seen]]:
        """Yield changes as they happen, beginning with all pods that were not released as they stand now.

        All measurements of a pod are yielded before the report of its end.  After a gap the state is listed
        again, so repetitions are possible and losses are not.  It ends when the cluster is closed.
        """

    async def close(self) -> None:
        """Let go.  The process cluster ends what still runs."""
