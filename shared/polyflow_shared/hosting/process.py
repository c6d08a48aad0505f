"""A service as a process of its own: settings, log, signals, metrics, and how it ends."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from pydantic import ValidationError

from polyflow_shared.broker.access import rights
from polyflow_shared.broker.kafka import KafkaBroker, KafkaConfig
from polyflow_shared.broker.kafka.topics import CLEANUP, KafkaTopic
from polyflow_shared.broker.port import Broker
from polyflow_shared.clock import Clock, SystemClock
from polyflow_shared.errors import InvariantError, PolyflowError, TopicError
from polyflow_shared.hosting.garbage import collect_rarely
from polyflow_shared.hosting.settings import ProcessSettings, ServiceSettings, wrong_settings
from polyflow_shared.loops.service import Shell
from polyflow_shared.observing.health import Health, port_of, serve_health
from polyflow_shared.observing.logs import Log, configure, log_of
from polyflow_shared.observing.prometheus import PrometheusMeter
from polyflow_topics.catalog import CATALOG, OPERATION_COMMANDS, Topic

SETTINGS_WRONG: Final = 2
"""Exit status where a setting has a value that it cannot have."""
FAILED: Final = 1
"""Exit status where the service cannot go on."""

S = TypeVar("S", bound=ProcessSettings)


class Closable(Protocol):
    """What lets go of something when it is closed."""

    async def close(self) -> None:
        """Let go."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a service is run in: the broker, and what its loop needs."""

    config: KafkaConfig
    broker: KafkaBroker
    shell: Shell
    clock: Clock
    health: Health


def serve(service: str, settings: type[S], run: Callable[[S], Awaitable[None]]) -> int:
    """Run a service until TERM or INT, and return the exit status.

    Any error ends the process: whoever started it starts it again, and nothing is lost by that.

    Args:
        service: the service's name, as the catalogue spells it.
        settings: read from the environment, once.
        run: the service, with its parts built from the settings.
    """
    try:
        read = settings()
    except ValidationError as error:
        for line in wrong_settings(error):
            print(f"polyflow: {line}", file=sys.stderr)  # noqa: T201 -- how to log is a setting
        return SETTINGS_WRONG
    configure(read.log_level, read.log_format)
    log = log_of(service)
    collect_rarely()
    try:
        asyncio.run(until_told(run(read)))
    except PolyflowError as error:
        # One clear line: a traceback would hide what is to be done.
        log.error("service_failed", error=type(error).__name__, message=str(error))  # noqa: TRY400
        return FAILED
    log.info("service_ended")
    return 0


async def until_told(work: Awaitable[None]) -> None:
    """Await work; on TERM or INT let it finish what is at hand, and on a second one end it there and then."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await asyncio.wait({task})
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    if not task.cancelled():
        task.result()


@asynccontextmanager
async def surroundings(
    service: str, settings: ServiceSettings, *, clusters: Sequence[str] = ()
) -> AsyncIterator[Surroundings]:
    """Connect a service to Kafka and serve its metrics and health, for as long as the block takes.

    Args:
        service: the service's name.
        settings: where Kafka is, and where metrics are served.
        clusters: those whose topics of commands it looks for at its start.

    Raises:
        AccessError: Kafka does not let our account do what the service does.
        BrokerUnavailableError: Kafka does not answer.
        InvariantError: the port for metrics is taken.
        SettingsError: Kafka does not let us in as the settings are.
        TopicError: a topic is missing, has the wrong number of partitions, or loses what must be kept.
    """
    config = KafkaConfig(
        bootstrap_servers=settings.brokers,
        prefix=settings.prefix,
        session_timeout=settings.session_timeout,
        security=settings.security,
    )
    clock, log = SystemClock(), log_of(service)
    health, meter = Health(clock), PrometheusMeter()
    async with AsyncExitStack() as stack:
        await _serve_pages(stack, settings, health, meter, log)
        broker = KafkaBroker(config, clock=clock)
        stack.push_async_callback(broker.close)
        await broker.check_access(rights(service, clusters))
        await check_topics(service, broker)
        check_cleanup(await broker.found([topic.name for topic in _topics(service)]))
        sink, beat = await broker.sink(service), _beating(health)
        shell = Shell(service, sink, clock, meter, log, beat, health.stumble, parks_unforeseen=True)
        yield Surroundings(config, broker, shell, clock, health)


async def check_topics(service: str, broker: Broker) -> None:
    """Look whether the topics that a service reads and writes are there, and alike where they must be.

    Raises:
        TopicError: one is missing, or topics with the same keys differ in their numbers of partitions.
    """
    counts: dict[str, dict[str, int]] = {}
    for topic in _topics(service):
        counts.setdefault(topic.group, {})[topic.name] = await broker.partitions(topic.name)
    for group in counts.values():
        if len(set(group.values())) > 1:
            raise TopicError(f"these topics must have the same number of partitions, and have not: {group}")


def check_cleanup(found: Mapping[str, KafkaTopic]) -> None:
    """Look whether Kafka removes from topics what the catalogue says, and nothing else.

    A changelog that is not compacted forgets rows; a topic of messages that is compacted forgets messages.

    Args:
        found: what is there, by name in the catalogue.

    Raises:
        TopicError: a topic has another cleanup policy.
    """
    for topic in CATALOG:
        there = found.get(topic.name)
        right = topic.config.get(CLEANUP, "delete")
        policy = there.settings.get(CLEANUP) if there else right
        if there and policy != right:
            raise TopicError(
                f"topic {there.name} has {CLEANUP}={policy}, which loses what is needed: "
                f"set {CLEANUP}={right}; `polyflow topics check` tells what else differs from the catalogue"
            )


def _topics(service: str) -> list[Topic]:
    """Return what a service reads or writes."""
    return [
        topic
        for topic in CATALOG
        # Commands have a topic a cluster; who serves the cluster looks for it.
        if topic is not OPERATION_COMMANDS and service in topic.producers | topic.consumers
    ]


@asynccontextmanager
async def closed_after(part: Closable) -> AsyncIterator[None]:
    """Close a part when the block ends, however it ends."""
    try:
        yield
    finally:
        await part.close()


async def _serve_pages(
    stack: AsyncExitStack, settings: ServiceSettings, health: Health, meter: PrometheusMeter, log: Log
) -> None:
    host, port = settings.metrics_host, settings.metrics_port
    if port is None:
        log.info("service_started")
        return
    try:
        server = await serve_health(health, meter.exposition, host=host, port=port)
    except OSError as error:
        raise InvariantError(f"POLYFLOW_METRICS_PORT: no page on {host}:{port}: {error.strerror}") from error
    stack.callback(server.close)
    log.info("service_started", metrics=f"http://{host}:{port_of(server)}/metrics")


def _beating(health: Health) -> Callable[[], None]:
    def beat() -> None:
        health.beat()
        # A loop that comes round has joined its group and taken over its partitions.
        health.be_ready()

    return beat
