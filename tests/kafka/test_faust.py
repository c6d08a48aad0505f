"""Topics read through Faust, on a real Apache Kafka: the contract of deliveries, and rows that survive."""

import asyncio
from contextlib import suppress

import pytest

from polyflow_shared.broker.faust_stream import FaustStream
from polyflow_topics.catalog import MONITOR_ROWS, RUN_METRICS
from tests.contract.brokers import PARTITIONS
from tests.contract.deliveries import DeliveryContract

pytestmark = pytest.mark.kafka


@pytest.fixture
async def broker(broker):
    await broker.create([RUN_METRICS, MONITOR_ROWS], partitions=PARTITIONS, clusters=[])
    return broker


class TestFaustStream(DeliveryContract):
    @pytest.fixture(autouse=True)
    def _configured(self, config):
        self.config = config

    async def publish(self, broker, records):
        await (await broker.sink("tests")).send(records)

    async def work(self, broker, handle, enough):
        await ended(member(self.config), handle, enough)


def member(config) -> FaustStream:
    return FaustStream(
        config, topic=RUN_METRICS.name, changelog=MONITOR_ROWS.name, group="workers", member="one"
    )


async def ended(stream, handle, enough) -> None:
    """Run a stream until there was enough, or raise what ended it before."""
    running = asyncio.ensure_future(stream.run(handle))
    waiting = asyncio.ensure_future(enough.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not enough.is_set():
        await running
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
