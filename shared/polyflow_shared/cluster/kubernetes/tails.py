"""The ends of the logs of a pod's containers, read from its node through the API server."""

from collections.abc import Iterator, Sequence
from typing import Final

from polyflow_shared.clock import Clock, backoff
from polyflow_shared.cluster.kubernetes.client import Client, Object, Query, RefusedError, Turn
from polyflow_shared.cluster.kubernetes.pods import objects
from polyflow_shared.cluster.port import LogTail, end_of_log
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_topics.logs import MAX_TAIL_BYTES

_LINES: Final = (2_000, 256, 32)
"""Lines that are asked for, from the end: fewer where they are more than is read.

A node keeps a longer line in pieces of 16 KiB and counts those, so that 32 of them are always read whole.
"""
_READ_BYTES: Final = 4 * 1024 * 1024
"""What is read at most: 2,000 lines may be long."""
TRIES: Final = 5
"""Times that a log is asked for."""
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 2.0
"""Seconds between two tries."""
_PATIENCE: Final = 10.0
"""Seconds after which a log is not asked for again, though tries are left: others wait for their turn."""
_OF_THE_NODE: Final = ("/containerLogs/", "no preferred addresses found")
"""Parts of what the API server says where it cannot reach a node: it may be gone for good."""


async def tails_of(client: Client, pod: Object, clock: Clock) -> Sequence[LogTail]:
    """Return the ends of the logs of all containers that have begun; a log that cannot be read says why.

    What may be another answer later is asked for again a few times, and no more: a release must not wait for
    ever.

    Args:
        client: asks the API server.
        pod: the object, under the name that tells its run.
        clock: for pauses between tries.
    """
    return [await _tail(client, pod, container, clock) for container in _begun(pod)]


async def _tail(client: Client, pod: Object, container: str, clock: Clock) -> LogTail:
    path, turn = f"{objects.path_of(pod)}/log", Turn(objects.run_in(pod["metadata"]["name"]), hurried=False)
    until = clock.monotonic() + _PATIENCE
    failures = 0
    while True:
        try:
            return await _read(client, path, container, turn)
        except RefusedError as error:
            return LogTail(container, "", missing=str(error))
        except ClusterUnavailableError as error:
            failures += 1
            if failures >= TRIES or clock.monotonic() >= until or _tells_of_its_node(error):
                return LogTail(container, "", missing=str(error))
        await clock.sleep(backoff(failures, first=_FIRST_PAUSE, cap=_LONGEST_PAUSE))


async def _read(client: Client, path: str, container: str, turn: Turn) -> LogTail:
    """Return the end of a log.

    A node begins with the first line that is asked for and stops where the limit is reached, so that an
    answer as long as the limit lacks its end.
    """
    log = b""
    for lines in _LINES:
        query: Query = {"container": container, "tailLines": lines, "limitBytes": _READ_BYTES}
        log = await client.text(path, query, turn)
        if len(log) < _READ_BYTES:
            return cut(container, log, more=lines < _LINES[0])
    return cut(container, log, more=True)


def _tells_of_its_node(error: Exception) -> bool:
    return any(part in str(error) for part in _OF_THE_NODE)


def cut(container: str, log: bytes, *, more: bool = False) -> LogTail:
    """Return the end of a log, as much as is kept of it; `more` tells that there was something before."""
    text = end_of_log(log[-MAX_TAIL_BYTES:], cut=len(log) > MAX_TAIL_BYTES)
    # What is no UTF-8 became a sign of three bytes.
    text = text.encode()[-MAX_TAIL_BYTES:].decode(errors="ignore")
    shorter = len(log) > len(text.encode()) or log.count(b"\n") >= _LINES[0]
    return LogTail(container, text, cut=more or shorter)


def _begun(pod: Object) -> Iterator[str]:
    status = pod.get("status") or {}
    for kind in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(kind) or ():
            state = container.get("state") or {}
            if "terminated" in state or "running" in state or container.get("lastState"):
                yield str(container["name"])
