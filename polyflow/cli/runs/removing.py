"""`polyflow rm`: ended runs of this machine, with all that is kept of them."""

import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext

import click

from polyflow import removing
from polyflow.cli.runs.listing import print_runs
from polyflow.cli.terminal.options import history
from polyflow.cli.terminal.text import size
from polyflow.history import History
from polyflow.removing import Meant, NotRemovedError
from polyflow_shared.read_model.search import Search
from polyflow_shared.read_model.views import INTERRUPTED, RunSummary

NOTHING = "No run that has ended is found by this."


@click.command()
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@click.option("-q", "--query", help="All that it finds instead: 'finished_at: <2026-01-01, tags: try'.")
@click.option(
    "--interrupted", is_flag=True, help="Also runs whose process is gone: they cannot be resumed then."
)
@click.option("--dry-run", is_flag=True, help="Only list what would be removed.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before what a query finds is removed.")
def rm(runs: Sequence[str], query: str | None, *, interrupted: bool, dry_run: bool, yes: bool) -> None:
    """Remove runs that have ended, for ever: logs, artifacts, and what `ls` and `show` tell of them.

    The runs of their hooks go with them.  What goes on stays, and so do cached results.
    """
    if bool(runs) is (query is not None):
        raise click.UsageError("give either RUNs or --query")
    with history() as known:
        meant = _meant(known, runs, query, interrupted=interrupted)
        if meant.staying:
            click.echo(_stays(meant.staying), err=True)
        if not meant.runs:
            click.echo(NOTHING, err=True)
        elif dry_run:
            print_runs(meant.runs)
        elif query is None or yes or _agreed(meant.runs):
            _remove(known, meant.runs)


def _meant(known: History, runs: Sequence[str], query: str | None, *, interrupted: bool) -> Meant:
    if query is None:
        return removing.named(known, runs, interrupted=interrupted)
    return removing.found(known, Search(query=query), interrupted=interrupted)


def _stays(runs: Sequence[RunSummary]) -> str:
    goes_on = sum(run.status != INTERRUPTED for run in runs)
    gone = len(runs) - goes_on
    said = [f"{goes_on} of them {_word(goes_on, 'goes on and stays', 'go on and stay')}"] if goes_on else []
    if gone:
        verb = _word(gone, "is interrupted and stays", "are interrupted and stay")
        said.append(f"{gone} {'' if said else 'of them '}{verb} (--interrupted removes such runs)")
    return "; ".join(said)


def _agreed(runs: Sequence[RunSummary]) -> bool:
    """Ask whoever sits at the terminal."""
    if not sys.stdin.isatty():
        raise NotRemovedError(f"{_runs(len(runs))} would be removed; --yes says that they are to be")
    return click.confirm(f"Remove {_runs(len(runs))}, with logs and artifacts, for ever?", err=True)


def _remove(known: History, runs: Sequence[RunSummary]) -> None:
    with _progress(runs) as shown:
        freed = sum(removing.remove(known, run) for run in shown)
    click.echo(f"removed {_runs(len(runs))}, {size(freed)} of files")


def _progress(runs: Sequence[RunSummary]) -> AbstractContextManager[Iterable[RunSummary]]:
    if not sys.stderr.isatty():  # where the bar's label would be all that is seen
        return nullcontext(runs)
    return click.progressbar(runs, label="removing", file=sys.stderr)


def _runs(count: int) -> str:
    return f"{count:,} {_word(count, 'run', 'runs')}"


def _word(count: int, one: str, many: str) -> str:
    return one if count == 1 else many
