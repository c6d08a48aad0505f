"""What all tests of this folder need of the control plane."""

import pytest

from polyflow_shared.clock import SystemClock
from polyflow_shared.cluster.kubernetes.access import Reach
from polyflow_shared.cluster.kubernetes.client import connect
from polyflow_shared.cluster.kubernetes.cluster import KubernetesCluster
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.observing.logs import log_of
from tests.kubernetes.fates import on_fake_nodes
from tests.kubernetes.namespaces import a_namespace


@pytest.fixture
def namespace(plane) -> str:
    """A namespace of the test's own."""
    return a_namespace(plane)


@pytest.fixture
def clock():
    """What the cluster goes by."""
    return SystemClock()


@pytest.fixture
async def client(plane, clock):
    """The administrator's questions to the API server."""
    client = await connect(Reach(kubeconfig=plane.kubeconfig), clock)
    yield client
    await client.close()


@pytest.fixture
def place(namespace):
    """Where pods are."""
    return Place(namespaces=[namespace])


@pytest.fixture
async def cluster(client, place, clock):
    """The cluster port; its pods run on fake nodes."""
    cluster = KubernetesCluster(client, place, clock, log_of("test"), manifest=on_fake_nodes)
    yield cluster
    await cluster.close()
