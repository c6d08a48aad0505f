"""What a program may state as its outputs: a JSON object that every reader can take.  Pure."""

import json
from typing import Any, Final

from polyflow_topics.message import Values

MAX_DEPTH: Final = 64
"""Levels of nesting; readers of the messages that carry the outputs take no more than 200."""


class OutputsInvalidError(ValueError):
    """These are no outputs; the text is for the user."""


def read_outputs(data: bytes | str) -> Values:
    """Return the outputs in a JSON text.

    NaN and infinities are refused: JSON has no form for them, and one that only some readers take would be
    worse.

    Raises:
        OutputsInvalidError: it is no JSON object, or one that cannot be sent on.
    """
    try:
        values = json.loads(data)
        # Numbers such as 1e999 and half characters such as "\ud800" are read, and could not be written again.
        json.dumps(values, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise OutputsInvalidError(f"the outputs are not JSON: {error}") from error
    if not isinstance(values, dict):
        raise OutputsInvalidError(f"the outputs are not a JSON object but {_KINDS[type(values)]}")
    if _is_deeper(values, MAX_DEPTH):
        raise OutputsInvalidError(f"the outputs are nested more than {MAX_DEPTH} levels deep")
    return values


_KINDS: Final[dict[type, str]] = {
    list: "a list",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a truth value",
    type(None): "null",
}


def _is_deeper(value: Any, levels: int) -> bool:
    """Tell whether a value has more levels of nesting; how deep it is beyond them does not matter."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if inner is None:
        return False
    return levels == 0 or any(_is_deeper(item, levels - 1) for item in inner)
