"""What a decider remembers: rows by key, each a small frozen value with a version.

A row is stored as JSON, an array that begins with the row's tag (`operation.v1`).  A row that gains a field
at its end stays readable; anything else is a new class with a new tag, and the old class says how it becomes
the new one in `upcast`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, Generic, Protocol, TypeVar

import msgspec


class Row(msgspec.Struct, frozen=True, array_like=True, omit_defaults=False):
    """The base of all rows.  Rows that change stay under 300 bytes and hold counters, not lists."""

    def upcast(self) -> "Row":
        """Return this row in the newest version of its kind."""
        return self


class TimerRow(Row, frozen=True, array_like=True, tag="timer.v1"):
    """A timer: when `due` comes, the owner of the partition publishes `TimerFired`."""

    run: str
    name: str
    due: datetime


R_co = TypeVar("R_co", covariant=True)


class Rows(Protocol[R_co]):
    """Rows as a core reads them."""

    def get(self, key: str) -> R_co | None:
        """Return the row, or None if there is none."""


class RowCodec:
    """Rows to bytes and back."""

    def __init__(self, kinds: Iterable[type[Row]]) -> None:
        """Know these kinds of row, old versions among them, and timers."""
        known: list[type[Row]] = [*kinds, TimerRow]
        union: Any = reduce(or_, known)
        self._decoder = msgspec.json.Decoder(union)
        self.encode: Callable[[Row], bytes] = msgspec.json.Encoder().encode
        """Returns the stored form."""
        old = any(kind.upcast is not Row.upcast for kind in known)
        self.decode: Callable[[bytes], Any] = self._newest if old else self._decoder.decode
        """Returns the row, in the newest version of its kind; raises msgspec.DecodeError for any other bytes.

        Like `encode` no method, for a decision makes several calls of each.
        """

    def _newest(self, value: bytes) -> Row:
        row: Row = self._decoder.decode(value)
        return row.upcast()


class StoredRows:
    """The rows of one partition, in memory, in their stored form: small, and quick to restore."""

    def __init__(self, codec: RowCodec) -> None:
        """Begin without any rows."""
        self.codec = codec
        self._decode = codec.decode
        self._values: dict[str, bytes] = {}

    def get(self, key: str) -> Row | None:
        """Return the row, or None if there is none."""
        value = self._values.get(key)
        return None if value is None else self._decode(value)

    def put(self, key: str, value: bytes | None) -> None:
        """Set the stored form of a row, or remove it."""
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value

    def stored(self, key: str) -> bytes | None:
        """Return the stored form of a row."""
        return self._values.get(key)

    def items(self) -> Iterable[tuple[str, bytes]]:
        """Return all keys with the stored form of their rows."""
        return self._values.items()

    def __len__(self) -> int:
        return len(self._values)


R = TypeVar("R", bound=Row)


class Changes(Generic[R]):
    """Rows as they stand after the changes of one decision, over the rows as they were before it."""

    def __init__(self, below: Rows[Any], writes: Mapping[str, R | None]) -> None:
        """Put these changes over the rows below; None removes."""
        self._get = below.get
        self._writes = writes

    def get(self, key: str) -> Any:
        """Return the row as it stands now."""
        return self._writes[key] if key in self._writes else self._get(key)


class _Known(dict[str, Any]):
    """Rows by key, each read from below when it is first asked for."""

    def __init__(self, below: Rows[Any]) -> None:
        super().__init__()
        self._read = below.get

    def __missing__(self, key: str) -> Any:
        found = self[key] = self._read(key)
        return found


class Overlay(Generic[R]):
    """Rows as they stand after the decisions of a batch, over the rows as they were before it.

    What was read is kept, for the decisions of a batch often read the same.
    """

    def __init__(self, below: Rows[Any]) -> None:
        """Begin without changes."""
        self._known = _Known(below)
        self.writes: dict[str, R | None] = {}
        self.get: Callable[[str], Any] = self._known.__getitem__
        """Returns the row as it stands now; not a method, for it is called more often than anything else."""

    def apply(self, writes: Mapping[str, R | None]) -> None:
        """Take over changed rows; None removes."""
        self.writes.update(writes)
        self._known.update(writes)
