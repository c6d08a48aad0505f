"""Reads topics of Kafka as one member of a consumer group, with static membership and commits by hand."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import NoOffsetForPartitionError

from polyflow_shared.broker.kafka.config import KafkaConfig
from polyflow_shared.broker.kafka.errors import LOST_HELP, our_errors, unreadable
from polyflow_shared.broker.kafka.membership import Membership, MembershipChangedError
from polyflow_shared.broker.kafka.records import to_record
from polyflow_shared.broker.port import Ownership, Place, Record
from polyflow_shared.errors import BrokerUnavailableError, FencedError, InvariantError, OffsetsLostError

FETCH_BYTES = 4 * 1024 * 1024
_LONG = 3600.0
"""Seconds: how long to wait at once where the caller would wait for ever."""

_GLANCE = 0.1
"""Seconds between two looks at whether joining has failed."""

Fetched = Mapping[TopicPartition, Sequence[ConsumerRecord]]


class KafkaSource:
    """One member of a consumer group."""

    def __init__(
        self,
        config: KafkaConfig,
        topics: Sequence[str],
        *,
        group: str,
        member: str,
        ownership: Ownership | None,
    ) -> None:
        self._config = config
        self._group = group
        self._member = member
        self._topics = [config.outer(topic) for topic in topics]
        self._ownership = ownership
        self._consumer = _consumer(config, group, member)
        self._membership = Membership(self._consumer, hand_over=config.hand_over)
        self._next: dict[TopicPartition, int] = {}
        self._unsaved: dict[TopicPartition, int] = {}
        self._closed = False

    async def begin(self) -> None:
        """Join the group; return when the first partitions are ours and their owner is ready.

        Raises:
            BrokerUnavailableError: the group could not be joined in time.
            OffsetsLostError: going on where the group stopped is impossible, or its owner says so.
        """
        with our_errors(f"joining group {self._group}"):
            await self._consumer.start()
            self._consumer.subscribe(self._topics, listener=self._membership)
            # Joining waits for members of the group that have died without a word.
            limit = self._config.session_timeout + self._config.request_timeout
            # Not wait_for: in Python 3.11 it swallows being cancelled while what it waits for comes true.
            async with asyncio.timeout(limit):
                await self._joined()
        await self._settle()

    async def _joined(self) -> None:
        """Return when partitions are ours; aiokafka keeps what forbids it until records are asked for."""
        joining = asyncio.ensure_future(self._membership.changed.wait())
        try:
            while not joining.done():
                self._consumer._coordinator.check_errors()
                await asyncio.wait({joining}, timeout=_GLANCE)
        finally:
            joining.cancel()

    async def take(self, limit: int, *, wait: float | None = None) -> Sequence[Record]:
        """Return the next records."""
        self._membership.idle.set()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (_LONG if wait is None else wait)
        while True:
            await self._settle()
            found = await self._fetched(limit, max(deadline - loop.time(), 0.0))
            if found or (wait is not None and loop.time() >= deadline):
                return self._taken(found)
            if wait is None:
                deadline = loop.time() + _LONG

    async def commit(self, done: Mapping[Place, int] | None = None) -> None:
        """Save what is done."""
        self._check()
        if done is not None:
            await self._commit_some(done)
            return
        moved = self._membership.lost & self._unsaved.keys()
        if moved:
            raise FencedError(f"partitions {_numbers(moved)} moved while records of them were handled")
        if self._unsaved:
            await self._save(self._unsaved)
            self._unsaved = {}
        self._membership.idle.set()

    async def _commit_some(self, done: Mapping[Place, int]) -> None:
        named = {
            TopicPartition(self._config.outer(topic), number): at for (topic, number), at in done.items()
        }
        ours = (self._next.keys() & self._membership.assigned) - self._membership.lost
        try:
            await self._save({place: at for place, at in named.items() if place in ours})
        except FencedError as error:
            self._check()
            raise BrokerUnavailableError(f"group {self._group} is being rebalanced: {error}") from error

    async def lag(self) -> Mapping[Place, int]:
        """Return for each assigned partition the number of its records that were not taken yet."""
        if not self._next:
            return {}
        with our_errors(f"the lag of group {self._group}"):
            ends = await self._consumer.end_offsets(list(self._next))
        return {
            (self._config.inner(place.topic), place.partition): max(end - self._position(place), 0)
            for place, end in ends.items()
            if place in self._next
        }

    def _position(self, place: TopicPartition) -> int:
        """Return the offset of the next record; the end of a transaction has one, too, and is no record."""
        assignment = self._consumer._subscription.subscription.assignment
        state = assignment.state_value(place) if assignment else None
        if state is None or not state.has_valid_position:
            return self._next[place]
        return max(int(state.position), self._next[place])

    async def close(self) -> None:
        """Leave; until the session's time-out the group keeps our place for the next one of our name."""
        if self._closed:
            return
        self._closed = True
        self._membership.idle.set()
        with our_errors(f"leaving group {self._group}"):
            await self._stop()
        if self._ownership is not None and self._next and not self._membership.fenced:
            await self._ownership.revoked(_numbers(self._next))

    async def _stop(self) -> None:
        """Stop the consumer, in a task of its own.

        While the broker is away, aiokafka 0.14 lets the cancelling of its fetch escape from `stop`, as if we
        were cancelled, and leaves its connections open.
        """
        stopping = asyncio.create_task(self._consumer.stop())
        await asyncio.wait([stopping])
        if stopping.cancelled():
            await self._consumer._client.close()
        else:
            stopping.result()

    async def _fetched(self, limit: int, seconds: float) -> Fetched:
        with our_errors(f"reading as {self._member} of group {self._group}"):
            try:
                found: Fetched = await self._consumer.getmany(
                    timeout_ms=int(seconds * 1000), max_records=limit
                )
            except (MembershipChangedError, NoOffsetForPartitionError):
                # The second is about a partition that was without offsets before it was settled.
                return {}
            except UnicodeDecodeError as error:
                raise unreadable(error, self._config.outer(self._group)) from error
        if self._membership.changed.is_set():
            self._put_back(found)
            return {}
        return found

    def _put_back(self, found: Fetched) -> None:
        """Have records handed out again: their owner has not been told yet that they are ours."""
        for place, records in found.items():
            if place in self._consumer.assignment():
                self._consumer.seek(place, records[0].offset)

    def _taken(self, found: Fetched) -> list[Record]:
        taken: list[Record] = []
        for place, records in found.items():
            topic = self._config.inner(place.topic)
            taken += [to_record(topic, place.partition, record) for record in records]
            self._next[place] = self._unsaved[place] = records[-1].offset + 1
        if taken:
            self._membership.idle.clear()
        return taken

    async def _settle(self) -> None:
        """Follow what the group has decided, until there is nothing new."""
        self._check()
        while self._membership.changed.is_set():
            self._membership.changed.clear()
            assigned, lost = self._membership.assigned, self._membership.lost.copy()
            self._membership.lost.clear()
            await self._let_go(self._next.keys() - (assigned - lost))
            try:
                await self._take_over(assigned - self._next.keys())
            except BrokerUnavailableError:
                # They are ours all the same: whoever takes again must take them over first.
                self._membership.changed.set()
                raise
            self._check()

    async def _let_go(self, gone: Collection[TopicPartition]) -> None:
        for place in gone:
            del self._next[place]
            self._unsaved.pop(place, None)
        if gone and self._ownership is not None:
            await self._ownership.revoked(_numbers(gone))

    async def _take_over(self, new: Collection[TopicPartition]) -> None:
        if not new:
            return
        with our_errors(f"the offsets of group {self._group}"):
            starts, fresh = await self._starts(new)
        if self._ownership is not None:
            await self._ownership.assigned(_numbers(new), frozenset(_numbers(fresh)))
        if fresh:
            await self._save({place: starts[place] for place in fresh})
        self._next.update(starts)

    async def _starts(
        self, places: Collection[TopicPartition]
    ) -> tuple[dict[TopicPartition, int], list[TopicPartition]]:
        """Return where to start in each partition, and those that have no committed offsets."""
        first = await self._consumer.beginning_offsets(list(places))
        last = await self._consumer.end_offsets(list(places))
        starts: dict[TopicPartition, int] = {}
        fresh: list[TopicPartition] = []
        for place in places:
            committed = await self._consumer.committed(place)
            if committed is None:
                fresh.append(place)
            elif not first[place] <= committed <= last[place]:
                raise OffsetsLostError(
                    f"group {self._group} stopped at offset {committed} of {place.topic}/{place.partition}, "
                    f"which holds {first[place]} to {last[place]}.  {LOST_HELP}"
                )
            starts[place] = first[place] if committed is None else committed
        for place in fresh:
            self._consumer.seek(place, starts[place])
        return starts, fresh

    async def _save(self, offsets: Mapping[TopicPartition, int]) -> None:
        if not offsets:
            return
        with our_errors(f"committing for group {self._group}"):
            async with asyncio.timeout(self._config.request_timeout):
                await self._consumer.commit(dict(offsets))

    def _check(self) -> None:
        if self._closed:
            raise InvariantError(f"this source of group {self._group} is closed")
        if self._membership.fenced:
            raise FencedError(f"{self._member} has lost its place in group {self._group}")


def _consumer(config: KafkaConfig, group: str, member: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        **config.connection(member),
        group_id=config.outer(group),
        group_instance_id=member,
        partition_assignment_strategy=(RangePartitionAssignor,),
        enable_auto_commit=False,
        auto_offset_reset="none",
        # Who publishes requests may do it in transactions, and take them back.
        isolation_level="read_committed",
        session_timeout_ms=int(config.session_timeout * 1000),
        rebalance_timeout_ms=int((config.hand_over + config.request_timeout) * 1000),
        heartbeat_interval_ms=int(config.session_timeout * 100),
        max_poll_interval_ms=int(config.stall_timeout * 1000),
        max_partition_fetch_bytes=FETCH_BYTES,
    )


def _numbers(places: Collection[TopicPartition]) -> list[int]:
    return sorted({place.partition for place in places})
