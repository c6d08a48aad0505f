"""What becomes of pods when the engine that runs them is killed, or its disk is."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from polyflow_shared.cluster.local.ledger import Process
from polyflow_shared.cluster.local.leftovers import MARK, born, from_ps, kill_leftovers
from polyflow_shared.cluster.processes import open_cluster
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_topics.names import PodName
from polyflow_topics.status import PodStatus
from tests.contract.clusters import GO_ON, LIMIT, MEASURE, lines, pod, seen_until_ended

ROOT = Path(__file__).parents[3]
LEAVE = """sleep 1000 & echo '{"values":{"child":'$!',"leader":'$$$$'}}' >> $POLYFLOW_METRICS; wait"""


async def killed_engine(folder, *words, until=1):
    """Run an engine until it has said so many different things, then kill it; return them."""
    engine = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("engine.py")),
        str(folder),
        *words,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    said = {}
    try:
        async with asyncio.timeout(LIMIT):
            while len(said) < until:
                line = await engine.stdout.readline()
                assert line, "the engine has ended"
                name, _, value = line.decode().strip().partition("=")
                said[name] = value
        return said
    finally:
        engine.kill()
        await engine.wait()


async def gone(pid):
    """Wait until a process has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(descriptor, ended.set)
    try:
        async with asyncio.timeout(LIMIT):
            await ended.wait()
    finally:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)


async def reopened(folder):
    return await open_cluster(folder / "runs", state=folder / "pods.jsonl", workdir=folder)


async def test_what_went_on_is_killed_and_called_interrupted(tmp_path):
    said = await killed_engine(tmp_path, LEAVE, until=3)
    child, leader = int(said["child"]), int(said["leader"])
    cluster = await reopened(tmp_path)
    (report,) = await cluster.list()
    assert (report.status, report.reason) == (PodStatus.LOST, "Interrupted")
    await gone(child)
    await gone(leader)
    await cluster.close()


async def test_what_had_ended_keeps_its_end_and_its_measurements(tmp_path):
    await killed_engine(tmp_path, "echo why; exit 3", MEASURE, until=4)
    cluster = await reopened(tmp_path)
    seen = await seen_until_ended(cluster, pod(), pod(index=1))
    assert {report.index: report.status for report in await cluster.list()} == {
        0: PodStatus.FAILED,
        1: PodStatus.SUCCEEDED,
    }
    assert "why" in (await cluster.get(pod().name)).message
    assert [line for line, _, _ in lines(seen)] == [0, 1]
    await cluster.close()


async def test_what_existed_is_not_started_again(tmp_path):
    await killed_engine(tmp_path, GO_ON)
    cluster = await reopened(tmp_path)
    await cluster.ensure(pod())
    assert (await cluster.get(pod().name)).status is PodStatus.LOST
    await cluster.close()


async def test_what_was_said_once_is_said_by_every_later_cluster_until_it_is_released(tmp_path):
    await killed_engine(tmp_path, GO_ON)
    for _ in range(2):
        cluster = await reopened(tmp_path)
        (report,) = await cluster.list()
        assert report.status is PodStatus.LOST
        await cluster.close()
    cluster = await reopened(tmp_path)
    await cluster.release(pod().name)
    await cluster.close()
    cluster = await reopened(tmp_path)
    assert await cluster.list() == []
    await cluster.ensure(pod())
    assert await cluster.list() == [], "a launch that is delivered again after the release"
    await cluster.close()


async def test_a_child_is_found_by_its_mark_when_its_leader_has_ended_unseen(tmp_path):
    said = await killed_engine(tmp_path, LEAVE, until=3)
    child, leader = int(said["child"]), int(said["leader"])
    os.kill(leader, signal.SIGKILL)
    await gone(leader)
    cluster = await reopened(tmp_path)
    await gone(child)
    await cluster.close()


async def test_a_leader_without_a_mark_is_found_by_its_number(tmp_path):
    words = """echo '{"values":{"leader":'$$$$'}}' >> $POLYFLOW_METRICS; exec env -i sleep 1000"""
    leader = int((await killed_engine(tmp_path, words, until=2))["leader"])
    cluster = await reopened(tmp_path)
    await gone(leader)
    await cluster.close()


@pytest.fixture
def stranger():
    process = subprocess.Popen(["sleep", "1000"], env={MARK: "pf-stranger"}, start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_a_stranger_with_a_number_that_was_used_before_is_left_alone(stranger):
    names, processes = (
        {PodName("pf-mine")},
        {PodName("pf-mine"): Process(stranger.pid, born(stranger.pid) - 1)},
    )
    assert kill_leftovers(names, processes) == set()
    assert stranger.poll() is None


def test_where_starts_are_not_known_a_number_alone_kills_nobody(stranger):
    assert kill_leftovers({PodName("pf-mine")}, {PodName("pf-mine"): Process(stranger.pid, 0)}) == set()
    assert stranger.poll() is None


def test_processes_and_their_marks_are_found_without_proc_as_well(stranger):
    (found,) = [entry for entry in from_ps() if entry.pid == stranger.pid]
    assert found.group == stranger.pid
    assert f"{MARK}=pf-stranger" in found.environment


@contextmanager
def full_disk():
    """Let no file grow: the kernel answers as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_makes_the_cluster_unavailable_and_starts_nothing(tmp_path):
    cluster = await reopened(tmp_path)
    with full_disk(), pytest.raises(ClusterUnavailableError, match="the state cannot be written"):
        await cluster.ensure(pod("touch started"))
    assert not (tmp_path / "started").exists()
    await cluster.ensure(pod("touch started"))
    await seen_until_ended(cluster, pod())
    assert (tmp_path / "started").exists()
    await cluster.close()


async def test_a_disk_that_fills_up_does_not_hide_an_end(tmp_path):
    cluster = await reopened(tmp_path)
    await cluster.ensure(pod(GO_ON))
    with full_disk():
        await cluster.stop(pod().name, grace=0, reason="Unwanted")
        await seen_until_ended(cluster, pod())
    assert (await cluster.get(pod().name)).status is PodStatus.STOPPED
    await cluster.close()
