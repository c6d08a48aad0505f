"""YAML text: values and positions, on PyYAML's composer (libyaml where there is one).

Differences from YAML 1.1 as PyYAML reads it, all on purpose: dates stay text, `12:30` is text and not a
number to the base of 60, a key that is repeated is a problem, and no tag makes a Python object.
"""

import re
from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

import yaml
from pydantic import JsonValue
from yaml.composer import ComposerError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Locate, Path, Position
from polyflow_shared.language.json_text import MAX_BITS, MAX_DEPTH

MAX_NODES: Final = 1_000_000
"""More than a text of 1 MiB can have without aliases."""

_PLAIN: Final = "plain"
_TAGS: Final = "tag:yaml.org,2002:"
_CONSTANTS: Final[dict[str, bool | None]] = {
    spelling: value
    for word, value in {
        "true": True, "yes": True, "on": True, "false": False, "no": False, "off": False, "null": None,
    }.items()
    for spelling in (word, word.capitalize(), word.upper())
} | {"": None, "~": None}  # fmt: skip
_INT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)\Z|0x[0-9a-fA-F_]+\Z|0o?[0-7_]+\Z")
_FLOAT: Final = re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")


class _TooDeepError(Exception):
    """Nested beyond `MAX_DEPTH`.  The composer would go on until the stack overflows."""


class _TooManyError(Exception):
    """Aliases make more than `MAX_NODES` values."""


def read(text: str) -> tuple[JsonValue, list[Finding], Locate]:
    """Return what a YAML text says, what is wrong with it, and how to find positions in it."""
    try:
        root = _loader(text).get_single_node()
    except _TooDeepError:
        message = f"the document is nested more than {MAX_DEPTH} levels deep"
        return None, [Finding(Code.NESTING, message, position=(1, 1))], _locator(None)
    except yaml.YAMLError as error:
        return None, [_unreadable(text, error)], _locator(None)
    if root is None:
        return None, [Finding(Code.EMPTY, "the document is empty", position=(1, 1))], _locator(None)
    return _built(root)


def _built(root: Node) -> tuple[JsonValue, list[Finding], Locate]:
    builder = _Builder()
    locate = _locator(root)
    try:
        return builder.value(root, ()), builder.findings, locate
    except _TooDeepError:
        message = f"the document is nested more than {MAX_DEPTH} levels deep, or an alias contains itself"
        return None, [Finding(Code.NESTING, message, position=_start(root))], locate
    except _TooManyError:
        message = f"aliases make more than {MAX_NODES:,} values of this document"
        return None, [Finding(Code.EXPANSION, message, position=_start(root))], locate


def _loader(text: str) -> Any:
    """Return a composer that marks plain scalars, so that a quoted "1" stays text."""

    class Loader(yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader):  # type: ignore[misc]
        depth = 0

        def resolve(self, kind: type[Node], value: Any, implicit: Any) -> str:
            if kind is ScalarNode:
                return _PLAIN if implicit[0] else f"{_TAGS}str"
            return f"{_TAGS}map" if kind is MappingNode else f"{_TAGS}seq"

        def descend_resolver(self, parent: Any, index: Any) -> None:
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise _TooDeepError

        def ascend_resolver(self) -> None:
            self.depth -= 1

    return Loader(text)


def _unreadable(text: str, error: yaml.YAMLError) -> Finding:
    if isinstance(error, ReaderError):
        before = text[: int(error.position)]
        position = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Finding(
            Code.CHARACTER, f"character {int(error.character):#04x} is not allowed", position=position
        )
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    position = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = str(getattr(error, "problem", None) or error)
    if isinstance(error, ComposerError) and "another document" in problem:
        message = "a file holds one document; another begins here"
        return Finding(Code.SEVERAL_DOCUMENTS, message, position=position)
    if _character(text, position) == "\t":
        return Finding(Code.TAB, "tabs cannot indent YAML", hint="indent with spaces", position=position)
    context = getattr(error, "context", None)
    message = f"not YAML: {context}: {problem}" if context else f"not YAML: {problem}"
    return Finding(Code.SYNTAX, message, hint=_comma(text, position), position=position)


def _character(text: str, position: Position) -> str:
    lines = text.split("\n")
    line = lines[position[0] - 1] if position[0] <= len(lines) else ""
    return line[position[1] - 1 : position[1]]


def _comma(text: str, position: Position) -> str:
    return "remove the comma" if _character(text, position) == "," else ""


def _start(node: Node) -> Position:
    return node.start_mark.line + 1, node.start_mark.column + 1


class _Builder:
    """Makes plain values of nodes and notes what is wrong with them."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._left = MAX_NODES

    def value(self, node: Node, path: Path) -> JsonValue:
        self._left -= 1
        if self._left < 0:
            raise _TooManyError
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if len(path) > MAX_DEPTH:
            raise _TooDeepError
        if not node.tag.startswith(_TAGS) or node.tag.removeprefix(_TAGS) not in ("map", "seq"):
            self._tag(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._map(node, path)  # type: ignore[arg-type]

    def _scalar(self, node: ScalarNode, path: Path) -> JsonValue:
        text = node.value
        if "\0" in text:
            self._note(Code.CHARACTER, "NUL characters are not allowed", node, path)
        if node.tag == _PLAIN:
            return self._plain(node, path)
        kind = node.tag.removeprefix(_TAGS)
        if kind in ("int", "float", "bool", "null"):
            return self._plain(node, path)
        if kind != "str":
            self._tag(node, path)
        return str(text)

    def _plain(self, node: ScalarNode, path: Path) -> JsonValue:
        text = node.value
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if text[0] not in "+-.0123456789":
            return str(text)
        if _NOT_FINITE.match(text):
            self._note(Code.NUMBER, f"{text} cannot be carried by JSON", node, path, "write it in quotes")
            return 0
        try:
            return _number(text)
        except (ValueError, OverflowError):
            self._note(Code.NUMBER, f"the number {text[:20]}… is too large", node, path, "write it in quotes")
            return 0

    def _map(self, node: MappingNode, path: Path) -> JsonValue:
        own: dict[str, JsonValue] = {}
        merged: dict[str, JsonValue] = {}
        for key, item in node.value:
            if not isinstance(key, ScalarNode):
                self._note(Code.KEY, "a key must be a word, not a list or a map", key, path)
            elif key.tag == _PLAIN and key.value == "<<":
                merged = self._merged(item, path) | merged
            else:
                if key.value in own:
                    self._note(
                        Code.DUPLICATE_KEY, f"key `{key.value}` was written before", key, (*path, key.value)
                    )
                own[key.value] = self.value(item, (*path, key.value))
        return merged | own if merged else own

    def _merged(self, node: Node, path: Path) -> dict[str, JsonValue]:
        """Return what a merge key brings: a map, or several of which the first has the last word."""
        whole: dict[str, JsonValue] = {}
        for source in node.value if isinstance(node, SequenceNode) else [node]:
            value = self.value(source, (*path, "<<"))
            if isinstance(value, dict):
                whole = value | whole
            else:
                self._note(Code.KEY, "`<<` merges a map, or a list of maps", source, path)
        return whole

    def _tag(self, node: Node, path: Path) -> None:
        tag = node.tag.replace(_TAGS, "!!")
        self._note(Code.TAG, f"tag `{tag}` is not allowed", node, path, "remove the tag")

    def _note(self, code: Code, message: str, node: Node, path: Path, hint: str = "") -> None:
        self.findings.append(Finding(code, message, path, hint, position=_start(node)))


def _number(text: str) -> JsonValue:
    """Return the number that a plain scalar is, or the text itself.

    Raises:
        ValueError: an integer of more digits than Python reads.
        OverflowError: an integer of more than 64 bits, or a float beyond the largest.
    """
    digits = text.replace("_", "")
    if _INT.match(text):
        value = _integer(digits)
        if value.bit_length() > MAX_BITS:
            raise OverflowError
        return value
    if _FLOAT.match(text) and any(character in text for character in ".eE"):
        number = float(digits)
        if not isfinite(number):
            raise OverflowError
        return number
    return text


def _integer(digits: str) -> int:
    if digits.startswith("0x"):
        return int(digits, 16)
    octal = digits.startswith("0") and len(digits) > 1
    return int(digits.removeprefix("0o"), 8) if octal else int(digits)


def _locator(root: Node | None) -> Locate:
    def locate(path: Path, at_key: bool) -> Position | None:
        if root is None:
            return None
        node, position = root, _start(root)
        for depth, part in enumerate(path):
            found = next(_children(node, part), None)
            if found is None:
                break
            key, node = found
            position = _start(key if at_key and depth == len(path) - 1 else node)
        return position

    return locate


def _children(node: Node, part: str | int) -> Iterator[tuple[Node, Node]]:
    """Yield key and value of what `part` names in a node, the valid one first."""
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        yield node.value[part], node.value[part]
    if isinstance(node, MappingNode):
        for key, item in reversed(node.value):
            if isinstance(key, ScalarNode) and key.value == part:
                yield key, item
        for key, item in node.value:
            if isinstance(key, ScalarNode) and key.value == "<<":
                for source in item.value if isinstance(item, SequenceNode) else [item]:
                    yield from _children(source, part)
