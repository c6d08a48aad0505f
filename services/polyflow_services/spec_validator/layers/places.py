"""Which layer had the last word on a part of an operation: where a finding about it is shown.

A value that one layer has given as it is belongs to that layer.  One that several have made together belongs
to the outermost of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic.alias_generators import to_snake

from polyflow_shared.language.findings import Path
from polyflow_shared.language.models import V1Operation
from polyflow_shared.language.references import Reference, file_reference

HERE: Final = file_reference("")
"""The document that is checked, where it has no name."""


@dataclass(frozen=True, slots=True)
class Layer:
    """An operation or component, and where it stands."""

    operation: V1Operation
    path: Path
    owner: Reference = HERE
    """The document that it is in."""


Given = tuple[Path, object]
"""Where a layer gives a value, and which."""

_SHORTCUTS: Final = {"command": "cmd", "args": "cmd", "env": "env", "resources": "resources"}
"""Parts of a container, and the fields of a layer that make them."""


def place_of_field(name: str, value: object, layers: Iterable[Layer]) -> Path | None:
    """Return where a field of an operation or of its run stands; None where no layer gives it.

    Args:
        name: as it is written.
        value: what it is with all layers.
        layers: the outermost one first.
    """
    return _last_word(value, (given for layer in layers for given in _fields(layer, name)))


def place_of_part(path: Path, container: dict[str, Any], layers: Iterable[Layer]) -> Path | None:
    """Return where a part of the main container stands; None where no layer gives it.

    Args:
        path: within the container, such as `("env", 0, "value")`.
        container: as it is with all layers.
        layers: the outermost one first.
    """
    part, value = str(path[0]), container.get(str(path[0]))
    given = [one for layer in layers for one in _parts(layer, part)]
    item = value[int(path[1])] if isinstance(value, list) and len(path) > 1 else None
    for where, own in given if item is not None else ():
        for index, one in enumerate(own if isinstance(own, list) else ()):
            if one is item:
                return (*where, index, *path[2:])
    place = _last_word(value, given)
    if place is None or place[-2:-1] == ("container",):
        return None if place is None else (*place, *path[1:])
    return (*place, item["name"]) if part == "env" and isinstance(item, dict) else place


def _last_word(value: object, given: Iterable[Given]) -> Path | None:
    outermost = None
    for path, own in given:
        if own is value:
            return path
        outermost = outermost or path
    return outermost


def _fields(layer: Layer, name: str) -> Iterator[Given]:
    operation, run = layer.operation, layer.operation.run
    field = name if name.islower() else to_snake(name)
    if name in (operation.run_patch or {}):
        yield (*layer.path, "runPatch", name), (operation.run_patch or {})[name]
    if field in operation.model_fields_set:
        yield (*layer.path, name), getattr(operation, field)
    if isinstance(run, dict):
        if name in run:
            yield (*layer.path, "run", name), run[name]
    elif run is not None and field in run.model_fields_set:
        yield (*layer.path, "run", name), getattr(run, field)


def _parts(layer: Layer, part: str) -> Iterator[Given]:
    containers = list(_fields(layer, "container"))
    if containers and containers[0][0][-2:-1] == ("runPatch",):
        yield from _in_container(*containers.pop(0), part)
    shortcut = _SHORTCUTS.get(part, "")
    if shortcut in layer.operation.model_fields_set:
        yield (*layer.path, shortcut), None  # none of its values is in the container as it is
    for path, container in containers:
        yield from _in_container(path, container, part)


def _in_container(path: Path, container: Any, part: str) -> Iterator[Given]:
    if isinstance(container, dict) and part in container:
        yield (*path, part), container[part]
