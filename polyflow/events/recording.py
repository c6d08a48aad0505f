"""The records of runs as a file, one JSON object a line: what `polyflow record` writes and `replay` reads."""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from polyflow_shared.broker.journal import records_of
from polyflow_shared.broker.partitioner import partition_of
from polyflow_shared.broker.port import Broker, Record
from polyflow_shared.errors import PolyflowError
from polyflow_topics import catalog
from polyflow_topics.names import RunId

RECORDED: Final = (catalog.RUN_INBOX.name, catalog.RUN_EVENTS.name, catalog.RUN_METRICS.name)
"""Topics on which all records of a run are in one partition."""


class NotARecordingError(PolyflowError):
    """A file is not what `polyflow record` writes."""


class Place(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}@{self.offset}"


class LoggedMessage(msgspec.Struct, frozen=True, gc=False):
    """One record of a topic."""

    topic: str
    partition: int
    offset: int
    key: str
    headers: Mapping[str, str]
    value: bytes | None
    at: float
    """The record's time: seconds since 1970, by the broker's clock."""

    @property
    def place(self) -> Place:
        """Return where it stands."""
        return Place(self.topic, self.partition, self.offset)


def logged(record: Record) -> LoggedMessage:
    """Return a broker's record as it is written down."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    place = (record.topic, record.partition, record.offset)
    return LoggedMessage(*place, record.key, headers, record.value, record.at.timestamp())


def of_journal(path: Path) -> Iterator[LoggedMessage]:
    """Yield all records of a run that an engine on this machine has run.

    Args:
        path: the journal in the run's folder.

    Raises:
        JournalError: a line in the middle cannot be read.
    """
    return map(logged, records_of(path))


async def of_broker(broker: Broker, run: RunId) -> list[LoggedMessage]:
    """Return the records of a run on `RECORDED` that the broker still keeps, topic by topic.

    Raises:
        TopicError: a topic is missing.
        BrokerUnavailableError: the broker cannot be reached.
    """
    log, found = await broker.log("record"), list[LoggedMessage]()
    for topic in RECORDED:
        partition = partition_of(run, await broker.partitions(topic))
        end = await log.end(topic, partition)
        async for records in log.read(topic, partition, start=0, end=end):
            found += [logged(record) for record in records if record.key == run]
    return found


def text_of(message: LoggedMessage) -> str:
    """Return a message as one line; a value that is no JSON is kept as base64."""
    return msgspec.json.encode(_fields(message)).decode()


def read_messages(path: Path) -> list[LoggedMessage]:
    """Return the messages of a file.

    Raises:
        NotARecordingError: a line is not a record.
    """
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if line.strip():
            try:
                found.append(_message(msgspec.json.decode(line)))
            except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
                message = f"{path}:{number}: not a record as `polyflow record` writes it: {error}"
                raise NotARecordingError(message) from error
    return found


def _fields(message: LoggedMessage) -> dict[str, Any]:
    fields = msgspec.structs.asdict(message)
    value = fields.pop("value")
    try:
        json = None if value is None else msgspec.json.decode(value)
    except msgspec.DecodeError:
        return {**fields, "base64": b64encode(value).decode()}
    return {**fields, "value": json}


def _message(fields: Mapping[str, Any]) -> LoggedMessage:
    value = b64decode(fields["base64"]) if "base64" in fields else _json(fields["value"])
    place = (fields["topic"], fields["partition"], fields["offset"])
    return LoggedMessage(*place, fields["key"], fields["headers"], value, fields["at"])


def _json(value: Any) -> bytes | None:
    return None if value is None else msgspec.json.encode(value)
