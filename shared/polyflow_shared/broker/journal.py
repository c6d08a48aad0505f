"""What the embedded broker keeps on disk: one file that only grows, a JSON object a line.

Opening it again gives the topics, records, offsets and commits that a Kafka broker would still have after a
restart.  Lines reach the operating system with each call, so they outlive the process (kill -9), but are not
forced to the disk, so the last of them may not outlive a power cut.  A last line without its end is what was
being written when the process died; it is cut off, and nobody was told that it was written.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from polyflow_shared.broker.port import Place, Record
from polyflow_shared.broker.store import Store
from polyflow_shared.errors import InvariantError


class JournalError(InvariantError):
    """The journal was damaged; going on without what it says would be guessing."""


class TopicLine(msgspec.Struct, frozen=True, tag_field="kind", tag="topic"):
    """A topic was created."""

    topic: str
    partitions: int


class Raw(msgspec.Struct, frozen=True):
    """Bytes that are not UTF-8."""

    base64: bytes


class RecordLine(msgspec.Struct, frozen=True, tag_field="kind", tag="record"):
    """A record was written.  A value of null is a tombstone."""

    topic: str
    partition: int
    offset: int
    at: datetime
    key: str
    value: str | Raw | None
    headers: tuple[tuple[str, str | Raw], ...]


class RecordsLine(msgspec.Struct, frozen=True, tag_field="kind", tag="records"):
    """Several records were written at once: one line, so that they are there all or none."""

    records: tuple[RecordLine, ...]


class CommitLine(msgspec.Struct, frozen=True, tag_field="kind", tag="commit"):
    """A group has committed: topic, partition, offset of the next record."""

    group: str
    offsets: tuple[tuple[str, int, int], ...]


Line = TopicLine | RecordLine | RecordsLine | CommitLine


class Journal:
    """One file, which one process at a time may have open."""

    def __init__(self, path: Path) -> None:
        """Use this file; it is created where it is missing."""
        self._path = path
        self._encoder = msgspec.json.Encoder()
        self._file: BinaryIO | None = None

    def restore(self, store: Store) -> None:
        """Bring a store to where the file ends, cut off a torn last line, and open the file for more.

        Raises:
            JournalError: a line in the middle cannot be read, or does not follow from those before.
        """
        self._path.touch()
        with self._path.open("r+b") as file:
            file.truncate(_replay(file, store))
        self._file = self._path.open("ab")

    def topic(self, name: str, partitions: int) -> None:
        """Keep that a topic was created."""
        self._write(TopicLine(name, partitions))

    def records(self, records: Sequence[Record]) -> None:
        """Keep records that were written."""
        lines = tuple(_line(record) for record in records)
        self._write(lines[0] if len(lines) == 1 else RecordsLine(lines))

    def commit(self, group: str, offsets: Mapping[Place, int]) -> None:
        """Keep where a group stands."""
        self._write(CommitLine(group, tuple((*place, offset) for place, offset in offsets.items())))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _write(self, line: Line) -> None:
        if self._file is None:
            raise InvariantError("a journal is restored before it is written")
        self._file.write(self._encoder.encode(line) + b"\n")
        self._file.flush()


def records_of(path: Path) -> Iterator[Record]:
    """Yield the records of a journal, which may be one that is written at the same time.

    Raises:
        JournalError: a line in the middle cannot be read.
    """
    decoder = msgspec.json.Decoder(Line)
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            if not text.endswith(b"\n"):
                return
            try:
                line = decoder.decode(text)
            except msgspec.DecodeError as error:
                raise JournalError(f"{path}, line {number}: {error!r}") from error
            if isinstance(line, RecordLine):
                yield _record(line)
            elif isinstance(line, RecordsLine):
                yield from map(_record, line.records)


def _replay(file: BinaryIO, store: Store) -> int:
    """Apply all whole lines; return their length in bytes."""
    decoder = msgspec.json.Decoder(Line)
    length = 0
    for number, text in enumerate(file, start=1):
        if not text.endswith(b"\n"):
            break
        try:
            _apply(decoder.decode(text), store)
        except (msgspec.DecodeError, LookupError, ValueError) as error:
            raise JournalError(f"{file.name}, line {number}: {error!r}") from error
        length += len(text)
    return length


def _apply(line: Line, store: Store) -> None:
    match line:
        case TopicLine():
            store.add(line.topic, line.partitions)
        case RecordLine():
            store.put(_record(line))
        case RecordsLine():
            for record in line.records:
                store.put(_record(record))
        case CommitLine():
            store.commit(line.group, {(topic, number): offset for topic, number, offset in line.offsets})


def _line(record: Record) -> RecordLine:
    return RecordLine(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        at=record.at,
        key=record.key,
        value=None if record.value is None else _text(record.value),
        headers=tuple((name, _text(content)) for name, content in record.headers),
    )


def _record(line: RecordLine) -> Record:
    return Record(
        topic=line.topic,
        partition=line.partition,
        offset=line.offset,
        key=line.key,
        value=None if line.value is None else _bytes(line.value),
        headers=tuple((name, _bytes(content)) for name, content in line.headers),
        at=line.at,
    )


def _text(content: bytes) -> str | Raw:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return Raw(content)


def _bytes(content: str | Raw) -> bytes:
    return content.base64 if isinstance(content, Raw) else content.encode()
