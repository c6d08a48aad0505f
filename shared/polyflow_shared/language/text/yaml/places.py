"""Where things stand in a YAML text.

The text is parsed once more when something is asked for the first time: most texts have no problems, and
remembering places takes as long as reading the values.
"""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import MAX_PROBLEMS, Finding, Path, Position
from polyflow_shared.language.text.json_text import position_of, repeated


@dataclass(slots=True)
class _Map:
    """A map's place, those of its keys with their values, and what is merged into it."""

    start: int
    fields: dict[str, tuple[int, "_Node"]] = field(default_factory=dict)
    merged: list["_Node"] = field(default_factory=list)


@dataclass(slots=True)
class _List:
    """A list's place, and its items: where each stands in it, which may be an alias, and its own place."""

    start: int
    items: list[tuple[int, "_Node"]] = field(default_factory=list)


_Node = _Map | _List | int
"""Places are offsets in the text; of a scalar nothing else is kept."""


class Places:
    """Finds paths in a YAML text that could be read."""

    def __init__(self, text: str) -> None:
        self._text = text

    def locate(self, path: Path, at_key: bool) -> Position:
        """Return where a value or its key begins, or the nearest parent of what is not there.

        In the place of a key an item of a list has that of the alias, where it is one.
        """
        node = self._root
        place = _start(node)
        for depth, part in enumerate(path):
            found = _child(node, part)
            if found is None:
                break
            key, node = found
            place = key if at_key and depth == len(path) - 1 else _start(node)
        return position_of(self._text, place)

    @cached_property
    def _root(self) -> _Node:
        return _Indexer(self._text).root()


def pointing_back(text: str, findings: list[Finding]) -> list[Finding]:
    """Return findings about a text that could be read; repeated keys with the places of the first ones."""
    if not any(finding.code is Code.DUPLICATE_KEY for finding in findings):
        return findings
    indexer = _Indexer(text)
    indexer.root()
    first = {
        position_of(text, again): position_of(text, place)
        for again, place in islice(indexer.repeated.items(), MAX_PROBLEMS)
    }
    return [repeated(finding, first.get(finding.position or (0, 0))) for finding in findings]


def _start(node: _Node) -> int:
    return node if isinstance(node, int) else node.start


def _child(node: _Node, part: str | int) -> tuple[int, _Node] | None:
    """Return the places of a key, or of an item in its list, and of the value."""
    if isinstance(node, _List) and isinstance(part, int) and part < len(node.items):
        return node.items[part]
    if isinstance(node, _Map) and isinstance(part, str):
        if part in node.fields:
            return node.fields[part]
        for source in node.merged:
            for one in [item for _, item in source.items] if isinstance(source, _List) else [source]:
                if (found := _child(one, part)) is not None:
                    return found
    return None


class _Indexer:
    """Makes places of a parser's events, for a text that is known to be readable."""

    def __init__(self, text: str) -> None:
        parser = yaml.CBaseLoader(text) if yaml.__with_libyaml__ else yaml.BaseLoader(text)
        self._next: Any = parser.get_event
        self._anchors: dict[str, tuple[_Node, str]] = {}
        self.repeated: dict[int, int] = {}
        """The places of keys that a map has twice, each with that of the first one."""

    def root(self) -> _Node:
        """Return the place of the only document."""
        self._next()
        self._next()
        return self._node(self._next())

    def _node(self, event: Any) -> _Node:
        kind = type(event)
        if kind is AliasEvent:
            return self._anchors[event.anchor][0]
        start: int = event.start_mark.index
        node: _Node = start
        if kind is MappingStartEvent:
            node = self._map(_Map(start))
        elif kind is SequenceStartEvent:
            node = self._list(_List(start))
        if event.anchor is not None:
            self._anchors[event.anchor] = node, getattr(event, "value", "")
        return node

    def _list(self, whole: _List) -> _List:
        while type(event := self._next()) is not SequenceEndEvent:
            whole.items.append((event.start_mark.index, self._node(event)))
        return whole

    def _map(self, whole: _Map) -> _Map:
        while type(event := self._next()) is not MappingEndEvent:
            place = self._node(event)
            key = event.value if type(event) is ScalarEvent else self._aliased(event)
            item = self._node(self._next())
            if key == "<<" and type(event) is ScalarEvent and event.implicit[0]:
                whole.merged.insert(0, item)
            elif key is not None:
                if key in whole.fields:
                    before = whole.fields[key][0]
                    self.repeated[_start(place)] = self.repeated.get(before, before)
                whole.fields[key] = (_start(place), item)
        return whole

    def _aliased(self, event: Any) -> str | None:
        """Return the key that an alias is; None for what is no key."""
        return self._anchors[str(event.anchor)][1] if type(event) is AliasEvent else None
