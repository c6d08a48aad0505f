"""Rows in the middle of one decision: as they were before it, and what it has changed so far."""

from typing import Any

from polyflow_shared.deciding.rows import Changes, Row, Rows


class Draft(Changes[Row]):
    """Rows that are read and changed by key; made and used up inside one decision."""

    def __init__(self, below: Rows[Any]) -> None:
        """Begin without changes."""
        self.writes: dict[str, Row | None] = {}
        """Changed rows; None removes."""
        super().__init__(below, self.writes)

    def put(self, key: str, row: Row | None) -> None:
        """Set a row, or remove it."""
        self.writes[key] = row
