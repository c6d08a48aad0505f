"""What loops need around them, for tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

from polyflow_shared.broker import codec
from polyflow_shared.broker.memory import MemoryBroker
from polyflow_shared.clock import FakeClock
from polyflow_shared.loops.service import Shell
from polyflow_shared.observing.logs import log_of
from polyflow_shared.observing.metrics import MemoryMeter
from polyflow_topics.catalog import CATALOG
from polyflow_topics.message import Message

SOON = 10.0
"""Seconds after which a test that waits for something gives up."""


async def a_broker(clock: FakeClock | None = None) -> MemoryBroker:
    broker = MemoryBroker(clock=clock)
    await broker.create(CATALOG, partitions=1, clusters=["local"])
    return broker


async def a_shell(
    broker: MemoryBroker, service: str = "planner", clock: FakeClock | None = None, *, parks: bool = False
) -> Shell:
    return Shell(
        service=service,
        sink=await broker.sink(service),
        clock=clock or FakeClock(),
        meter=MemoryMeter(),
        log=log_of(service),
        parks_unforeseen=parks,
    )


async def publish(broker: MemoryBroker, *messages: Message) -> None:
    sink = await broker.sink("test")
    clock = FakeClock()
    await sink.send([codec.encode(message, source="/test", at=clock.now()) for message in messages])


async def everything_on(broker: MemoryBroker, topic: str) -> list[Message]:
    log = await broker.log("test")
    end = await log.end(topic, 0)
    found = [record async for records in log.read(topic, 0, start=0, end=end) for record in records]
    return [codec.decode(record) for record in found]


@asynccontextmanager
async def running(serving: Awaitable[Any]) -> AsyncIterator[asyncio.Future[Any]]:
    """Run a loop beside the test, and end it."""
    task = asyncio.ensure_future(serving)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(broker: MemoryBroker, topic: str, count: int) -> list[Message]:
    """Return what is on a topic once there are so many messages."""
    source = await broker.source([topic], group=f"until-{topic}-{count}", member="test")
    found: list[Message] = []
    async with asyncio.timeout(SOON):
        while len(found) < count:
            found.extend(codec.decode(record) for record in await source.take(count))
    await source.close()
    return found
