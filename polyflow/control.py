"""The socket in a run's folder: another terminal follows and stops a run that goes on in this process.

JSON lines.  Asked `{"do": "stop"}`, the engine answers `{"done": true}`; asked `{"do": "follow"}`, it answers
the same, and then with run events as they happen, `{"type": …, "data": {…}}` a line, until either side goes.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from polyflow_services.embedded import Engine
from polyflow_shared import sockets
from polyflow_shared.errors import PolyflowError
from polyflow_shared.home import RunFolder
from polyflow_topics.names import RunId


class NotRunningError(PolyflowError):
    """No engine runs the run at the moment."""


class ControlServer:
    """Answers other terminals, for one run."""

    def __init__(self, run: RunId, folder: RunFolder, engine: Engine) -> None:
        """Serve this engine."""
        self._run = run
        self._folder = folder
        self._engine = engine
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to listen."""
        listening = sockets.listen(self._folder.socket)
        self._server = await asyncio.start_unix_server(self._talk, sock=listening)

    async def close(self) -> None:
        """Stop listening and hang up."""
        if self._server is not None:
            self._server.close()
        self._folder.socket.unlink(missing_ok=True)
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            with suppress(ConnectionError, ValueError):
                await self._answer(json.loads(await reader.readline()), writer)
        finally:
            self._talks.discard(task)
            writer.close()

    async def _answer(self, question: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        if question.get("do") == "stop":
            await self._engine.stop(self._run, message="stopped from another terminal")
            await _write(writer, {"done": True})
            return
        following = self._engine.follow()
        await _write(writer, {"done": True})
        async for events in following:
            for event in events:
                await _write(writer, {"type": event.WIRE, "data": event.model_dump(mode="json")})


async def ask(folder: RunFolder, what: str) -> AsyncIterator[dict[str, Any]]:
    """Ask the engine that runs a run; yield its answers, a line each.

    Raises:
        NotRunningError: no engine runs the run.
    """
    try:
        connected = sockets.connect(folder.socket)
    except OSError as error:
        raise NotRunningError(f"no process on this machine runs {folder.path.name}") from error
    reader, writer = await asyncio.open_unix_connection(sock=connected, limit=16 * 1024 * 1024)
    try:
        await _write(writer, {"do": what})
        while line := await reader.readline():
            yield json.loads(line)
    finally:
        writer.close()


async def _write(writer: asyncio.StreamWriter, line: dict[str, Any]) -> None:
    writer.write(json.dumps(line).encode() + b"\n")
    await writer.drain()
