"""A process cluster whose time is moved by the test."""

import asyncio

import pytest

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.processes import open_cluster


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
async def cluster(tmp_path, clock):
    cluster = await open_cluster(
        tmp_path / "runs", state=tmp_path / "pods.jsonl", workdir=tmp_path, clock=clock, grace=5
    )
    yield cluster
    closing = asyncio.create_task(cluster.close())
    await asyncio.sleep(0)
    await clock.move(10)
    await closing
