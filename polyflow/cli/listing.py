"""`polyflow ls`: runs, the newest first."""

import json
from collections.abc import Sequence

import click

from polyflow.cli.options import format_option, history
from polyflow.cli.text import clock_time, run_span, stands, table
from polyflow_shared.read_model.views import RunSummary, summary_json


@click.command()
@click.option("--project", help="Only runs of this project.")
@click.option("--status", help="Only runs that stand so: running, succeeded, failed, stopped, interrupted …")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="The most runs.")
@format_option
def ls(project: str | None, status: str | None, limit: int, form: str) -> None:
    """List runs, the newest first."""
    with history() as found:
        runs = found.runs(project=project, status=status, limit=limit)
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
