"""The embedded engine: every service in this process, for one run, with nothing else installed.

The embedded broker stands in for Kafka and keeps its log in the run's folder; operations are processes of
this machine.  The services are the same, and so are their loops.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from polyflow_services.admission import core as admission
from polyflow_services.admission import state as admission_state
from polyflow_services.admission.live import LiveLimits
from polyflow_services.cache import core as cache
from polyflow_services.cache import state as cache_state
from polyflow_services.commons import Common, Commons
from polyflow_services.early_stopping_monitor import core as monitor
from polyflow_services.early_stopping_monitor import state as monitor_state
from polyflow_services.planner import core as planner
from polyflow_services.planner.rows import state as planner_state
from polyflow_services.pod_launcher.act import Launcher
from polyflow_services.projector.act import Forgetting, Projector
from polyflow_services.spec_validator.act import NOWHERE, Validator
from polyflow_services.spec_validator.core import Installation
from polyflow_services.status_watcher.act import watch
from polyflow_shared.broker import codec
from polyflow_shared.broker.access import USER, group_of
from polyflow_shared.broker.journal import Journal
from polyflow_shared.broker.memory import MemoryBroker
from polyflow_shared.broker.port import Outgoing, Record, Source
from polyflow_shared.clock import Clock, SystemClock
from polyflow_shared.cluster.port import Cluster
from polyflow_shared.cluster.processes import open_cluster
from polyflow_shared.declared.connections.catalogue import EMPTY, load
from polyflow_shared.declared.queues import LiveQueues
from polyflow_shared.errors import InvariantError
from polyflow_shared.loops.decider import Decider, run_decider
from polyflow_shared.loops.effector import run_effector
from polyflow_shared.loops.service import (
    Act,
    Shell,
    first_failure,
    on_message,
    run_batches,
    run_watcher,
    send,
)
from polyflow_shared.machine.home import Home, RunFolder, locked, max_concurrency_of, queues_of
from polyflow_shared.observing.logs import log_of
from polyflow_shared.observing.metrics import NullMeter
from polyflow_shared.read_model.port import ReadModel
from polyflow_shared.references.fetching import Places
from polyflow_topics import catalog
from polyflow_topics.admission import AskForSlot
from polyflow_topics.envelope import write_headers
from polyflow_topics.message import Message
from polyflow_topics.names import ClusterName, RunId
from polyflow_topics.operating import RunRequest
from polyflow_topics.requests import RequestPipeline
from polyflow_topics.results import LookUpResult

CLUSTER: Final = ClusterName("local")
_MEMBER: Final = "embedded"
_FOR_EVER: Final = float("inf")


class RunTakenError(InvariantError):
    """Another process runs this run."""


class Engine:
    """All services over one broker and one cluster."""

    def __init__(
        self,
        broker: MemoryBroker,
        cluster: Cluster,
        *,
        model: ReadModel,
        clock: Clock,
        validator: Validator,
        commons: Commons,
    ) -> None:
        """Take over the parts; nothing is served yet."""
        self._commons = commons
        self._broker = broker
        self._validator = validator
        self._cluster = cluster
        self._clock = clock
        self._projector = Projector(model, self._answer, Forgetting(model, clock).step)
        self._followers: set[asyncio.Queue[Sequence[Message]]] = set()
        self._serving: asyncio.Future[None] | None = None
        self._beside: list[tuple[str, AsyncIterator[Sequence[Message]]]] = []

    def serve_beside(self, service: str, observed: AsyncIterator[Sequence[Message]]) -> None:
        """Publish, in the name of a service, what is observed besides; to be said before the start."""
        self._beside.append((service, observed))

    async def start(self) -> None:
        """Create the topics and start every service."""
        await self._broker.create(catalog.CATALOG, partitions=1, clusters=[CLUSTER])
        serving = [
            await self._effector("spec_validator", catalog.PIPELINE_REQUESTS.name, self._validator.act),
            await self._effector(
                "pod_launcher",
                catalog.commands_topic(CLUSTER),
                on_message(Launcher(self._cluster, self._clock).act),
            ),
            run_watcher(watch(self._cluster, CLUSTER), await self._shell("status_watcher")),
            run_batches(
                self._project,
                await self._source("projector", catalog.RUN_METRICS.name, catalog.RUN_EVENTS.name),
                await self._shell("projector"),
            ),
            await self._effector("cache", catalog.CACHE_REQUESTS.name, self._common),
            await self._effector("admission", catalog.ADMISSION_REQUESTS.name, self._common),
            run_watcher(self._commons.mail(), await self._shell("cache")),
            *[run_watcher(observed, await self._shell(service)) for service, observed in self._beside],
            await self._decider("planner", _PLANNER),
            await self._decider("early_stopping_monitor", _MONITOR),
        ]
        self._serving = asyncio.ensure_future(first_failure({asyncio.ensure_future(one) for one in serving}))

    async def submit(self, body: bytes, *, request_id: str, source: str) -> None:
        """Publish a pipeline request: the data, id and source of its CloudEvent."""
        at = self._clock.now()
        headers = write_headers(RequestPipeline.WIRE, identity=request_id, source=source, at=at)
        sink = await self._broker.sink("user")
        await sink.send([Outgoing(catalog.PIPELINE_REQUESTS.name, request_id, body, headers)])

    async def publish(self, message: RunRequest) -> None:
        """Publish a request about a run."""
        sink = await self._broker.sink("user")
        await sink.send([codec.encode(message, source="/polyflow/user", at=self._clock.now())])

    async def kill(self) -> None:
        """End every process at once."""
        for report in await self._cluster.list():
            await self._cluster.stop(report.name, grace=0.0, reason="Killed")

    def follow(self) -> AsyncIterator[Sequence[Message]]:
        """Return run events from this moment on, each after the read model has it.

        Raises:
            PolyflowError: a service has failed, and the engine with it.
        """
        queue: asyncio.Queue[Sequence[Message]] = asyncio.Queue()
        self._followers.add(queue)
        return self._drain(queue)

    async def close(self) -> None:
        """End what still runs, then all services."""
        await self._cluster.close()
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
        self._commons.close()
        await self._broker.close()

    async def _drain(self, queue: asyncio.Queue[Sequence[Message]]) -> AsyncIterator[Sequence[Message]]:
        try:
            while True:
                yield await self._next(queue)
        finally:
            self._followers.discard(queue)

    async def _next(self, queue: asyncio.Queue[Sequence[Message]]) -> Sequence[Message]:
        waiting = asyncio.ensure_future(queue.get())
        serving = [self._serving] if self._serving else []
        waited: list[asyncio.Future[Any]] = [waiting, *serving]
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
        finally:
            waiting.cancel()
        for one in serving:
            one.result()
        raise InvariantError("the engine has ended")

    async def _project(self, events: Sequence[tuple[Message, Record]]) -> None:
        await self._projector.act(events)
        messages = [message for message, _ in events]
        for queue in self._followers:
            queue.put_nowait(messages)

    async def _answer(self, answers: Sequence[Message]) -> None:
        await send(answers, await self._shell("projector"))

    async def _common(self, record: Record) -> Sequence[Message]:
        return self._commons.decide(record.topic, codec.decode(record))

    async def _shell(self, service: str) -> Shell:
        return Shell(
            service=service,
            sink=await self._broker.sink(service),
            clock=self._clock,
            meter=NullMeter(),
            log=log_of(service),
        )

    async def _source(self, service: str, *topics: str) -> Source:
        return await self._broker.source(topics, group=group_of(service), member=_MEMBER)

    async def _effector(self, service: str, topic: str, act: Act) -> Coroutine[Any, Any, None]:
        return run_effector(act, await self._source(service, topic), await self._shell(service))

    async def _decider(self, service: str, decider: Decider) -> Coroutine[Any, Any, None]:
        shell = await self._shell(service)
        return run_decider(decider, self._broker, shell, group=group_of(service), member=_MEMBER)


class RunEngine:
    """An engine in the folder of one run, which it holds while it lives."""

    def __init__(self, folder: RunFolder, lock: int, engine: Engine) -> None:
        """Take over the parts; made by `open_run`."""
        self.folder = folder
        self.engine = engine
        self._lock = lock

    async def close(self) -> None:
        """Close the engine and let the run go."""
        await self.engine.close()
        os.close(self._lock)


async def open_run(
    home: Home, run: RunId, model: ReadModel, *, workdir: Path, places: Places = NOWHERE
) -> RunEngine:
    """Return an engine in the run's folder, serving; it goes on from where an earlier one has ended.

    Args:
        home: where everything is kept.
        run: the run's id, which is known before its request is published.
        model: the read model that run events go to.
        workdir: where operations start whose container does not say.
        places: where references are looked for that did not come with the request.

    Raises:
        RunTakenError: another process runs this run.
        CatalogueError: something is wrong with the catalogue of connections, or that of queues.
    """
    connections = load(places.connections) if places.connections else EMPTY
    queues = queues_here()
    limits = LiveLimits(queues)
    # Its one request is read at once: what the catalogue says later is admission's business.
    validator = Validator(Installation(connections=connections, queues=queues.now), places)
    folder = home.run(run)
    folder.path.mkdir(parents=True, exist_ok=True)
    lock = _take_lock(folder)
    clock = SystemClock()
    broker = MemoryBroker(journal=Journal(folder.journal), readers=readers(), clock=clock)
    cluster = await open_cluster(home.runs, state=folder.path / "pods.jsonl", workdir=workdir, clock=clock)
    commons = Commons(home, run, common(limits), clock)
    engine = Engine(broker, cluster, model=model, clock=clock, validator=validator, commons=commons)
    engine.serve_beside("admission", limits.changes(clock, log_of("admission")))
    await engine.start()
    return RunEngine(folder, lock, engine)


def readers() -> Mapping[str, frozenset[str]]:
    """Return by topic who reads it here: a record that all of these groups have done with leaves the memory.

    They are the catalogue's consumers.  Rows of deciders stay: no group reads a changelog.
    """
    # Logs and artifacts of processes stay where they are, so nothing is ever told of them.
    told = [topic for topic in catalog.CATALOG if topic.carries and topic is not catalog.RUN_LOGS]
    groups = {topic.name: frozenset(map(group_of, topic.consumers - {USER})) for topic in told}
    groups[catalog.commands_topic(CLUSTER)] = groups.pop(catalog.OPERATION_COMMANDS.name)
    return {topic: those for topic, those in groups.items() if those}


def queues_here() -> LiveQueues:
    """Return the queues and limits of this machine.

    Raises:
        CatalogueError: something is wrong with the catalogue of queues.
        InvariantError: the limit of the installation is no number above 0.
    """
    return LiveQueues(queues_of(os.environ), max_concurrency_of(os.environ))


def common(limits: LiveLimits) -> dict[str, Common]:
    """Return the deciders that know more than one run, by what they read."""
    return {
        catalog.CACHE_REQUESTS.name: Common(
            decide=cache.decide, rows=cache_state.CODEC, gives_back={LookUpResult: cache.given_back}
        ),
        catalog.ADMISSION_REQUESTS.name: Common(
            decide=limits.decide,
            rows=admission_state.CODEC,
            gives_back={AskForSlot: admission.given_back},
        ),
    }


def commons_of(home: Home) -> Commons:
    """Return what the engines of a home share, for a process that runs none."""
    return Commons(home, RunId(""), common(LiveLimits(queues_here())), SystemClock())


def _take_lock(folder: RunFolder) -> int:
    lock = os.open(folder.lock, os.O_RDWR | os.O_CREAT, 0o644)
    if not locked(lock):
        os.close(lock)
        raise RunTakenError(f"the run {folder.path.name} goes on in another process")
    return lock


_PLANNER: Final = Decider(
    decide=planner.decide,
    rows=planner_state.CODEC,
    inbox=catalog.RUN_INBOX.name,
    changelog=catalog.PLANNER_ROWS.name,
    recovered=planner.recovered,
    # Nobody else can take the run over while its lock is held, however long the machine sleeps.
    session_timeout=_FOR_EVER,
)
_MONITOR: Final = Decider(
    decide=monitor.decide,
    rows=monitor_state.CODEC,
    inbox=catalog.RUN_METRICS.name,
    changelog=catalog.MONITOR_ROWS.name,
    session_timeout=_FOR_EVER,
)
