"""The rows of one partition as a compacted topic keeps them, and how a stale writer loses.

An owner begins by writing a barrier; the barrier's offset is the owner's epoch, so that a later owner's is
higher by construction.  Every row carries the epoch of its writer.  A row whose epoch is not that of the
latest barrier before it was written by a process that did not know that it had been replaced: it is
dropped, and the good row is written again, for compaction would keep only the later one.  Barriers have
keys of their own, so that compaction keeps them all.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import uuid4

from polyflow_shared.broker.port import WHOLE_BYTES, Log, Outgoing, Record
from polyflow_shared.deciding.rows import Row, RowCodec, StoredRows
from polyflow_shared.errors import FencedError, InvariantError, OffsetsLostError

PIECE_BYTES: Final = WHOLE_BYTES // 2
"""The size from which a piece is full; a single larger decision is a piece of its own."""
_FRAME: Final = 64
"""Bytes around a record's key and value, its header included."""
_BARRIER: Final = "barrier/"
_EPOCH: Final = "epoch"


class Pieces:
    """Changed rows of a batch in their stored form, in pieces that are each saved whole.

    A piece ends where a decision ends.  So a crash while a batch is saved leaves the rows as they were after
    one of its decisions, never half of one: the repeated message would find half of its work done already.
    """

    def __init__(self, codec: RowCodec) -> None:
        """Begin without any."""
        self._codec = codec
        self._room = 0
        self.pieces: list[dict[str, bytes | None]] = []

    def add(self, writes: Mapping[str, Row | None]) -> None:
        """Take in what one decision changes; None removes."""
        if not writes:
            return
        encode = self._codec.encode
        stored = {key: None if row is None else encode(row) for key, row in writes.items()}
        size = sum(len(key) + len(value or b"") + _FRAME for key, value in stored.items())
        if size > self._room:
            self.pieces.append({})
            self._room = PIECE_BYTES
        self.pieces[-1].update(stored)
        self._room -= size


class Changelog:
    """One partition of a changelog, owned by this process until somebody else writes a barrier."""

    def __init__(self, log: Log, topic: str, partition: int, codec: RowCodec) -> None:
        """Own nothing yet."""
        self._log = log
        self._topic = topic
        self._partition = partition
        self._epoch = -1
        self._next = 0
        self.rows = StoredRows(codec)
        self.read = 0
        """Records read when the partition was taken over."""
        self.stale = 0
        """Rows of former owners that were written over."""

    async def take_over(self, *, fresh: bool) -> None:
        """Write a barrier, then read all rows.

        Args:
            fresh: whether the consumer group has no offsets for the partition.

        Raises:
            OffsetsLostError: there are rows, so the group must have had offsets.
            BrokerUnavailableError: try again later.
        """
        offsets = await self._log.append(self._topic, self._partition, [self._barrier()])
        self._epoch = offsets[-1]
        self._next = self._epoch + 1
        stale = await self._restore()
        if fresh and self.read:
            raise OffsetsLostError(
                f"partition {self._partition} of {self._topic} has rows, but the consumer group has no "
                "offsets: it lost them.  Set the group's offsets to where it stood "
                "(kafka-consumer-groups --reset-offsets), or delete the topic of rows to begin anew; "
                "starting over by itself would run everything again."
            )
        await self._write_again(stale)

    async def append(self, rows: Mapping[str, bytes | None]) -> None:
        """Write changed rows; they are in `rows` when all are acknowledged.

        Raises:
            FencedError: another process has written a barrier.
            BrokerUnavailableError: at least one is not known to be written; go on from a restart only.
        """
        if not rows:
            return
        expected = self._next
        offsets = await self._log.append(self._topic, self._partition, self._records(rows))
        for key, value in rows.items():
            self.rows.put(key, value)
        self._next = offsets[-1] + 1
        if self._next - expected > len(offsets):
            await self._inspect(expected, self._next)

    async def check(self) -> None:
        """Look for records that others wrote since the last append.

        Raises:
            FencedError: another process has written a barrier.
        """
        end = await self._log.end(self._topic, self._partition)
        if end > self._next:
            start, self._next = self._next, end
            await self._inspect(start, end)

    async def _restore(self) -> set[str]:
        current = -1
        stale: set[str] = set()
        async for records in self._log.read(self._topic, self._partition, start=0, end=self._epoch):
            for record in records:
                if record.key.startswith(_BARRIER):
                    current = record.offset
                elif _epoch_of(record) == current:
                    self.rows.put(record.key, record.value)
                    stale.discard(record.key)
                    self.read += 1
                else:
                    stale.add(record.key)
        return stale

    async def _inspect(self, start: int, end: int) -> None:
        stale: set[str] = set()
        async for records in self._log.read(self._topic, self._partition, start=start, end=end):
            for record in records:
                if record.key.startswith(_BARRIER):
                    raise FencedError(f"partition {self._partition} of {self._topic} has a new owner")
                if _epoch_of(record) != self._epoch:
                    stale.add(record.key)
        await self._write_again(stale)

    async def _write_again(self, keys: set[str]) -> None:
        self.stale += len(keys)
        await self.append({key: self.rows.stored(key) for key in sorted(keys)})

    def _barrier(self) -> Outgoing:
        return Outgoing(topic=self._topic, key=f"{_BARRIER}{uuid4()}", value=b"{}")

    def _records(self, rows: Mapping[str, bytes | None]) -> Sequence[Outgoing]:
        headers = ((_EPOCH, str(self._epoch).encode()),)
        return [Outgoing(self._topic, key, value, headers) for key, value in rows.items()]


def _epoch_of(record: Record) -> int:
    for name, value in record.headers:
        if name == _EPOCH:
            return int(value)
    raise InvariantError(f"record {record.offset} of {record.topic} is no row: it has no epoch")
