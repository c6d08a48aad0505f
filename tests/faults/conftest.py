"""A Kafka and a control plane for all tests of this folder, with what each test does to them."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.faults.figures import Figures, table
from tests.faults.killing import BESIDE
from tests.faults.load import Load
from tests.faults.measuring import Measuring
from tests.faults.world import World
from tests.kubernetes.namespaces import a_namespace
from tests.testbed.kafka import GIVEN, GivenKafka, KafkaServer, started_kafka
from tests.testbed.kafka_brokers import KafkaBrokers, started_brokers
from tests.testbed.kubernetes.control import ControlPlane
from tests.testbed.kubernetes.proxy import running_proxy
from tests.testbed.services import running_services

_FIGURES = pytest.StashKey[list[Figures]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with no figures."""
    config.stash[_FIGURES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what all scenarios came to."""
    if figures := config.stash.get(_FIGURES, []):
        terminalreporter.section("faults")
        for line in table(figures):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def some_kafka(own_plane: ControlPlane) -> Iterator[KafkaServer | GivenKafka]:
    """The broker of `KAFKA_BOOTSTRAP_SERVERS`, or one that is started once a session."""
    if bootstrap := os.environ.get(GIVEN):
        yield GivenKafka(bootstrap)
        return
    with asyncio.Runner() as runner:
        context = started_kafka()
        yield runner.run(context.__aenter__())
        runner.run(context.__aexit__(None, None, None))


@pytest.fixture
def kafka_server(some_kafka: KafkaServer | GivenKafka) -> KafkaServer:
    """A broker that may be killed."""
    if isinstance(some_kafka, GivenKafka):
        pytest.skip(f"{GIVEN} names a broker, which must not be killed")
    return some_kafka


@pytest.fixture
def three_brokers() -> Iterator[KafkaBrokers]:
    """Three brokers of the test's own."""
    with asyncio.Runner() as runner:
        context = started_brokers(3)
        yield runner.run(context.__aenter__())
        runner.run(context.__aexit__(None, None, None))


@pytest.fixture
def a_world(request: pytest.FixtureRequest, own_plane: ControlPlane, tmp_path: Path):
    """Return a context of a world on a Kafka, with further settings of its services."""

    @asynccontextmanager
    async def opened(
        kafka: KafkaServer | GivenKafka | KafkaBrokers, *, replication: int = 1, **settings: str
    ) -> AsyncIterator[World]:
        pods = a_namespace(own_plane)
        async with running_proxy(own_plane) as proxy:
            kubeconfig = proxy.kubeconfig(tmp_path / "kubeconfig")
            key = secrets.token_hex(32)
            # Pods on fake nodes send nothing: nobody asks for this address.
            gateway = {"gateway_url": "http://gateway.invalid", "token_key": key}
            context = running_services(
                tmp_path,
                kafka.bootstrap,
                kubeconfig,
                namespaces=pods,
                beside=BESIDE,
                replication=replication,
                **gateway,
                **settings,
            )
            services = await asyncio.to_thread(context.__enter__)
            load = Load(kafka.bootstrap, services.prefix, seed=1)
            world = World(request.node.name, kafka, own_plane, proxy, services, load, pods, tmp_path)
            world.measuring = Measuring(lambda: [*services.gateways.values()], key)
            try:
                yield world
            finally:
                await asyncio.to_thread(context.__exit__, None, None, None)
                if world.figures:
                    request.config.stash[_FIGURES].append(world.figures)

    return opened


@pytest.fixture
async def world(a_world, some_kafka: KafkaServer | GivenKafka) -> AsyncIterator[World]:
    """A world with one replica of each service."""
    async with a_world(some_kafka) as world:
        yield world
