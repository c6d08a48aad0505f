"""Nodes that go away while pods run on them: their pods are lost, which is told, and others take their place."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from tests.faults.load import SHAPES, lasting_on
from tests.testbed.kubernetes.mortal import MortalNodes, mortal_nodes
from tests.verifier.facts import OPERATION_CHANGED, RunFacts, Said, gather

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

SILENCE = 120.0
"""Seconds for the node controller to give up a silent node; Kubernetes' own default is 50."""
PLACED = 60.0
"""Seconds until some pods run on the nodes."""
GONE = 200
"""Seconds within which runs end whose pods are garbage: collected a minute after their node has gone."""


@pytest.fixture
def nodes(own_plane):
    with mortal_nodes(own_plane, "mortal-0", "mortal-1") as nodes:
        yield nodes


@pytest.fixture
async def busy(world, nodes):
    """A world with pods that run long enough to lose their node."""
    world.load.shapes = (*SHAPES, lasting_on(*nodes.names))
    return world


async def test_nodes_lose_their_power_and_are_removed(busy, nodes) -> None:
    async def fault() -> None:
        await _until_pods(busy, nodes)
        nodes.die()
        nodes.leave()
        busy.faults["node gone"] += len(nodes.names)

    assert await busy.survives(fault, limit=GONE) == []
    _assert_replaced(busy, nodes)


async def test_nodes_fall_silent_are_given_up_and_removed_later(busy, nodes) -> None:
    async def fault() -> None:
        await _until_pods(busy, nodes)
        nodes.die()
        busy.faults["node silent"] += len(nodes.names)
        await _until(lambda: all(_given_up(nodes, name) for name in nodes.names), SILENCE)
        # While it is not known whether their pods still run, others must not take their place.
        await asyncio.sleep(5)
        assert _pods_on(busy, nodes)
        nodes.leave()
        busy.faults["node gone"] += len(nodes.names)

    assert await busy.survives(fault, limit=GONE) == []
    _assert_replaced(busy, nodes)


async def _until_pods(world, nodes: MortalNodes) -> None:
    await _until(lambda: len(_pods_on(world, nodes)) >= 4, PLACED)


async def _until(true: Callable[[], bool], limit: float) -> None:
    async with asyncio.timeout(limit):
        while not await asyncio.to_thread(true):  # noqa: ASYNC110 (the API server tells only who asks)
            await asyncio.sleep(0.3)


def _given_up(nodes: MortalNodes, name: str) -> bool:
    return any(taint["effect"] == "NoExecute" for taint in nodes.taints(name))


def _pods_on(world, nodes: MortalNodes) -> Sequence[str]:
    """Return the pods that run on these nodes."""
    path = f"/api/v1/namespaces/{world.pods}/pods"
    pods = world.plane.api.get(path, fieldSelector="status.phase=Running")["items"]
    return [pod["metadata"]["name"] for pod in pods if pod["spec"].get("nodeName") in nodes.names]


def _assert_replaced(world, nodes: MortalNodes) -> None:
    """What was on the nodes is lost for that reason, and goes on elsewhere unless somebody has stopped it."""
    facts = gather(world.messages)
    lost = [
        (run, report)
        for run in facts.runs.values()
        for report in run.reports
        if report.status == "lost" and report.data.get("reason") == "NodeLost"
    ]
    assert lost
    assert all(any(name in report.data["message"] for name in nodes.names) for _, report in lost)
    replaced = [report for run, report in lost if _goes_on(run, report)]
    assert replaced
    assert all(run.stops for run, report in lost if report not in replaced)


def _goes_on(run: RunFacts, report: Said) -> bool:
    return any(
        one.wire == OPERATION_CHANGED and one.index == report.index and one.attempt > report.attempt
        for one in run.events
    )
