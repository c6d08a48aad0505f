"""How a second terminal talks to the engine that runs a run: a Unix socket in the run's folder, JSON lines.

`{"do": "ask", "type": …, "data": …}`, a request about the run by its wire name, is answered `{"done": true,
"answer": …}` with what became of it, or null if that is not known in time.  `{"do": "follow"}` is answered by
the run's events as they happen, one a line with `sequence`, `type` and `data`, until the run has ended.
"""

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from polyflow_shared.clock import SystemClock
from polyflow_shared.errors import PolyflowError
from polyflow_shared.machine import sockets
from polyflow_shared.read_model.views import StoredEvent
from polyflow_topics.catalog import MESSAGES
from polyflow_topics.events import RequestAnswered
from polyflow_topics.operating import RunRequest

MAX_BEHIND: Final = 16 * 1024 * 1024
"""Bytes that a follower may be behind before it is cut off; it then reads on from the history."""
MAX_LINE: Final = 16 * 1024 * 1024
ANSWER_SECONDS: Final = 5.0
"""How long the first answer of an engine is waited for."""
ROUNDS: Final = 5
"""Rounds of the event loop in which a connection that was made is taken in."""

ASKED: Final = {wire: kind for wire, kind in MESSAGES.items() if issubclass(kind, RunRequest)}
"""What can be asked of a run, by its wire name."""
Ask = Callable[[RunRequest], Awaitable[RequestAnswered | None]]
"""Ask something of the run; the answer, or None if there is none in time."""


class EngineGoneError(PolyflowError):
    """No engine listens in the run's folder."""


class ControlServer:
    """The engine's side."""

    def __init__(self, ask: Ask) -> None:
        """Ask by this what is asked."""
        self._ask = ask
        self._followers: set[StreamWriter] = set()
        self._talks: dict[StreamWriter, asyncio.Event] = {}
        """Everybody who is connected, and whether that has ended."""
        self._server: asyncio.Server | None = None
        self._path: Path | None = None

    async def start(self, path: Path) -> None:
        """Listen.  What another process has left behind at `path` is removed."""
        self._path = path
        listener = sockets.listen(path)
        self._server = await asyncio.start_unix_server(self._serve, sock=listener)

    def tell(self, events: Sequence[StoredEvent]) -> None:
        """Send events to all who follow."""
        if not self._followers:
            return
        lines = b"".join(_line(event) for event in events)
        for follower in list(self._followers):
            if follower.transport.get_write_buffer_size() > MAX_BEHIND:
                self._followers.discard(follower)
                follower.close()
            else:
                follower.write(lines)

    async def close(self) -> None:
        """End; followers get what was told to them."""
        if self._path is None or self._server is None:
            return
        self._path.unlink(missing_ok=True)
        # Whoever has connected already is let in first: asyncio would neither answer nor hang up.
        for _ in range(ROUNDS):
            await SystemClock().sleep(0)
        self._server.close()
        for follower in list(self._followers):
            with suppress(OSError):
                await follower.drain()
        for writer, ended in list(self._talks.items()):
            writer.close()
            await ended.wait()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        ended = self._talks[writer] = asyncio.Event()
        try:
            request = json.loads(await reader.readline() or b"{}")
            if request.get("do") == "ask":
                answer = await self._ask(_asked(request))
                said = answer and answer.model_dump(mode="json")
                writer.write(json.dumps({"done": True, "answer": said}).encode() + b"\n")
            elif request.get("do") == "follow":
                self._followers.add(writer)
                writer.write(b'{"done": true}\n')
                await reader.read()
        except (OSError, ValueError, AttributeError, KeyError):
            # Whoever sends garbage, or hangs up, gets no answer; the run is not touched.
            pass
        finally:
            self._followers.discard(writer)
            del self._talks[writer]
            writer.close()
            ended.set()


async def ask(path: Path, message: RunRequest) -> RequestAnswered | None:
    """Ask the engine that listens here; return its answer, None if it does not know it in time.

    Raises:
        EngineGoneError: nobody listens, or the engine ended before it answered.
    """
    reader, writer = await _connect(path)
    request = {"do": "ask", "type": message.WIRE, "data": message.model_dump(mode="json")}
    writer.write(json.dumps(request).encode() + b"\n")
    line = await _answer_of(reader)
    writer.close()
    if not line:
        raise EngineGoneError(f"the engine at {path} ended before it answered")
    answer = json.loads(line).get("answer")
    return None if answer is None else RequestAnswered.model_validate(answer)


async def follow(path: Path) -> AsyncGenerator[StoredEvent | None, None]:
    """Yield None once the engine that listens here has heard, then its events from there on, until it ends.

    Raises:
        EngineGoneError: nobody listens.
    """
    reader, writer = await _connect(path)
    try:
        writer.write(b'{"do": "follow"}\n')
        if await _answer_of(reader):
            yield None
        while line := await _line_of(reader):
            event = json.loads(line)
            yield StoredEvent(event["sequence"], event["type"], json.dumps(event["data"]))
    finally:
        writer.close()


def _asked(request: dict[str, Any]) -> RunRequest:
    """Return what was asked.

    Raises:
        KeyError, ValueError: it is nothing that can be asked of a run.
    """
    return ASKED[request["type"]].model_validate(request["data"])


async def _line_of(reader: StreamReader) -> bytes:
    """Return the next line; nothing once the engine has hung up, however it did."""
    try:
        return await reader.readline()
    except ConnectionError:
        return b""


async def _answer_of(reader: StreamReader) -> bytes:
    """Return the first line; nothing if none comes in time."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await _line_of(reader)
    except TimeoutError:
        return b""


async def _connect(path: Path) -> tuple[StreamReader, StreamWriter]:
    try:
        return await asyncio.open_unix_connection(sock=sockets.connect(path), limit=MAX_LINE)
    except OSError as error:
        raise EngineGoneError(f"no engine listens at {path}") from error


def _line(event: StoredEvent) -> bytes:
    head = json.dumps({"sequence": event.sequence, "type": event.type})
    return f'{head[:-1]}, "data": {event.body}}}\n'.encode()
