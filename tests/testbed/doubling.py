"""Every record of some topics twice: as producers and consumers make it that crash at the wrong moment.

The copy comes up to two seconds later, behind records that came after the original.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

COPY_OF: Final = "testbed-copy-of"
"""The header of a copy: the offset of the original, in the same partition."""
LATEST: Final = 2.0
"""Seconds after the original at which the copy comes, at most."""


@asynccontextmanager
async def doubled(
    bootstrap: str, topics: Sequence[str], choose: random.Random, counter: Counter[str]
) -> AsyncIterator[None]:
    """Publish each record of topics once more, from their beginning on, for as long as the block takes.

    Args:
        bootstrap: the broker's address.
        topics: their names on the broker.
        choose: how late each copy comes.
        counter: counts the copies, as `record doubled`.
    """
    task = asyncio.create_task(_double(bootstrap, topics, choose, counter))
    try:
        yield
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _double(
    bootstrap: str, topics: Sequence[str], choose: random.Random, counter: Counter[str]
) -> None:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

    consumer = AIOKafkaConsumer(
        *topics, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    async with consumer, AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        await consumer.seek_to_beginning(
            *(TopicPartition(one.topic, one.partition) for one in consumer.assignment())
        )
        async with asyncio.TaskGroup() as group:
            async for record in consumer:
                if COPY_OF not in dict(record.headers):
                    group.create_task(_again(producer, record, choose.uniform(0.0, LATEST), counter))


async def _again(producer: Any, record: Any, after: float, counter: Counter[str]) -> None:
    await asyncio.sleep(after)
    headers = [*record.headers, (COPY_OF, str(record.offset).encode())]
    await producer.send_and_wait(
        record.topic, record.value, record.key, partition=record.partition, headers=headers
    )
    counter["record doubled"] += 1
