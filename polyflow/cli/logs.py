"""`polyflow logs`: what an operation has written."""

import asyncio
import sys
from collections.abc import Sequence

import click

from polyflow.cli.options import history, run_argument
from polyflow.cli.text import why
from polyflow.history import History, UnknownOperationError, operation_of
from polyflow_shared.read_model.views import OperationView, StoredLog
from polyflow_topics.names import OperationName, RunId
from polyflow_topics.pods import MAIN


@click.command()
@run_argument
@click.argument("operation")
@click.option("-f", "--follow", is_flag=True, help="Go on until the operation has ended.")
@click.option("--attempt", type=click.IntRange(min=0), help="Which attempt, counted from 0; else the last.")
def logs(run: str, operation: str, follow: bool, attempt: int | None) -> None:
    """Print what an operation has written to its standard output and error."""
    with history() as found:
        identity = found.find(run)
        view = operation_of(found.view(identity), operation)
        if follow and attempt is None:
            asyncio.run(_follow(found, identity, view.name))
            return
        chosen = max(0, view.attempts - 1) if attempt is None else attempt
        path = found.folder(identity).attempt(view.name, chosen) / "log.txt"
        try:
            sys.stdout.buffer.write(path.read_bytes())
        except FileNotFoundError:
            saved = found.logs(identity, view.index, chosen)
            if not saved:
                raise UnknownOperationError(_why_absent(view, chosen)) from None
            _print_saved(saved)


def _why_absent(view: OperationView, attempt: int) -> str:
    if view.dag:
        return f"{view.name} is a DAG or a matrix: what is in it has logs, it has none"
    if view.attempts == 0:
        because = why(view.reason, view.message)
        return f"{view.name} was not started: it is {view.status}" + (f" ({because})" if because else "")
    return f"{view.name} has no log of attempt {attempt} (it had {view.attempts}, counted from 0)"


def _print_saved(logs: Sequence[StoredLog]) -> None:
    """Print what a cluster has handed over; what is not the log itself goes to standard error."""
    for log in sorted(logs, key=lambda one: (one.container == MAIN, one.container)):
        if len(logs) > 1:
            click.echo(f"--- {log.container}", err=True)
        if log.missing:
            click.echo(f"the log of {log.container} could not be read: {log.missing}", err=True)
        if log.cut:
            click.echo(f"the log of {log.container} was longer; this is its end", err=True)
        sys.stdout.buffer.write(log.text.encode())
        sys.stdout.buffer.flush()


async def _follow(found: History, run: RunId, operation: OperationName) -> None:
    from polyflow import following  # noqa: PLC0415
    from polyflow_shared.clock import SystemClock  # noqa: PLC0415

    async for chunk in following.log(found, run, operation, SystemClock()):
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
