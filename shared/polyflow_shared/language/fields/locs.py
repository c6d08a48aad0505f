"""Where pydantic's errors are: paths that the user wrote, and the models that are read there.

Pydantic puts the names of union members and of kinds into its `loc`; no user wrote them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, ForwardRef, get_args, get_origin

from pydantic_core import ErrorDetails

from polyflow_shared.language.findings import Path
from polyflow_shared.language.models import RULE, Model, V1Operation

Loc = Sequence[str | int]
_MISSING: Final = "missing"


def path_of(value: Any, error: ErrorDetails) -> Path:
    """Return the path of an error in the value that was read; that of a missing field ends with its name."""
    loc = error["loc"]
    path = [*_within(value, loc)]
    if error["type"] == _MISSING:
        path.append(loc[-1])
    return tuple(path)


def excised(value: Any, error: ErrorDetails) -> Path:
    """Return the path of what must go so that the rest can be read."""
    path = tuple(_within(value, error["loc"]))
    at = error["ctx"]["at"] if error["type"] == RULE else ""
    return (*path, at) if at and _has(value, (*path, at)) else path


def _within(value: Any, loc: Loc) -> Iterator[str | int]:
    """Yield the parts of `loc` that lead into the value."""
    for part in loc:
        if _leads(value, part):
            value = value[part]
            yield part


def _leads(value: Any, part: str | int) -> bool:
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _has(value: Any, path: Path) -> bool:
    return len([*_within(value, path)]) == len(path)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a value may be read as: one of these models, or a list or map of items."""

    models: tuple[type[Model], ...] = ()
    items: "_Shape | None" = None


def models_at(loc: Loc) -> tuple[type[Model], ...]:
    """Return the models that a value at pydantic's `loc` may be read as; none within Kubernetes' parts."""
    shape = _Shape((V1Operation,))
    for part in loc:
        shape = _below(shape, part)
    return shape.models


@lru_cache(maxsize=4096)
def _below(shape: _Shape, part: str | int) -> _Shape:
    """Return the shape below a field, an index, a key or a member of a union."""
    for model in shape.models:
        for name, field in model.model_fields.items():
            if (field.alias or name) == part:
                return _shape(field.annotation)
    tagged = tuple(model for model in shape.models if kind_of(model) == part)
    return _Shape(tagged) if tagged else shape.items or shape


def _shape(annotation: Any) -> _Shape:
    if isinstance(annotation, ForwardRef | str):  # only operations hold what is defined after them
        return _Shape((V1Operation,))
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return _Shape((annotation,))
    arguments = get_args(annotation)
    if get_origin(annotation) in (list, dict):
        return _Shape(items=_shape(arguments[-1]))
    members = [_shape(argument) for argument in arguments]
    models = dict.fromkeys(model for member in members for model in member.models)
    return _Shape(tuple(models), next((member.items for member in members if member.items), None))


def kind_of(model: type[Model]) -> str | None:
    """Return the `kind` by which a model is told from others; None where it has none of its own."""
    kind = model.model_fields.get("kind")
    if kind is None:
        return None
    choices = get_args(kind.annotation)
    return str(choices[0]) if len(choices) == 1 else None


@lru_cache
def names(model: type[Model]) -> frozenset[str]:
    """Return the fields of a model as they are written."""
    return frozenset(field.alias or name for name, field in model.model_fields.items())
