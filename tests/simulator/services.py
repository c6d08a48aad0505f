"""All that the simulator knows of the services: how each is composed over its ports."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, cast

from polyflow_services.admission import core as admission
from polyflow_services.admission import state as admission_state
from polyflow_services.cache import core as cache
from polyflow_services.cache import state as cache_state
from polyflow_services.early_stopping_monitor import core as monitor
from polyflow_services.early_stopping_monitor import state as monitor_state
from polyflow_services.planner import core as planner
from polyflow_services.planner.rows import state as planner_state
from polyflow_services.pod_launcher.act import LANES, Launcher
from polyflow_services.projector.act import Projector, Send
from polyflow_services.spec_validator.act import Validator
from polyflow_services.spec_validator.core import Installation
from polyflow_services.status_watcher.act import watch
from polyflow_shared.broker.access import group_of
from polyflow_shared.broker.port import Broker, Source
from polyflow_shared.cluster.port import Cluster
from polyflow_shared.deciding.decision import Decide
from polyflow_shared.deciding.rows import RowCodec
from polyflow_shared.declared.queues import Queues
from polyflow_shared.loops.decider import Decider, run_decider
from polyflow_shared.loops.effector import run_effector
from polyflow_shared.loops.service import Act, ActOnMany, Shell, on_message, run_batches, run_watcher, send
from polyflow_shared.observing.logs import Log
from polyflow_shared.observing.metrics import NullMeter
from polyflow_shared.read_model.port import ReadModel
from polyflow_topics import catalog
from polyflow_topics.catalog import Topic
from polyflow_topics.message import Message
from polyflow_topics.names import ClusterName
from tests.simulator.process import Life, LifeClock
from tests.simulator.topics import SESSION

CLUSTER: Final = ClusterName("local")

Serving = Coroutine[Any, Any, None]
Limited = Callable[..., Any]
"""A core that takes limits by name beside rows, message and time."""


class _Silent:
    """A log that nobody reads."""

    def _nothing(self, event: str, **keys: object) -> None: ...

    debug = info = warning = error = _nothing


SILENT: Final = cast(Log, _Silent())


def _projector(model: ReadModel, publish: Send) -> ActOnMany:
    return Projector(model, publish).act


@dataclass(frozen=True)
class Parts:
    """What the services are made of; a planted bug is another part in the place of one of these."""

    planner: Decide = planner.decide
    monitor: Decide = monitor.decide
    cache: Decide = cache.decide
    admission: Limited = admission.decide
    validator: Callable[[Act], Act] = lambda act: act
    """Around what the validator does with a record."""
    projector: Callable[[ReadModel, Send], ActOnMany] = _projector
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
    queues: Queues = field(default_factory=Queues)
    """The limits of the installation."""
    history: ReadModel | None = None
    """The read model, as this process sees it."""

    async def shell(self, service: str) -> Shell:
        """Return what a loop needs around its service."""
        sink = await self.broker.sink(service)
        return Shell(service=service, sink=sink, clock=LifeClock(self.life), meter=NullMeter(), log=SILENT)

    async def source(self, service: str, member: str, *topics: str) -> Source:
        """Return what a service reads."""
        return await self.broker.source(list(topics), group=group_of(service), member=member)


async def _validate(ports: Ports, member: str) -> None:
    source = await ports.source("spec_validator", member, catalog.PIPELINE_REQUESTS.name)
    act = ports.parts.validator(Validator(Installation(queues=ports.queues)).act)
    await run_effector(act, source, await ports.shell("spec_validator"))


async def _launch(ports: Ports, member: str) -> None:
    act = on_message(Launcher(ports.cluster, LifeClock(ports.life)).act)
    source = await ports.source("pod_launcher", member, catalog.commands_topic(CLUSTER))
    await run_effector(act, source, await ports.shell("pod_launcher"), lanes=LANES)


async def _watch(ports: Ports, member: str) -> None:
    del member
    await run_watcher(watch(ports.cluster, CLUSTER), await ports.shell("status_watcher"))


async def _project(ports: Ports, member: str) -> None:
    assert ports.history is not None
    shell = await ports.shell("projector")
    source = await ports.source("projector", member, catalog.RUN_EVENTS.name, catalog.RUN_LOGS.name)
    await run_batches(ports.parts.projector(ports.history, partial(send, shell=shell)), source, shell)


def _nothing(_keys: Iterable[str]) -> Sequence[Message]:
    return ()


@dataclass(frozen=True)
class _Deciding:
    """What one decider has that others have not."""

    service: str
    decide: Callable[[Ports], Decide]
    rows: RowCodec
    inbox: Topic
    changelog: Topic
    recovered: Callable[[Iterable[str]], Sequence[Message]] = _nothing

    async def serve(self, ports: Ports, member: str) -> None:
        """Run it for one life."""
        decider = Decider(
            decide=self.decide(ports),
            rows=self.rows,
            inbox=self.inbox.name,
            changelog=self.changelog.name,
            recovered=self.recovered,
            session_timeout=SESSION,
            step=ports.life.step,
        )
        shell = await ports.shell(self.service)
        await run_decider(decider, ports.broker, shell, group=group_of(self.service), member=member)


def _admit(ports: Ports) -> Decide:
    return partial(ports.parts.admission, limits=admission.limits_of(ports.queues))


_DECIDERS: Final = (
    _Deciding(
        "planner",
        lambda ports: ports.parts.planner,
        planner_state.CODEC,
        catalog.RUN_INBOX,
        catalog.PLANNER_ROWS,
        planner.recovered,
    ),
    _Deciding(
        "early_stopping_monitor",
        lambda ports: ports.parts.monitor,
        monitor_state.CODEC,
        catalog.RUN_METRICS,
        catalog.MONITOR_ROWS,
    ),
    _Deciding(
        "cache",
        lambda ports: ports.parts.cache,
        cache_state.CODEC,
        catalog.CACHE_REQUESTS,
        catalog.CACHE_ROWS,
    ),
    _Deciding(
        "admission",
        _admit,
        admission_state.CODEC,
        catalog.ADMISSION_REQUESTS,
        catalog.ADMISSION_ROWS,
        admission.recovered,
    ),
)

SERVICES: Final[Mapping[str, Callable[[Ports, str], Serving]]] = {
    "spec_validator": _validate,
    "pod_launcher": _launch,
    "status_watcher": _watch,
    "projector": _project,
    **{one.service: one.serve for one in _DECIDERS},
}
"""Every service by its name."""
DECIDERS: Final = frozenset(one.service for one in _DECIDERS)
"""They mind how long they were away, and so must be asked as often as they say."""
