"""A Kubernetes cluster from settings, with its upkeep."""

from dataclasses import dataclass
from functools import partial

from polyflow_shared.clock import Clock
from polyflow_shared.cluster.kubernetes.access import Reach
from polyflow_shared.cluster.kubernetes.client import connect
from polyflow_shared.cluster.kubernetes.cluster import KubernetesCluster
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.cluster.kubernetes.pods.manifest import manifest
from polyflow_shared.cluster.kubernetes.upkeep import Upkeep
from polyflow_shared.cluster.pulse import Pulse
from polyflow_shared.observing.logs import Log


@dataclass(frozen=True, slots=True)
class OpenedKubernetes:
    """A cluster, and what a launcher does beside its commands."""

    cluster: KubernetesCluster
    upkeep: Upkeep


async def open_kubernetes(
    reach: Reach, place: Place, clock: Clock, log: Log, pulse: Pulse | None = None
) -> OpenedKubernetes:
    """Return a cluster; nothing is asked yet.

    Raises:
        InvariantError: nothing says how to reach the API server.
    """
    client = await connect(reach, clock)
    made = partial(manifest, gateway=place.gateway)
    cluster = KubernetesCluster(client, place, clock, log, manifest=made, pulse=pulse)
    return OpenedKubernetes(cluster, Upkeep(client, place, clock, log))
