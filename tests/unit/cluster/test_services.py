"""Services of the process cluster: pending until the first port answers, then up with an address."""

import asyncio
import socket
from dataclasses import replace

import pytest

from polyflow_shared.clock import SystemClock
from polyflow_shared.cluster.processes import open_cluster
from polyflow_topics.pods import PodParts, Service
from polyflow_topics.status import PodStatus
from tests.contract.clusters import GO_ON, LIMIT, end_of, pod, seen_until_ended


@pytest.fixture
async def cluster(tmp_path):
    cluster = await open_cluster(
        tmp_path / "runs", state=tmp_path / "pods.jsonl", workdir=tmp_path, clock=SystemClock(), grace=0.1
    )
    yield cluster
    await cluster.close()


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def service(port, words=GO_ON):
    return replace(pod(words), parts=PodParts(service=Service(ports=(port,))))


async def test_it_is_up_once_its_port_answers_and_says_where(cluster, port):
    one = service(port)
    await cluster.ensure(one)
    before = await cluster.get(one.name)
    assert (before.status, before.reason) == (PodStatus.PENDING, "NotReady")
    listening = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    async with asyncio.timeout(LIMIT), listening:
        async for seen in cluster.watch():
            if (report := seen[-1]).status is PodStatus.RUNNING:
                break
    assert report.outputs == {"host": "127.0.0.1", "port": port, "url": f"http://127.0.0.1:{port}"}
    assert await cluster.get(one.name) == report
    await cluster.stop(one.name, grace=1, reason="DagEnded")
    ended = await end_of(cluster, one)
    assert (ended.status, ended.reason, ended.outputs) == (PodStatus.STOPPED, "DagEnded", {})


async def test_one_that_ends_before_it_is_up_never_was(cluster, port):
    one = service(port, "exit 3")
    await cluster.ensure(one)
    seen = await seen_until_ended(cluster, one)
    assert PodStatus.RUNNING not in [report.status for report in seen]
    assert (seen[-1].status, seen[-1].exit_code) == (PodStatus.FAILED, 3)


async def test_one_whose_port_is_taken_does_not_start(cluster, port):
    with socket.create_server(("127.0.0.1", port)):
        await cluster.ensure(service(port))
    ended = await cluster.get(service(port).name)
    assert (ended.status, ended.reason) == (PodStatus.FAILED, "PortTaken")
