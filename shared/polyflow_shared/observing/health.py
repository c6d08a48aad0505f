"""Health, and the page that shows it beside the metrics: `/healthz`, `/readyz`, `/metrics`.

Live means that the service's loop came round lately; ready, that it has what it needs to work.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from polyflow_shared.clock import Clock

SILENCE: Final = 120.0
"""Seconds without a round of the loop after which a service counts as stuck."""
_REQUEST_SECONDS: Final = 5.0
_TEXT: Final = "text/plain; charset=utf-8"

Answer = tuple[int, str, bytes]
"""HTTP status, content type, body."""


class Health:
    """What the loop says of itself."""

    def __init__(self, clock: Clock, *, silence: float = SILENCE) -> None:
        """Begin alive and not ready; `silence` is in seconds."""
        self._clock = clock
        self._silence = silence
        self._last = clock.monotonic()
        self.ready = False

    def beat(self) -> None:
        """Note that the loop came round."""
        self._last = self._clock.monotonic()

    def be_ready(self) -> None:
        """Note that there is what the service needs."""
        self.ready = True

    def stumble(self) -> None:
        """Note that the loop lives, and that something which it needs is not there."""
        self.beat()
        self.ready = False

    @property
    def live(self) -> bool:
        """Whether the loop came round lately."""
        return self._clock.monotonic() - self._last <= self._silence


def answer(path: str, health: Health, exposition: Callable[[], bytes]) -> Answer:
    """Return what a request for `path` is answered."""
    match path.split("?", 1)[0]:
        case "/metrics":
            return 200, "text/plain; version=0.0.4; charset=utf-8", exposition()
        case "/healthz":
            return (200, _TEXT, b"live\n") if health.live else (503, _TEXT, b"stuck\n")
        case "/readyz":
            return (200, _TEXT, b"ready\n") if health.ready else (503, _TEXT, b"not ready\n")
        case _:
            return 404, _TEXT, b"there are /metrics, /healthz and /readyz\n"


async def serve_health(
    health: Health, exposition: Callable[[], bytes], *, host: str, port: int
) -> asyncio.Server:
    """Serve the page; return the server, which listens when this returns.

    Args:
        health: what to show.
        exposition: returns the metrics in Prometheus' text format.
        host: the address to listen on.
        port: the port; 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_SECONDS):
                await _exchange(reader, writer, health, exposition)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            pass  # a caller that goes away or talks nonsense is no concern of the service
        finally:
            writer.close()

    return await asyncio.start_server(talk, host, port)


def port_of(server: asyncio.Server) -> int:
    """Return the port that a server listens on."""
    port: int = server.sockets[0].getsockname()[1]
    return port


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    health: Health,
    exposition: Callable[[], bytes],
) -> None:
    request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    _, path, _ = request.split("\r\n", 1)[0].split(" ", 2)
    status, content_type, body = answer(path, health, exposition)
    head = f"HTTP/1.1 {status} -\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}"
    writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode() + body)
    await writer.drain()
