"""The types of inputs and outputs.

Values are JSON values on every wire, so a date is its ISO text and a path is text.  0, false and "" are
values.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from polyflow_shared.language.findings import did_you_mean
from polyflow_shared.language.values.coercions import COERCE, json_text


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


_MAX_NAME: Final = 200
_MAX_DEPTH: Final = 10
_NAME: Final = re.compile(r"\s*([A-Za-z0-9_]+)\s*")
_SHORTENED: Final = 80


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
    if name not in COERCE and name not in _GENERIC:
        raise TypeNameError(_unknown(match[1]))
    if not rest.startswith("["):
        if name == "Union":
            raise TypeNameError("type `Union` takes types in brackets, such as `Union[int, str]`")
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
    if closing != "]" or (name != "Union" and len(arguments) != _GENERIC[name]):
        raise TypeNameError(f"type `{name}` takes {_GENERIC[name]} type(s) in brackets")
    return Type(name, tuple(arguments)), rest


def _unknown(name: str) -> str:
    hint = _OTHER_NAMES.get(name.lower()) or ""
    near = (
        f"did you mean `{hint}`?"
        if hint
        else did_you_mean(name, [*COERCE, "List", "Dict", "Optional", "Union"])
    )
    return f"there is no type `{_short(name)}`" + (f"; {near}" if near else "")


def _coerced(kind: Type, value: JsonValue) -> JsonValue:
    if kind.name == "Optional":
        return None if value is None or not kind.arguments else _coerced(kind.arguments[0], value)
    if kind.name == "Union":
        return _union(kind, value)
    if value is None and kind.name != "any":
        raise _misfit(kind, value)
    if kind.name == "list":
        return _list(kind, value)
    if kind.name == "dict":
        return _dict(kind, value)
    try:
        return COERCE[kind.name](value)
    except (ValueError, TypeError, OverflowError) as error:
        raise _misfit(kind, value) from error


def _union(kind: Type, value: JsonValue) -> JsonValue:
    """Return a value as the type that takes it as it is, or else as the first that takes it."""
    found: list[JsonValue] = []
    for argument in kind.arguments:
        try:
            found.append(_coerced(argument, value))
        except ValueTypeError:
            continue
    if not found:
        raise _misfit(kind, value)
    as_it_is = (one for one in found if type(one) is type(value) and one == value)
    return next(as_it_is, found[0])


def _list(kind: Type, value: JsonValue) -> JsonValue:
    items = json_text(value)
    if not isinstance(items, list):
        raise _misfit(kind, value)
    return [_coerced(kind.arguments[0], item) for item in items] if kind.arguments else items


def _dict(kind: Type, value: JsonValue) -> JsonValue:
    items = json_text(value)
    if not isinstance(items, dict):
        raise _misfit(kind, value)
    if not kind.arguments:
        return items
    keys, values = kind.arguments
    for key in items:
        _coerced(keys, key)
    return {key: _coerced(values, item) for key, item in items.items()}


def _misfit(kind: Type, value: JsonValue) -> ValueTypeError:
    return ValueTypeError(
        f"{_short(json.dumps(value, ensure_ascii=False))} is not {_ARTICLES.get(kind.name, '')}`{kind}`"
    )


def _short(text: str) -> str:
    return text if len(text) <= _SHORTENED else f"{text[:_SHORTENED]}…"


_GENERIC: Final = {"list": 1, "dict": 2, "Optional": 1, "Union": 2}
_CANONICAL: Final = {"Any": "any", "List": "list", "Dict": "dict"}
_ARTICLES: Final = {"int": "an ", "any": ""}
_OTHER_NAMES: Final = {
    "string": "str", "text": "str", "integer": "int", "number": "float", "double": "float", "boolean": "bool",
    "array": "list", "object": "dict", "map": "dict", "tuple": "list", "s3_path": "s3", "gcs_path": "gcs",
    "wasb_path": "wasb",
}  # fmt: skip
