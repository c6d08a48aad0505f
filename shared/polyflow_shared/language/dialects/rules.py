"""Rules of which field is written where today, and what carries them out.

A `Shape` is a table: for each older field of a map, what becomes of it.  Fields that are written today as
they were need no entry; a field that neither the older dialect nor today's model has is a finding with a
suggestion.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic.alias_generators import to_camel

from polyflow_shared.language.codes import Code
from polyflow_shared.language.dialects.tree import Map, Tree
from polyflow_shared.language.findings import Finding, did_you_mean
from polyflow_shared.language.models import Model

Step = Callable[[Tree, Map, str, Map], None]
"""Changes a field; gets the tree, the map, the key, and the operation that the map belongs to."""


Finish = Callable[[Tree, Map], None]
"""Is done to a map when all its fields were changed."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the fields of one kind of map become.

    Attributes:
        fields: the steps of each older field, in the order in which they are taken; a step that moves the
            field is its last.
        known: fields that are written today as they were.
        closed: whether other fields than these are wrong; where they are not, they are left alone.
        after: what is done to the map in the end.
    """

    fields: Mapping[str, tuple[Step, ...]]
    known: frozenset[str] = frozenset()
    closed: bool = True
    after: Finish | None = None


def names_of(*models: type[Model]) -> frozenset[str]:
    """Return the fields of models as they are written in files."""
    return frozenset(one.alias or name for model in models for name, one in model.model_fields.items())


def rewrite(tree: Tree, node: Map, shape: Shape, owner: Map | None = None) -> None:
    """Rewrite one map.

    Args:
        tree: what it is part of.
        node: the map.
        shape: the rules.
        owner: the operation or component that fields move to; the map itself where None.
    """
    owner = node if owner is None else owner
    others = [key for key in node if key not in shape.fields and key not in shape.known]
    for key in shape.fields:
        _carry_out(tree, node, key, (shape, owner))
    for key in others if shape.closed else ():
        _other(tree, node, key, shape)
    if shape.after is not None:
        shape.after(tree, node)


def _carry_out(tree: Tree, node: Map, key: str, by: tuple[Shape, Map]) -> None:
    shape, owner = by
    for step in shape.fields[key]:
        if key in node:  # a step may have taken it away
            step(tree, node, key, owner)


def _other(tree: Tree, node: Map, key: str, shape: Shape) -> None:
    """Rename a field that is written in camelCase today; note a slip of the pen in the name of an older one.

    What is near to no older name is left to the check of today's fields.
    """
    camel = to_camel(key) if "_" in key else key
    if camel in shape.known and camel not in node:
        tree.note(key, camel, tree.place(node, key))
        tree.move(node, key, node, camel, beside=key)
    elif (near := did_you_mean(key, shape.fields.keys() - shape.known)) and not did_you_mean(
        key, shape.known
    ):
        path = tree.place(node, key)
        tree.findings.append(Finding(Code.UNKNOWN_FIELD, f"unknown field `{key}`", path, near, at_key=True))
        tree.drop(node, key)


def renamed(name: str) -> Step:
    """Return the step that gives a field its name of today."""

    def step(tree: Tree, node: Map, key: str, _owner: Map) -> None:
        _settle(tree, node, key, (node, name, key), (key, name))

    return step


def moved(to: str, *, said: str = "") -> Step:
    """Return the step that moves a field to a dotted path from its operation; `said` is its older name."""
    *parts, name = to.split(".")

    def step(tree: Tree, node: Map, key: str, owner: Map) -> None:
        target = reached(tree, owner, parts, place=(node, key))
        if target is not None:
            beside = key if not parts and node is owner else None
            _settle(tree, node, key, (target, name, beside), (said or key, to))

    return step


def reached(tree: Tree, owner: Map, parts: list[str], *, place: tuple[Map, str]) -> Map | None:
    """Return the map at a path from an operation, made where it is missing.

    Args:
        tree: what both are part of.
        owner: the operation.
        parts: the keys that lead to the map.
        place: the field that moves there, by its map and key: a new map stands where that stood.

    Returns:
        None where something else than a map is in the way, which the check of the fields says.
    """
    node, key = place
    target = owner
    for part in parts:
        if tree.absent(target, part):
            beside = key if target is node else None
            tree.put(target, part, tree.new_map(tree.place(node, key)), tree.place(node, key), beside=beside)
        if not isinstance(target[part], dict):
            return None
        target = target[part]
    return target


def _settle(tree: Tree, node: Map, key: str, at: tuple[Map, str, str | None], said: tuple[str, str]) -> None:
    """Move a field to its place, into what is there already where both are maps."""
    (target, name, beside), (older, newer) = at, said
    tree.note(older, newer, tree.place(node, key))
    if tree.absent(target, name):
        tree.move(node, key, target, name, beside=beside)
    elif isinstance(target[name], dict) and isinstance(node[key], dict):
        _merge(tree, node, key, (target[name], newer))
    else:
        _twice(tree, node, key, newer)


def _merge(tree: Tree, node: Map, key: str, into: tuple[Map, str]) -> None:
    target, newer = into
    for inner in list(node[key]):
        if inner in target:
            _twice(tree, node[key], inner, f"{newer}.{inner}")
        else:
            tree.move(node[key], inner, target, inner)
    tree.drop(node, key)


def _twice(tree: Tree, node: Map, key: str, newer: str) -> None:
    message = f"`{key}` is written `{newer}` today, which is given as well"
    path = tree.place(node, key)
    finding = Finding(Code.DUPLICATE_KEY, message, path, "remove one of them", at_key=True)
    tree.findings.append(finding)
    tree.drop(node, key)


def inside(shape: Shape | Callable[[], Shape]) -> Step:
    """Return the step that rewrites the map that a field holds; one that is empty then is taken out.

    Args:
        shape: the rules, or what returns them: a shape may be part of its own table.
    """

    def step(tree: Tree, node: Map, key: str, owner: Map) -> None:
        value = node[key]
        if isinstance(value, dict) and value:
            rewrite(tree, value, shape() if callable(shape) else shape, owner)
            if not value:
                tree.drop(node, key)

    return step


def each(shape: Shape | Callable[[], Shape]) -> Step:
    """Return the step that rewrites each map of the list that a field holds; see `inside`."""

    def step(tree: Tree, node: Map, key: str, _owner: Map) -> None:
        value = node[key]
        for item in value if isinstance(value, list) else ():
            if isinstance(item, dict):
                rewrite(tree, item, shape() if callable(shape) else shape)

    return step


def becomes(values: Mapping[Any, Any], *, noted: bool = True) -> Step:
    """Return the step that replaces some values by those of today; `noted`: whether users are told."""

    def step(tree: Tree, node: Map, key: str, _owner: Map) -> None:
        value = tree.value(node[key])
        if isinstance(value, str | int | float) and value in values:
            newer = values[value]
            if noted:
                tree.note(f"{key}: {value}", f"{key}: {newer}", tree.place(node, key))
            tree.replace(node, key, tree.scalar(newer))

    return step


def wrong(tree: Tree, node: Map, key: str, message: str, hint: str = "") -> None:
    """Note that a field's value is not what it should be, and take the field out."""
    tree.findings.append(Finding(Code.WRONG_TYPE, message, tree.place(node, key), hint))
    tree.drop(node, key)


TODAYS_VERSION: Final = becomes({1: 1.1}, noted=False)
"""Gives a file the `version` that other readers want; ours reads any."""


def as_dag(part: str = "") -> Finish:
    """Return what makes a run with operations or components a DAG.

    Args:
        part: the field that holds the run's component; the map itself where empty.
    """

    def finish(tree: Tree, node: Map) -> None:
        holder = node.get(part) if part else node
        run = holder.get("run") if isinstance(holder, dict) else None
        if isinstance(run, dict) and "kind" not in run and ("operations" in run or "components" in run):
            tree.put(run, "kind", tree.scalar("dag"), tree.place(run), beside=next(iter(run)))

    return finish
