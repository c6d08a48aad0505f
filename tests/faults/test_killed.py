"""Services that are killed at any moment, all of them again and again, each at moments of its own."""

import asyncio
import os
import signal

import pytest

from tests.faults.killing import kill_again_and_again
from tests.faults.sharing import LIMITS, SHARING, settings
from tests.testbed.services import ENGINE
from tests.verifier.facts import gather

KILLS = int(os.environ.get("KILLS", "8"))
"""Times that each service is killed; 200 takes some 25 minutes."""
MOST = 40
"""Runs that go on at the same time: services that are killed all the time get less done, on a slow machine."""
A_KILL = 20
"""Seconds that one takes at most, on average, on a busy machine."""

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900 + A_KILL * KILLS)]


@pytest.fixture
async def sharing(a_world, some_kafka, tmp_path):
    """A world in which there is work for each service."""
    async with a_world(some_kafka, **settings(tmp_path)) as world:
        world.load.shapes, world.limits, world.touched = SHARING, LIMITS, True
        yield world


async def test_all_services_are_killed_again_and_again(sharing) -> None:
    world = sharing

    async def fault() -> None:
        async with asyncio.TaskGroup() as group:
            for service in ENGINE:
                group.create_task(kill_again_and_again(world.services, service, KILLS, seed=7))

    assert await world.survives(fault, seconds=None, pause=0.5, most=MOST, limit=180) == []
    assert {service: world.services.kills[service] for service in ENGINE} == dict.fromkeys(ENGINE, KILLS)
    _assert_shared(world)


async def test_two_replicas_of_each_one_killed_one_paused(sharing) -> None:
    world = sharing
    names = [world.services.start(service, replica=1) for service in ENGINE]
    await asyncio.to_thread(world.services.wait_ready, *names)

    async def fault() -> None:
        for service in ENGINE:
            world.services.signal(f"{service}-0", signal.SIGSTOP)
            await asyncio.sleep(1)
            world.services.signal(f"{service}-0", signal.SIGCONT)
            world.faults[f"{service} paused"] += 1
            await asyncio.to_thread(world.services.kill, f"{service}-1")
            world.services.start(service, replica=1)

    assert await world.survives(fault) == []


async def test_the_group_is_rebalanced_every_few_seconds(world) -> None:
    async def fault() -> None:
        for turn in range(4):
            for service in ("planner", "pod_launcher"):
                name = world.services.start(service, replica=1)
                await asyncio.to_thread(world.services.wait_ready, name)
            await asyncio.sleep(2)
            for service in ("planner", "pod_launcher"):
                await asyncio.to_thread(world.services.end, f"{service}-1")
                world.faults[f"{service} group rebalanced"] += 2
            await asyncio.sleep(turn % 2)

    world.touched = True
    assert await world.survives(fault, seconds=20) == []


def _assert_shared(world) -> None:
    """Results were used again and waited for, and limits have held somebody back."""
    said = {event.data.get("reason") for run in gather(world.messages).runs.values() for event in run.events}
    assert {"CacheHit", "CacheAwaited", "QueueLimit"} <= said
