"""`polyflow invalidate`: let nobody use certain cached results any more."""

import asyncio
import os

import click

from polyflow import forgetting
from polyflow.cli.terminal.options import WORD, kafka_option, services
from polyflow.forgetting import Invalidated
from polyflow_shared.machine.home import home


@click.command()
@click.argument("run", metavar="[RUN]", required=False)
@click.argument("operation", required=False)
@click.option("--project", type=WORD, help="Those of all runs of a project instead.")
@kafka_option
def invalidate(run: str | None, operation: str | None, project: str | None, kafka: str | None) -> None:
    """Let nobody use the cached results of a run, of one OPERATION of it, or of a project any more.

    What goes on goes on; its results are not used by others either.
    """
    if (run is None) is (project is None):
        raise click.UsageError("give either a RUN or --project")
    click.echo(_said(asyncio.run(_invalidated(kafka, run=run, operation=operation, project=project))))


async def _invalidated(kafka: str | None, **meant: str | None) -> Invalidated:
    async with services(kafka) as runs:
        return await forgetting.invalidate(home(os.environ), runs, **meant)


def _said(results: Invalidated) -> str:
    """Return how many results nobody uses from now on, and how many nobody would have used anyway."""
    now, before = results.now, results.before
    said = [f"{now} cached result{'s are' if now > 1 else ' is'} not used any more"] if now else []
    if before:
        which = "" if now else f" cached result{'s' if before > 1 else ''}"
        said.append(f"{before}{which} {'were' if before > 1 else 'was'} not used before either")
    return "; ".join(said)
