"""Fields of objects that come from elsewhere: what is not of the expected type counts as absent.  Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

Object = Mapping[str, Any]
"""An object of the API, to be read."""

_NEVER: Final = 1970
"""The year that programs write when they mean no time at all; Go also writes the year 1."""


def mapping(value: Any) -> Object:
    """Return a JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> Sequence[Object]:
    """Return the objects in a list, or none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list | tuple) else []


def inside(value: Any, *keys: str) -> Any:
    """Return what is found by these keys, one in the other, or None."""
    for key in keys:
        value = mapping(value).get(key)
    return value


def text(value: Any) -> str:
    """Return a text without white space around it, or an empty one."""
    return value.strip() if isinstance(value, str) else ""


def whole(value: Any) -> int | None:
    """Return a whole number, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def texts(value: Any) -> Mapping[str, str]:
    """Return an object's texts by key."""
    return {str(key): one for key, one in mapping(value).items() if isinstance(one, str)}


def moment(value: Any) -> datetime | None:
    """Return a time, with its zone; None for what is no time, or means none."""
    try:
        read = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    if read.year <= _NEVER:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def shifted(start: datetime | None, seconds: int | None) -> datetime | None:
    """Return a time so many seconds later (or earlier); None where either is not known."""
    if start is None or seconds is None:
        return None
    try:
        return start + timedelta(seconds=seconds)
    except OverflowError:
        return None
