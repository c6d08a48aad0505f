"""What a field's value should be, in a user's words, from what pydantic says of it."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from pydantic_core import ErrorDetails

from polyflow_shared.language.findings import Nearest, Quote
from polyflow_shared.language.text.json_text import MAX_BITS

_FEW: Final = 8
"""Of a longer list of words only the first ones are said."""
_SAID: Final = 3
_WORD: Final = re.compile("'([^']*)'")
_INTERNAL: Final = frozenset({"compiled_operation"})
"""Words that nobody writes, and so nobody is told to."""

_INTEGER: Final = "an integer"
_NUMBER: Final = "a number"
_WANTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("string_type", "string_sub_type"), "a text"),
        **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), _INTEGER),
        **dict.fromkeys(("float_type", "float_parsing"), _NUMBER),
        **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
        **dict.fromkeys(("list_type", "tuple_type"), "a list"),
        "dict_type": "a map",
        **dict.fromkeys(("model_type", "model_attributes_type"), "a map of fields"),
        **dict.fromkeys(("datetime_type", "datetime_parsing"), "a moment such as `2030-01-31T12:00:00`"),
        "datetime_from_date_parsing": "a moment such as `2030-01-31T12:00:00`, or a date",
        **dict.fromkeys(
            ("date_type", "date_parsing", "date_from_datetime_parsing"), "a date such as `2030-01-31`"
        ),
        "finite_number": "a number that is finite",
        "string_too_short": "a text that is not empty",
    }
)
_PATTERNS: Final[Mapping[str, str]] = MappingProxyType(
    {r"^[-a-zA-Z0-9_]+$": "made of letters, digits, `-` and `_`"},
)
_OF_NO_NAME: Final = re.compile(r"[^-a-zA-Z0-9_]+")
"""What must not be in a name."""


def wrong_type(error: ErrorDetails) -> bool:
    """Tell whether a value is of the wrong type, not of the right one and out of its range."""
    return error["type"].endswith(("_type", "_parsing", "_from_float"))


def should_be(errors: Sequence[ErrorDetails]) -> str:
    """Return what the value at one place should be, and what it is."""
    words = dict.fromkeys(map(_wanted, errors))
    if _NUMBER in words:
        words.pop(_INTEGER, None)
    wanted = " or ".join(words)
    return f"this should be {wanted}, not {_shown(errors[0]['input'])}"


def _wanted(error: ErrorDetails) -> str:
    if error["type"] == "string_pattern_mismatch":
        return _PATTERNS.get(error["ctx"]["pattern"], "written otherwise")
    if words := choices(error):
        return _one_of(words)
    return _WANTED.get(error["type"]) or error["msg"].removeprefix("Input should be ")


def choices(error: ErrorDetails) -> list[str]:
    """Return the words that a field may have; none where it may have any."""
    if error["type"] not in ("literal_error", "enum"):
        return []
    return [word for word in _WORD.findall(error["ctx"]["expected"]) if word not in _INTERNAL]


def _one_of(words: list[str]) -> str:
    quoted = [f"`{word}`" for word in words]
    if len(words) > _FEW:
        return f"one of {len(words)} words ({', '.join(quoted[:_SAID])}, …)"
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(words) > 1 else quoted)


def _shown(found: Any) -> str:
    if isinstance(found, dict | list):
        return "a map" if isinstance(found, dict) else "a list"
    if found is None:
        return "null"
    if found == "":
        return "an empty text"
    return f"`{str(found).lower() if isinstance(found, bool) else str(found)[:60]}`"


def hint(error: ErrorDetails) -> str | Nearest | Quote:
    """Return what to write in place of a value that is wrong; empty where nobody knows."""
    kind, found = error["type"], error["input"]
    if found == "...":
        return "`...` stands for something that was left out; write it, or remove the dots"
    if kind == "string_type":
        answer = isinstance(found, bool) and error["loc"][-1:] == ("conditions",)
        return Quote(found, answer) if isinstance(found, int | float) else ""
    if isinstance(found, list | dict) or kind in ("list_type", "tuple_type"):
        return _of_items(kind, found)
    if kind.startswith("int_"):
        return _of_integer(found)
    if kind == "string_pattern_mismatch":
        return _as_name(found) if error["ctx"]["pattern"] in _PATTERNS else ""
    return Nearest(str(found), words) if (words := choices(error)) else ""


def _as_name(found: str) -> str:
    """Return a name that is allowed and like the one that is not."""
    plain = unicodedata.normalize("NFKD", found).encode("ascii", "ignore").decode()
    name = _OF_NO_NAME.sub("-", plain).strip("-")
    return f"write `{name[:60]}`" if name else ""


def _of_items(kind: str, found: Any) -> str:
    if kind in ("list_type", "tuple_type") and isinstance(found, dict):
        return "begin each item with `- `"
    if kind == "dict_type" and isinstance(found, list):
        return "write `name: value`, without `- `"
    if kind in ("list_type", "tuple_type") and not isinstance(found, list):
        return "write a list" if found is None else f"write `[{str(found)[:60]}]`"
    return ""


def _readable(digits: str) -> bool:
    """Tell whether a file can have this integer without quotes."""
    return len(digits) <= MAX_BITS and int(digits).bit_length() <= MAX_BITS


def _of_integer(found: Any) -> str:
    text = str(found)
    if re.fullmatch("0+[1-9][0-9]*", text):
        return f"a leading zero means octal; write {text.lstrip('0')}"
    if re.fullmatch("-?[0-9]+", text):
        return "write it without quotes" if _readable(text) else "it is too large"
    whole = re.fullmatch(r"(-?[0-9]+)\.0", text)
    return f"write {whole[1]}" if whole else ""
