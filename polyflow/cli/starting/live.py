"""The live table of `polyflow run` on a terminal.  The only module that imports rich."""

from datetime import datetime
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from polyflow.cli.terminal.text import COLOURS, span, stands, why
from polyflow.events.progress import Line, Progress, counts_text
from polyflow_shared.clock import SystemClock
from polyflow_topics.events import RunEvent
from polyflow_topics.names import RunId
from polyflow_topics.status import Status

ALL_LINES: Final = 30
"""Up to so many operations are all shown; of more, only those that are active or have failed."""
AROUND: Final = 3
"""Lines of a terminal that the heading, the foot and the cursor need."""
FRAMES: Final = 8
"""Frames a second."""
_ACTIVE: Final = frozenset(
    {
        Status.SCHEDULED.value,
        Status.RUNNING.value,
        Status.PROCESSING.value,
        Status.RETRYING.value,
        Status.STOPPING.value,
    }
)


class LiveTable:
    """Shows every operation with status, attempts, time and reason while the run goes on."""

    def __init__(self) -> None:
        """Begin with an empty table."""
        self._progress = Progress(RunId(""))
        self._spinner = Spinner("dots")
        self._console = Console()
        self._live = Live(console=self._console, get_renderable=self._table, refresh_per_second=FRAMES)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Draw the last frame and leave it."""
        self._live.__exit__(kind, error, traceback)

    def show(self, progress: Progress, events: list[RunEvent]) -> None:
        """Take notice of new events; the next frame shows them."""
        self._progress = progress

    def tell(self, text: str) -> None:
        """Say something above the table."""
        self._console.print(text, style="yellow")

    def _table(self) -> RenderableType:
        progress = self._progress
        table = self._heading()
        now = SystemClock().now()
        lines = shown_lines(progress, room=self._room())
        for line in lines:
            table.add_row(*_cells(line, now))
        hidden = len(progress.lines) - len(lines)
        rest = f"  ({hidden} more not shown)" if hidden else ""
        held = f"  {why(progress.reason, progress.message)}" if progress.pending else ""
        counts = counts_text(progress.counts)
        foot = f"{progress.name or 'run'} {stands(progress)}: {counts}{rest}{held}"
        self._spinner.update(text=foot)
        return Group(table, Text(foot) if progress.over else self._spinner)

    def _heading(self) -> Table:
        """Return the table without lines; a long reason gets what the other columns leave."""
        table = Table(box=None, pad_edge=False, expand=True)
        table.add_column("OPERATION", no_wrap=True, overflow="ellipsis", max_width=self._console.width // 2)
        for title in ("STATUS", "TRY", "TIME"):
            table.add_column(title, no_wrap=True)
        table.add_column("REASON", no_wrap=True, overflow="ellipsis", ratio=1)
        return table

    def _room(self) -> int:
        """Return how many operations fit; the last frame may scroll."""
        if self._progress.over:
            return ALL_LINES
        return max(1, min(ALL_LINES, self._console.height - AROUND))


def shown_lines(progress: Progress, *, room: int = ALL_LINES) -> list[Line]:
    """Return what `room` lines (>= 1) can show: all in the plan's order, or the failed and the active."""
    if len(progress.lines) <= room:
        return [progress.lines[index] for index in sorted(progress.lines)]
    lines = progress.lines.values()
    active = [line for line in lines if (line.status in _ACTIVE or line.pending) and not line.dag]
    failed = [line for line in lines if line.status == Status.FAILED.value and not line.dag]
    return [*failed[: max(1, room // 2)], *active][:room]


def _cells(line: Line, now: datetime) -> tuple[Text | str, ...]:
    depth = line.name.count(".")
    return (
        "  " * depth + (line.name.rpartition(".")[2] if depth else line.name),
        Text(stands(line), style=COLOURS.get(line.status, "")),
        str(line.attempts) if line.attempts > 1 else "",
        span(line.started_at, line.finished_at, now=now),
        why(line.reason, line.message),
    )
