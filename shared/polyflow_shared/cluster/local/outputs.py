"""The outputs that a process leaves behind: one JSON object in a file."""

import json
import os
import stat
from typing import Any

from polyflow_topics.catalog import MAX_OUTPUT_BYTES
from polyflow_topics.message import Values

MAX_DEPTH = 64
"""Levels of nesting; readers of the messages that carry the outputs take no more than 200."""


class OutputsInvalidError(ValueError):
    """The file is there and is not what it must be; the text is for the user."""


def read_outputs(path: str) -> Values:
    """Return the outputs in a file; none if there is no file.

    NaN and infinities are refused: JSON has no form for them, and one that only some readers take would be
    worse.

    Raises:
        OutputsInvalidError: the file is too large, or holds no JSON object.
    """
    try:
        data = _read(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise OutputsInvalidError(f"the outputs cannot be read: {error.strerror}") from error
    try:
        values = json.loads(data)
        # Numbers such as 1e999 and half characters such as "\ud800" are read, and could not be written again.
        json.dumps(values, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise OutputsInvalidError(f"the outputs are not JSON: {error}") from error
    if not isinstance(values, dict):
        raise OutputsInvalidError(f"the outputs are not a JSON object but {_KINDS[type(values)]}")
    if _depth(values) > MAX_DEPTH:
        raise OutputsInvalidError(f"the outputs are nested more than {MAX_DEPTH} levels deep")
    return values


def _read(path: str) -> bytes:
    # A pipe in the file's place must not block us.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OutputsInvalidError("the outputs are not in a regular file")
        if found.st_size > MAX_OUTPUT_BYTES:
            raise OutputsInvalidError(
                f"the outputs have {found.st_size} bytes, and {MAX_OUTPUT_BYTES} is the limit: "
                "write what is large to a file among the artifacts"
            )
        return os.read(descriptor, MAX_OUTPUT_BYTES)
    finally:
        os.close(descriptor)


_KINDS: dict[type, str] = {
    list: "a list",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a truth value",
    type(None): "null",
}


def _depth(value: Any) -> int:
    """Return the levels of nesting; what could be parsed and written is not too deep for this."""
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0
