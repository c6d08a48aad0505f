"""`polyflow stop`: end a run that goes on in another terminal, or on Kafka."""

import asyncio

import click

from polyflow.cli.options import history, kafka_option, run_argument
from polyflow_shared import control
from polyflow_shared.errors import PolyflowError
from polyflow_shared.home import RunFolder
from polyflow_shared.read_model.views import INTERRUPTED
from polyflow_topics.names import RunId


class NotRunningError(PolyflowError):
    """There is nothing to stop."""


@click.command()
@run_argument
@click.option("--reason", default="Stopped", help="A word in CamelCase, kept in the run's history.")
@kafka_option
def stop(run: str, reason: str, kafka: str | None) -> None:
    """Stop a run: what is going on is ended, what has not started is not begun."""
    if kafka:
        asyncio.run(_publish(run, reason, kafka))
    else:
        asyncio.run(_ask(_running(run), reason))
    click.echo(f"{run}: asked to stop")


def _running(run: str) -> RunFolder:
    with history() as found:
        identity = found.find(run)
        summary = found.summary(identity)
        folder = found.folder(identity)
    status = summary.status if summary else ""
    if summary is None or summary.final or status == INTERRUPTED:
        hint = f"; to go on with it: polyflow resume {identity}" if status == INTERRUPTED else ""
        raise NotRunningError(f"the run {identity} is not going on: it is {status}{hint}")
    return folder


async def _ask(folder: RunFolder, reason: str) -> None:
    await control.ask_to_stop(folder.socket, reason=reason, message="asked by polyflow stop")


async def _publish(run: str, reason: str, kafka: str) -> None:
    from polyflow.kafka import publish_stop  # noqa: PLC0415

    await publish_stop(kafka, RunId(run), reason=reason)
