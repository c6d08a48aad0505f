"""Services that are killed at any moment, all of them again and again, each at moments of its own."""

import asyncio
import os
import signal

import pytest

from tests.faults.killing import (
    ALL,
    DECIDERS,
    GROUPS,
    TWICE,
    assert_taken_over,
    assert_work_shared,
    kill_again_and_again,
    ready,
    takeovers,
)
from tests.faults.sharing import LIMITS, SHARING, settings
from tests.verifier.facts import gather

KILLS = int(os.environ.get("KILLS", "8"))
"""Times that each service is killed; 200 takes some 25 minutes."""
SHARED = 8
"""Seconds in which both replicas get their part, and work: one that is paused before has nothing to lose."""
MOST = 40
"""Runs that go on at the same time: services that are killed all the time get less done, on a slow machine."""
A_KILL = 20
"""Seconds that one takes at most, on average, on a busy machine."""
SESSION = 6
"""Seconds after which the partitions of a member that says nothing go to others: the least that services take."""
HAND_OVER = 4
"""Seconds in which these have taken them over, mostly."""
TURNS = 4
"""Members that join each group, and leave it."""
EVERY = 5
"""Seconds from one rebalance to the next."""

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900 + A_KILL * KILLS)]


@pytest.fixture
async def sharing(a_world, some_kafka, tmp_path):
    """A world in which there is work for each service."""
    async with a_world(some_kafka, session_timeout=str(SESSION), **settings(tmp_path)) as world:
        world.load.shapes, world.limits, world.touched = SHARING, LIMITS, True
        yield world


async def test_all_services_are_killed_again_and_again(sharing) -> None:
    world = sharing

    async def fault() -> None:
        async with asyncio.TaskGroup() as group:
            for service in ALL:
                group.create_task(kill_again_and_again(world.services, service, KILLS, seed=7))

    assert await world.survives(fault, seconds=None, pause=0.5, most=MOST, limit=180) == []
    assert {service: world.services.kills[service] for service in ALL} == dict.fromkeys(ALL, KILLS)
    _assert_shared(world)


async def test_two_replicas_of_each_one_killed_one_paused(sharing) -> None:
    world = sharing
    names = [world.services.start(service, replica=1) for service in TWICE]
    await asyncio.to_thread(world.services.wait_ready, *names)

    deciders = [f"{service}-{replica}" for service in DECIDERS for replica in range(2)]
    before = takeovers(world.services, *deciders)

    async def fault() -> None:
        async with asyncio.TaskGroup() as group:
            for place, service in enumerate(TWICE):
                group.create_task(_pause_one_kill_the_other(world, service, after=place))

    assert await world.survives(fault, seconds=None, pause=0.5, most=MOST, limit=180) == []
    assert_taken_over(world.services, before, *deciders)
    assert_work_shared(world.services)


async def _pause_one_kill_the_other(world, service: str, after: float) -> None:
    """Have each of two replicas take over what the other one had, and the paused one come back."""
    await asyncio.sleep(SHARED + after)
    world.services.signal(f"{service}-0", signal.SIGSTOP)
    world.faults[f"{service} paused"] += 1
    await asyncio.sleep(SESSION + HAND_OVER)
    world.services.signal(f"{service}-0", signal.SIGCONT)
    # It may have ended meanwhile, for others have what it had; then it is started again.
    await asyncio.sleep(1)
    await ready(world.services, f"{service}-0")
    await asyncio.to_thread(world.services.kill, f"{service}-1")
    await asyncio.sleep(SESSION + HAND_OVER)
    world.services.start(service, replica=1)
    await ready(world.services, f"{service}-1")


async def test_the_group_is_rebalanced_every_few_seconds(sharing) -> None:
    world = sharing
    joined: list[str] = []
    # One partition stays with the member whose name is the first.
    sharing_deciders = [service for service in DECIDERS if service != "admission"]
    first = [f"{service}-0" for service in sharing_deciders]
    before = takeovers(world.services, *first)

    async def fault() -> None:
        async with asyncio.TaskGroup() as group:
            for service in GROUPS:
                group.create_task(_come_and_go(world, service, joined))

    assert await world.survives(fault, seconds=None, pause=0.5, most=MOST, limit=180) == []
    assert len(joined) == len(GROUPS) * TURNS
    others = [name for name in joined if name.startswith(tuple(sharing_deciders))]
    assert_taken_over(world.services, before, *first, *others)
    assert_work_shared(world.services)


async def _come_and_go(world, service: str, joined: list[str]) -> None:
    """Have members of new names join a group and leave it: each time partitions go to others and come back.

    A static member leaves without a word, so that its partitions are free when its session is over.
    """
    for turn in range(1, TURNS + 1):
        name = world.services.start(service, replica=turn)
        await ready(world.services, name)
        await asyncio.sleep(EVERY)
        await asyncio.to_thread(world.services.end, name)
        joined.append(name)
        world.faults[f"{service} group rebalanced"] += 2
        await asyncio.sleep(SESSION)


def _assert_shared(world) -> None:
    """Results were used again and waited for, and limits have held somebody back."""
    assert world.measuring.taken
    said = {event.data.get("reason") for run in gather(world.messages).runs.values() for event in run.events}
    assert {"CacheHit", "CacheAwaited", "QueueLimit"} <= said
