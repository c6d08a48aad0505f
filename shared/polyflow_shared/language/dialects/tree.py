"""A tree of maps and lists that is rewritten in place and remembers where everything was written.

Maps and lists are `dict` and `list` or subclasses of them, so that the same rewriting works on plain values
and on a text that is kept with its comments (`Tree` is subclassed for that in the command line).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from polyflow_shared.language.findings import Finding, Path

Map = dict[str, Any]
Node = TypeVar("Node", Map, list[Any])


@dataclass(frozen=True, slots=True)
class Change:
    """A spelling that was replaced.

    Attributes:
        older: as it was written, such as `ops`.
        newer: as it is written today.
        path: where it was written.
    """

    older: str
    newer: str
    path: Path


class Tree:
    """A document's value under change."""

    def __init__(self, root: Map) -> None:
        """Take over a value that nobody else changes."""
        self.root = root
        self.changes: list[Change] = []
        self.findings: list[Finding] = []
        """With paths as they were written, not as they are now."""
        self._places: dict[int, Path] = {}
        self._entries: dict[tuple[int, str | int], Path] = {}
        self._alive: list[object] = []  # a place is known by its container's id, which must not be used again
        self._register(root, ())

    def _register(self, node: Any, path: Path) -> None:
        if not isinstance(node, dict | list) or id(node) in self._places:
            return
        self._places[id(node)] = path
        self._alive.append(node)
        for key, item in entries(node):
            self._register(item, (*path, key))

    def place(self, node: Any, key: str | int | None = None) -> Path:
        """Return where a map or list, or an entry of it, was written."""
        if key is None:
            return self._places[id(node)]
        return self._entries.get((id(node), key), (*self._places[id(node)], key))

    def origin(self, path: Path) -> Path:
        """Return where what is at a path today was written, or would have been."""
        node: Any = self.root
        old: Path = ()
        for depth, part in enumerate(path):
            if id(node) not in self._places:
                return (*old, *path[depth:])
            old = self.place(node, part)
            node = child(node, part)
        return old

    def value(self, scalar: Any) -> Any:
        """Return what a scalar of the tree means."""
        return scalar

    def scalar(self, value: Any) -> Any:
        """Return a value as a scalar of the tree."""
        return value

    def new_map(self, place: Path, *, flow: bool = False) -> Map:
        """Return a new map for what was written elsewhere; `flow` is for texts: all on one line."""
        del flow
        return self._made({}, place)

    def new_list(self, place: Path, *, flow: bool = False) -> list[Any]:
        """Return a new list for what was written elsewhere; `flow` is for texts: all on one line."""
        del flow
        return self._made([], place)

    def absent(self, node: Map, key: str) -> bool:
        """Tell whether a map has nothing under a key; null is nothing, and is taken out."""
        if key in node and self.value(node[key]) is None:
            self.drop(node, key)
        return key not in node

    def put(self, node: Map, key: str, value: Any, place: Path, *, beside: str | None = None) -> None:
        """Give a map an entry that was written elsewhere.

        Args:
            node: the map; it has no such key.
            key: the new key.
            value: a scalar, or a map or list of this tree.
            place: where the value was written.
            beside: the key that the new one comes before; at the end where there is no such key.
        """
        keys = list(node)
        index = keys.index(beside) if beside in node and beside is not None else len(keys)
        self._entries[id(node), key] = place
        self._insert(node, index, key, value)

    def append(self, node: list[Any], value: Any, place: Path) -> None:
        """Give a list one more item that was written elsewhere."""
        self._entries[id(node), len(node)] = place
        node.append(value)

    def replace(self, node: Any, key: str | int, value: Any) -> None:
        """Put another value where one stands."""
        node[key] = value

    def move(self, node: Map, key: str, target: Map, name: str, *, beside: str | None = None) -> None:
        """Move an entry to another map, or to another name; see `put`."""
        place = self.place(node, key)
        keys = list(target)
        index = keys.index(beside) if beside in target and beside is not None else len(keys)
        if node is target and keys.index(key) < index:
            index -= 1
        self._entries.pop((id(node), key), None)
        self._entries[id(target), name] = place
        self._shift(node, key, target, (name, index))

    def drop(self, node: Map, key: str) -> None:
        """Take an entry out."""
        self._entries.pop((id(node), key), None)
        del node[key]

    def note(self, older: str, newer: str, path: Path) -> None:
        """Remember that a spelling was replaced."""
        self.changes.append(Change(older, newer, path))

    def _made(self, node: Node, place: Path) -> Node:
        self._places[id(node)] = place
        self._alive.append(node)
        return node

    def _insert(self, node: Map, index: int, key: str, value: Any) -> None:
        items = list(node.items())
        items.insert(index, (key, value))
        node.clear()
        node.update(items)

    def _shift(self, node: Map, key: str, target: Map, to: tuple[str, int]) -> None:
        value = node.pop(key)
        self._insert(target, to[1], to[0], value)


def entries(node: Any) -> Iterator[tuple[Any, Any]]:
    """Return keys and values of a map, or indices and items of a list."""
    return iter(node.items() if isinstance(node, dict) else enumerate(node))


def child(node: Any, part: str | int) -> Any:
    """Return an entry of a map or list; None where there is none."""
    if isinstance(node, dict):
        return node.get(str(part))
    return node[part] if isinstance(part, int) and part < len(node) else None
