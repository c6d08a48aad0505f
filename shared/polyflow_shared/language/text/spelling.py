"""Words and numbers that become texts: `no` is read as false, and a command gets the text `false`.

The reader's doing is right each time and the sum is not what was written, so it is said, as a warning.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import JsonValue

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path, Quote

_TEXTS: Final = frozenset({"args", "command"})
"""Lists of texts in containers."""


def given_as_text(subject: str, value: bool | float, text: str, path: Path) -> Finding:
    """Return a warning that a value becomes a text; shown only where it was written otherwise."""
    message = f"{subject} is given the text `{text}`"
    return Finding(Code.RESPELLED, message, path, Quote(value), warning=True)


def respelled(value: JsonValue) -> Iterator[Finding]:
    """Yield a warning for each word or number among a container's arguments and variables."""
    yield from _below(value, (), {})


def _below(value: Any, path: Path, around: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the warnings of a value; `around` is the innermost map that it stands in."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _below(item, (*path, key), value)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _below(item, (*path, index), around)
    elif isinstance(value, int | float) and (subject := _text_of(path, around)):
        yield given_as_text(f"`{subject}`", value, json.dumps(value), path)


def _text_of(path: Path, around: Mapping[str, Any]) -> str:
    """Return what a value at this path is an argument or variable of; nothing where it may be a number."""
    last = next((part for part in reversed(path) if isinstance(part, str)), "")
    if last in _TEXTS:
        return last
    return str(around.get("name", "env")) if last == "value" and path[-3:-2] == ("env",) else ""
