"""Records that no producer of ours would write."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c

from polyflow_shared.errors import RecordUnreadableError
from polyflow_topics.catalog import PIPELINE_REQUESTS
from tests.contract.brokers import values

pytestmark = pytest.mark.kafka

REQUESTS = PIPELINE_REQUESTS.name
AS_BEFORE = {
    "message.timestamp.type": "CreateTime",
    "message.timestamp.after.max.ms": str(2**63 - 1),
}
"""What older installations and older brokers have."""
MICROSECONDS = 1_767_225_600_000_000
BY_CREATION = datetime(3000, 1, 1, tzinfo=UTC)
CRC, CHECKED = slice(17, 21), slice(21, None)
"""Where a record batch has its checksum, and of what it is one."""


@pytest.fixture
async def producer(config):
    async with AIOKafkaProducer(bootstrap_servers=config.bootstrap_servers) as producer:
        yield producer


@pytest.mark.parametrize("settings", [PIPELINE_REQUESTS.config, AS_BEFORE], ids=["now", "as before"])
async def test_a_time_that_is_none_keeps_no_request_from_being_read(again, config, producer, settings):
    await again.create([replace(PIPELINE_REQUESTS, config=settings)], partitions=1, clusters=[])
    source = await again.source([REQUESTS], group="g", member="m")
    await producer.send_and_wait(config.outer(REQUESTS), b"odd", timestamp_ms=MICROSECONDS)
    await producer.send_and_wait(config.outer(REQUESTS), b"next")
    (odd,) = await source.take(1, wait=30)
    (following,) = await source.take(1, wait=30)
    assert (odd.value, following.value) == (b"odd", b"next")
    if settings is AS_BEFORE:
        assert odd.at == BY_CREATION
    else:
        assert abs(datetime.now(UTC) - odd.at).total_seconds() < 60


async def test_what_a_transaction_takes_back_is_not_read_and_counts_as_no_lag(again, config, producer):
    await again.create([PIPELINE_REQUESTS], partitions=1, clusters=[])
    source = await again.source([REQUESTS], group="g", member="m")
    topic = config.outer(REQUESTS)
    async with AIOKafkaProducer(
        bootstrap_servers=config.bootstrap_servers, transactional_id=config.outer("t")
    ) as another:
        await another.begin_transaction()
        await another.send_and_wait(topic, b"taken back")
        await another.abort_transaction()
        async with another.transaction():
            await another.send_and_wait(topic, b"kept")
    await producer.send_and_wait(topic, b"next")
    assert await values(source, 2) == ["kept", "next"]
    async with (
        AIOKafkaProducer(
            bootstrap_servers=config.bootstrap_servers, transactional_id=config.outer("t")
        ) as another,
        another.transaction(),
    ):
        await another.send_and_wait(topic, b"last")
    assert await values(source, 1) == ["last"]
    assert await source.take(1, wait=3) == []
    assert list((await source.lag()).values()) == [0]


async def test_a_header_that_the_client_cannot_read_is_told_with_its_place(again, config, producer):
    await again.create([PIPELINE_REQUESTS], partitions=1, clusters=[])
    source = await again.source([REQUESTS], group="g", member="m")
    await producer.send_and_wait(config.outer(REQUESTS), b"first")
    await send_odd(producer, config.outer(REQUESTS), "fine", "fine", "ODD", "fine")
    await producer.send_and_wait(config.outer(REQUESTS), b"next")
    told = f"{config.outer(REQUESTS)}:0 .*offset 3.* --to-offset 5"
    assert await values(source, 1) == ["first"]
    with pytest.raises(RecordUnreadableError, match=told):
        await source.take(10, wait=30)


async def send_odd(producer: AIOKafkaProducer, topic: str, *headers: str) -> None:
    """Write one batch with a record for each header; the name of `ODD` is not UTF-8."""
    batch = producer.create_batch()
    for number, header in enumerate(headers):
        batch.append(key=None, value=b"%d" % number, timestamp=None, headers=[(header, b"")])
    written = bytearray(bytes(batch._build()).replace(b"ODD", b"\xff\xfe\xfd"))
    written[CRC] = calc_crc32c(bytes(written[CHECKED])).to_bytes(4, "big")
    batch._buffer = written
    await (await producer.send_batch(batch, topic, partition=0))
