"""How `polyflow run` ends: its exit status, and what is wrong with a request that was rejected."""

from pathlib import Path
from typing import Final

import click

from polyflow.cli.terminal.lost import INTERRUPTED
from polyflow.cli.terminal.problems import report
from polyflow.events.progress import Progress
from polyflow_topics.events import IN_REQUEST, Problem

FAILED: Final = 1
REJECTED: Final = 2


def exit_status(progress: Progress, *, file: Path | None, interrupted: bool) -> int:
    """Return the exit status; print the problems of a rejected request."""
    if progress.rejected is not None:
        source = file.read_text(errors="replace") if file and file.is_file() else ""
        found = [_of_program(problem) for problem in progress.rejected.problems]
        for line in report(found, file=str(file or ""), source=source):
            click.echo(line, err=True)
        return REJECTED
    if progress.status == "succeeded":  # a stop may come too late
        return 0
    return INTERRUPTED if interrupted else FAILED


def _of_program(problem: Problem) -> Problem:
    """Return a problem with an object that a program made, without the place in the request's text."""
    root, _, path = problem.path.partition(".")
    if problem.file != IN_REQUEST or root != "specification":
        return problem
    return problem.model_copy(update={"file": None, "line": None, "column": None, "path": path})
