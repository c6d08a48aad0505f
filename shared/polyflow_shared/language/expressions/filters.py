"""What an expression may do with values: filters, tests and arithmetic.  Whatever they make stays small."""

import json
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from jinja2 import Undefined

from polyflow_shared.language.expressions.names import text_of

MAX_TEXT: Final = 512 * 1024
"""Characters, or items, of whatever an expression makes."""
MAX_BITS: Final = 4096
"""Of an integer."""


def _default(value: Any, other: Any = "", boolean: bool = False) -> Any:
    return other if isinstance(value, Undefined) or (boolean and not value) else value


def _replace(value: Any, old: str, new: str) -> str:
    text = text_of(value)
    count = text.count(old)
    _fits(len(text) + count * len(new))
    return text.replace(old, new)


def _join(value: Any, between: str = "") -> str:
    parts = [text_of(item) for item in value]
    _fits(sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


def _fits(size: int) -> None:
    if size > MAX_TEXT:
        raise ValueError(f"the result is longer than {MAX_TEXT:,} characters")


def _plus(left: Any, right: Any) -> Any:
    if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
        _fits(len(left) + len(right))
    return left + right


def _times(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        _small(left.bit_length() + right.bit_length())
    elif not (isinstance(left, int | float) and isinstance(right, int | float)):
        raise TypeError("`*` takes two numbers")
    return left * right


def _power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        _small(left.bit_length() * abs(right))
    elif not (isinstance(left, int | float) and isinstance(right, int | float)):
        raise TypeError("`**` takes two numbers")
    return left**right


def _modulo(left: Any, right: Any) -> Any:
    if not (isinstance(left, int | float) and isinstance(right, int | float)):
        raise TypeError("`%` takes two numbers")
    return operator.mod(left, right)


def _small(bits: int) -> None:
    if bits > MAX_BITS:
        raise ValueError("the number is too large")


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "abs": abs,
        "capitalize": lambda value: text_of(value).capitalize(),
        "count": len,
        "d": _default,
        "default": _default,
        "first": lambda value: value[0],
        "float": float,
        "int": int,
        "join": _join,
        "last": lambda value: value[-1],
        "length": len,
        "list": list,
        "lower": lambda value: text_of(value).lower(),
        "max": max,
        "min": min,
        "replace": _replace,
        "round": lambda value, digits=0: round(float(value), digits),
        "sort": lambda value, reverse=False: sorted(value, reverse=reverse),
        "split": lambda value, between=None: text_of(value).split(between),
        "string": text_of,
        "sum": sum,
        "title": lambda value: text_of(value).title(),
        "tojson": lambda value: json.dumps(value, ensure_ascii=False),
        "trim": lambda value: text_of(value).strip(),
        "upper": lambda value: text_of(value).upper(),
    }
)
TESTS: Final[Mapping[str, Callable[..., bool]]] = MappingProxyType(
    {
        "defined": lambda value: not isinstance(value, Undefined),
        "undefined": lambda value: isinstance(value, Undefined),
        "none": lambda value: value is None,
        "string": lambda value: isinstance(value, str),
        "number": lambda value: isinstance(value, int | float),
        "boolean": lambda value: isinstance(value, bool),
        "mapping": lambda value: isinstance(value, Mapping),
        "sequence": lambda value: isinstance(value, str | list | tuple),
        "even": lambda value: value % 2 == 0,
        "odd": lambda value: value % 2 == 1,
        "in": lambda value, whole: value in whole,
    }
)
OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = MappingProxyType(
    {"+": _plus, "*": _times, "**": _power, "%": _modulo}
)
