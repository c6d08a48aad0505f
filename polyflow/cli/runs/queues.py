"""`polyflow queues`: the queues there are, and how many operations run and wait in each."""

import asyncio
import os
from collections.abc import Iterator

import click

from polyflow import queueing
from polyflow.cli.terminal.options import format_option, kafka_option, services
from polyflow.cli.terminal.text import table
from polyflow_shared.machine.home import home
from polyflow_topics.queues import QueuesListed


@click.command()
@kafka_option
@format_option
def queues(kafka: str | None, form: str) -> None:
    """List queues, the one that goes first first: where they run, their limits, who runs and who waits.

    Only what is under a limit is counted: of a queue without one, where the installation has none either,
    nobody knows.
    """
    listed = asyncio.run(_listed(kafka))
    if form == "json":
        click.echo(listed.model_dump_json(exclude={"request"}, indent=2))
        return
    for line in table(("QUEUE", "CLUSTER", "PRIORITY", "LIMIT", "ACTIVE", "WAITING"), _rows(listed)):
        click.echo(line)


async def _listed(kafka: str | None) -> QueuesListed:
    async with services(kafka) as runs:
        return await queueing.queues(home(os.environ), runs)


def _rows(listed: QueuesListed) -> Iterator[tuple[str, ...]]:
    for one in listed.queues:
        numbers = (str(one.priority), *map(_number, (one.limit, one.active, one.waiting)))
        yield one.name, one.cluster or "-", *numbers
    if listed.limit is not None:
        yield "in all", "-", "-", str(listed.limit), str(listed.active), str(listed.waiting)


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)
