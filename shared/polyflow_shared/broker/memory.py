"""The embedded broker: topics, consumer groups and logs in one process, on one asyncio loop.

It is what `polyflow run` uses, and what tests use in place of Kafka; it passes the same contract suite.  A
group has one live member: whoever joins last takes over, whatever its name, and the one before is fenced.
With a `Journal` it survives the end of the process.  Nothing here waits by polling.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Literal

from polyflow_shared.broker.port import Outgoing, Ownership, Place, Record
from polyflow_shared.broker.store import Keeper, Partition, Store, named
from polyflow_shared.clock import Clock, SystemClock
from polyflow_shared.errors import (
    FencedError,
    InvariantError,
    OffsetsLostError,
    PolyflowError,
    RecordTooLargeError,
    TopicError,
)
from polyflow_topics.catalog import CATALOG, MIB, Topic

READ_AT_ONCE = 1000
"""Records that a log yields at once."""

Verb = Literal["take", "lag", "commit", "send", "append"]


class MemoryBroker:
    """A broker in this process."""

    def __init__(
        self,
        *,
        journal: Keeper | None = None,
        readers: Mapping[str, frozenset[str]] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Begin empty, or where the journal ends.

        Args:
            journal: keeps everything on disk.
            readers: by topic, all groups that read it; what each of them has committed leaves the memory.  A
                topic that is not named here stays whole.
            clock: dates the records.
        """
        self.faults: dict[Verb, PolyflowError] = {}
        """Planned faults: the next call of the verb raises the error, once, and does nothing else."""
        self._clock = clock or SystemClock()
        self._limits = {topic.name: topic.max_bytes for topic in CATALOG}
        self._members: dict[str, MemorySource] = {}
        self._store = Store(readers or {}, journal)

    async def source(
        self, topics: Sequence[str], *, group: str, member: str, ownership: Ownership | None = None
    ) -> "MemorySource":
        """Join a group, and fence its member so far."""
        if len({len(self._store.topic(topic)) for topic in topics}) != 1:
            raise TopicError(f"topics {', '.join(topics)} differ in their numbers of partitions")
        if group in self._members:
            self._members[group].fence(f"{member} has taken over group {group}")
        source = MemorySource(self, self._store, topics, group=group, ownership=ownership)
        self._members[group] = source
        with ExitStack() as undo:
            undo.callback(self.left, source, group)
            await source.begin()
            undo.pop_all()
        return source

    async def sink(self, name: str) -> "MemorySink":
        """Return a new sink."""
        del name
        return MemorySink(self)

    async def log(self, name: str) -> "MemoryLog":
        """Return access to single partitions."""
        del name
        return MemoryLog(self, self._store)

    async def partitions(self, topic: str) -> int:
        """Return the number of partitions."""
        return len(self._store.topic(topic))

    async def create(self, topics: Sequence[Topic], *, partitions: int, clusters: Sequence[str]) -> None:
        """Create what is missing."""
        for name, topic in named(topics, clusters):
            self._limits[name] = topic.max_bytes
            right = topic.partitions or partitions
            if name not in self._store.topics:
                self._store.add(name, right)
            elif len(self._store.topic(name)) != right:
                there = len(self._store.topic(name))
                raise TopicError(f"topic {name} has {there} partitions, not {right}")

    async def close(self) -> None:
        """Close every source, then the journal."""
        for member in list(self._members.values()):
            await member.close()
        self._store.close()

    def write(self, records: Sequence[Outgoing], *, partition: int | None = None) -> list[Record]:
        """Append to one partition, or to that of each key; all of them or none."""
        self._check(records)
        now = self._clock.now()
        # In whole milliseconds, as Kafka dates records: all that keeps a moment has all of it then.
        at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        written = self._store.append(records, partition=partition, at=at)
        touched = {record.topic for record in written}
        for member in self._members.values():
            member.wake(touched)
        return written

    def left(self, source: "MemorySource", group: str) -> None:
        """Forget a member that has left, unless another has taken its place."""
        if self._members.get(group) is source:
            del self._members[group]

    def stumble(self, verb: Verb) -> None:
        """Raise the fault that is planned for a verb, if any."""
        if self.faults and (fault := self.faults.pop(verb, None)) is not None:
            raise fault

    async def wait(self, event: asyncio.Event, seconds: float | None) -> None:
        """Return when the event is set, or when so many seconds are over by the broker's clock."""
        if seconds is None:
            await event.wait()
            return
        alarm = asyncio.create_task(self._alarm(event, seconds))
        try:
            await event.wait()
        finally:
            alarm.cancel()

    async def _alarm(self, event: asyncio.Event, seconds: float) -> None:
        await self._clock.sleep(seconds)
        event.set()

    def _check(self, records: Sequence[Outgoing]) -> None:
        for record in records:
            self._store.topic(record.topic)
            limit = self._limits.get(record.topic, MIB)
            if record.value is not None and len(record.value) > limit:
                raise RecordTooLargeError(f"{len(record.value)} bytes; topic {record.topic} takes {limit}")


class MemorySource:
    """The one live member of a group."""

    def __init__(
        self,
        broker: MemoryBroker,
        store: Store,
        topics: Sequence[str],
        *,
        group: str,
        ownership: Ownership | None,
    ) -> None:
        """Begin where the group has committed; `begin` makes it the owner."""
        self._broker = broker
        self._store = store
        self._group = group
        self._ownership = ownership
        self._topics = frozenset(topics)
        self._partitions = [partition for topic in topics for partition in store.topic(topic)]
        committed = store.committed(group)
        self._next = {_place(each): committed.get(_place(each), 0) for each in self._partitions}
        self._unsaved: dict[Place, int] = {}
        self._arrived = asyncio.Event()
        self._gone: PolyflowError | None = None

    async def begin(self) -> None:
        """Tell the owner, then commit the beginning of what was never committed."""
        committed = self._store.committed(self._group)
        fresh = [each for each in self._partitions if _place(each) not in committed]
        for partition in self._partitions:
            if self._next[_place(partition)] > partition.end:
                raise OffsetsLostError(f"group {self._group} has committed more than {partition.name} holds")
        if self._ownership is not None:
            await self._ownership.assigned(self._numbers(), {each.number for each in fresh})
        if fresh:
            self._store.commit(self._group, {_place(each): 0 for each in fresh})

    async def take(self, limit: int, *, wait: float | None = None) -> Sequence[Record]:
        """Return the next records."""
        # Others get their turn first: a source that always has records would starve the loop.
        await asyncio.sleep(0)
        self._check("take")
        taken = self._ready(limit)
        if not taken and (wait is None or wait > 0):
            await self._broker.wait(self._arrived, wait)
            self._check("take")
            taken = self._ready(limit)
        return taken

    async def commit(self, done: Mapping[Place, int] | None = None) -> None:
        """Save what is done."""
        self._check("commit")
        if done is not None:
            self._store.commit(self._group, {place: at for place, at in done.items() if place in self._next})
        elif self._unsaved:
            self._store.commit(self._group, self._unsaved)
            self._unsaved = {}

    async def lag(self) -> Mapping[Place, int]:
        """Return for each assigned partition the number of its records not taken yet."""
        self._check("lag")
        return {_place(each): each.end - self._next[_place(each)] for each in self._partitions}

    async def close(self) -> None:
        """Leave."""
        if self._gone is not None:
            return
        self._gone = InvariantError(f"this source of group {self._group} is closed")
        self._arrived.set()
        self._broker.left(self, self._group)
        if self._ownership is not None:
            await self._ownership.revoked(self._numbers())

    def fence(self, reason: str) -> None:
        """End this member's work: another has taken its place."""
        self._gone = FencedError(reason)
        self._arrived.set()

    def wake(self, topics: Iterable[str]) -> None:
        """Tell that there are new records in these topics."""
        if not self._topics.isdisjoint(topics):
            self._arrived.set()

    def _check(self, verb: Verb) -> None:
        if self._gone is not None:
            raise self._gone
        self._broker.stumble(verb)

    def _ready(self, limit: int) -> list[Record]:
        """Return what is there, from each partition in turn; the one served goes to the end of the row."""
        self._arrived.clear()
        taken: list[Record] = []
        for partition in list(self._partitions):
            place = _place(partition)
            start = max(self._next[place], partition.first)
            if start == partition.end:
                continue
            found = partition.between(start, start + limit - len(taken))
            taken += found
            self._next[place] = self._unsaved[place] = start + len(found)
            self._partitions.remove(partition)
            self._partitions.append(partition)
            if len(taken) == limit:
                break
        return taken

    def _numbers(self) -> list[int]:
        return sorted({each.number for each in self._partitions})


class MemorySink:
    """Writes to the broker in this process."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Write all of them, or none."""
        self._broker.stumble("send")
        self._broker.write(records)

    async def close(self) -> None:
        """Let go."""


class MemoryLog:
    """Single partitions of the broker in this process."""

    def __init__(self, broker: MemoryBroker, store: Store) -> None:
        self._broker = broker
        self._store = store

    async def append(self, topic: str, partition: int, records: Sequence[Outgoing]) -> Sequence[int]:
        """Write all of them to one partition, or none."""
        self._broker.stumble("append")
        misplaced = [record.topic for record in records if record.topic != topic]
        if misplaced:
            raise InvariantError(f"a record for {misplaced[0]} was appended to {topic}")
        return [record.offset for record in self._broker.write(records, partition=partition)]

    async def read(
        self, topic: str, partition: int, *, start: int, end: int
    ) -> AsyncIterator[Sequence[Record]]:
        """Yield the records of a range."""
        kept = self._store.topic(topic)[partition]
        for first in range(max(start, kept.first), min(end, kept.end), READ_AT_ONCE):
            yield kept.between(first, min(first + READ_AT_ONCE, end))

    async def end(self, topic: str, partition: int) -> int:
        """Return the offset that the next record will get."""
        return self._store.topic(topic)[partition].end


def _place(partition: Partition) -> Place:
    return partition.name, partition.number
