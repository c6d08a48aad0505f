"""Words and columns: how times, statuses and tables look in plain text."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Protocol

from polyflow.cli.terminal.paint import cells, printable
from polyflow.events.hooks import HookView
from polyflow_shared.clock import SystemClock
from polyflow_shared.read_model.views import INTERRUPTED, REJECTED, RunSummary
from polyflow_topics.status import Status

LINE_WIDTH: Final = 120
"""Characters of a line that tells of one thing."""
COLOURS: Final = {
    Status.RUNNING.value: "cyan",
    Status.SCHEDULED.value: "cyan",
    Status.PROCESSING.value: "cyan",
    Status.RETRYING.value: "yellow",
    Status.STOPPING.value: "yellow",
    Status.STOPPED.value: "yellow",
    Status.SUCCEEDED.value: "green",
    Status.SKIPPED.value: "green",
    Status.FAILED.value: "red",
    Status.UPSTREAM_FAILED.value: "red",
    INTERRUPTED: "magenta",
    REJECTED: "red",
}
"""By status; any other has the terminal's own colour."""
_UNITS: Final = ("kB", "MB", "GB", "TB")
"""Of bytes, each a thousand of the one before."""


def duration(seconds: float) -> str:
    """Return a time span (>= 0 s) as a human writes it: `0.42s`, `12.3s`, `4m05s`, `2h07m`."""
    if seconds < 9.995:
        return f"{seconds:.2f}s"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m"


def size(count: int) -> str:
    """Return a number of bytes (>= 0) as a human writes it: `512 bytes`, `4.1 kB`, `12.3 MB`."""
    if count < 1000:
        return f"{count} byte{'' if count == 1 else 's'}"
    number, units = count / 1000, list(_UNITS)
    while number >= 999.95 and len(units) > 1:
        number /= 1000
        units.pop(0)
    return f"{number:.1f} {units[0]}"


def one_line(text: str, *, width: int = LINE_WIDTH) -> str:
    """Return a text's first line, at most `width` characters (>= 1); `…` ends a line that was cut."""
    line = text.partition("\n")[0].rstrip()
    return line if len(line) <= width else f"{line[: width - 1]}…"


def value(read: object) -> str:
    """Return a value as JSON for people: letters of all languages as they are, and nothing that steers."""
    return printable(json.dumps(read, ensure_ascii=False))


def why(reason: str, message: str, *, width: int = LINE_WIDTH) -> str:
    """Return a reason and the first line of its message, as far as there are any: `Error: exit code 1`.

    Args:
        reason: a word.
        message: a sentence.
        width: characters of the message at most (>= 1).
    """
    return ": ".join(part for part in (reason, one_line(message, width=width)) if part)


def hook_line(hook: HookView, stands: str, *, see: str, whose: bool = True) -> str:
    """Return what became of a hook in a line.

    Args:
        hook: the hook.
        stands: what became of it, as the sentence goes on.
        see: the command that tells more; empty where there is none.
        whose: whether the operation that it follows is named.
    """
    owner = f" of {hook.operation}" if hook.operation and whose else ""
    because = why(hook.reason, hook.message)
    more = f"; see: {see}" if see else ""
    return f"hook {hook.label}{owner} {stands}{f': {because}' if because else ''}{more}"


class _Held(Protocol):
    """What has a status, and may be held while it is created."""

    @property
    def status(self) -> str: ...
    @property
    def pending(self) -> str: ...


def stands(view: _Held) -> str:
    """Return where a run or an operation stands, and what holds it: `created, pending approval`."""
    return f"{view.status}, pending {view.pending}" if view.pending else view.status


def span(start: datetime | None, end: datetime | None, *, now: datetime | None = None) -> str:
    """Return the time from start to end (or to now); nothing where it has not started."""
    until = end or now
    if start is None or until is None:
        return ""
    return duration(max(0.0, (until - start).total_seconds()))


def clock_time(at: datetime | None) -> str:
    """Return a moment in this machine's time zone, to the second."""
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def run_span(run: RunSummary) -> str:
    """Return how long a run has taken so far; nothing where that is not known."""
    now = None if run.final or run.status == INTERRUPTED else SystemClock().now()
    return span(run.started_at or run.created_at, run.finished_at, now=now)


def table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterable[str]:
    """Yield lines with aligned columns; the last column is as wide as it likes."""
    rows = [list(map(printable, line)) for line in (header, *lines)]
    widths = [max(cells(row[column]) for row in rows) for column in range(len(header))]
    for row in rows:
        padded = (text + " " * (width - cells(text)) for text, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()
