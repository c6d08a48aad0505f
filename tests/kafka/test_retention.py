"""What users are told of runs whose first events the broker has removed, as its retention does."""

import asyncio
from contextlib import closing
from datetime import UTC, datetime

import pytest

from polyflow import AsyncClient
from polyflow.cli.runs.explain import EVENTS_GONE, explained
from polyflow.history import History
from polyflow.known.heard import OnKafka
from polyflow.running.kafka import KafkaRuns
from polyflow_shared.broker import codec
from polyflow_shared.broker.kafka import KafkaBroker
from polyflow_shared.errors import OffsetsLostError
from polyflow_shared.machine.home import Home
from polyflow_topics.catalog import RUN_EVENTS
from polyflow_topics.events import RunChanged
from polyflow_topics.names import RunId
from polyflow_topics.status import Status
from tests.contract.deliveries import LIMIT
from tests.kafka.retention import remove

pytestmark = pytest.mark.kafka

RUN = RunId("11111111-1111-1111-1111-111111111111")
WHOLE = (Status.CREATED, Status.RUNNING, Status.SUCCEEDED)


@pytest.fixture
async def events(config):
    """A broker that has the run's events, and nothing but them, on one partition."""
    broker = KafkaBroker(config)
    await broker.create([RUN_EVENTS], partitions=1, clusters=[])
    await say(broker, *WHOLE)
    yield broker
    await broker.close()


@pytest.fixture
async def runs(config):
    async with KafkaRuns(config.bootstrap_servers, prefix=config.prefix) as runs:
        yield runs


async def say(broker: KafkaBroker, *statuses: Status) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    sink = await broker.sink("tests")
    said = [
        RunChanged(run=RUN, sequence=number, at=at, status=status)
        for number, status in enumerate(statuses, start=1)
    ]
    await sink.send([codec.encode(event, source="/tests", at=at) for event in said])


@pytest.mark.parametrize("removed", [0, 1])
async def test_a_run_is_watched_from_the_first_event_that_is_kept(config, events, removed):
    await remove(config, RUN_EVENTS.name, {0: removed})
    async with (
        AsyncClient(kafka=config.bootstrap_servers, prefix=config.prefix) as client,
        asyncio.timeout(LIMIT),
    ):
        watched = [event.status async for event in client.watch(RUN)]
    assert watched == list(WHOLE[removed:])


@pytest.mark.parametrize("removed", [0, 1, 3])
async def test_a_run_is_looked_up_among_the_events_that_are_kept(config, events, runs, removed):
    await remove(config, RUN_EVENTS.name, {0: removed})
    found = await asyncio.wait_for(runs.so_far(RUN), LIMIT)
    assert [event.status for event in found] == list(WHOLE[removed:])


@pytest.mark.parametrize("removed", [0, 1])
async def test_a_run_is_explained_by_the_events_that_are_kept(config, events, runs, tmp_path, removed):
    await remove(config, RUN_EVENTS.name, {0: removed})
    with closing(History.open(Home(tmp_path))) as history:
        source = OnKafka(runs, history, config.bootstrap_servers)
        told = await asyncio.wait_for(explained(source, RUN, ""), LIMIT)
    assert told == ["the run succeeded", *([EVENTS_GONE] if removed else [])]


async def test_events_that_are_removed_while_a_run_is_followed_are_missed_aloud(config, events, runs):
    following = runs.follow(RUN)
    async with asyncio.timeout(LIMIT):
        assert len(await anext(following)) == len(WHOLE)
        await say(events, *WHOLE)
        await remove(config, RUN_EVENTS.name, {0: 5})
        with pytest.raises(
            OffsetsLostError, match=r"are gone\.  Whoever begins anew sees what is still there\.$"
        ):
            await anext(following)
