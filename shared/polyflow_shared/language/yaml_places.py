"""Where things stand in a YAML text.

The text is composed into nodes when something is asked for the first time: most texts have no problems, and
nodes take twice the time and four times the memory of the values.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from polyflow_shared.language.findings import Path, Position
from polyflow_shared.language.json_text import position_of

_BREAKS: Final = re.compile("[\x85\u2028\u2029]")


class Marks:
    """Turns the parser's marks into positions as editors count them.

    YAML 1.1 has more line breaks than editors have.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def position(self, mark: Any) -> Position:
        """Return line and column of a mark, both from 1."""
        if self._has_other_breaks:
            return position_of(self._text, mark.index)
        return mark.line + 1, mark.column + 1

    @cached_property
    def _has_other_breaks(self) -> bool:
        return not self._text.isascii() and _BREAKS.search(self._text) is not None


class Places:
    """Finds paths in a YAML text that could be read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks = Marks(text)

    def locate(self, path: Path, at_key: bool) -> Position | None:
        """Return where a value or its key begins, or the nearest parent of what is not there."""
        if self._root is None:
            return None
        node, place = self._root, self._root
        for depth, part in enumerate(path):
            found = next(_children(node, part), None)
            if found is None:
                break
            key, node = found
            place = key if at_key and depth == len(path) - 1 else node
        return self._marks.position(place.start_mark)

    @cached_property
    def _root(self) -> Node | None:
        try:
            root: Node | None = _composer(self._text).get_single_node()
        except yaml.YAMLError:
            return None
        return root


def _composer(text: str) -> Any:
    class Composer(yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader):  # type: ignore[misc]
        """Makes nodes without looking for their types."""

        def resolve(self, _kind: type[Node], _value: Any, _implicit: Any) -> str:
            return ""

        def descend_resolver(self, _parent: Any, _index: Any) -> None:
            pass

        def ascend_resolver(self) -> None:
            pass

    return Composer(text)


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
