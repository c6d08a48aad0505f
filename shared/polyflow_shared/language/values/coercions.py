"""What each type makes of a value: one function for each name.

A function returns the value as its type wants it and raises ValueError, TypeError or OverflowError where it
does not fit; `typed` says so in the user's words.  Source of the names: Polyaxon 2.18.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from math import isfinite
from types import MappingProxyType
from typing import Final
from uuid import UUID

from pydantic import ByteSize, JsonValue, TypeAdapter

Coerce = Callable[[JsonValue], JsonValue]

_MAX_BITS: Final = 64
_MAX_NESTING: Final = 100


def json_text(value: JsonValue) -> JsonValue:
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
    """Return a day: from a day, or from a moment that is a midnight."""
    moment = datetime.fromisoformat(_str(value))
    if moment.time() != time():
        raise ValueError
    return moment.date().isoformat()


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


_USER_AT_HOST: Final = re.compile(r"[^\s:/@]+(?::[^\s@]*)?@[^\s@]+")


def _uri(value: JsonValue) -> JsonValue:
    """Check for an absolute URI, or one of a connection: `user:password@host`."""
    return value if _USER_AT_HOST.fullmatch(_str(value)) else _of_scheme()(value)


def _of_scheme(*schemes: str) -> Coerce:
    """Return a check for an absolute URI, of one of these schemes where some are given."""

    def check(value: JsonValue) -> JsonValue:
        scheme, found, rest = _str(value).partition("://")
        if not (found and rest and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme)):
            raise ValueError
        if schemes and scheme not in schemes:
            raise ValueError
        return value

    return check


def _image(value: JsonValue) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\S+", value):
        raise ValueError
    return value


_EMAIL: Final = re.compile(r"[^\s@]+@(?:localhost|[^\s@.]+(?:\.[^\s@.]+)+)")


def _email(value: JsonValue) -> str:
    if not isinstance(value, str) or not _EMAIL.fullmatch(value):
        raise ValueError
    return value


def _card(value: JsonValue) -> str:
    """Check for the number of a payment card, whose last digit is a checksum (ISO/IEC 7812-1)."""
    text = _str(value)
    if not re.fullmatch(r"[0-9]{12,19}", text):
        raise ValueError
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(text))]
    if sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10:
        raise ValueError
    return text


def _bytes(value: JsonValue) -> int:
    """Return bytes: from a number, or a text such as `10MB`."""
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise TypeError
    return _int(int(TypeAdapter(ByteSize).validate_python(value)))


def _json(value: JsonValue) -> JsonValue:
    """Return what a text says in JSON; what is no text was read already."""
    if not isinstance(value, str):
        return value
    try:
        found: JsonValue = json.loads(value)
    except RecursionError as error:
        raise ValueError from error
    if _deeper(found, _MAX_NESTING):
        raise ValueError
    return found


def _words(value: JsonValue) -> JsonValue:
    """Return a list: as it is, or the parts of a text with commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return _only(list)(value)


def _map(*required: str) -> Coerce:
    """Return a check for maps that have these keys."""

    def check(value: JsonValue) -> JsonValue:
        found = json_text(value)
        if not isinstance(found, dict) or any(key not in found for key in required):
            raise TypeError
        return found

    return check


def _fields(model: str) -> Coerce:
    """Return a check for maps that have the fields of a model, and no others."""

    def check(value: JsonValue) -> JsonValue:
        # The models know these types, so they are known here only when a value has one.
        from polyflow_shared.language.models import pods  # noqa: PLC0415

        found = json_text(value)
        getattr(pods, model).model_validate(found, by_alias=True, by_name=False)
        return found

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


COERCE: Final[Mapping[str, Coerce]] = MappingProxyType(
    {
        "any": lambda value: value,
        "int": _int,
        "float": _float,
        "metric": _float,
        "bool": _bool,
        "str": _str,
        "path": _str,
        "image": _image,
        "list": json_text,
        "dict": json_text,
        "metadata": _map(),
        "date": _date,
        "datetime": _datetime,
        "timedelta": _timedelta,
        "uuid": _uuid,
        "uri": _uri,
        "url": _uri,
        "email": _email,
        "gcs": _of_scheme("gs", "gcs"),
        "s3": _of_scheme("s3"),
        "wasb": _of_scheme("wasb", "wasbs", "https", "az", "abfs"),
        "event": _map("name", "kind"),
        "git": _fields("V1GitType"),
        "dockerfile": _fields("V1DockerfileType"),
        "artifacts": _fields("V1ArtifactsType"),
        "file": _fields("V1FileType"),
        "tensorboard": _fields("V1TensorboardType"),
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
        "StrictBytes": _only(str),
        "SecretStr": _only(str),
        "SecretBytes": _only(str),
        "GenericStr": _str,
        "Uri": _uri,
        "ImageStr": _image,
        "EmailStr": _email,
        "UUIDStr": _uuid,
        "ListStr": _words,
        "GcsPath": _of_scheme("gs", "gcs"),
        "S3Path": _of_scheme("s3"),
        "WasbPath": _of_scheme("wasb", "wasbs", "https", "az", "abfs"),
        "Json": _json,
        "ByteSize": _bytes,
        "PaymentCardNumber": _card,
        # What is past depends on when one asks; a plan that is right stays right, so days are days here.
        "PastDate": _date,
        "FutureDate": _date,
    }
)
"""Functions by the names of types, in the language's own words and in those that it has from Python."""
