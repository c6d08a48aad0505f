"""What the verifier reads: a log of messages and a log of pods, each also as a file of JSON lines."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from polyflow_shared.broker.port import Record


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


class PodLife(msgspec.Struct, frozen=True):
    """One pod object, from its creation to its removal; all times in seconds since 1970."""

    run: str
    index: int
    attempt: int
    created: float
    ended: float | None = None
    """When its last container ended; None if that is not known, or it still runs."""
    deleted: float | None = None
    """When the object was gone."""

    @property
    def gone(self) -> float | None:
        """Return when it held no container any more for certain, or None."""
        return self.deleted if self.ended is None else self.ended


def logged(record: Record) -> LoggedMessage:
    """Return a broker's record as the verifier reads it."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    place = (record.topic, record.partition, record.offset)
    return LoggedMessage(*place, record.key, headers, record.value, record.at.timestamp())


def read_messages(path: Path) -> list[LoggedMessage]:
    """Return the messages of a file.

    Raises:
        msgspec.DecodeError: a line is not JSON.
        KeyError: a line lacks a field.
    """
    return [_message(fields) for fields in _lines(path)]


def write_messages(path: Path, messages: Iterable[LoggedMessage]) -> None:
    """Write messages, one a line; a value that is no JSON is kept as base64."""
    path.write_bytes(b"".join(msgspec.json.encode(_fields(message)) + b"\n" for message in messages))


def read_pods(path: Path) -> list[PodLife]:
    """Return the pods of a file.

    Raises:
        msgspec.DecodeError: a line is not JSON, or no pod.
    """
    return [msgspec.convert(fields, PodLife) for fields in _lines(path)]


def write_pods(path: Path, pods: Iterable[PodLife]) -> None:
    """Write pods, one a line."""
    path.write_bytes(b"".join(msgspec.json.encode(pod) + b"\n" for pod in pods))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().splitlines():
        if line.strip():
            yield msgspec.json.decode(line)


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
