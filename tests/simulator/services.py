"""All that the simulator knows of the services: how each is composed over its ports."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from polyflow_services.cache import core as cache
from polyflow_services.cache import state as cache_state
from polyflow_services.early_stopping_monitor import core as monitor
from polyflow_services.early_stopping_monitor import state as monitor_state
from polyflow_services.planner import core as planner
from polyflow_services.planner.rows import state as planner_state
from polyflow_services.pod_launcher.act import Launcher, lane_of
from polyflow_services.spec_validator.act import Validator
from polyflow_services.status_watcher.act import watch
from polyflow_shared.broker.port import Broker, Source
from polyflow_shared.cluster.port import Cluster
from polyflow_shared.decider import Decider, run_decider
from polyflow_shared.decision import Decide
from polyflow_shared.effector import WINDOW, run_effector
from polyflow_shared.logs import Log
from polyflow_shared.metrics import NullMeter
from polyflow_shared.service import Shell, on_message, run_watcher
from polyflow_topics import catalog
from polyflow_topics.names import ClusterName
from tests.simulator.process import Life, LifeClock
from tests.simulator.topics import SESSION

CLUSTER: Final = ClusterName("local")

Serving = Coroutine[Any, Any, None]


class _Silent:
    """A log that nobody reads."""

    def _nothing(self, event: str, **keys: object) -> None: ...

    debug = info = warning = error = _nothing


SILENT: Final = cast(Log, _Silent())


@dataclass(frozen=True)
class Parts:
    """What the services are made of; a planted bug is another part in the place of one of these."""

    planner: Decide = planner.decide
    monitor: Decide = monitor.decide
    cache: Decide = cache.decide
    broker: Callable[[Broker], Broker] = lambda broker: broker
    """Around the broker of every service."""
    cluster: Callable[[Cluster], Cluster] = lambda cluster: cluster
    """Around the cluster of launcher and watcher."""


@dataclass(frozen=True)
class Ports:
    """What one life of a process works with."""

    life: Life
    broker: Broker
    cluster: Cluster
    parts: Parts = field(default_factory=Parts)

    async def shell(self, service: str) -> Shell:
        """Return what a loop needs around its service."""
        sink = await self.broker.sink(service)
        return Shell(service=service, sink=sink, clock=LifeClock(self.life), meter=NullMeter(), log=SILENT)


async def _validator(ports: Ports, member: str) -> None:
    source = await _source(ports, "spec_validator", member, catalog.PIPELINE_REQUESTS.name)
    await run_effector(Validator().act, source, await ports.shell("spec_validator"))


async def _launcher(ports: Ports, member: str) -> None:
    act = on_message(Launcher(ports.cluster, LifeClock(ports.life)).act)
    source = await _source(ports, "pod_launcher", member, catalog.commands_topic(CLUSTER))
    await run_effector(act, source, await ports.shell("pod_launcher"), at_once=WINDOW, lane=lane_of)


async def _source(ports: Ports, service: str, member: str, topic: str) -> Source:
    return await ports.broker.source([topic], group=f"polyflow-{service}", member=member)


async def _watcher(ports: Ports, member: str) -> None:
    del member
    await run_watcher(watch(ports.cluster, CLUSTER), await ports.shell("status_watcher"))


async def _planner(ports: Ports, member: str) -> None:
    decider = Decider(
        decide=ports.parts.planner,
        rows=planner_state.CODEC,
        inbox=catalog.RUN_INBOX.name,
        changelog=catalog.PLANNER_ROWS.name,
        recovered=planner.recovered,
        session_timeout=SESSION,
        step=ports.life.step,
    )
    await _decider(ports, "planner", member, decider)


async def _monitor(ports: Ports, member: str) -> None:
    decider = Decider(
        decide=ports.parts.monitor,
        rows=monitor_state.CODEC,
        inbox=catalog.RUN_METRICS.name,
        changelog=catalog.MONITOR_ROWS.name,
        session_timeout=SESSION,
        step=ports.life.step,
    )
    await _decider(ports, "early_stopping_monitor", member, decider)


async def _cache(ports: Ports, member: str) -> None:
    decider = Decider(
        decide=ports.parts.cache,
        rows=cache_state.CODEC,
        inbox=catalog.CACHE_REQUESTS.name,
        changelog=catalog.CACHE_ROWS.name,
        session_timeout=SESSION,
        step=ports.life.step,
    )
    await _decider(ports, "cache", member, decider)


async def _decider(ports: Ports, service: str, member: str, decider: Decider) -> None:
    shell = await ports.shell(service)
    await run_decider(decider, ports.broker, shell, group=f"polyflow-{service}", member=member)


SERVICES: Final[Mapping[str, Callable[[Ports, str], Serving]]] = {
    "spec_validator": _validator,
    "planner": _planner,
    "pod_launcher": _launcher,
    "status_watcher": _watcher,
    "early_stopping_monitor": _monitor,
    "cache": _cache,
}
"""Every service by its name."""
DECIDERS: Final = frozenset({"planner", "early_stopping_monitor", "cache"})
"""They mind how long they were away, and so must be asked as often as they say."""
