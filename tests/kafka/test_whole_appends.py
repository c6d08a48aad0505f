"""What is appended to a log at once is there all or none: Kafka gets it as one batch."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from polyflow_shared.broker.kafka import KafkaBroker
from polyflow_shared.broker.port import WHOLE_BYTES, Outgoing
from polyflow_shared.errors import RecordTooLargeError
from polyflow_topics.catalog import PLANNER_ROWS

pytestmark = pytest.mark.kafka

ROWS = PLANNER_ROWS.name
COUNT = 100


@pytest.fixture
async def broker(config):
    broker = KafkaBroker(config)
    await broker.create([PLANNER_ROWS], partitions=1, clusters=[])
    yield broker
    await broker.close()


def rows(size: int) -> list[Outgoing]:
    """Return records that have so many bytes together."""
    each = size // COUNT - 100
    return [Outgoing(ROWS, f"{number:010}", b"x" * each, (("epoch", b"0"),)) for number in range(COUNT)]


async def test_the_largest_whole_append_is_taken(broker):
    log = await broker.log("tests")
    assert list(await log.append(ROWS, 0, rows(WHOLE_BYTES))) == list(range(COUNT))


async def test_an_append_of_which_kafka_would_take_a_part_leaves_nothing(broker, config):
    log = await broker.log("tests")
    await allow(config, WHOLE_BYTES // 2)
    with pytest.raises(RecordTooLargeError):
        await log.append(ROWS, 0, rows(WHOLE_BYTES))
    assert await log.end(ROWS, 0) == 0


async def allow(config, size: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=config.bootstrap_servers)
    await admin.start()
    settings = {"max.message.bytes": str(size), "compression.type": "uncompressed"}
    try:
        resource = ConfigResource(ConfigResourceType.TOPIC, config.outer(ROWS), settings)
        await admin.alter_configs([resource])
    finally:
        await admin.close()
