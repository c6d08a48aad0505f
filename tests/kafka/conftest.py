"""One real broker for all tests of this folder: the given one, or one that is started for them."""

import asyncio
import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from polyflow_shared.broker.access import accounts
from polyflow_shared.broker.kafka import KafkaBroker, KafkaConfig
from tests.contract.brokers import PARTITIONS, TOPICS
from tests.testbed.kafka import KafkaServer, running_kafka, started_kafka
from tests.testbed.kafka_secured import SecuredKafka, secured_kafka


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """The address of a broker, started at most once a session."""
    with asyncio.Runner() as runner:
        context = running_kafka()
        yield runner.run(context.__aenter__())
        runner.run(context.__aexit__(None, None, None))


@pytest.fixture
def own_kafka() -> Iterator[KafkaServer]:
    """A broker of the test's own, which it may stop and start."""
    with asyncio.Runner() as runner:
        context = started_kafka()
        yield runner.run(context.__aenter__())
        runner.run(context.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def secured() -> Iterator[SecuredKafka]:
    """A broker that asks for passwords and certificates, with an account for everybody, started at most once."""
    with asyncio.Runner() as runner:
        context = secured_kafka(accounts())
        yield runner.run(context.__aenter__())
        runner.run(context.__aexit__(None, None, None))


@pytest.fixture
def config(kafka) -> KafkaConfig:
    """Topics and groups of this test alone."""
    return KafkaConfig(bootstrap_servers=kafka, prefix=f"{uuid4().hex[:8]}.", session_timeout=6.0)


@pytest.fixture
async def broker(config):
    broker = KafkaBroker(config)
    await broker.create(TOPICS, partitions=PARTITIONS, clusters=[])
    yield broker
    await broker.close()


@pytest.fixture
async def again(config):
    broker = KafkaBroker(config)
    yield broker
    await broker.close()


@pytest.fixture
def environment(config, tmp_path):
    """What a service in a process of its own is started with."""
    return {
        **os.environ,
        "POLYFLOW_BROKERS": config.bootstrap_servers,
        "POLYFLOW_PREFIX": config.prefix,
        "POLYFLOW_HOME": str(tmp_path),
        "POLYFLOW_MEMBER": "one",
        "POLYFLOW_SESSION_TIMEOUT": "6",
        "POLYFLOW_LOG_FORMAT": "json",
        "POLYFLOW_TOKEN_KEY": "a key for tests only, of 32 bytes",
    }
