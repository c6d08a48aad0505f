"""`polyflow ls`: runs, the newest first, or those that a query finds."""

import json
from collections.abc import Sequence
from typing import Any

import click

from polyflow.cli.options import format_option, history
from polyflow.cli.text import clock_time, run_span, stands, table
from polyflow_shared.read_model.search import MAX_FOUND, Search
from polyflow_shared.read_model.views import RunSummary, summary_json


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
@format_option
def ls(status: str | None, form: str, **about: Any) -> None:
    """List runs: the newest first, or those that a query finds (docs/queries.md)."""
    with history() as found:
        runs = found.runs(Search(**about, runs_only=True), status=status)
    if form == "json":
        click.echo(json.dumps([summary_json(run) for run in runs], indent=2))
    elif runs:
        _print(runs)
    else:
        click.echo("No runs.  `polyflow run FILE` starts one.", err=True)


def _print(runs: Sequence[RunSummary]) -> None:
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
