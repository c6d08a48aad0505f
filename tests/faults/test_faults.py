"""Each fault goes on while runs of all shapes are submitted; all of them end, and no promise is broken."""

import asyncio
import os
import random
import signal

import pytest

from tests.faults.load import FATE
from tests.testbed.kubernetes.api import ApiError
from tests.testbed.services import FIVE

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

KILLS = int(os.environ.get("KILLS", "8"))
"""Times that each service is killed; 200 takes about half an hour a service."""


async def nothing() -> None:
    return


async def test_without_a_fault(world) -> None:
    assert await world.survives(nothing) == []


@pytest.mark.parametrize("service", FIVE)
async def test_killed_again_and_again(world, service) -> None:
    choose = random.Random(7)

    async def fault() -> None:
        for _ in range(KILLS):
            # The next moment is anywhere between two effects.
            await asyncio.sleep(choose.uniform(0.0, 1.5))
            await asyncio.to_thread(world.services.kill, f"{service}-0")
            name = world.services.start(service)
            await asyncio.to_thread(world.services.wait_ready, name)

    assert await world.survives(fault, seconds=max(15.0, 2.5 * KILLS)) == []


async def test_two_replicas_of_each_one_killed_one_paused(world) -> None:
    names = [world.services.start(service, replica=1) for service in FIVE]
    await asyncio.to_thread(world.services.wait_ready, *names)

    async def fault() -> None:
        for service in FIVE:
            world.services.signal(f"{service}-0", signal.SIGSTOP)
            await asyncio.sleep(1)
            world.services.signal(f"{service}-0", signal.SIGCONT)
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
            await asyncio.sleep(turn % 2)

    assert await world.survives(fault, seconds=20) == []


async def test_the_api_server_refuses_every_third_call(world) -> None:
    async def fault() -> None:
        world.proxy.faults.refused = 0.3
        await asyncio.sleep(20)
        world.proxy.faults.refused = 0.0

    assert await world.survives(fault) == []
    assert world.proxy.faults.counted > 50


@pytest.mark.parametrize("kind", ["expired", "half a line", "cut"])
async def test_watches_break(world, kind) -> None:
    async def fault() -> None:
        world.proxy.faults.watches = kind
        await asyncio.sleep(15)
        world.proxy.faults.watches = "none"

    assert await world.survives(fault) == []
    assert world.proxy.faults.counted > 2


async def test_a_watch_hangs_silently(world) -> None:
    async def fault() -> None:
        world.proxy.faults.watches = "silent"
        await asyncio.sleep(10)
        world.proxy.faults.watches = "none"

    assert await world.survives(fault, seconds=10) == []
    assert world.proxy.faults.counted > 0


async def test_the_api_server_is_away_for_a_minute(world) -> None:
    async def fault() -> None:
        await asyncio.sleep(2)
        world.proxy.faults.away = True
        await asyncio.sleep(60)
        world.proxy.faults.away = False

    assert await world.survives(fault, seconds=20) == []


async def test_the_api_server_is_killed_and_comes_back(world) -> None:
    async def fault() -> None:
        for _ in range(2):
            await asyncio.sleep(3)
            await asyncio.to_thread(world.plane.stop_part, "apiserver", signal.SIGKILL)
            await asyncio.to_thread(world.plane.start_part, "apiserver")

    assert await world.survives(fault) == []


async def test_the_broker_is_killed_and_is_away_for_a_minute(world) -> None:
    async def fault() -> None:
        await asyncio.sleep(3)
        await world.kafka.stop(signal.SIGKILL)
        await asyncio.sleep(60)
        await world.kafka.start()

    assert await world.survives(fault, seconds=20, limit=180) == []


async def test_pods_are_deleted_by_hand_and_evicted(world) -> None:
    choose = random.Random(3)

    async def fault() -> None:
        for _ in range(30):
            await asyncio.sleep(0.4)
            await asyncio.to_thread(_harm_one, world, choose)

    assert await world.survives(fault) == []


def _harm_one(world, choose: random.Random) -> None:
    """Delete or evict a pod that runs; one that should hang, most of the time, for others are too quick."""
    path = f"/api/v1/namespaces/{world.pods}/pods"
    pods = world.plane.api.get(path, fieldSelector="status.phase=Running", labelSelector=f"{FATE}=hang")[
        "items"
    ]
    if not pods:
        return
    name = choose.choice(pods)["metadata"]["name"]
    try:
        if choose.random() < 0.5:
            world.plane.api.delete(f"{path}/{name}", gracePeriodSeconds=str(choose.choice((0, 1))))
        else:
            eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
            world.plane.api.create(f"{path}/{name}/eviction", eviction)
    except ApiError as error:
        if error.status not in (404, 409):
            raise
