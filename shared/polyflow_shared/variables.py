"""`$(NAME)` in commands, arguments and variables, where a cluster puts a variable of the container.  Pure.

What the user writes there, and folders that polyflow names, are completed so; a value that a template or a
param brings is not, so its `$` is doubled.  While a text is rendered the two must not be mixed up: until it
is finished, by `escaped` or `plain`, marks stand for each `$` that is no value's.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

_READ: Final = "\ud800"
"""A `$` that a cluster reads; half of a surrogate pair, so in no value: it is in no JSON and no UTF-8."""
_LONE: Final = "\ud801"
"""A `$` that is written and means nothing: neither `$$` nor the beginning of a whole `$(NAME)`."""

_REFERENCE: Final = re.compile(r"\$(?:\$|\(([^)]*)\))")


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Return `text` with each `$(NAME)` replaced; `$$` is `$`, what is unknown or unclosed stays.

    Source: Kubernetes, `third_party/forked/golang/expansion/expand.go`.
    """
    if "$" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        name = match[1]
        return "$" if name is None else environment.get(name, match[0])

    return _REFERENCE.sub(value, text)


def whole(text: str) -> str:
    """Return a text with marks, given one that no value is put into: a cluster is sent it as it is."""
    return text.replace("$", _READ)


def written(text: str) -> str:
    """Return what is written before, between or after values with marks.

    A value cannot make a reference of it: a `$` beside a value means nothing, whatever the value begins with,
    and `$(cat {{ file }})` is left to a shell.
    """
    if "$" not in text:
        return text
    return _REFERENCE.sub(lambda match: whole(match[0]), text).replace("$", _LONE)


def escaped(text: str) -> str:
    """Return what a cluster is sent for a text with marks, so that it makes of it what was meant."""
    return text.replace("$", "$$").replace(_LONE, "$$").replace(_READ, "$")


def plain(value: Any) -> Any:
    """Return a value without marks, for where a cluster reads no `$`."""
    if isinstance(value, str):
        return value.replace(_LONE, "$").replace(_READ, "$")
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
