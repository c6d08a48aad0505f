"""Values of queries as the read model keeps them: ids, moments, numbers."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from polyflow_shared.language import pql
from polyflow_shared.language.pql import PqlError

Convert = Callable[[str], Any]
_DAY: Final = timedelta(days=1, milliseconds=-1)
"""From a day's first moment to its last one."""
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


def moments_of(value: str, condition: pql.Condition) -> tuple[str, str]:
    """Return the first and the last moment of a day, or a moment twice, as they are kept.

    What is written without a time zone is in UTC.

    Raises:
        PqlError: it is neither.
    """
    try:
        first, last = _moments(value)
    except (ValueError, OverflowError):  # the latter where the time zone leads out of the calendar
        message = f"`{value}` is no day or time"
        raise PqlError(message, condition.column, "write 2026-03-14, or 2026-03-14T09:30") from None
    return _kept(first), _kept(last)


def _moments(value: str) -> tuple[datetime, datetime]:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return moment, moment
    first = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return first, first + _DAY


def _kept(moment: datetime) -> str:
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
