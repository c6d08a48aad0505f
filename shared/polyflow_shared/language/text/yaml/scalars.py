"""Plain YAML scalars: what an unquoted word means.

YAML 1.1 without its surprises: dates stay text, and so does `12:30`, which is no number to the base of 60.
"""

import re
from math import isfinite
from types import MappingProxyType
from typing import Final

from pydantic import JsonValue

from polyflow_shared.language.text.json_text import MAX_BITS

CONSTANTS: Final = MappingProxyType(
    {
        spelling: value
        for word, value in {
            "true": True, "yes": True, "on": True, "false": False, "no": False, "off": False, "null": None,
        }.items()
        for spelling in (word, word.capitalize(), word.upper())
    } | {"": None, "~": None}
)  # fmt: skip
"""Words that are no text."""

NUMERIC: Final = frozenset("+-.0123456789")
"""What a number begins with."""

_INT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)\Z|0x[0-9a-fA-F_]+\Z|0o?[0-7_]+\Z")
_FLOAT: Final = re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")


def value(text: str) -> JsonValue:
    """Return what a plain scalar is: a constant, a number, or the text itself.

    Raises:
        ValueError: a number that JSON cannot carry; says why.
    """
    if text in CONSTANTS:
        return CONSTANTS[text]
    return number(text) if text[0] in NUMERIC else text


def number(text: str) -> JsonValue:
    """Return the number that a plain scalar is, or the text itself.

    Raises:
        ValueError: it is infinite or not a number, has more than 64 bits, or exceeds the largest float.
    """
    if _INT.match(text):
        return _integer(text)
    if _FLOAT.match(text) and any(character in text for character in ".eE"):
        return _float(text)
    if _NOT_FINITE.match(text):
        raise ValueError(f"{text} cannot be carried by JSON")
    return text


def _integer(text: str) -> int:
    digits = text.replace("_", "")
    if len(digits) > MAX_BITS + 2:  # no base makes this fit, and Python refuses to read far more digits
        raise ValueError(_too_large(text))
    value = _based(digits)
    if value.bit_length() > MAX_BITS:
        raise ValueError(_too_large(text))
    return value


def _based(digits: str) -> int:
    if digits.startswith("0x"):
        return int(digits[2:] or "0", 16)
    octal = digits.startswith("0") and len(digits) > 1
    return int(digits.removeprefix("0o") or "0", 8) if octal else int(digits)


def _float(text: str) -> float:
    value = float(text.replace("_", ""))
    if not isfinite(value):
        raise ValueError(_too_large(text))
    return value


def _too_large(text: str) -> str:
    return f"the number {text[:20]}{'…' if len(text) > 20 else ''} is too large"
