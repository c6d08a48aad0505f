"""What values must be like beyond their type: the rules of `validation`.

Rules for single values are applied to each item of a list and each value of a map.  Source: the language's
reference, section 2.2.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from pydantic import JsonValue
from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

MAX_ITEMS: Final = 10_000
"""Items of a value that are looked at."""
_SHOWN: Final = 60
"""Characters of a value that are shown."""

Rules = Mapping[str, JsonValue]
"""Each rule by its name in the language, such as `minLength`, with its argument."""


class PatternError(ValueError):
    """A regular expression cannot be used."""


def broken(rules: Rules, value: JsonValue) -> Iterator[str]:
    """Yield what is wrong with a value, one sentence for each rule that it breaks.

    Args:
        rules: those that have an argument; templates among them are left out.
        value: a value that has the right type; null breaks no rule.
    """
    if value is None:
        return
    for name, argument in rules.items():
        if argument is None or (isinstance(argument, str) and "{{" in argument):
            continue
        if name in _WHOLE:
            if not _holds(name, value, argument):
                yield f"{_short(value)} {_SAYS[name].format(_short(argument))}"
        elif name in _SINGLE:
            yield from _each(name, argument, value)


def _holds(name: str, value: JsonValue, argument: JsonValue) -> bool:
    try:
        return _WHOLE[name](value, argument)
    except TypeError:  # a text has no numbers in it, and a map no lists as keys
        return name in _WITHOUT


def _each(name: str, argument: JsonValue, value: JsonValue) -> Iterator[str]:
    items: list[JsonValue] = [value]
    if isinstance(value, list | dict):
        items = list(value.values() if isinstance(value, dict) else value)[:MAX_ITEMS]
    for item in items:
        try:
            fits = _fits(_SINGLE[name], item, argument)
        except PatternError as error:
            yield str(error)
            return
        if not fits:
            yield f"{_short(item)} {_SAYS[name].format(_short(argument))}"
            return


def _fits(check: "Check", value: Any, argument: Any) -> bool:
    """Tell whether a value keeps a rule; one of a type that the rule knows nothing of does not."""
    try:
        return check(value, argument)
    except PatternError:
        raise
    except (TypeError, ValueError, InvalidOperation):
        return False


def _short(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


@lru_cache(maxsize=256)
def _pattern(text: str) -> SchemaValidator:
    """Return what checks a pattern from the start of a text, in linear time whatever the pattern.

    Raises:
        PatternError: it is no regular expression, or one that needs more than linear time.
    """
    try:
        return SchemaValidator(core_schema.str_schema(pattern=f"^(?:{text})", regex_engine="rust-regex"))
    except SchemaError as error:
        message = "looks around or back, or is malformed"
        raise PatternError(f"the pattern {_short(text)} cannot be used: it {message}") from error


def _matches(value: Any, pattern: Any) -> bool:
    try:
        _pattern(pattern).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


def _digits(value: Any) -> tuple[int, int]:
    """Return how many digits a number has, and how many of them are decimals."""
    _, digits, exponent = Decimal(str(value)).normalize().as_tuple()
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    whole = len(digits) + (exponent if isinstance(exponent, int) and exponent > 0 else 0)
    return max(whole, decimals), decimals


def _multiple(value: Any, of: Any) -> bool:
    return Decimal(str(value)) % Decimal(str(of)) == 0


def _contains(value: Any, part: Any) -> bool:
    """Tell whether something is in a value, or in each of the texts that a list is made of."""
    if not isinstance(value, str | list | dict):
        return bool(value == part)
    if part in value:
        return True
    texts = isinstance(value, list) and value and isinstance(part, str)
    return bool(texts) and all(isinstance(item, str) and part in item for item in value)


def _lacks(value: Any, part: Any) -> bool:
    """Tell whether something is neither in a value nor in a text of a list."""
    texts = value if isinstance(value, list) and isinstance(part, str) else ()
    return not _contains(value, part) and not any(isinstance(one, str) and part in one for one in texts)


def _one_of(value: Any, options: Any) -> bool:
    return value in options if isinstance(options, list) else bool(value == options)


def _size(value: Any) -> int:
    return len(value) if isinstance(value, list | dict) else 1


def _keys(value: Any) -> set[Any]:
    return set(value) if isinstance(value, dict) else set()


Check = Callable[[Any, Any], bool]

_SINGLE: Final[Mapping[str, Check]] = {
    "gt": lambda value, limit: value > limit,
    "ge": lambda value, limit: value >= limit,
    "lt": lambda value, limit: value < limit,
    "le": lambda value, limit: value <= limit,
    "multipleOf": _multiple,
    "minDigits": lambda value, count: _digits(value)[0] >= count,
    "maxDigits": lambda value, count: _digits(value)[0] <= count,
    "decimalPlaces": lambda value, count: _digits(value)[1] <= count,
    "regex": _matches,
    "minLength": lambda value, count: len(value) >= count,
    "maxLength": lambda value, count: len(value) <= count,
    "options": _one_of,
}
_WHOLE: Final[Mapping[str, Check]] = {
    "contains": _contains,
    "excludes": _lacks,
    "minItems": lambda value, count: _size(value) >= count,
    "maxItems": lambda value, count: _size(value) <= count,
    "keys": lambda value, keys: _keys(value) == set(keys),
    "containsKeys": lambda value, keys: _keys(value) >= set(keys),
    "excludesKeys": lambda value, keys: not _keys(value) & set(keys),
}
_WITHOUT: Final = frozenset({"excludes", "excludesKeys"})
_SAYS: Final = {
    "gt": "is not above {}",
    "ge": "is below {}",
    "lt": "is not below {}",
    "le": "is above {}",
    "multipleOf": "is not a multiple of {}",
    "minDigits": "has fewer than {} digits",
    "maxDigits": "has more than {} digits",
    "decimalPlaces": "has more than {} decimals",
    "regex": "does not match {}",
    "minLength": "is shorter than {}",
    "maxLength": "is longer than {}",
    "contains": "does not contain {}",
    "excludes": "contains {}",
    "options": "is none of {}",
    "minItems": "has fewer than {} items",
    "maxItems": "has more than {} items",
    "keys": "does not have exactly the keys {}",
    "containsKeys": "lacks some of the keys {}",
    "excludesKeys": "has some of the keys {}",
}
