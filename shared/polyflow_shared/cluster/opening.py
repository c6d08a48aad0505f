"""The cluster that a service's settings name, with what its launcher does beside its commands."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from polyflow_shared.clock import Clock
from polyflow_shared.cluster.port import Cluster
from polyflow_shared.cluster.pulse import Pulse
from polyflow_shared.cluster.remote import RemoteCluster
from polyflow_shared.hosting.settings import ClusterServiceSettings
from polyflow_shared.observing.logs import Log
from polyflow_shared.stated.tokens import Gateway


@dataclass(frozen=True, slots=True)
class Opened:
    """A cluster that can be asked.

    Attributes:
        cluster: the cluster.
        upkeep: what has to be done beside its commands, for ever; it returns where nothing has to.
    """

    cluster: Cluster
    upkeep: Callable[[], Awaitable[None]]


async def open_cluster_of(
    settings: ClusterServiceSettings,
    clock: Clock,
    log: Log,
    *,
    shards: Sequence[int] = (),
    pulse: Pulse | None = None,
) -> Opened:
    """Return the cluster that settings name.

    Args:
        settings: of the service.
        clock: for pauses between tries.
        log: told of what goes wrong.
        shards: those whose pods a watch follows; all of them if none is given.
        pulse: told what a watch hears, where its service watches.

    Raises:
        InvariantError: nothing says how to reach it.
    """
    if settings.cluster_kind == "processes":
        if pulse:
            pulse.expect(())
        return Opened(RemoteCluster(settings.cluster_socket, clock=clock), _nothing)
    from polyflow_shared.cluster.kubernetes.access import Reach  # noqa: PLC0415 (400 ms)
    from polyflow_shared.cluster.kubernetes.opening import open_kubernetes  # noqa: PLC0415
    from polyflow_shared.cluster.kubernetes.place import Place  # noqa: PLC0415

    reach = Reach(
        context=settings.kubernetes_context,
        in_flight=settings.api_in_flight,
        per_second=settings.api_per_second,
    )
    key, url = settings.token_key, settings.gateway_url
    place = Place(
        namespaces=settings.kubernetes_namespaces,
        installation=settings.owner_of_pods,
        gateway=Gateway(url, key.get_secret_value().encode()) if key and url else None,
        shards=shards,
    )
    opened = await open_kubernetes(reach, place, clock, log, pulse)
    return Opened(opened.cluster, opened.upkeep.serve)


async def _nothing() -> None:
    return
