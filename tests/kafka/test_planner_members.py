"""Several planners on a real Kafka share partitions: one joins while runs go on, and one dies."""

import asyncio
from uuid import UUID

import pytest

from polyflow_services.planner.rows import state
from polyflow_shared.broker import codec
from polyflow_shared.broker.kafka import KafkaBroker
from polyflow_topics.catalog import CATALOG, RUN_EVENTS
from polyflow_topics.events import RunChanged
from tests.kafka.planner_process import Orders
from tests.kafka.test_planner_loop import (
    LIMIT,
    all_handled,
    assert_one_story,
    cluster,
    expected,
    process,
    publish,
    restored,
)
from tests.unit.planner.plan_builder import dag, plan

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

PARTITIONS = 4
RUNS = [str(UUID(int=number, version=5)) for number in range(12)]
LENGTH = 150
"""Operations in a row: the runs are going on when the second planner comes, and when the first dies."""
CHAIN = dag(**{f"o{index}": f"o{index - 1}" if index else "" for index in range(LENGTH)})


@pytest.fixture
async def broker(config):
    broker = KafkaBroker(config)
    await broker.create(CATALOG, partitions=PARTITIONS, clusters=["local"])
    yield broker
    await broker.close()


async def ends(broker) -> dict[str, tuple[str, int]]:
    """Return how each run ended, by run: its status, and the partition that its events are on."""
    source = await broker.source([RUN_EVENTS.name], group="observer", member="observer")
    ended: dict[str, tuple[str, int]] = {}
    async with asyncio.timeout(LIMIT):
        while len(ended) < len(RUNS):
            for record in await source.take(500):
                event = codec.decode(record)
                if isinstance(event, RunChanged) and state.final(event.status):
                    ended[event.run] = (event.status, record.partition)
    await source.close()
    return ended


async def taken_over(planner: asyncio.subprocess.Process) -> None:
    """Return when a planner has taken a partition over."""
    async with asyncio.timeout(LIMIT):
        while b"partition_taken_over" not in (line := await planner.stderr.readline()):
            assert line, "it ended"


async def test_a_planner_that_joins_and_one_that_dies_change_nothing_for_the_runs(broker, config):
    where = (config.bootstrap_servers, config.prefix)
    async with cluster(broker) as pods, process(Orders(*where, member="one")) as first:
        await taken_over(first)
        await publish(broker, *(message for run in RUNS for message in plan(CHAIN, run=run)))
        async with process(Orders(*where, member="two")) as second:
            await taken_over(second)
            assert 0 < len(pods) < len(RUNS) * LENGTH
            first.kill()
            ended = await ends(broker)
            await all_handled(broker, config, PARTITIONS)
    assert {status for status, _ in ended.values()} == {"succeeded"}
    assert len({partition for _, partition in ended.values()}) == PARTITIONS
    assert pods == {(run, index, 0) for run in RUNS for index in range(LENGTH)}
    for run, (_, partition) in ended.items():
        await assert_one_story(broker, run, partition)
    for partition in range(PARTITIONS):
        assert await restored(broker, partition) == await expected(broker, partition)
