"""A process cluster in a process of its own, over a Unix socket: the local counterpart of an API server.

The protocol: JSON lines.  A question is `{"verb": …}` with the verb's arguments; the answer is any number
of `{"seen": [...]}` and then `{"result": …}` or `{"error": "unavailable" | "rejected", "message": …}`.  A
connection carries one question after the other; that of a watch is answered until either side goes.
"""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from polyflow_shared.clock import Clock
from polyflow_shared.cluster import wire
from polyflow_shared.cluster.port import Cluster, Seen
from polyflow_shared.cluster.processes import open_cluster
from polyflow_shared.errors import ClusterRejectedError, ClusterUnavailableError
from polyflow_shared.machine import sockets

LINE_BYTES: Final = 16 * 1024 * 1024
"""The longest line that is read: a pod, or a portion of what is seen."""
_PORTION: Final = 100
"""Reports and measurements on one line; the outputs of one have at most 64 KiB."""


async def serve_cluster(
    runs: Path,
    *,
    state: Path,
    socket: Path,
    workdir: Path,
    clock: Clock | None = None,
    ready: asyncio.Event | None = None,
) -> None:
    """Serve a process cluster until cancelled; then end its pods.

    Args:
        runs: the folder of all runs' folders.
        state: the ledger's file, which a later cluster goes on from.
        socket: where to listen; what an earlier one left there is replaced.
        workdir: where processes start whose container does not say.
        clock: what time-outs and graces go by; the machine's if not given.
        ready: set once it listens.

    Raises:
        ClusterTakenError: another process serves the cluster with this state.
    """
    cluster = await open_cluster(runs, state=state, workdir=workdir, clock=clock)
    server = await ClusterServer.open(cluster, socket)
    if ready:
        ready.set()
    try:
        await asyncio.Event().wait()
    finally:
        await cluster.close()
        await server.close()


class ClusterServer:
    """Answers questions about a cluster."""

    def __init__(self, cluster: Cluster, socket: Path) -> None:
        """Serve this cluster; made by `open`."""
        self._cluster = cluster
        self._socket = socket
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, cluster: Cluster, socket: Path) -> "ClusterServer":
        """Begin to listen.

        Raises:
            OSError: the socket's folder cannot be written.
        """
        server = cls(cluster, socket)
        listening = sockets.listen(socket)
        server._server = await asyncio.start_unix_server(server._serve, sock=listening, limit=LINE_BYTES)
        return server

    async def close(self) -> None:
        """Stop listening and hang up; the cluster goes on."""
        if self._server:
            self._server.close()
        self._socket.unlink(missing_ok=True)
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        gone: asyncio.Task[bytes] | None = None
        try:
            while line := await reader.readline():
                question = json.loads(line)
                if question["verb"] == "watch":
                    # Nothing more is asked here: news from the other side is that it has gone.
                    gone = asyncio.create_task(reader.read())
                    gone.add_done_callback(lambda _: task.cancel())
                await self._answer(question, writer)
        except (ConnectionError, asyncio.CancelledError):
            return  # whoever asked has gone, or we go
        finally:
            self._connections.discard(task)
            if gone:
                gone.cancel()
            writer.close()

    async def _answer(self, question: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        try:
            result = await self._done(question, writer)
        except ClusterUnavailableError as error:
            await _write(writer, {"error": "unavailable", "message": str(error)})
        except ClusterRejectedError as error:
            await _write(writer, {"error": "rejected", "message": str(error)})
        else:
            await _write(writer, {"result": result})

    async def _done(self, question: dict[str, Any], writer: asyncio.StreamWriter) -> Any:
        cluster, name = self._cluster, question.get("name", "")
        match question["verb"]:
            case "ensure":
                return await cluster.ensure(wire.read_pod(question["pod"]))
            case "stop":
                return await cluster.stop(name, grace=question["grace"], reason=question["reason"])
            case "release":
                await cluster.release(name)
                return None
            case "get":
                report = await cluster.get(name)
                return wire.write_report(report) if report else None
            case "list":
                return await _write_seen(writer, await cluster.list())
            case "watch":
                async for seen in cluster.watch():
                    await _write_seen(writer, seen)
                raise ClusterUnavailableError("the cluster is being closed")
            case verb:
                raise ClusterRejectedError(f"{verb!r} is not a verb")


async def _write_seen(writer: asyncio.StreamWriter, seen: Sequence[Seen]) -> None:
    for start in range(0, len(seen), _PORTION):
        portion = seen[start : start + _PORTION]
        await _write(writer, {"seen": [wire.write_seen(one) for one in portion]})


async def _write(writer: asyncio.StreamWriter, line: dict[str, Any]) -> None:
    writer.write(json.dumps(line).encode() + b"\n")
    await writer.drain()
