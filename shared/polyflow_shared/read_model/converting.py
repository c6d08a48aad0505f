"""Values of queries as the read model keeps them: ids, moments, numbers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from polyflow_shared.language import pql
from polyflow_shared.language.pql import Operator, PqlError

Convert = Callable[[str], Any]
DAY: Final = len("2026-03-14")
LATEST: Final = "latest"
"""What commands take for a run, and queries do not: which run it is changes."""


def id_of(condition: pql.Condition) -> Convert:
    """Return what makes a UUID as it is kept, also of one that is written without hyphens."""

    def convert(value: str) -> str:
        if value == LATEST:
            hint = "write the id; `polyflow ls` shows it"
            raise PqlError(f"`{LATEST}` is no id in a query", condition.column, hint)
        try:
            return str(UUID(value))
        except ValueError:
            return value

    return convert


def moment_of(value: str, condition: pql.Condition) -> str:
    """Return a day or moment as it is kept; without a time zone it is in UTC, and a day begins at midnight.

    The end of a range and what is after a day (`>`, `<=`) count to the day's last moment.
    """
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        message = f"`{value}` is no day or time"
        raise PqlError(message, condition.column, "write 2026-03-14, or 2026-03-14T09:30") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    last = condition.operator in {Operator.GT, Operator.LE} or (
        condition.operator is Operator.RANGE and value == condition.values[-1]
    )
    if len(value) == DAY and last:
        moment += timedelta(days=1, milliseconds=-1)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def number_of(condition: pql.Condition) -> Convert:
    """Return what makes a number of a value, and refuses others."""

    def convert(value: str) -> float:
        number = as_number(value)
        if number is None:
            message = f"`{condition.field}` is compared with a number, not with `{value}`"
            raise PqlError(message, condition.column, "write seconds, such as 90")
        return number

    return convert


def as_number(value: str) -> float | None:
    """Return a value as a number, if it is one."""
    try:
        return float(value)
    except ValueError:
        return None
