"""Kafka away, killed and back, and every message twice."""

import asyncio
import os
import random
import signal
from collections.abc import Sequence

import pytest

from polyflow_topics.catalog import (
    CATALOG,
    OPERATION_COMMANDS,
    PIPELINE_REQUESTS,
    RUN_EVENTS,
    RUN_INBOX,
    commands_topic,
)
from polyflow_topics.names import ClusterName
from tests.faults.sharing import LIMITS, SHARING, settings
from tests.faults.world import World
from tests.testbed.doubling import COPY_OF, LATEST, doubled
from tests.verifier.log import LoggedMessage

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

BROKER_KILLS = int(os.environ.get("BROKER_KILLS", "5"))
"""Times that one of three brokers is killed."""
TWICE = tuple(
    commands_topic(ClusterName("local")) if topic is OPERATION_COMMANDS else topic.name
    for topic in CATALOG
    if topic.carries and topic.consumers - {"user"}
)
"""The topics whose records are there twice: all that a service reads, but for its own rows."""


async def test_the_broker_is_killed_and_is_away_for_a_minute(world, kafka_server) -> None:
    async def fault() -> None:
        await asyncio.sleep(3)
        await kafka_server.stop(signal.SIGKILL)
        world.faults["broker killed"] += 1
        await asyncio.sleep(60)
        await kafka_server.start()

    world.touched = True
    assert await world.survives(fault, seconds=20, limit=180) == []


async def test_every_message_comes_twice(a_world, some_kafka, tmp_path) -> None:
    async with a_world(some_kafka, **settings(tmp_path)) as world:
        world.load.shapes, world.limits = SHARING, LIMITS
        await _survives_twice(world)


async def _survives_twice(world: World) -> None:
    names = [world.services.prefix + name for name in TWICE]

    async def nothing() -> None:
        return

    async with doubled(world.kafka.bootstrap, names, random.Random(5), world.faults):
        assert await world.survives(nothing, seconds=20) == []
    for name in TWICE:
        _assert_twice([message for message in world.messages if message.topic == name])


def _assert_twice(messages: Sequence[LoggedMessage]) -> None:
    """Every record has a copy, but for those that came when it was over."""
    copies = [message for message in messages if COPY_OF in message.headers]
    over = max(message.at for message in messages) - 2 * LATEST
    first = {(one.partition, one.offset) for one in messages if COPY_OF not in one.headers and one.at < over}
    assert first
    assert first <= {(one.partition, int(one.headers[COPY_OF])) for one in copies}


async def test_one_of_three_brokers_is_killed_again_and_again(a_world, three_brokers) -> None:
    async with a_world(three_brokers, replication=3) as world:
        world.touched = True
        assert await world.survives(lambda: _kill_leaders(world), seconds=None, limit=180, pause=0.5) == []
    assert world.faults["broker killed"] == BROKER_KILLS


async def _kill_leaders(world: World) -> None:
    """Kill whoever leads most partitions of a busy topic; the next, when all have caught up again."""
    topics = [world.services.prefix + topic.name for topic in (RUN_INBOX, RUN_EVENTS, PIPELINE_REQUESTS)]
    choose = random.Random(11)
    for turn in range(BROKER_KILLS):
        await asyncio.sleep(choose.uniform(2.0, 5.0))
        leader = await world.kafka.leader(topics[turn % 2])
        await leader.stop(signal.SIGKILL)
        world.faults["broker killed"] += 1
        await asyncio.sleep(choose.uniform(1.0, 10.0))
        await leader.start()
        await world.kafka.caught_up(topics)
