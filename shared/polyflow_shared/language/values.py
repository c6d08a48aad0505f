"""The types of inputs and outputs.

Values are JSON values on every wire, so a date is its ISO text and a path is text.  0, false and "" are
values.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import isfinite
from types import MappingProxyType
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from polyflow_shared.language.findings import did_you_mean


class ValueTypeError(ValueError):
    """The value does not fit its type."""


class TypeNameError(ValueError):
    """There is no type of this name."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type by name, with what is in it: `List[int]` is `list` of `int`."""

    name: str
    arguments: tuple["Type", ...] = ()

    def __str__(self) -> str:
        return f"{self.name}[{', '.join(map(str, self.arguments))}]" if self.arguments else self.name


ValueProblem = ValueTypeError
"""The same error by the name that the planner knows it by."""

Coerce = Callable[[JsonValue], JsonValue]

_MAX_NAME: Final = 200
_MAX_DEPTH: Final = 10
_NAME: Final = re.compile(r"\s*([A-Za-z0-9_]+)\s*")
_SHORTENED: Final = 80
_MAX_BITS: Final = 64
_MAX_NESTING: Final = 100


def coerce(kind: str | None, value: JsonValue) -> JsonValue:
    """Return a value as its type wants it: "12" becomes 12 where the type is `int`.

    Args:
        kind: the type's name, such as `int` or `List[str]`; None checks nothing.
        value: any JSON value.  None stands for no value and fits `any` and `Optional` only.

    Raises:
        ValueTypeError: the value does not fit.
        TypeNameError: there is no such type.
    """
    return value if kind is None else _coerced(parsed_type(kind), value)


def parsed_type(name: str) -> Type:
    """Return the type that a name says.

    Raises:
        TypeNameError: there is no such type; the message says which is near.
    """
    found, rest = _parsed(name[:_MAX_NAME], 0)
    if rest.strip() or len(name) > _MAX_NAME:
        raise TypeNameError(f"`{_short(name)}` is not a type: {_short(rest.strip())!r} is left over")
    return found


def _parsed(text: str, depth: int) -> tuple[Type, str]:
    match = _NAME.match(text)
    if match is None or depth > _MAX_DEPTH:
        raise TypeNameError(f"`{_short(text)}` is not a type")
    name, rest = _CANONICAL.get(match[1], match[1]), text[match.end() :]
    if name not in _COERCE and name not in _GENERIC:
        raise TypeNameError(_unknown(match[1]))
    if not rest.startswith("["):
        return Type(name), rest
    if name not in _GENERIC:
        raise TypeNameError(f"type `{name}` takes no types in brackets")
    return _arguments(name, rest[1:], depth)


def _arguments(name: str, rest: str, depth: int) -> tuple[Type, str]:
    arguments: list[Type] = []
    closing = ","
    while closing == ",":
        argument, rest = _parsed(rest, depth + 1)
        arguments.append(argument)
        closing, rest = rest[:1], rest[1:]
    if closing != "]" or len(arguments) != _GENERIC[name]:
        raise TypeNameError(f"type `{name}` takes {_GENERIC[name]} type(s) in brackets")
    return Type(name, tuple(arguments)), rest


def _unknown(name: str) -> str:
    hint = _OTHER_NAMES.get(name.lower()) or ""
    near = f"did you mean `{hint}`?" if hint else did_you_mean(name, [*_COERCE, "List", "Dict", "Optional"])
    return f"there is no type `{_short(name)}`" + (f"; {near}" if near else "")


def _coerced(kind: Type, value: JsonValue) -> JsonValue:
    if kind.name == "Optional":
        return None if value is None or not kind.arguments else _coerced(kind.arguments[0], value)
    if value is None and kind.name != "any":
        raise _misfit(kind, value)
    if kind.name == "list":
        return _list(kind, value)
    if kind.name == "dict":
        return _dict(kind, value)
    try:
        return _COERCE[kind.name](value)
    except (ValueError, TypeError, OverflowError) as error:
        raise _misfit(kind, value) from error


def _list(kind: Type, value: JsonValue) -> JsonValue:
    items = _json_text(value)
    if not isinstance(items, list):
        raise _misfit(kind, value)
    return [_coerced(kind.arguments[0], item) for item in items] if kind.arguments else items


def _dict(kind: Type, value: JsonValue) -> JsonValue:
    items = _json_text(value)
    if not isinstance(items, dict):
        raise _misfit(kind, value)
    if not kind.arguments:
        return items
    keys, values = kind.arguments
    for key in items:
        _coerced(keys, key)
    return {key: _coerced(values, item) for key, item in items.items()}


def _json_text(value: JsonValue) -> JsonValue:
    """Return what a text says in JSON: lists and maps may come from a command line."""
    if not isinstance(value, str) or value.strip()[:1] not in ("[", "{"):
        return value
    try:
        found: JsonValue = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return value if _deeper(found, _MAX_NESTING) else found


def _deeper(value: JsonValue, levels: int) -> bool:
    """Tell whether a value is nested more than so many levels deep, which no message can carry."""
    if levels < 0:
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_deeper(item, levels - 1) for item in inner)


def _misfit(kind: Type, value: JsonValue) -> ValueTypeError:
    return ValueTypeError(
        f"{_short(json.dumps(value, ensure_ascii=False))} is not {_ARTICLES.get(kind.name, '')}`{kind}`"
    )


def _short(text: str) -> str:
    return text if len(text) <= _SHORTENED else f"{text[:_SHORTENED]}…"


def _int(value: JsonValue) -> int:
    if isinstance(value, float):
        if not value.is_integer():
            raise ValueError
        value = int(value)
    if not isinstance(value, int | str):
        raise TypeError
    number = int(value)
    if number.bit_length() > _MAX_BITS:
        raise OverflowError
    return number


def _float(value: JsonValue) -> float:
    if not isinstance(value, int | float | str):
        raise TypeError
    number = float(value)
    if not isfinite(number):
        raise ValueError
    return number


_WORDS: Final = {"true": True, "yes": True, "on": True, "y": True, "t": True, "1": True} | {
    "false": False, "no": False, "off": False, "n": False, "f": False, "0": False,
}  # fmt: skip


def _bool(value: JsonValue) -> bool:
    word = value.strip().lower() if isinstance(value, str) else str(value).lower()
    if isinstance(value, list | dict | float) or word not in _WORDS:
        raise ValueError
    return _WORDS[word]


def _str(value: JsonValue) -> str:
    if isinstance(value, list | dict):
        raise TypeError
    return value if isinstance(value, str) else json.dumps(value)


def _date(value: JsonValue) -> str:
    return date.fromisoformat(_str(value)).isoformat()


def _datetime(value: JsonValue) -> str:
    return datetime.fromisoformat(_str(value)).isoformat()


_DURATION: Final = re.compile(
    r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?\Z"
    r"|(?:(\d+) ?d(?:ays?)?,? ?)?(?:(\d+):(\d+):(\d+))?\Z"
)


def _timedelta(value: JsonValue) -> JsonValue:
    """Return seconds: from a number, ISO 8601 (`PT2M`), `HH:MM:SS` or `1d`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _float(value)
    match = _DURATION.match(_str(value))
    if match is None or not any(match.groups()):
        raise ValueError
    weeks, days, hours, minutes, seconds = (float(part or 0) for part in match.groups()[:5])
    more, hh, mm, ss = (float(part or 0) for part in match.groups()[5:])
    whole = timedelta(
        weeks=weeks, days=days + more, hours=hours + hh, minutes=minutes + mm, seconds=seconds + ss
    )
    return whole.total_seconds()


def _uuid(value: JsonValue) -> str:
    return str(UUID(_str(value)))


def _uri(*schemes: str) -> Coerce:
    """Return a check for an absolute URI, of one of these schemes where some are given."""

    def check(value: JsonValue) -> JsonValue:
        scheme, found, rest = _str(value).partition("://")
        if not (found and rest and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme)):
            raise ValueError
        if schemes and scheme not in schemes:
            raise ValueError
        return value

    return check


def _map(*required: str) -> Coerce:
    def check(value: JsonValue) -> JsonValue:
        if not isinstance(value, dict) or any(key not in value for key in required):
            raise TypeError
        return value

    return check


def _bounded(read: Callable[[JsonValue], float], fits: Callable[[float], bool]) -> Coerce:
    def check(value: JsonValue) -> JsonValue:
        number = read(value)
        if not fits(number):
            raise ValueError
        return number

    return check


def _only(kind: type) -> Coerce:
    """Return a check for values that are of one JSON type already."""

    def check(value: JsonValue) -> JsonValue:
        if type(value) is not kind:
            raise TypeError
        return value

    return check


_GENERIC: Final = {"list": 1, "dict": 2, "Optional": 1}
_CANONICAL: Final = {"Any": "any", "List": "list", "Dict": "dict"}
_ARTICLES: Final = {"int": "an ", "any": ""}
_OTHER_NAMES: Final = {
    "string": "str", "text": "str", "integer": "int", "number": "float", "double": "float", "boolean": "bool",
    "array": "list", "object": "dict", "map": "dict", "tuple": "list", "s3_path": "s3", "gcs_path": "gcs",
    "wasb_path": "wasb",
}  # fmt: skip
_COERCE: Final[Mapping[str, Coerce]] = MappingProxyType(
    {
        "any": lambda value: value,
        "int": _int,
        "float": _float,
        "metric": _float,
        "bool": _bool,
        "str": _str,
        "path": _str,
        "image": _str,
        "list": _json_text,
        "dict": _json_text,
        "metadata": _map(),
        "date": _date,
        "datetime": _datetime,
        "timedelta": _timedelta,
        "uuid": _uuid,
        "uri": _uri(),
        "url": _uri(),
        "gcs": _uri("gs", "gcs"),
        "s3": _uri("s3"),
        "wasb": _uri("wasb", "wasbs"),
        "event": _map("name", "kind"),
        "git": _map(),
        "dockerfile": _map("image"),
        "artifacts": _map(),
        "file": _map("content"),
        "tensorboard": _map(),
        "PositiveInt": _bounded(_int, lambda number: number > 0),
        "NonNegativeInt": _bounded(_int, lambda number: number >= 0),
        "NegativeInt": _bounded(_int, lambda number: number < 0),
        "NonPositiveInt": _bounded(_int, lambda number: number <= 0),
        "PositiveFloat": _bounded(_float, lambda number: number > 0),
        "NonNegativeFloat": _bounded(_float, lambda number: number >= 0),
        "NegativeFloat": _bounded(_float, lambda number: number < 0),
        "NonPositiveFloat": _bounded(_float, lambda number: number <= 0),
        "FiniteFloat": _float,
        "StrictInt": _only(int),
        "StrictFloat": _only(float),
        "StrictBool": _only(bool),
        "StrictStr": _only(str),
    }
)
