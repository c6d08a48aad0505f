"""The client of a process cluster in another process; `daemon.py` has the other side and the protocol."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from polyflow_shared.clock import Clock, SystemClock, backoff
from polyflow_shared.cluster import wire
from polyflow_shared.cluster.daemon import LINE_BYTES
from polyflow_shared.cluster.port import LogTail, Pod, PodReport, Seen
from polyflow_shared.errors import ClusterRejectedError, ClusterUnavailableError
from polyflow_shared.machine import sockets
from polyflow_shared.observing.logs import log_of
from polyflow_topics.names import PodName

_ANSWER_WITHIN: Final = 30.0
"""Seconds until a cluster that does not answer counts as unavailable."""
_FIRST_WAIT: Final = 0.05
_LONGEST_WAIT: Final = 5.0
"""Seconds between two attempts to connect a watch again."""

_Answer = tuple[Any, Sequence[Seen]]
"""A result, and what was seen before it."""


class RemoteCluster:
    """A cluster behind a Unix socket.

    Verbs go over one connection, one after the other; each is safe to repeat, so one that met a connection
    from before the other side's restart is said again on a new one.  A watch has its own connection, and
    connects again for as long as the client is open: it then begins with the present state.
    """

    def __init__(self, socket: Path, *, clock: Clock | None = None) -> None:
        """Talk to the cluster that listens, or will listen, at `socket`."""
        self._socket = socket
        self._clock = clock or SystemClock()
        self._line: _Line | None = None
        self._turn = asyncio.Lock()
        self._watches: set[_Line] = set()
        self._closed = False

    async def ensure(self, pod: Pod) -> None:
        """Start the pod unless it exists."""
        await self._ask({"verb": "ensure", "pod": wire.write_pod(pod)})

    async def stop(self, name: PodName, *, grace: float, reason: str) -> bool:
        """Begin to end the pod.  Return False if there is none."""
        answer, _ = await self._ask({"verb": "stop", "name": name, "grace": grace, "reason": reason})
        return bool(answer)

    async def release(self, name: PodName) -> Sequence[LogTail]:
        """Forget an ended pod."""
        await self._ask({"verb": "release", "name": name})
        return ()

    async def get(self, name: PodName) -> PodReport | None:
        """Return how the pod stands now."""
        answer, _ = await self._ask({"verb": "get", "name": name})
        return wire.read_report(answer) if answer else None

    async def list(self) -> Sequence[PodReport]:
        """Return all pods that were not released."""
        _, seen = await self._ask({"verb": "list"})
        return [one for one in seen if isinstance(one, PodReport)]

    async def watch(self) -> AsyncIterator[Sequence[Seen]]:
        """Yield the present state, then changes; after a lost connection the present state again."""
        failures = 0
        while not self._closed:
            try:
                async for seen in self._watch_once():
                    failures = 0
                    yield seen
            except ClusterUnavailableError as error:
                failures += 1
                if failures == 1 and not self._closed:
                    log_of("cluster").warning("watch_interrupted", reason=str(error))
            if not self._closed:
                await self._clock.sleep(backoff(max(failures, 1), first=_FIRST_WAIT, cap=_LONGEST_WAIT))

    async def close(self) -> None:
        """Hang up; the cluster goes on."""
        self._closed = True
        for line in (self._line, *self._watches):
            if line:
                line.close()
        self._line = None

    async def _watch_once(self) -> AsyncIterator[Sequence[Seen]]:
        line = await _Line.open(self._socket)
        self._watches.add(line)
        try:
            await line.write({"verb": "watch"})
            while "seen" in (answer := await line.read()):
                yield _seen(answer)
            _checked(answer)
        finally:
            self._watches.discard(line)
            line.close()

    async def _ask(self, question: Mapping[str, Any]) -> _Answer:
        async with self._turn:
            if self._line is not None:
                try:
                    return await self._ask_on(self._line, question)
                except _HungUpError:
                    self._line = None
            self._line = await _Line.open(self._socket)
            return await self._ask_on(self._line, question)

    async def _ask_on(self, line: "_Line", question: Mapping[str, Any]) -> _Answer:
        whole = False
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                answer = await line.ask(question)
            whole = True
        except TimeoutError as error:
            raise ClusterUnavailableError(f"no answer within {_ANSWER_WITHIN:g} s") from error
        finally:
            if not whole:  # the rest of an answer must not be taken for the next one
                line.close()
                self._line = None
        result, seen = answer
        return _checked(result), seen


class _HungUpError(ClusterUnavailableError):
    """The other side has gone."""


class _Line:
    """A connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, path: Path) -> "_Line":
        try:
            connected = sockets.connect(path)
        except OSError as error:
            raise ClusterUnavailableError(f"nobody answers at {path}: {error.strerror}") from error
        return cls(*await asyncio.open_unix_connection(sock=connected, limit=LINE_BYTES))

    async def ask(self, question: Mapping[str, Any]) -> tuple[dict[str, Any], list[Seen]]:
        await self.write(question)
        seen: list[Seen] = []
        while "seen" in (answer := await self.read()):
            seen.extend(_seen(answer))
        return answer, seen

    async def write(self, question: Mapping[str, Any]) -> None:
        try:
            self._writer.write(json.dumps(question).encode() + b"\n")
            await self._writer.drain()
        except ConnectionError as error:
            raise _HungUpError(str(error)) from error

    async def read(self) -> dict[str, Any]:
        try:
            line = await self._reader.readline()
        except ConnectionError as error:
            raise _HungUpError(str(error)) from error
        if not line.endswith(b"\n"):
            raise _HungUpError("the cluster has hung up")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        self._writer.close()


def _seen(answer: Mapping[str, Any]) -> list[Seen]:
    return [wire.read_seen(form) for form in answer["seen"]]


def _checked(answer: Mapping[str, Any]) -> Any:
    """Return the result, or raise what the cluster raised."""
    error = answer.get("error")
    if error == "rejected":
        raise ClusterRejectedError(answer["message"])
    if error:
        raise ClusterUnavailableError(answer["message"])
    return answer["result"]
