"""Rows in the middle of one decision: as they were before it, and what it has changed so far."""

from typing import Any

from polyflow_shared.rows import Row, Rows


class Draft:
    """Rows that are read and changed by key; made and used up inside one decision."""

    def __init__(self, below: Rows[Any]) -> None:
        """Begin without changes."""
        self._below = below
        self.writes: dict[str, Row | None] = {}
        """Changed rows; None removes."""

    def get(self, key: str) -> Any:
        """Return the row as it stands now, or None if there is none."""
        return self.writes[key] if key in self.writes else self._below.get(key)

    def put(self, key: str, row: Row | None) -> None:
        """Set a row, or remove it."""
        self.writes[key] = row
