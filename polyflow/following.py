"""A run that goes on elsewhere: its events and an operation's log, as they come."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Final

from polyflow.history import History
from polyflow_shared import control
from polyflow_shared.clock import Clock
from polyflow_shared.read_model.views import INTERRUPTED, StoredEvent
from polyflow_topics.events import OperationChanged
from polyflow_topics.names import OperationName, RunId
from polyflow_topics.status import FINAL

LOOK_AGAIN: Final = 0.2
"""Seconds between two looks at a file, or at the history of a run whose engine is on another machine."""


async def events(history: History, run: RunId, clock: Clock) -> AsyncGenerator[StoredEvent, None]:
    """Yield a run's events, those so far and those to come, until it has ended or its engine is gone."""
    last = -1
    async with aclosing(_signs(history, run, clock)) as signs:
        async for _ in signs:
            for event in history.events(run, after=last):
                yield event
                last = event.sequence


async def log(history: History, run: RunId, operation: OperationName, clock: Clock) -> AsyncIterator[bytes]:
    """Yield what an operation writes, attempt after attempt, until it or the run's engine has ended."""
    state = _Watched(history, run, operation)
    attempt = state.attempt
    place = 0
    while True:
        ended = state.look()
        chunk = _read(history.folder(run).attempt(operation, attempt) / "log.txt", place)
        if chunk:
            place += len(chunk)
            yield chunk
        elif state.attempt > attempt:
            attempt, place = attempt + 1, 0
        elif ended:
            return
        else:
            await clock.sleep(LOOK_AGAIN)


async def _signs(history: History, run: RunId, clock: Clock) -> AsyncGenerator[None, None]:
    """Yield whenever the history may have something new, and once more after the end."""
    try:
        async with aclosing(control.follow(history.engine(run).socket)) as told:
            async for _ in told:
                yield
    except control.EngineGoneError:
        pass
    while _goes_on(history, run):
        yield
        await clock.sleep(LOOK_AGAIN)
    yield


def _goes_on(history: History, run: RunId) -> bool:
    summary = history.summary(run)
    return summary is not None and not summary.final and summary.status != INTERRUPTED


class _Watched:
    """How far an operation has come, kept up to date from the run's events."""

    def __init__(self, history: History, run: RunId, operation: OperationName) -> None:
        self.attempt = 0
        self._history, self._run, self._operation = history, run, operation
        self._last = -1
        self._final = False
        self.look()

    def look(self) -> bool:
        """Take in what is new; return whether nothing more will be written."""
        for event in self._history.events(self._run, after=self._last):
            self._last = event.sequence
            if event.type == OperationChanged.WIRE:
                self._take(OperationChanged.model_validate_json(event.body))
        return self._final or not _goes_on(self._history, self._run)

    def _take(self, event: OperationChanged) -> None:
        if event.operation == self._operation:
            self.attempt = event.attempt
            self._final = event.status in FINAL


def _read(path: Path, place: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(place)
            return file.read(1 << 20)
    except FileNotFoundError:
        return b""
