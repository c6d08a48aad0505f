"""What the embedded broker keeps: records by topic and partition, and what consumer groups have committed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from polyflow_shared.broker.partitioner import partition_of
from polyflow_shared.broker.port import Outgoing, Place, Record
from polyflow_shared.errors import TopicError
from polyflow_topics.catalog import OPERATION_COMMANDS, Topic, commands_topic
from polyflow_topics.names import ClusterName

_DROPPED_AT_ONCE = 1024
"""Records that pile up before memory is given back: moving a list's rest costs as much as it is long."""


class Partition:
    """Records in order, from offset `first` on."""

    __slots__ = ("first", "name", "number", "records")

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self.first = 0
        self.records: list[Record] = []

    @property
    def end(self) -> int:
        """The offset that the next record will get."""
        return self.first + len(self.records)

    def between(self, start: int, end: int) -> Sequence[Record]:
        """Return the records with start <= offset < end that are still there."""
        return self.records[max(start - self.first, 0) : max(end - self.first, 0)]

    def drop(self, before: int) -> None:
        """Give back the memory of records with lower offsets; not at once, but soon."""
        done = before - self.first
        if done >= _DROPPED_AT_ONCE and 2 * done >= len(self.records):
            del self.records[:done]
            self.first = before


class Keeper(Protocol):
    """Keeps what happens to a store for the next process: `Journal`."""

    def restore(self, store: "Store") -> None:
        """Bring an empty store to where the last process left it."""

    def topic(self, name: str, partitions: int) -> None:
        """Keep that a topic was created."""

    def records(self, records: Sequence[Record]) -> None:
        """Keep records that were written."""

    def commit(self, group: str, offsets: Mapping[Place, int]) -> None:
        """Keep where a group stands."""

    def close(self) -> None:
        """Keep no more."""


class Store:
    """Topics with their partitions, and committed offsets by group."""

    def __init__(self, readers: Mapping[str, frozenset[str]], journal: Keeper | None = None) -> None:
        """Begin empty, or where the journal ends.

        Args:
            readers: by topic, the groups that read it: what all of them have committed is dropped.  A topic
                that is not named keeps everything.
            journal: keeps everything on disk.
        """
        self._readers = readers
        self._journal: Keeper | None = None
        self._commits: dict[str, dict[Place, int]] = {}
        self.topics: dict[str, tuple[Partition, ...]] = {}
        if journal is not None:
            journal.restore(self)
            self._journal = journal

    def add(self, topic: str, partitions: int) -> None:
        """Create a topic."""
        self.topics[topic] = tuple(Partition(topic, number) for number in range(partitions))
        if self._journal is not None:
            self._journal.topic(topic, partitions)

    def topic(self, name: str) -> tuple[Partition, ...]:
        """Return the partitions of a topic.

        Raises:
            TopicError: there is no such topic.
        """
        try:
            return self.topics[name]
        except KeyError:
            raise TopicError(f"topic {name} does not exist") from None

    def append(self, records: Sequence[Outgoing], *, partition: int | None, at: datetime) -> list[Record]:
        """Write records to one partition, or each to that of its key; return them as they are kept."""
        written = [self._append(record, partition, at) for record in records]
        if self._journal is not None:
            self._journal.records(written)
        return written

    def put(self, record: Record) -> None:
        """Take over a record as it was kept.

        Raises:
            ValueError: it is not the next one of its partition.
        """
        partition = self.topics[record.topic][record.partition]
        if record.offset != partition.end:
            raise ValueError(f"offset {record.offset} does not follow {partition.end - 1}")
        partition.records.append(record)

    def committed(self, group: str) -> Mapping[Place, int]:
        """Return the offsets that a group has committed: each is that of the next record it needs."""
        return self._commits.get(group, {})

    def commit(self, group: str, offsets: Mapping[Place, int]) -> None:
        """Save where a group stands."""
        self._commits.setdefault(group, {}).update(offsets)
        if self._journal is not None:
            self._journal.commit(group, offsets)
        for topic, number in offsets:
            self._forget(topic, number)

    def close(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            self._journal.close()

    def _append(self, outgoing: Outgoing, number: int | None, at: datetime) -> Record:
        topic, key = outgoing.topic, outgoing.key
        partitions = self.topics[topic]
        if number is None:
            number = partition_of(key, len(partitions))
        partition = partitions[number]
        record = Record(topic, number, partition.end, key, outgoing.value, outgoing.headers, at)
        partition.records.append(record)
        return record

    def _forget(self, topic: str, number: int) -> None:
        """Drop what every reader of a partition has committed."""
        readers = self._readers.get(topic)
        if readers:
            done = min(self.committed(group).get((topic, number), 0) for group in readers)
            self.topics[topic][number].drop(done)


def named(topics: Sequence[Topic], clusters: Sequence[str]) -> list[tuple[str, Topic]]:
    """Return the topics to create with their names: a cluster's topic once for each cluster."""
    return [
        (name, topic)
        for topic in topics
        for name in (
            [commands_topic(ClusterName(cluster)) for cluster in clusters]
            if topic.name == OPERATION_COMMANDS.name
            else [topic.name]
        )
    ]
