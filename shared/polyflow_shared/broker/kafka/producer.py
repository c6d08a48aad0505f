"""Writes to Kafka: one idempotent producer, whole batches, every acknowledgement awaited."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import zip_longest

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, KafkaTimeoutError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from polyflow_shared.broker.kafka.config import KafkaConfig
from polyflow_shared.broker.kafka.errors import our_errors, translated
from polyflow_shared.broker.partitioner import partition_of
from polyflow_shared.broker.port import Outgoing

BATCH_BYTES = 256 * 1024
"""The size at which a batch is full; a larger record is a batch of its own."""

Counter = Callable[[str], Awaitable[int]]
"""Returns the number of partitions of a topic."""


class Producer:
    """Batches per partition, in order; starts with the first write, and anew after one that failed."""

    def __init__(self, config: KafkaConfig, name: str, *, batch_bytes: int = BATCH_BYTES) -> None:
        self._config = config
        self._name = name
        self._batch_bytes = batch_bytes
        self._client: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def write(
        self, records: Mapping[TopicPartition, Sequence[Outgoing]]
    ) -> dict[TopicPartition, list[int]]:
        """Write all records, each partition's in order; return their offsets by partition.

        Raises:
            BrokerUnavailableError: at least one is not known to be written.
            RecordTooLargeError: the broker refuses one for its size.
        """
        with our_errors("writing"):
            client = await self._started()
            batches = {place: _batches(client, of_place) for place, of_place in records.items()}
            done = await _sent(client, batches, self._config.request_timeout)
        await self._check(client, done)
        return {place: _offsets(batches[place], done[place]) for place in batches}

    async def close(self) -> None:
        """Write what is under way, then let go."""
        client, self._client = self._client, None
        if client is not None:
            with our_errors("closing a producer"):
                await client.stop()

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._client is None:
                client = AIOKafkaProducer(
                    **self._config.connection(self._name),
                    enable_idempotence=True,
                    acks="all",
                    linger_ms=0,
                    max_batch_size=self._batch_bytes,
                    compression_type=self._config.compression,
                )
                try:
                    await client.start()
                    self._client = client
                finally:
                    if self._client is None:
                        await client.stop()
            return self._client

    async def _check(
        self,
        client: AIOKafkaProducer,
        done: Mapping[TopicPartition, Sequence[RecordMetadata | BaseException]],
    ) -> None:
        """Raise if a batch failed, and give its producer up: its sequence numbers may have a gap by now."""
        for place, results in done.items():
            for result in results:
                if isinstance(result, BaseException):
                    if self._client is client:
                        self._client = None
                    await client.stop()
                    raise translated(result, f"writing to {place.topic}") from result


class KafkaSink:
    """Writes to topics; a key decides the partition as in Java's producer."""

    def __init__(self, config: KafkaConfig, producer: Producer, partitions: Counter) -> None:
        self._config = config
        self._producer = producer
        self._partitions = partitions
        self._counts: dict[str, int] = {}

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Write all of them; return when all are acknowledged by every replica in sync."""
        grouped: dict[TopicPartition, list[Outgoing]] = defaultdict(list)
        places: dict[tuple[str, str], TopicPartition] = {}
        for record in records:
            target = (record.topic, record.key)
            place = places.get(target)
            if place is None:
                place = places[target] = await self._place(record)
            grouped[place].append(record)
        if grouped:
            await self._producer.write(grouped)

    async def close(self) -> None:
        """Write what is under way, then let go."""
        await self._producer.close()

    async def _place(self, record: Outgoing) -> TopicPartition:
        if record.topic not in self._counts:
            self._counts[record.topic] = await self._partitions(record.topic)
        number = partition_of(record.key, self._counts[record.topic])
        return TopicPartition(self._config.outer(record.topic), number)


def _batches(client: AIOKafkaProducer, records: Sequence[Outgoing]) -> list[BatchBuilder]:
    batches = [client.create_batch()]
    for record in records:
        key = record.key.encode()
        if not _appended(batches[-1], key, record):
            batches.append(client.create_batch())
            _appended(batches[-1], key, record)
    for batch in batches:
        batch.close()
    return batches


def _appended(batch: BatchBuilder, key: bytes, record: Outgoing) -> bool:
    return batch.append(timestamp=None, key=key, value=record.value, headers=list(record.headers)) is not None


async def _sent(
    client: AIOKafkaProducer, batches: Mapping[TopicPartition, Sequence[BatchBuilder]], limit: float
) -> dict[TopicPartition, list[RecordMetadata | BaseException]]:
    """Hand over the first batch of every partition, then the second ...: so each round is one request."""
    waiting: dict[TopicPartition, list[asyncio.Future[RecordMetadata]]] = {place: [] for place in batches}
    for turn in zip_longest(*batches.values()):
        for place, batch in zip(batches, turn, strict=True):
            if batch is not None:
                waiting[place].append(await _handed_over(client, batch, place))
    _, late = await asyncio.wait(
        [future for futures in waiting.values() for future in futures], timeout=limit
    )
    if late:
        # An idempotent producer of aiokafka tries for ever, and has no way to be told to give up.
        await client._sender.close()
        client._message_accumulator.fail_all(KafkaTimeoutError(f"no acknowledgement within {limit:g} s"))
    return {
        place: await asyncio.gather(*futures, return_exceptions=True) for place, futures in waiting.items()
    }


async def _handed_over(
    client: AIOKafkaProducer, batch: BatchBuilder, place: TopicPartition
) -> asyncio.Future[RecordMetadata]:
    try:
        handed: asyncio.Future[RecordMetadata] = await client.send_batch(
            batch, place.topic, partition=place.partition
        )
    except KafkaError as error:
        # Like one that was handed over and failed: what was handed over before is still to be awaited.
        failed: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        failed.set_exception(error)
        return failed
    return handed


def _offsets(batches: Sequence[BatchBuilder], done: Sequence[RecordMetadata | BaseException]) -> list[int]:
    return [
        result.offset + position
        for batch, result in zip(batches, done, strict=True)
        if isinstance(result, RecordMetadata)
        for position in range(batch.record_count())
    ]
