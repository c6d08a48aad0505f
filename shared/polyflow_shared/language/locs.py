"""Where pydantic's errors are: paths that the user wrote, and the models that are read there.

Pydantic puts the names of union members and of kinds into its `loc`; no user wrote them.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, get_args

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


def models_at(loc: Loc) -> tuple[type[Model], ...]:
    """Return the models that a value at pydantic's `loc` may be read as; none within Kubernetes' parts."""
    models: tuple[type[Model], ...] = (V1Operation,)
    for part in loc:
        models = _below(models, part)
    return models


@lru_cache(maxsize=4096)
def _below(models: tuple[type[Model], ...], part: str | int) -> tuple[type[Model], ...]:
    for model in models:
        for name, field in model.model_fields.items():
            if (field.alias or name) == part:
                return tuple(dict.fromkeys(_models_in(field.annotation)))
    tagged = tuple(model for model in models if kind_of(model) == part)
    return tagged or models


def _models_in(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


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
