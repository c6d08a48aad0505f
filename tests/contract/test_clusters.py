import asyncio
from dataclasses import replace

import pytest

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.daemon import ClusterServer, serve_cluster
from polyflow_shared.cluster.local.ledger import ClusterTakenError
from polyflow_shared.cluster.memory import MemoryCluster
from polyflow_shared.cluster.port import PodReport
from polyflow_shared.cluster.processes import open_cluster
from polyflow_shared.cluster.remote import RemoteCluster
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_topics.names import OperationName
from polyflow_topics.status import PodStatus
from tests.contract.clusters import GO_ON, LIMIT, MEASURE, LocalContract, end_of, lines, pod, script


@pytest.fixture
def clock():
    return FakeClock()


class TestMemoryCluster(LocalContract):
    @pytest.fixture
    async def cluster(self, clock):
        cluster = MemoryCluster(script, clock=clock)
        cluster.rejected.add(OperationName("rejected"))
        yield cluster
        await cluster.close()

    @pytest.fixture
    def rejected(self):
        return replace(pod(), operation=OperationName("rejected"))

    async def test_planned_unavailability_is_over_after_so_many_calls(self, cluster):
        cluster.unavailable = 1
        with pytest.raises(ClusterUnavailableError):
            await cluster.ensure(pod())
        await cluster.ensure(pod())
        assert cluster.starts == 1

    async def test_a_lost_pod_is_gone_without_a_word(self, cluster):
        await cluster.ensure(pod(GO_ON))
        cluster.lose(pod().name)
        assert await cluster.get(pod().name) is None

    async def test_a_silent_operation_is_told_of_by_get_only(self, cluster):
        cluster.silent.add(pod().operation)
        await cluster.ensure(pod())
        await cluster.ensure(pod(index=1))
        watch = cluster.watch()
        assert {one.index for one in await anext(watch)} == {1}
        await watch.aclose()
        assert (await cluster.get(pod().name)).status is PodStatus.SUCCEEDED


async def open_processes(folder, clock):
    return await open_cluster(
        folder / "runs", state=folder / "pods.jsonl", workdir=folder, clock=clock, grace=5
    )


class ProcessContract(LocalContract):
    """Further duties of whatever keeps its state on disk."""

    @pytest.fixture
    def rejected(self):
        return replace(pod(), operation=OperationName("../../outside"))


class TestProcessCluster(ProcessContract):
    @pytest.fixture
    async def cluster(self, tmp_path, clock):
        cluster = await open_processes(tmp_path, clock)
        yield cluster
        await cluster.close()

    async def test_a_second_cluster_with_the_same_state_is_refused(self, cluster, tmp_path, clock):
        with pytest.raises(ClusterTakenError):
            await open_processes(tmp_path, clock)


class TestRemoteCluster(ProcessContract):
    @pytest.fixture
    def socket(self, tmp_path):
        return tmp_path / ("a-folder-with-a-long-name-" * 5) / "cluster.sock"

    @pytest.fixture
    async def processes(self, tmp_path, clock):
        cluster = await open_processes(tmp_path, clock)
        yield cluster
        await cluster.close()

    @pytest.fixture
    async def server(self, processes, socket):
        server = await ClusterServer.open(processes, socket)
        yield server
        await server.close()

    @pytest.fixture
    async def cluster(self, server, socket):
        cluster = RemoteCluster(socket)
        yield cluster
        await cluster.close()

    async def test_without_the_other_side_it_is_unavailable(self, tmp_path):
        alone = RemoteCluster(tmp_path / "nobody.sock")
        with pytest.raises(ClusterUnavailableError, match="nobody answers"):
            await alone.get(pod().name)

    async def test_a_verb_after_a_restart_of_the_other_side_is_answered(
        self, cluster, server, processes, socket
    ):
        await cluster.ensure(pod(GO_ON))
        await server.close()
        again = await ClusterServer.open(processes, socket)
        assert (await cluster.get(pod().name)).status is PodStatus.RUNNING
        await again.close()

    async def test_a_watch_goes_on_after_a_restart_of_the_other_side(
        self, cluster, server, processes, socket
    ):
        await cluster.ensure(pod(GO_ON))
        watch = cluster.watch()
        await anext(watch)
        await server.close()
        await processes.ensure(pod(MEASURE, index=1))
        await end_of(processes, pod(index=1))
        again = await ClusterServer.open(processes, socket)
        seen = []
        async with asyncio.timeout(LIMIT):
            while not any(isinstance(one, PodReport) and one.index == 1 for one in seen):
                seen.extend(await anext(watch))
        assert [line for line, _, _ in lines(seen)] == [0, 1]
        await watch.aclose()
        await again.close()

    async def test_the_daemon_serves_until_cancelled_and_then_ends_its_pods(self, tmp_path, clock):
        ready = asyncio.Event()
        socket, state = tmp_path / "s", tmp_path / "served.jsonl"
        folder = tmp_path / "runs"

        def daemon():
            ready.clear()
            serving = serve_cluster(
                folder, state=state, socket=socket, workdir=tmp_path, clock=clock, ready=ready
            )
            return asyncio.create_task(serving)

        async def stop(task):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        serving = daemon()
        await ready.wait()
        cluster = RemoteCluster(socket)
        await cluster.ensure(pod(GO_ON))
        await stop(serving)
        with pytest.raises(ClusterUnavailableError):
            await cluster.get(pod().name)
        serving = daemon()
        await ready.wait()
        report = await cluster.get(pod().name)
        assert (report.status, report.reason) == (PodStatus.LOST, "Interrupted")
        await cluster.close()
        await stop(serving)
