"""What the cache remembers of each result: itself, who is at it, and who waits for it."""

from datetime import datetime
from typing import Final

import msgspec

from polyflow_shared.deciding import chains
from polyflow_shared.deciding.rows import Row, RowCodec


class ResultRow(Row, frozen=True, array_like=True, tag="result.v1"):
    """A result; written once."""

    run: str
    """Whose it is."""
    operation: str
    ended: datetime
    outputs: msgspec.Raw
    """As JSON."""
    ran: tuple[datetime, datetime] | None = None
    """From when to when it was executed."""


class HolderRow(Row, frozen=True, array_like=True, tag="holder.v1"):
    """An operation that is being executed and will have the result."""

    run: str
    operation: str
    index: int
    attempt: int
    heard: int
    """When its planner was last heard or asked, in seconds since 1970."""
    kept: bool = True
    """Whether its result will be used by others; false where it was forgotten beforehand."""


class WaiterRow(Row, frozen=True, array_like=True, tag="waiter.v1"):
    """An operation that waits for the result."""

    run: str
    operation: str
    index: int
    attempt: int
    since: datetime
    ttl: int | None = None


class SizeRow(Row, frozen=True, array_like=True, tag="size.v1"):
    """Bytes that all results of the partition take."""

    bytes: int = 0


CODEC: Final = RowCodec((ResultRow, HolderRow, WaiterRow, SizeRow, *chains.ROWS))

RESULTS: Final = "results"
"""The chain of all results of the partition, the oldest first."""
SIZE: Final = "size"


def result_key(result: str) -> str:
    """Return the key of a result."""
    return f"{result}/result"


def holder_key(result: str) -> str:
    """Return the key of who is at a result."""
    return f"{result}/holder"


def waiting_key(result: str) -> str:
    """Return what begins the keys of the chain of those that wait for a result."""
    return f"{result}/waiting"


def waiter_name(run: str, index: int) -> str:
    """Return the name of an operation in that chain."""
    return f"{run}/{index}"


def waiter_key(result: str, name: str) -> str:
    """Return the key of one of those that wait for a result."""
    return f"{result}/waiter/{name}"
