"""Each fault goes on while runs of all shapes are submitted; all of them end, and no promise is broken."""

import asyncio
import random
import signal
import time
from dataclasses import replace
from uuid import uuid4

import pytest

from polyflow_shared.cluster.kubernetes.pods.names import STOP_REASON
from polyflow_topics.names import RunId, pod_name
from tests.contract.clusters import GO_ON, pod
from tests.faults.load import RUNS_FOR, SHAPES, dag, lasting_on, operation
from tests.kubernetes.fates import FATE, on_fake_nodes
from tests.testbed.kubernetes.api import ApiError
from tests.verifier.facts import gather

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


async def nothing() -> None:
    return


async def test_without_a_fault(world) -> None:
    assert await world.survives(nothing) == []


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
    assert world.proxy.faults.counted > 0


async def test_the_api_server_is_killed_and_comes_back(world) -> None:
    async def fault() -> None:
        for _ in range(2):
            await asyncio.sleep(3)
            await asyncio.to_thread(world.plane.stop_part, "apiserver", signal.SIGKILL)
            world.killed.append(time.time())
            world.faults["API server killed"] += 1
            await asyncio.to_thread(world.plane.start_part, "apiserver")

    assert await world.survives(fault) == []


async def test_pods_are_deleted_by_hand_and_evicted(world) -> None:
    choose = random.Random(3)
    world.load.shapes = (*SHAPES, lasting_on(), lasting_on(), evicted)

    async def fault() -> None:
        for _ in range(30):
            await asyncio.sleep(0.4)
            await asyncio.to_thread(_harm_one, world, choose)

    assert await world.survives(fault) == []
    assert world.faults["pod deleted"] > 0
    assert world.faults["pod evicted"] > 0
    facts = gather(world.messages)
    reasons = {report.data.get("reason") for run in facts.runs.values() for report in run.reports}
    assert {"Deleted", "Evicted"} <= reasons


async def test_a_pod_of_a_run_that_nobody_requested_is_stopped(world) -> None:
    run = RunId(str(uuid4()))
    stray = replace(pod(GO_ON), name=pod_name(run, 0, 0), run=run)
    path = f"/api/v1/namespaces/{world.pods}/pods"

    async def fault() -> None:
        await asyncio.sleep(2)
        installation = world.services.environment["POLYFLOW_INSTALLATION"]
        await asyncio.to_thread(world.plane.api.create, path, on_fake_nodes(stray, installation, world.pods))
        world.faults["stray pod"] += 1

    assert await world.survives(fault) == []
    there = world.plane.api.get(f"{path}/{stray.name}")
    assert there["status"]["phase"] == "Failed"
    assert STOP_REASON in there["metadata"]["annotations"]


async def test_a_namespace_has_no_room_for_a_while(world) -> None:
    path = f"/api/v1/namespaces/{world.pods}/resourcequotas"
    quota = {"metadata": {"name": "narrow"}, "spec": {"hard": {"pods": "2"}}}

    async def fault() -> None:
        await asyncio.to_thread(world.plane.api.create, path, quota)
        world.faults["quota"] += 1
        await asyncio.sleep(15)
        await asyncio.to_thread(world.plane.api.delete, f"{path}/narrow")

    assert await world.survives(fault) == []
    reasons = {
        event.data.get("reason") for run in gather(world.messages).runs.values() for event in run.events
    }
    assert "QuotaExceeded" in reasons


def evicted(_: random.Random) -> str:
    """One whose node has too little memory, each time."""
    return dag(operation("evicted", fate="evict"), operation("after", "evicted"))


def _harm_one(world, choose: random.Random) -> None:
    """Delete or evict a pod that somebody waits for: one that runs long enough to be caught."""
    path = f"/api/v1/namespaces/{world.pods}/pods"
    pods = [
        pod["metadata"]["name"]
        for pod in world.plane.api.get(path, fieldSelector="status.phase=Running")["items"]
        if RUNS_FOR in (pod["metadata"].get("annotations") or {}) or FATE in pod["metadata"]["labels"]
    ]
    if not pods:
        return
    name = choose.choice(pods)
    try:
        if choose.random() < 0.5:
            world.plane.api.delete(f"{path}/{name}", gracePeriodSeconds=str(choose.choice((0, 1))))
            world.faults["pod deleted"] += 1
        else:
            eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
            world.plane.api.create(f"{path}/{name}/eviction", eviction)
            world.faults["pod evicted"] += 1
    except ApiError as error:
        if error.status not in (404, 409):
            raise
