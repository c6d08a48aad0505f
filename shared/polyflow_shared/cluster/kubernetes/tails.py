"""The ends of the logs of a pod's containers, read from its node through the API server."""

from collections.abc import Iterator, Sequence
from typing import Final

from polyflow_shared.cluster.kubernetes import objects
from polyflow_shared.cluster.kubernetes.client import Client, Object, Query, RefusedError
from polyflow_shared.cluster.port import LogTail
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_topics.logs import MAX_TAIL_BYTES

_LINES: Final = 2_000
"""Lines that are asked for, from the end."""
_READ_BYTES: Final = 4 * 1024 * 1024
"""What is read at most: 2,000 lines may be long."""


async def tails_of(client: Client, pod: Object) -> Sequence[LogTail]:
    """Return the ends of the logs of all containers that have begun; a log that cannot be read says why."""
    return [await _tail(client, pod, container) for container in _begun(pod)]


async def _tail(client: Client, pod: Object, container: str) -> LogTail:
    query: Query = {"container": container, "tailLines": _LINES, "limitBytes": _READ_BYTES}
    try:
        text = await client.text(f"{objects.path_of(pod)}/log", query)
    except (ClusterUnavailableError, RefusedError) as error:
        # Its node may be gone for good, and a release must not wait for that.
        return LogTail(container, "", missing=str(error))
    return cut(container, text)


def cut(container: str, log: bytes) -> LogTail:
    """Return the end of a log, as much as is kept of it."""
    # What is no UTF-8 becomes a sign of three bytes.
    text = log[-MAX_TAIL_BYTES:].decode(errors="replace").encode()[-MAX_TAIL_BYTES:].decode(errors="ignore")
    return LogTail(container, text, cut=len(log) > len(text.encode()) or log.count(b"\n") >= _LINES)


def _begun(pod: Object) -> Iterator[str]:
    status = pod.get("status") or {}
    for kind in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(kind) or ():
            state = container.get("state") or {}
            if "terminated" in state or "running" in state or container.get("lastState"):
                yield str(container["name"])
