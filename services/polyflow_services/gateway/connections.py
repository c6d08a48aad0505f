"""What is held open for whoever connects, before a token says who it is."""

import asyncio
from collections.abc import Callable, Sized
from dataclasses import dataclass
from typing import Final, Protocol, cast

BACKLOG: Final = 100
"""Connections that the kernel keeps until they are taken."""
_BUSY: Final = b'{"error": {"reason": "Busy", "message": "the gateway is busy: send it again"}}'
_REFUSAL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%s"
) % (len(_BUSY), _BUSY)


@dataclass(frozen=True, slots=True)
class Doors:
    """How many connections are open at the same time, and for how long one may say nothing."""

    most: int = 512
    """Those beyond it are told to come again; as many as `BACKLOG`, which come at once, may be taken too."""
    idle: float = 75.0
    """Seconds until the head of a request is there, from the beginning or the answer before.

    Longer than the 60 s for which reverse proxies keep connections open, so that it is they who close them.
    """
    refused: Callable[[], None] = lambda: None
    """Told of each that is sent away."""


class Server(Protocol):
    """What talks on connections, and knows those that are open."""

    @property
    def connections(self) -> Sized:
        """Those that are open."""

    def __call__(self) -> asyncio.BaseProtocol:
        """Return what talks on one more."""


def bounded(server: Server, doors: Doors) -> Callable[[], asyncio.BaseProtocol]:
    """Return what talks on one more connection, as long as there is room for it."""

    def take() -> asyncio.BaseProtocol:
        if len(server.connections) < doors.most:
            return server()
        doors.refused()
        return _Refusal()

    return take


class _Refusal(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        there = cast(asyncio.Transport, transport)
        there.write(_REFUSAL)
        there.close()
