"""`polyflow queues`: the queues there are, and how many operations run and wait in each."""

import asyncio
import os
from collections.abc import Iterator

import click

from polyflow.cli.options import format_option, kafka_option
from polyflow.cli.text import table
from polyflow.ids import new_id
from polyflow_shared.errors import PolyflowError
from polyflow_shared.home import home
from polyflow_topics.queues import QueuesListed


class NoAnswerError(PolyflowError):
    """Admission does not answer."""


@click.command()
@kafka_option
@format_option
def queues(kafka: str | None, form: str) -> None:
    """List queues, the one that goes first first: where they run, their limits, who runs and who waits.

    Only what is under a limit is counted: of a queue without one, where the installation has none either,
    nobody knows.
    """
    listed = asyncio.run(_on_kafka(kafka)) if kafka else _here()
    if form == "json":
        click.echo(listed.model_dump_json(exclude={"request"}, indent=2))
        return
    for line in table(("QUEUE", "CLUSTER", "PRIORITY", "LIMIT", "ACTIVE", "WAITING"), _rows(listed)):
        click.echo(line)


def _here() -> QueuesListed:
    from polyflow_services.embedded import commons_of  # noqa: PLC0415 -- all services take 100 ms to import
    from polyflow_topics.catalog import ADMISSION_REQUESTS  # noqa: PLC0415
    from polyflow_topics.queues import QueuesAsked  # noqa: PLC0415

    commons = commons_of(home(os.environ))
    try:
        commons.tidy()
        (listed,) = commons.decide(ADMISSION_REQUESTS.name, QueuesAsked(request=new_id()))
    finally:
        commons.close()
    assert isinstance(listed, QueuesListed)
    return listed


async def _on_kafka(kafka: str) -> QueuesListed:
    from polyflow.kafka import runs_on  # noqa: PLC0415 -- Kafka's client takes 90 ms to import

    async with runs_on(kafka) as runs:
        listed = await runs.queues()
    if listed is None:
        raise NoAnswerError("admission does not answer; does `polyflow serve admission` run?")
    return listed


def _rows(listed: QueuesListed) -> Iterator[tuple[str, ...]]:
    for one in listed.queues:
        numbers = (str(one.priority), *map(_number, (one.limit, one.active, one.waiting)))
        yield one.name, one.cluster or "-", *numbers
    if listed.limit is not None:
        yield "in all", "-", "-", str(listed.limit), str(listed.active), str(listed.waiting)


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)
