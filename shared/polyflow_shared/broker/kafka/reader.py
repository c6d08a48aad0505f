"""Reads single partitions of Kafka back, quickly: whole fetches, decoded straight into our records.

A consumer of aiokafka makes two more objects for each record; a restart reads hundreds of thousands.
"""

import sys
from collections.abc import AsyncIterator, Sequence
from itertools import count
from typing import Any

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaError,
    LeaderNotAvailableError,
    NoError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record.memory_records import MemoryRecords

from polyflow_shared.broker.kafka.config import KafkaConfig
from polyflow_shared.broker.kafka.errors import our_errors
from polyflow_shared.broker.kafka.producer import Producer
from polyflow_shared.broker.kafka.records import to_record
from polyflow_shared.broker.port import Outgoing, Record
from polyflow_shared.clock import Clock, backoff
from polyflow_shared.errors import InvariantError

FETCH_BYTES = 4 * 1024 * 1024
FETCH_WAIT = 500
"""Milliseconds that the broker may wait for something to hand out."""
_FOLLOW_ANEW = "Whoever begins anew sees what is still there."
_LATEST = -1
_EARLIEST = -2
_READ_UNCOMMITTED = 0


class KafkaLog:
    """Single partitions by number."""

    def __init__(self, config: KafkaConfig, producer: Producer, client: AIOKafkaClient, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._producer = producer
        self._client = client

    async def append(self, topic: str, partition: int, records: Sequence[Outgoing]) -> Sequence[int]:
        """Write all of them to one partition, in order; return their offsets."""
        misplaced = [record.topic for record in records if record.topic != topic]
        if misplaced:
            raise InvariantError(f"a record for {misplaced[0]} was appended to {topic}")
        if not records:
            return []
        place = TopicPartition(self._config.outer(topic), partition)
        return (await self._producer.write({place: records}))[place]

    async def read(
        self, topic: str, partition: int, *, start: int, end: int
    ) -> AsyncIterator[Sequence[Record]]:
        """Yield the records of a range, one fetch at a time."""
        place = TopicPartition(self._config.outer(topic), partition)
        with our_errors(f"the range of {topic}/{partition}"):
            position = max(start, await self._offset(place, _EARLIEST))
            end = min(end, await self._offset(place, _LATEST))
        while position < end:
            with our_errors(f"reading {topic}/{partition}"):
                fetched = await self._fetch(place, position)
            records, position = _decoded(fetched, topic, partition, (position, end))
            if records:
                yield records

    async def follow(self, topic: str, partition: int, *, start: int) -> AsyncIterator[Sequence[Record]]:
        """Yield the records from `start` on as they come, for ever; the broker answers when there is one.

        It begins with the first record that is still there: this is for users, who look on.  A service, which
        must not miss a record, reads through a source.

        Raises:
            OffsetsLostError: records were removed that had not been yielded yet.
            BrokerUnavailableError: the broker does not answer.
        """
        place = TopicPartition(self._config.outer(topic), partition)
        with our_errors(f"the beginning of {topic}/{partition}"):
            position = max(start, await self._offset(place, _EARLIEST))
        while True:
            with our_errors(f"following {topic}/{partition}", lost=_FOLLOW_ANEW):
                fetched = await self._fetch(place, position)
            records, position = _decoded(fetched, topic, partition, (position, sys.maxsize))
            if records:
                yield records

    async def end(self, topic: str, partition: int) -> int:
        """Return the offset that the next record will get."""
        with our_errors(f"the end of {topic}/{partition}"):
            return await self._offset(TopicPartition(self._config.outer(topic), partition), _LATEST)

    async def _offset(self, place: TopicPartition, which: int) -> int:
        request = OffsetRequest(-1, _READ_UNCOMMITTED, [(place.topic, [(place.partition, which)])])
        *_, offset = await self._asked(place, request)
        return int(offset)

    async def _fetch(self, place: TopicPartition, position: int) -> bytes:
        wanted = [(place.topic, [(place.partition, position, FETCH_BYTES)])]
        request = FetchRequest(FETCH_WAIT, 1, FETCH_BYTES, _READ_UNCOMMITTED, wanted, rack_id="")
        *_, fetched = await self._asked(place, request)
        return bytes(fetched)

    async def _asked(self, place: TopicPartition, request: OffsetRequest | FetchRequest) -> Sequence[Any]:
        """Return the answer for one partition; a partition that moves, or is new, is asked for again."""
        deadline = self._clock.monotonic() + self._config.request_timeout
        for failures in count(1):
            try:
                response = await self._client.send(await self._leader(place), request)
                answer: Sequence[Any]
                ((_, ((_, code, *answer),)),) = response.topics
                if for_code(code) is NoError:
                    return answer
                raise for_code(code)(f"{place.topic}/{place.partition}")
            except KafkaError as error:
                if not error.retriable or self._clock.monotonic() > deadline:
                    raise
                self._client.force_metadata_update()
                await self._clock.sleep(backoff(failures, first=0.02, cap=1.0))
        raise AssertionError("count() has no end")

    async def _leader(self, place: TopicPartition) -> int:
        """Return the node that leads a partition.

        Raises:
            LeaderNotAvailableError: there is none now.
            UnknownTopicOrPartitionError: there is no such partition.
        """
        if self._client.cluster.partitions_for_topic(place.topic) is None:
            await self._client.add_topic(place.topic)
        if place.partition not in (self._client.cluster.partitions_for_topic(place.topic) or ()):
            raise UnknownTopicOrPartitionError(place.topic)
        leader = self._client.cluster.leader_for_partition(place)
        if leader is None or leader == -1:
            raise LeaderNotAvailableError(place.topic)
        return int(leader)


def _decoded(fetched: bytes, topic: str, partition: int, bounds: tuple[int, int]) -> tuple[list[Record], int]:
    """Return the records within bounds, and the offset to go on with."""
    start, end = bounds
    records: list[Record] = []
    batches = MemoryRecords(fetched)
    after = start
    while batches.has_next() and after < end:
        batch = batches.next_batch()
        if not batch.is_control_batch:
            records += [
                to_record(topic, partition, record) for record in batch if start <= record.offset < end
            ]
        after = max(after, batch.next_offset)
    return records, after
