"""Kafka's records become ours."""

from collections.abc import Sequence
from typing import Protocol

from polyflow_shared.broker.codec import from_timestamp
from polyflow_shared.broker.port import Record


class Fetched(Protocol):
    """What aiokafka's records have in common, whether a consumer or a batch yields them."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def to_record(topic: str, partition: int, fetched: Fetched) -> Record:
    """Return our record.  A key that is not UTF-8 is made readable; a missing one is empty."""
    key = fetched.key
    return Record(
        topic,
        partition,
        fetched.offset,
        key.decode(errors="backslashreplace") if key else "",
        fetched.value,
        tuple([(name, content or b"") for name, content in fetched.headers]) if fetched.headers else (),
        from_timestamp(fetched.timestamp),
    )
