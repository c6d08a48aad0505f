"""`polyflow ls`: runs, the newest first, or those that a query finds."""

import csv
import io
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import click

from polyflow.cli.terminal.options import history
from polyflow.cli.terminal.text import clock_time, run_span, stands, table
from polyflow_shared.machine.home import listed
from polyflow_shared.read_model.search import MAX_FOUND, Search
from polyflow_shared.read_model.views import Entry, RunSummary, summary_json

NO_RUNS: Final = "No runs.  `polyflow run FILE` starts one."
NONE_FOUND: Final = "No run is found by this.  Operations and trials are found by `pipeline: ID` in a query."
_CSV: Final = (
    "uuid", "name", "project", "owner", "kind", "status", "reason", "tags", "created_at", "started_at",
    "finished_at", "duration",
)  # fmt: skip
"""What `--format csv` has where no columns are named."""


def _listed(_context: click.Context, _param: click.Parameter, text: str) -> tuple[str, ...]:
    return listed(text)


@click.command()
@click.option(
    "-q", "--query", default="", metavar="QUERY",
    help="Only runs that it finds: 'status: succeeded, metrics.loss: <0.1, tags: nightly|weekly'.",
)  # fmt: skip
@click.option("-s", "--sort", default="", metavar="FIELD,…", help="The order: '-metrics.loss, name'.")
@click.option("--project", help="Only runs of this project.")
@click.option("--owner", help="Only runs of this owner.")
@click.option(
    "--tag", "tags", multiple=True, help="Only runs with this tag; with all, if given several times."
)
@click.option("--status", help="Only runs that stand so: running, succeeded, failed, stopped, interrupted …")
@click.option(
    "-l", "--limit", type=click.IntRange(1, MAX_FOUND), default=20, show_default=True, help="The most runs."
)
@click.option("-o", "--offset", type=click.IntRange(min=0), default=0, help="Runs that are left out first.")
@click.option(
    "-c", "--columns", default="", metavar="FIELD,…", callback=_listed,
    help="What is shown of each, by the names that queries have: 'uuid, name, metrics.loss, params.lr'.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", help="How to print it."
)
def ls(status: str | None, form: str, columns: Sequence[str], **about: Any) -> None:
    """List runs: the newest first, or those that a query finds (docs/queries.md)."""
    columns = columns or (_CSV if form == "csv" else ())
    with history() as found:
        runs = found.runs(Search(**about, columns=columns, runs_only=True), status=status)
    if columns:
        _print_columns(columns, [_shown(run) for run in runs], form)
    elif form == "json":
        click.echo(json.dumps([summary_json(run) for run in runs], indent=2))
    elif runs:
        print_runs(runs)
    else:
        narrowed = status or any(about[name] for name in ("query", "project", "owner", "tags", "offset"))
        click.echo(NONE_FOUND if narrowed else NO_RUNS, err=True)


def _shown(run: RunSummary) -> Sequence[str]:
    return run.shown if isinstance(run, Entry) else ()


def _print_columns(columns: Sequence[str], lines: Sequence[Sequence[str]], form: str) -> None:
    if form == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([columns, *lines])
        click.echo(text.getvalue(), nl=False)
    elif form == "json":
        click.echo(json.dumps([dict(zip(columns, line, strict=True)) for line in lines], indent=2))
    else:
        for line in table([name.upper() for name in columns], [[*map(_lettered, line)] for line in lines]):
            click.echo(line)


def _lettered(cell: str) -> str:
    """Return a list or an object, such as the tags, with letters in place of JSON's escapes of them."""
    if cell.startswith(("[", "{")) and "\\u" in cell:
        with suppress(ValueError):  # a text that only begins like one
            return json.dumps(json.loads(cell), ensure_ascii=False)
    return cell


def print_runs(runs: Sequence[RunSummary]) -> None:
    """Print runs as a table."""
    header = ("RUN", "NAME", "PROJECT", "STATUS", "CREATED", "TIME", "REASON")
    lines = [
        (
            run.id,
            run.name,
            run.project,
            stands(run),
            clock_time(run.created_at),
            run_span(run),
            run.reason,
        )
        for run in runs
    ]
    for line in table(header, lines):
        click.echo(line)
