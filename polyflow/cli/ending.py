"""How `polyflow run` ends: its exit status, and what is wrong with a request that was rejected."""

from pathlib import Path
from typing import Final

import click

from polyflow.cli.problems import report
from polyflow.progress import Progress

FAILED: Final = 1
REJECTED: Final = 2
INTERRUPTED: Final = 130


def exit_status(progress: Progress, *, file: Path | None, interrupted: bool) -> int:
    """Return the exit status; print the problems of a rejected request."""
    if progress.rejected is not None:
        source = file.read_text(errors="replace") if file else ""
        for line in report(progress.rejected.problems, file=str(file or ""), source=source):
            click.echo(line, err=True)
        return REJECTED
    if interrupted:
        return INTERRUPTED
    return 0 if progress.status == "succeeded" else FAILED
