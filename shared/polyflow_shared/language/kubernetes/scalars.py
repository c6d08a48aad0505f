"""Single values in Kubernetes' objects: texts, numbers, amounts, moments.

Where the language's released reader makes a text of a number (arguments, values of variables, amounts), so
does this; elsewhere a number in place of a text is a mistake that Kubernetes refuses.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Path, Quote

Check = Callable[[object, Path, list[Finding]], Any]
"""Return a value as Kubernetes wants it; add what is wrong with it to the findings."""

_QUANTITY: Final = re.compile(r"\+?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?")
"""Source: Kubernetes' resource.Quantity; what a container asks for is never negative."""
_BYTES: Final = re.compile(r"(?i)\s*([\d.]+)\s*([kmgtpe])(i?)b?\s*")
_MAX_PORT: Final = 65535
_SHOWN: Final = 60


def looks_rendered(text: str) -> bool:
    """Tell whether a text is to be rendered first, so that its type is not known yet."""
    return "{{" in text or "{%" in text


def wrong(wanted: str, value: object, path: Path, found: list[Finding], hint: str | Quote = "") -> object:
    """Note that a value is not what was wanted, and return it."""
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    subject = f"`{name}`: " if name else ""
    message = f"{subject}this should be {wanted}, not {_shown(value)}"
    found.append(Finding(Code.WRONG_TYPE, message, path, hint, stage=Stage.RUN_READY))
    return value


def _shown(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, Mapping | list | tuple):
        return "a map" if isinstance(value, Mapping) else "a list"
    return f"`{str(value).lower() if isinstance(value, bool) else str(value)[:_SHOWN]}`"


def _text(value: object, path: Path, found: list[Finding]) -> object:
    if isinstance(value, str):
        return value
    hint = Quote(value) if isinstance(value, int | float) else ""
    return wrong("a text", value, path, found, hint)


def _integer(value: object, path: Path, found: list[Finding]) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    quoted = isinstance(value, str) and value.strip().lstrip("-").isdigit()
    return wrong("an integer", value, path, found, "write it without quotes" if quoted else "")


def _boolean(value: object, path: Path, found: list[Finding]) -> object:
    if isinstance(value, bool):
        return value
    quoted = isinstance(value, str) and value.lower() in ("true", "false")
    return wrong("true or false", value, path, found, "write it without quotes" if quoted else "")


def _moment(value: object, path: Path, found: list[Finding]) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        return wrong("a moment such as `2030-01-31T12:00:00Z`", value, path, found)
    return value


def _anything(value: object, _path: Path, _found: list[Finding]) -> object:
    return value


def _quantity(value: object, path: Path, found: list[Finding]) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return str(value)
    if isinstance(value, str) and _QUANTITY.fullmatch(value):
        return value
    return wrong("an amount such as `1`, `500m` or `2Gi`", value, path, found, _quantity_hint(value))


def _quantity_hint(value: object) -> str:
    match = _BYTES.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return ""
    number, unit, binary = match.groups()
    letter = "k" if unit in "kK" and not binary else unit.upper()
    return f"write `{number}{letter}{binary.lower()}`"


def _port(value: object, path: Path, found: list[Finding]) -> object:
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        return wrong("a port's number or name", value, path, found)
    if isinstance(value, int) and not 1 <= value <= _MAX_PORT:
        return wrong(f"a port from 1 to {_MAX_PORT}", value, path, found)
    return value


def _scalar(value: object, path: Path, found: list[Finding]) -> object:
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return _text(value, path, found)


def _arguments(value: object, path: Path, found: list[Finding]) -> object:
    """Return arguments as texts; one may stand alone, and null is none."""
    if isinstance(value, str | int | float):
        return [_scalar(value, path, found)]
    if not isinstance(value, list | tuple):
        return wrong("a list", value, path, found, "write a list, such as `[python, train.py]`")
    return [_scalar(part, (*path, index), found) for index, part in enumerate(value) if part is not None]


SCALARS: Final[Mapping[str, Check]] = {
    "str": _text,
    "int": _integer,
    "bool": _boolean,
    "datetime": _moment,
    "object": _anything,
    "quantity": _quantity,
    "port": _port,
    "scalar": _scalar,
    "arguments": _arguments,
}
"""The check of each type that is neither an object nor made of others.

A `port` is a number or a name, a `scalar` a text as which numbers and booleans are read, `arguments` are such
texts, of which one may stand alone.
"""
