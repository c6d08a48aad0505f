"""The broker, in the few verbs that we need.

Two adapters: `memory.py` (embedded, one process, optionally kept on disk) and `kafka/` (Apache Kafka).
Both pass `tests/contract/brokers.py`.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from polyflow_topics.catalog import Topic
from polyflow_topics.envelope import Headers

Place = tuple[str, int]
"""A topic and the number of one of its partitions."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """What is read from a topic.

    A struct rather than a dataclass: it is made ten times as fast, and a restart makes hundreds of thousands.
    """

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes | None
    """None is a tombstone."""
    headers: Headers
    at: datetime
    """The record's time, in UTC: the broker's where the topic is configured so, else the producer's."""


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """What is written to a topic."""

    topic: str
    key: str
    value: bytes | None
    headers: Headers = ()


class Ownership(Protocol):
    """Told by a source when partitions come and go; a decider restores and drops its rows here."""

    async def assigned(self, partitions: Sequence[int], fresh: Collection[int]) -> None:
        """Take these partitions over.  No record of them is handed out before this returns.

        Args:
            partitions: their numbers.
            fresh: those of them that the group has no committed offsets for: it never ran, or its offsets are
                lost.  When this returns, the beginning is committed for them and reading starts there.

        Raises:
            OffsetsLostError: the owner has seen records of a fresh partition before: starting over is wrong.
        """

    async def revoked(self, partitions: Sequence[int]) -> None:
        """Let these partitions go.  No record of them is handed out any more.

        Also called when the source is closed; not when it is fenced, for then nobody knows what it owns.
        """


class Source(Protocol):
    """One member of a consumer group, reading the topics it was opened for."""

    async def take(self, limit: int, *, wait: float | None = None) -> Sequence[Record]:
        """Return the next records, 1 to `limit` of them, in order within each partition.

        Args:
            limit: the most records to return (>= 1).
            wait: seconds to wait for the first one (>= 0); None waits for ever.  When it is over, nothing is
                returned.

        Raises:
            BrokerUnavailableError: try again later.
            FencedError: another member has taken this one's place.
        """

    async def commit(self, done: Mapping[Place, int] | None = None) -> None:
        """Save what is done; a later member of the group starts behind it.

        Args:
            done: by partition, the offset before which all records are done; partitions that have gone to
                another member by now are left out.  If not given, everything taken so far is done.

        Raises:
            BrokerUnavailableError: try again later; with `done` also while the group is being rebalanced.
            FencedError: the partitions belong to another member by now (without `done`), or this one's place.
        """

    async def lag(self) -> Mapping[Place, int]:
        """Return for each assigned partition the number of its records that were not taken yet."""

    async def close(self) -> None:
        """Leave.  What was taken and not committed is handed out again."""


class Sink(Protocol):
    """Writes to topics."""

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Write all of them; return when all are acknowledged by the broker.  Order holds per key and topic.

        Raises:
            BrokerUnavailableError: at least one is not known to be written.
            RecordTooLargeError: at least one is larger than its topic takes; others may be written.
            TopicError: a topic is missing.
        """

    async def close(self) -> None:
        """Write what is under way, then let go."""


WHOLE_BYTES = 960 * 1024
"""Records up to this size together, keys and headers included, are appended to a log all or none."""


class Log(Protocol):
    """Single partitions by number: what a changelog is made of."""

    async def append(self, topic: str, partition: int, records: Sequence[Outgoing]) -> Sequence[int]:
        """Write all of them in order; return their offsets when all are acknowledged.

        Up to `WHOLE_BYTES` are written all or none, whatever happens to this process or to the broker.

        Raises:
            BrokerUnavailableError: at least one is not known to be written; those before it may be.
            RecordTooLargeError: at least one is larger than the topic takes; those before it may be written.
        """

    def read(self, topic: str, partition: int, *, start: int, end: int) -> AsyncIterator[Sequence[Record]]:
        """Yield, in order, the records with start <= offset < end that are still there."""

    async def end(self, topic: str, partition: int) -> int:
        """Return the offset that the next record will get."""


class Broker(Protocol):
    """Where sources, sinks and logs come from."""

    async def source(
        self, topics: Sequence[str], *, group: str, member: str, ownership: Ownership | None = None
    ) -> Source:
        """Join a consumer group.

        Args:
            topics: names of topics, which must exist and have equal numbers of partitions.
            group: the consumer group.
            member: this member's name, stable over restarts (static membership).
            ownership: told of partitions that come and go.

        Raises:
            TopicError: a topic is missing, or they are partitioned differently.
            OffsetsLostError: committed offsets point to what the topic does not hold, or `ownership` said so.
        """

    async def sink(self, name: str) -> Sink:
        """Return a new sink.  `name` appears in the broker's own logs."""

    async def log(self, name: str) -> Log:
        """Return access to single partitions."""

    async def partitions(self, topic: str) -> int:
        """Return the number of partitions.

        Raises:
            TopicError: there is no such topic.
        """

    async def create(self, topics: Sequence[Topic], *, partitions: int, clusters: Sequence[str]) -> None:
        """Create those topics of the catalogue that are missing; a cluster's topic once for each cluster.

        Raises:
            TopicError: a topic exists with another number of partitions.
        """

    async def close(self) -> None:
        """Close everything that came from here."""
