"""How a run is shown while it goes on: a live table on a terminal, a line a change elsewhere, or nothing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

import click

from polyflow.cli.terminal.lost import NO_ROOM, discard
from polyflow.cli.terminal.text import why
from polyflow.events.progress import Progress
from polyflow_topics.events import OperationChanged, RunChanged, RunEvent
from polyflow_topics.status import Status

PASSING = frozenset({Status.SCHEDULED, Status.CREATED})
"""Statuses that are not worth a line of their own."""


class RunWatcher(Protocol):
    """Shows a run, and tells the user something beside it."""

    def show(self, progress: Progress, events: list[RunEvent]) -> None:
        """Take notice of new events."""

    def tell(self, text: str) -> None:
        """Say something to the user."""


class Silent:
    """Shows nothing."""

    def show(self, progress: Progress, events: list[RunEvent]) -> None:
        """Show nothing."""

    def tell(self, text: str) -> None:
        """Say it on standard error."""
        click.echo(text, err=True)


class Lines:
    """Prints a line for each change of a status."""

    def show(self, progress: Progress, events: list[RunEvent]) -> None:
        """Print what has changed."""
        for event in events:
            if (line := _line(event)) is not None:
                click.echo(line)

    def tell(self, text: str) -> None:
        """Say it on standard error."""
        click.echo(text, err=True)


class Outlet:
    """Shows a run for as long as that can be written, and then nothing."""

    def __init__(self, watcher: RunWatcher) -> None:
        """Show it by this watcher."""
        self._watcher = watcher
        self._live = not isinstance(watcher, Lines | Silent)
        self.on_loss: Callable[[str], None] | None = None
        """Who is told, once, why nothing can be written."""

    def show(self, progress: Progress, events: list[RunEvent]) -> None:
        """Take notice of new events."""
        try:
            self._watcher.show(progress, events)
        except OSError as error:
            discard(sys.__stdout__)
            why_not = f"its output cannot be written: {error.strerror or error}"
            if not progress.over and self.on_loss is not None:
                self.on_loss(why_not)
            elif error.errno in NO_ROOM:
                self.tell(why_not)

    def tell(self, text: str) -> None:
        """Say something to the user, if anybody listens."""
        try:
            self._watcher.tell(text)
        except OSError:
            # On a terminal the live table says it, on what standard output is.
            discard(sys.__stderr__, *([sys.__stdout__] if self._live else []))


@contextmanager
def watcher_for(*, quiet: bool) -> Iterator[Outlet]:
    """Yield the watcher that fits where the output goes, for as long as that takes any."""
    with _fitting(quiet=quiet) as watcher:
        yield Outlet(watcher)


def _fitting(*, quiet: bool) -> AbstractContextManager[RunWatcher]:
    if quiet:
        return nullcontext(Silent())
    if not sys.stdout.isatty():
        return nullcontext(Lines())
    from polyflow.cli.starting.live import LiveTable  # noqa: PLC0415 - rich takes 50 ms to import

    return LiveTable()


def _line(event: RunEvent) -> str | None:
    if not isinstance(event, OperationChanged | RunChanged):
        return None
    if event.status in PASSING and event.pending is None:
        return None
    what = event.operation if isinstance(event, OperationChanged) else f"run {event.run}"
    attempt = f" (attempt {event.attempt})" if isinstance(event, OperationChanged) and event.attempt else ""
    line = f"{event.at.astimezone():%H:%M:%S} {what} {event.status}{attempt}"
    if event.pending:
        line += f", pending {event.pending}"
    return f"{line}  {why(event.reason, event.message)}".rstrip()
