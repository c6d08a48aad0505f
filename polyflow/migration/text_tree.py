"""A YAML text as a tree that keeps comments, order and quoting; the only place that knows ruamel.yaml.

Scalars stay the text that was written, whatever they mean: nothing is read and written again that no rule
touches.
"""

import re
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import (
    FoldedScalarString,
    LiteralScalarString,
    PlainScalarString,
    ScalarString,
    SingleQuotedScalarString,
)

from polyflow.migration.layout import Indents
from polyflow_shared.errors import PolyflowError
from polyflow_shared.language.dialects.tree import Map, Tree
from polyflow_shared.language.findings import Path
from polyflow_shared.language.text.yaml import scalars

_TEXT = "tag:yaml.org,2002:str"
_AFTER = 2
"""Where ruamel.yaml keeps the comment behind a key's value, among the comments of the key."""
_BEFORE = 1
"""Where it keeps those above a key."""
_START = re.compile(r"^---(\s|$)", re.MULTILINE)


class NotRewritableError(PolyflowError):
    """A text is built so that its parts cannot be changed one by one."""


class _Unresolved(VersionedResolver):
    """Takes every plain word for text; merge keys stay what they are."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        tag = super().resolve(kind, value, implicit)
        if kind is not ScalarNode or value == "<<":
            return tag
        return _TEXT if isinstance(tag, str) else type(tag)(suffix=_TEXT)


def _yaml(indents: Indents) -> Any:
    yaml = YAML(typ="rt", pure=True)
    yaml.Resolver = _Unresolved
    yaml.preserve_quotes = True
    yaml.brace_single_entry_mapping_in_flow_sequence = True
    yaml.width = indents.width
    yaml.indent(mapping=indents.map, sequence=indents.list + 2, offset=indents.list)
    return yaml


class TextTree(Tree):
    """A text under change."""

    def __init__(self, text: str, indents: Indents, *, spelled_out: bool = False) -> None:
        """Read a text that has been read without findings before.

        Args:
            text: YAML whose top is a map.
            indents: how it is indented.
            spelled_out: whether what aliases and merge keys stand for is written in their places.

        Raises:
            NotRewritableError: it is YAML that ruamel.yaml reads otherwise.
        """
        self._yaml = _yaml(indents)
        self._yaml.explicit_start = _START.search(text) is not None
        try:
            root = self._yaml.load(text)
        except YAMLError as error:
            raise NotRewritableError(str(error).splitlines()[0]) from error
        _write_null(root)
        super().__init__(_spelled_out(root) if spelled_out else root)

    def text(self) -> str:
        """Return it as it is now."""
        stream = StringIO()
        self._yaml.dump(self.root, stream)
        return stream.getvalue()

    def value(self, scalar: Any) -> Any:
        """Return what a scalar means: a plain word may be a number, a quoted one is text."""
        quoted = isinstance(scalar, ScalarString) and not isinstance(scalar, PlainScalarString)
        if not isinstance(scalar, str) or quoted:
            return scalar
        return scalars.value(str(scalar))

    def scalar(self, value: Any) -> Any:
        """Return a value as it is written; text that would be read as something else is quoted."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, str):
            return str(value)
        return value if scalars.value(value) == value else SingleQuotedScalarString(value)

    def new_map(self, place: Path, *, flow: bool = False) -> Map:
        """Return a new map, in braces where `flow`."""
        made = CommentedMap()
        if flow:
            made.fa.set_flow_style()
        return self._made(made, place)

    def new_list(self, place: Path, *, flow: bool = False) -> list[Any]:
        """Return a new list, in brackets where `flow`."""
        made = CommentedSeq()
        if flow:
            made.fa.set_flow_style()
        return self._made(made, place)

    def drop(self, node: Map, key: str) -> None:
        """Take an entry out; its comments go to a neighbour."""
        comments = _comments(node).pop(key, None)
        before, after = _neighbours(node, key)
        self._entries.pop((id(node), key), None)
        _taken(node, key)
        if comments is not None:
            _leave(node, before, after, comments)

    def _insert(self, node: Map, index: int, key: str, value: Any) -> None:
        if not isinstance(node, CommentedMap):
            raise NotRewritableError(f"`{key}` cannot be put where it belongs")
        node.insert(index, key, value)
        if _has_lines(value):
            node.fa.set_block_style()

    def _shift(self, node: Map, key: str, target: Map, to: tuple[str, int]) -> None:
        name, index = to
        comments = _comments(node).pop(key, None)
        before, after = _neighbours(node, key)
        value = _taken(node, key)
        self._insert(target, index, name, value)
        if comments is None:
            return
        if (
            isinstance(target, CommentedMap) and target.fa.flow_style()
        ):  # nothing can follow a comment in braces
            if isinstance(value, CommentedMap | CommentedSeq):
                value.ca.comment = None
            if not _put_behind(node, target, comments):
                _leave(node, before, after, comments)
        else:
            _comments(target)[name] = comments


def _spelled_out(node: Any) -> Any:
    """Return a copy in which nothing stands in two places, and no merge key is left."""
    if isinstance(node, CommentedMap):
        copy: Any = CommentedMap()
        for key, item in node.items():
            copy[key] = _spelled_out(item)
        copy.ca.items.update(node.ca.items)
    elif isinstance(node, CommentedSeq):
        copy = CommentedSeq([_spelled_out(item) for item in node])
        copy.ca.items.update(node.ca.items)
    else:
        return str(node) if isinstance(node, PlainScalarString) else node
    copy.ca.comment = node.ca.comment
    if node.fa.flow_style():
        copy.fa.set_flow_style()
    return copy


def _has_lines(value: Any) -> bool:
    """Tell whether a value is written on lines of its own, for which there is no room in braces."""
    if isinstance(value, CommentedMap | CommentedSeq):
        return not value.fa.flow_style()
    return isinstance(value, LiteralScalarString | FoldedScalarString)


def _taken(node: Any, key: str) -> Any:
    """Take an entry out of a map and return its value.

    Raises:
        NotRewritableError: it comes from a merge key, or is merged into a map elsewhere.
    """
    if isinstance(node, CommentedMap) and key not in dict(node.non_merged_items()):
        raise NotRewritableError(f"`{key}` comes from a merge key")
    try:
        return node.pop(key)
    except (KeyError, IndexError, TypeError) as error:  # ruamel.yaml fails on some that are merged elsewhere
        raise NotRewritableError(f"`{key}` is merged into another map") from error


def _comments(node: Any) -> dict[str, Any]:
    items: dict[str, Any] = node.ca.items
    return items


def _neighbours(node: Map, key: str) -> tuple[list[str], list[str]]:
    """Return the key before a key of a map, and that after it, each where there is one."""
    keys = list(node)
    index = keys.index(key)
    return keys[max(index - 1, 0) : index], keys[index + 1 : index + 2]


def _put_behind(node: Map, target: CommentedMap, comments: list[Any]) -> bool:
    """Put the comment of an entry behind the map of the same level that it has moved to, if there is room."""
    key = next((key for key, item in node.items() if item is target), None)
    behind = comments[_AFTER]
    if key is None or key in _comments(node) or behind is None or isinstance(behind, list):
        return False
    _comments(node)[key] = [None, None, behind, None]
    target.ca.comment = [behind, None]
    return True


def _leave(node: Map, before: list[str], after: list[str], comments: list[Any]) -> None:
    """Give comments of an entry that is gone to the entry before it, or to the one after it."""
    behind, kept = comments[_AFTER], _comments(node)
    tokens = [behind] if behind is not None and not isinstance(behind, list) else []
    if not tokens:
        return
    if before and before[0] not in kept and isinstance(node[before[0]], str):
        kept[before[0]] = [None, None, tokens[0], None]
    elif after:
        above = kept.setdefault(after[0], [None, None, None, None])
        above[_BEFORE] = [*tokens, *(above[_BEFORE] or [])]


def _write_null(node: Any) -> None:
    """Write out the null that stands for nothing within braces, where nothing cannot be written."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        pairs = list(one.items() if isinstance(one, dict) else enumerate(one))
        flow = bool(one.fa.flow_style())
        for key, item in pairs:
            if isinstance(item, CommentedMap | CommentedSeq):
                waiting.append(item)
            elif flow and type(item) is str and not item:
                one[key] = "null"
