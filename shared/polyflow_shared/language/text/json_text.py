"""JSON text: values, repeated keys, and positions by path."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Final

from pydantic import JsonValue

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import MAX_PROBLEMS, Finding, Locate, Path, Position

MAX_DEPTH: Final = 100
MAX_BITS: Final = 64
"""Of an integer: what other languages read as one."""

_TOKEN: Final = re.compile(r'\s*("|[{}\[\]:,]|[^\s"{}\[\]:,]+)')
_SUSPECT: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])|[\ud800-\udfff]")
_UNSPEAKABLE: Final = re.compile("[\0\ud800-\udfff]")


def read(text: str) -> tuple[JsonValue, list[Finding]]:
    """Return what a JSON text says, and what is wrong with it although it is JSON.

    The value is None where it cannot be used.

    Raises:
        ValueError: the text is not JSON, or has NaN or an infinity.
        RecursionError: it is nested too deeply.
    """
    repeated = False

    def pairs(items: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        nonlocal repeated
        whole = dict(items)
        if len(whole) < len(items):
            repeated = True
        return whole

    value = json.loads(
        text, object_pairs_hook=pairs, parse_constant=_refuse, parse_float=_finite, parse_int=_bounded
    )
    unreadable = [*_depth(text), *_characters(text)]
    if unreadable:
        return None, unreadable
    return value, list(islice(_duplicates(text), MAX_PROBLEMS)) if repeated else []


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _bounded(number: str) -> int:
    value = int(number)
    if value.bit_length() > MAX_BITS:
        raise ValueError(f"{number} is too large")
    return value


def _finite(number: str) -> float:
    value = float(number)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{number} is too large")
    return value


def _duplicates(text: str) -> Iterator[Finding]:
    """Yield the second and later places of repeated keys."""
    seen: dict[Path, int] = {}
    for path, at_key, offset in _walk(text):
        if at_key and path in seen:
            message = f"key `{path[-1]}` was written before"
            finding = Finding(Code.DUPLICATE_KEY, message, path, position=position_of(text, offset))
            yield repeated(finding, position_of(text, seen[path]))
        elif at_key:
            seen[path] = offset


def repeated(finding: Finding, first: Position | None) -> Finding:
    """Return a finding about a repeated key that says where the key was written first, if that is known."""
    if finding.code is not Code.DUPLICATE_KEY or finding.position is None or first is None:
        return finding
    line, column = first
    where = f"in column {column}" if line == finding.position[0] else f"on line {line}"
    return replace(finding, message=f"{finding.message}, {where}", hint="keep one of them")


def _characters(text: str) -> Iterator[Finding]:
    """Yield the first text that no message can carry."""
    if _SUSPECT.search(text) is None:
        return
    for token, start, content in _tokens(text):
        if token == '"' and (found := _UNSPEAKABLE.search(content)):
            message = (
                "NUL characters are not allowed"
                if found[0] == "\0"
                else "half of a surrogate pair is not a character"
            )
            yield Finding(Code.CHARACTER, message, position=position_of(text, start))
            return


def _depth(text: str) -> Iterator[Finding]:
    """Yield the first list or map that is too deep."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    for path, _, offset in _walk(text):
        if len(path) >= MAX_DEPTH and text[offset] in "[{":
            message = f"the document is nested more than {MAX_DEPTH} levels deep"
            yield Finding(Code.NESTING, message, path[:5], position=position_of(text, offset))
            return


def locator(text: str) -> Locate:
    """Return what finds positions in a JSON text; it walks the text once, when first asked."""
    index: dict[tuple[Path, bool], int] = {}

    def locate(path: Path, at_key: bool) -> Position:
        if not index:
            index.update({(found, is_key): offset for found, is_key, offset in _walk(text)})
        if at_key and (path, True) in index:
            return position_of(text, index[path, True])
        nearest = next(path[:end] for end in range(len(path), -1, -1) if (path[:end], False) in index)
        return position_of(text, index[nearest, False])

    return locate


def position_of(text: str, offset: int) -> Position:
    """Return line and column, both from 1, of an offset in a text.

    Lines end where editors end them: not at the other marks that YAML knows, such as U+2028.
    """
    before = text[:offset]
    if "\r" in before:
        before = before.replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _walk(text: str) -> Iterator[tuple[Path, bool, int]]:
    """Yield path, whether it is a key, and offset, for each key and value of a JSON text, in its order."""
    path: list[str | int] = []
    key = False
    for token, start, name in _tokens(text):
        if token in "]}":
            path.pop()
        elif token == ",":
            key = isinstance(path[-1], str)
            path[-1] = path[-1] + 1 if isinstance(path[-1], int) else path[-1]
        elif token == ":":
            key = False
        elif key:
            path[-1] = name
            yield tuple(path), True, start
        else:
            yield tuple(path), False, start
            if token in "[{":
                path.append(0 if token == "[" else "")
                key = token == "{"


def _tokens(text: str) -> Iterator[tuple[str, int, Any]]:
    offset = 0
    while (match := _TOKEN.match(text, offset)) is not None:
        token, start, name, offset = match[1], match.start(1), None, match.end()
        if token == '"':
            name, offset = scanstring(text, offset)
        yield token, start, name
