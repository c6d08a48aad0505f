"""What operations have written: in files of this machine, or as their clusters have handed it over."""

import codecs
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from polyflow.history import History, UnknownOperationError, operation_of
from polyflow.running.following import LOOK_AGAIN
from polyflow_shared.clock import Clock
from polyflow_shared.read_model.views import OperationView
from polyflow_topics.events import OperationChanged, RunPlanned
from polyflow_topics.names import OperationName, RunId
from polyflow_topics.pods import MAIN
from polyflow_topics.status import FINAL

PIECE: Final = 1 << 20
"""Bytes of a log that are read at once."""
HANDED_OVER_WITHIN: Final = 5.0
"""Seconds after the end of an operation within which its cluster hands over the logs."""


@dataclass(frozen=True, slots=True)
class LogPiece:
    """A piece of a log: some lines where it has them, and never half a character.

    Attributes:
        operation: that has written it, by its scoped name.
        attempt: of the operation, counted from 0.
        container: whose log it is; empty on this machine, where all of an attempt's write to one file.
        content: what was written.
        cut: whether the log was longer, and this is its end.
        missing: why the log could not be read; then there is no content.
    """

    operation: OperationName
    attempt: int
    container: str
    content: bytes
    cut: bool = False
    missing: str = ""

    @property
    def text(self) -> str:
        """The content as text; what is no UTF-8 is replaced."""
        return self.content.decode(errors="replace")


async def logs(
    history: History,
    run: RunId,
    operation: str,
    clock: Clock,
    *,
    follow: bool = False,
    attempt: int | None = None,
) -> AsyncGenerator[LogPiece, None]:
    """Yield what an operation has written to its standard output and error.

    Args:
        history: knows the run.
        run: the run.
        operation: the operation, by its scoped name.
        clock: is waited by.
        follow: whether to go on, attempt after attempt, until it or the run's engine has ended; not where an
            attempt is named.
        attempt: which one (>= 0); the last one if not given.

    Raises:
        UnknownOperationError: there is no such operation, or it has no log; the message says why.
    """
    view = operation_of(history.view(run), operation)
    chosen = max(0, view.attempts - 1) if attempt is None else attempt
    one = _Attempt(history, run, view.name, chosen)
    if attempt is not None or view.dag or not follow:
        for piece in one.log():
            yield piece
        return
    async with aclosing(_followed(one, clock)) as pieces:
        async for piece in pieces:
            yield piece


async def _followed(one: "_Attempt", clock: Clock) -> AsyncGenerator[LogPiece, None]:
    """Yield what is written from an attempt on; what a cluster keeps to itself, once that is handed over."""
    watched = _Watched(one)
    one = replace(one, number=watched.attempt)
    while True:
        async with aclosing(_grown(one, watched, clock)) as pieces:
            async for piece in pieces:
                yield piece
        if watched.attempt <= one.number:
            break
        for piece in [] if one.file.exists() else one.handed_over():
            yield piece
        one = replace(one, number=one.number + 1)
    if not one.file.exists():
        await _until_handed_over(one, clock)
        for piece in one.log():
            yield piece


async def _grown(one: "_Attempt", watched: "_Watched", clock: Clock) -> AsyncGenerator[LogPiece, None]:
    """Yield what is written to the file of an attempt, until nothing more will be."""
    place = 0
    while True:
        over = watched.look() or watched.attempt > one.number
        if piece := one.read(place, whole=over):
            place += len(piece.content)
            yield piece
        elif over:
            return
        else:
            await clock.sleep(LOOK_AGAIN)


async def _until_handed_over(one: "_Attempt", clock: Clock) -> None:
    end = clock.monotonic() + HANDED_OVER_WITHIN
    while one.view().attempts > one.number and not one.handed_over() and clock.monotonic() < end:
        await clock.sleep(LOOK_AGAIN)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """The log of one attempt of an operation."""

    history: History
    run: RunId
    operation: OperationName
    number: int

    @property
    def file(self) -> Path:
        return self.history.folder(self.run).attempt(self.operation, self.number) / "log.txt"

    def view(self) -> OperationView:
        return operation_of(self.history.view(self.run), self.operation)

    def log(self) -> Iterator[LogPiece]:
        """Yield what there is.

        Raises:
            UnknownOperationError: there is nothing.
        """
        if self.file.exists():
            place = 0
            while piece := self.read(place, whole=True):
                place += len(piece.content)
                yield piece
        elif saved := self.handed_over():
            yield from saved
        else:
            raise UnknownOperationError(_why_absent(self.view(), self.number))

    def read(self, place: int, *, whole: bool) -> LogPiece | None:
        """Return what the file has from a place on; nothing where that is no character yet.

        Args:
            place: where, in bytes.
            whole: whether nothing more will follow what it has.
        """
        try:
            with self.file.open("rb") as file:
                file.seek(place)
                read = file.read(PIECE)
        except FileNotFoundError:
            return None
        content = _cut(read, more=len(read) == PIECE) or (read if whole else b"")
        return LogPiece(self.operation, self.number, "", content) if content else None

    def handed_over(self) -> Sequence[LogPiece]:
        """Return the ends of the logs of its containers, as far as its cluster has handed them over."""
        logs = self.history.logs(self.run, self.view().index, self.number)
        return [
            LogPiece(self.operation, self.number, log.container, log.text.encode(), log.cut, log.missing)
            for log in sorted(logs, key=lambda one: (one.container == MAIN, one.container))
        ]


def _cut(read: bytes, *, more: bool) -> bytes:
    """Return what was read without the half of a character at its end; where more follows, of a line."""
    lines = read.rfind(b"\n") + 1 if more else 0
    return read[: lines or codecs.utf_8_decode(read, "replace")[1]]


def _why_absent(view: OperationView, attempt: int) -> str:
    if view.dag:
        return f"{view.name} is a DAG or a matrix: what is in it has logs, it has none"
    if view.attempts == 0:
        because = ": ".join(part for part in (view.reason, view.message) if part)
        return f"{view.name} was not started: it is {view.status}" + (f" ({because})" if because else "")
    return f"{view.name} has no log of attempt {attempt} (it had {view.attempts}, counted from 0)"


class _Watched:
    """How far an operation has come, kept up to date from the run's events."""

    def __init__(self, one: _Attempt) -> None:
        self.attempt = one.number
        self._one = one
        self._last = -1
        self._final = False
        self.look()

    def look(self) -> bool:
        """Take in what is new; return whether nothing more will be written."""
        history, run = self._one.history, self._one.run
        for event in history.events(run, after=self._last, types=(RunPlanned.WIRE, OperationChanged.WIRE)):
            self._last = event.sequence
            if event.type == OperationChanged.WIRE:
                self._take(OperationChanged.model_validate_json(event.body))
            else:
                self._plan(RunPlanned.model_validate_json(event.body))
        return self._final or not history.goes_on(run)

    def _take(self, event: OperationChanged) -> None:
        if event.operation == self._one.operation:
            self.attempt = max(self.attempt, event.attempt)
            self._final = event.status in FINAL

    def _plan(self, event: RunPlanned) -> None:
        # Planned once more, it is in a run that was resumed, and goes on.
        if any(planned.name == self._one.operation for planned in event.operations):
            self._final = False
