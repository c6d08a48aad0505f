"""What databases write in different ways; PostgreSQL gets a class here beside SQLite's."""

import re
from typing import Any, Final, NamedTuple, Protocol


class Sql(NamedTuple):
    """A piece of SQL with `?` for each of its parameters."""

    text: str
    parameters: tuple[Any, ...] = ()


class Dialect(Protocol):
    """What databases write in different ways."""

    def number(self, column: str, key: str) -> Sql:
        """Return the number under a key of a JSON object; null where there is none."""

    def text(self, column: str, key: str) -> Sql:
        """Return the value under a key of a JSON object as text; null where there is none, or null."""

    def any_item(self, column: str, condition: str) -> str:
        """Return whether an item of a JSON list, called `item`, fulfils a condition."""

    def seconds(self, start: str, end: str) -> str:
        """Return the seconds between two moments, which are RFC 3339 in UTC."""

    def like(self, expression: Sql, pattern: str) -> Sql:
        """Return whether a text is as a pattern says: `%` is any text, all else is itself, in its case."""


class Sqlite:
    """SQLite's way.  Source: https://www.sqlite.org/json1.html."""

    def number(self, column: str, key: str) -> Sql:
        """Return the number under a key."""
        path = f'$."{key}"'
        kinds = "('integer', 'real')"
        text = f"CASE WHEN json_type({column}, ?) IN {kinds} THEN json_extract({column}, ?) END"
        return Sql(text, (path, path))

    def text(self, column: str, key: str) -> Sql:
        """Return the value under a key as text."""
        path = f'$."{key}"'
        text = (
            f"CASE json_type({column}, ?) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
            f"ELSE CAST(json_extract({column}, ?) AS TEXT) END"
        )
        return Sql(text, (path, path))

    def any_item(self, column: str, condition: str) -> str:
        """Return whether an item fulfils a condition."""
        return f"EXISTS (SELECT 1 FROM (SELECT value AS item FROM json_each({column})) WHERE {condition})"

    def seconds(self, start: str, end: str) -> str:
        """Return the seconds between two moments, to the millisecond."""
        return f"ROUND((julianday({end}) - julianday({start})) * 86400.0, 3)"

    def like(self, expression: Sql, pattern: str) -> Sql:
        """Return whether a text is as a pattern says."""
        # LIKE takes `a` for `A`, and `_` for any character; GLOB does neither.
        literal = _GLOB_SIGN.sub(r"[\g<0>]", pattern).replace("%", "*")
        return Sql(f"{expression.text} GLOB ?", (*expression.parameters, literal))


_GLOB_SIGN: Final = re.compile(r"[*?\[]")
SQLITE: Final = Sqlite()
