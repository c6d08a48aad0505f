"""The cluster port under the chart's own accounts: each is allowed all that its service asks for."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from polyflow_shared.clock import SystemClock
from polyflow_shared.cluster.kubernetes.access import Reach
from polyflow_shared.cluster.kubernetes.client import Client, connect
from polyflow_shared.cluster.kubernetes.cluster import KubernetesCluster
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.cluster.kubernetes.pods import objects
from polyflow_shared.cluster.kubernetes.upkeep import Upkeep
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_shared.observing.logs import log_of
from polyflow_topics.names import PodName
from polyflow_topics.status import PodStatus
from tests.contract.clusters import GO_ON, SUCCEED, pod, seen_until_ended
from tests.deploy.chart import Cluster
from tests.kubernetes.fates import on_fake_nodes

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(120)]

PLACE = Place(namespaces=["polyflow-runs"], installation="accounts")

Open = Callable[[str], Awaitable[Client]]


class Later(SystemClock):
    """Says that it is half an hour later, when what was released may go."""

    def now(self) -> datetime:
        """Return the moment."""
        return super().now() + timedelta(minutes=30)


@pytest.fixture
async def client_of(installed: Cluster, tmp_path: Path) -> AsyncIterator[Open]:
    """Returns the client of a service, which has its account's token and nothing else."""
    async with AsyncExitStack() as stack:

        async def client_of(service: str) -> Client:
            kubeconfig = installed.kubeconfig_of(f"polyflow-{service}", tmp_path)
            client = await connect(Reach(kubeconfig=kubeconfig), SystemClock())
            stack.push_async_callback(client.close)
            return client

        yield client_of


def cluster_of(client: Client) -> KubernetesCluster:
    return KubernetesCluster(client, PLACE, SystemClock(), log_of("test"), manifest=on_fake_nodes)


async def test_the_launcher_does_all_of_its_work_and_the_watcher_sees_it(client_of):
    client = await client_of("pod-launcher")
    launcher, watcher = cluster_of(client), cluster_of(await client_of("status-watcher"))
    short, long = pod(SUCCEED, index=1), pod(GO_ON, index=2)
    for one in (short, long, short):
        await launcher.ensure(one)
    assert await launcher.stop(long.name, grace=0, reason="Stopped")
    seen = await seen_until_ended(watcher, short, long)
    ends = {report.name: report.status for report in seen}
    assert ends == {short.name: PodStatus.SUCCEEDED, long.name: PodStatus.STOPPED}
    assert {report.name for report in await watcher.list()} == {short.name, long.name}
    for one in (short, long):
        await launcher.release(one.name)
    await Upkeep(client, PLACE, Later(), log_of("test")).round()
    for one in (short, long):
        assert await _gone(launcher, client, one.name)


async def test_the_watcher_starts_nothing(client_of):
    watcher = cluster_of(await client_of("status-watcher"))
    with pytest.raises(ClusterUnavailableError, match="polyflow-status-watcher, may not create pods in"):
        await watcher.ensure(pod(SUCCEED, index=3))


async def _gone(launcher: KubernetesCluster, client: Client, name: PodName) -> bool:
    return await launcher.get(name) is None and name not in {
        each["metadata"]["name"]
        for each in (await client.get(objects.collection(PLACE.namespaces[0])))["items"]
    }
