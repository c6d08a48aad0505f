"""Services of this machine: whether a port is free before one starts, and when one is up."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Sequence

from polyflow_shared.clock import Clock
from polyflow_shared.cluster.local.endings import Ending
from polyflow_topics.status import PodStatus

HOST = "127.0.0.1"
PAUSE = 0.1
"""Seconds between two tries to connect."""


def taken(ports: Sequence[int]) -> Ending | None:
    """Return how a pod ends one of whose ports is in use; None where all are free."""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    message = f"port {port} of this machine is in use by another program"
                    return Ending(PodStatus.FAILED, "PortTaken", message)
    return None


async def until_up(port: int, clock: Clock) -> None:
    """Wait until a port of this machine answers."""
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(HOST, port)
            writer.close()
            return
        await clock.sleep(PAUSE)
