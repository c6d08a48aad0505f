"""The cluster port on a real API server: the contract, and what only Kubernetes can do to a pod."""

from dataclasses import replace

import pytest

from polyflow_shared.clock import SystemClock
from polyflow_shared.cluster.kubernetes.client import Reach, connect
from polyflow_shared.cluster.kubernetes.cluster import KubernetesCluster
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.logs import log_of
from polyflow_topics.pods import PodParts
from tests.contract.clusters import ClusterContract, pod
from tests.kubernetes.fates import on_fake_nodes

pytestmark = pytest.mark.kubernetes


@pytest.fixture
def clock():
    return SystemClock()


@pytest.fixture
async def client(plane, clock):
    client = await connect(Reach(kubeconfig=plane.kubeconfig), clock)
    yield client
    await client.close()


@pytest.fixture
async def cluster(client, namespace, clock):
    cluster = KubernetesCluster(client, Place(namespaces=[namespace]), clock, log_of("test"), on_fake_nodes)
    yield cluster
    await cluster.close()


class TestContract(ClusterContract):
    @pytest.fixture
    def rejected(self):
        return replace(pod(), parts=PodParts(spec={"nodeSelector": {"no label": ""}}))
