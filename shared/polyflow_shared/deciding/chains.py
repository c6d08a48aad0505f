"""First in, first out, among rows: a chain of names whose length costs no row more than it costs.

Each member is a row with its two neighbours, so that one in the middle leaves as cheaply as the first.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from polyflow_shared.deciding.draft import Draft
from polyflow_shared.deciding.rows import Row


class ChainRow(Row, frozen=True, array_like=True, tag="chain.v1"):
    """A chain: its ends and its length."""

    first: str = ""
    last: str = ""
    length: int = 0


class LinkRow(Row, frozen=True, array_like=True, tag="link.v1"):
    """A member of a chain: who stands before it and behind it; empty at the ends."""

    before: str = ""
    behind: str = ""


ROWS = (ChainRow, LinkRow)
"""The kinds of row that a codec must know."""


class Chain:
    """A chain of names (not empty), kept in rows."""

    def __init__(self, rows: Draft, key: str) -> None:
        """Read and write these rows; `key` begins the keys of all of them."""
        self._rows = rows
        self._key = key

    def __len__(self) -> int:
        """Return how many members there are."""
        return self._ends().length

    def __contains__(self, name: str) -> bool:
        """Tell whether it is a member."""
        return self._rows.get(self._link_key(name)) is not None

    def __iter__(self) -> Iterator[str]:
        """Yield the members in order; the chain must not change meanwhile."""
        name = self.first
        while name:
            yield name
            name = self._link(name).behind

    @property
    def first(self) -> str:
        """The member that came first; empty where there is none."""
        return self._ends().first

    def append(self, name: str) -> None:
        """Put a name behind all others; do nothing where it is a member."""
        if name in self:
            return
        ends = self._ends()
        if ends.last:
            self._put(ends.last, replace(self._link(ends.last), behind=name))
        self._put(name, LinkRow(before=ends.last))
        self._put_ends(ChainRow(ends.first or name, name, ends.length + 1))

    def remove(self, name: str) -> None:
        """Take a name out; do nothing where it is no member."""
        link = self._rows.get(self._link_key(name))
        if link is None:
            return
        ends = self._ends()
        if link.before:
            self._put(link.before, replace(self._link(link.before), behind=link.behind))
        if link.behind:
            self._put(link.behind, replace(self._link(link.behind), before=link.before))
        self._put(name, None)
        first = ends.first if link.before else link.behind
        last = ends.last if link.behind else link.before
        self._put_ends(ChainRow(first, last, ends.length - 1) if ends.length > 1 else None)

    def _ends(self) -> ChainRow:
        return self._rows.get(f"{self._key}/chain") or ChainRow()

    def _put_ends(self, row: ChainRow | None) -> None:
        self._rows.put(f"{self._key}/chain", row)

    def _link_key(self, name: str) -> str:
        return f"{self._key}/link/{name}"

    def _link(self, name: str) -> LinkRow:
        found: LinkRow = self._rows.get(self._link_key(name))
        return found

    def _put(self, name: str, row: LinkRow | None) -> None:
        self._rows.put(self._link_key(name), row)
