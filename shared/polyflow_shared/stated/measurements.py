"""What a program may state as a measurement: a line of JSON.

Such as `{"values": {"loss": 0.5}, "step": 3, "at": 1767225600.25}`: numbers by name, NaN and infinities
as Python's `json` writes them; the step and the time (seconds since 1970) may be missing.  Pure.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

_MAX_STEP: Final = 2**63


class MeasurementInvalidError(ValueError):
    """This is no measurement; the text is for the user."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one line says.

    Attributes:
        values: numbers by name.
        step: what the program counts; None where it counts nothing.
        at: when it was measured; None where the line does not say it.
    """

    values: dict[str, float]
    step: int | None
    at: datetime | None


def read_measurement(line: bytes) -> Measured:
    """Return what a line says.

    Raises:
        MeasurementInvalidError: it says nothing that could be sent on.
    """
    try:
        entry = json.loads(line)
        return Measured(
            values={_name(name): _number(value) for name, value in entry["values"].items()},
            step=_step(entry.get("step")),
            at=datetime.fromtimestamp(_number(entry["at"]), UTC) if "at" in entry else None,
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError, RecursionError) as error:
        raise MeasurementInvalidError(str(error)) from error


def _name(name: str) -> str:
    name.encode()  # half characters cannot be sent on
    return name


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def _step(value: Any) -> int | None:
    if value is None or (type(value) is int and abs(value) < _MAX_STEP):
        return value
    raise TypeError(f"the step {value!r} is not a number")
