"""Plain values to models, with every field that is wrong.

Wrong fields are cut out and the rest is read again, so that the graph is checked as well and a user sees all
problems in one go.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, cast

from pydantic import JsonValue, ValidationError
from pydantic_core import ErrorDetails

from polyflow_shared.language import models
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Nearest, Path
from polyflow_shared.language.models import Model, V1Operation

_ROUNDS: Final = 8
"""Cutting a field out can make another one wrong, which is cut out in turn."""


@dataclass(frozen=True, slots=True)
class Specification:
    """A specification as models.

    Attributes:
        operation: what could be read; None where nothing could.
        findings: the fields that are wrong; `operation` is without them.
    """

    operation: V1Operation | None
    findings: Sequence[Finding] = ()


def read(value: JsonValue) -> Specification:
    """Return the operation or component that a document's value describes."""
    if not isinstance(value, dict):
        found = "a list" if isinstance(value, list) else f"`{value}`"
        message = f"a specification is a map of fields, not {found}"
        return Specification(None, [Finding(Code.NOT_A_MAP, message)])
    findings: list[Finding] = []
    for attempt in range(_ROUNDS):
        try:
            return Specification(_validated(value), findings)
        except ValidationError as error:
            errors = error.errors(include_url=False)
        if attempt == 0:  # what is wrong later is wrong because of a cut
            findings = [_finding(value, details) for details in errors]
        value = _without(value, [_excised(value, details) for details in errors])
    return Specification(None, findings)


def _validated(value: JsonValue) -> V1Operation:
    return V1Operation.model_validate(value, by_alias=True, by_name=False)


def _finding(value: JsonValue, error: ErrorDetails) -> Finding:
    path = _path(value, error["loc"])
    kind = error["type"]
    if kind in _SPECIAL:
        return _SPECIAL[kind](path, error)
    if isinstance(error["input"], str) and "{{" in error["input"] and kind != "string_type":
        return Finding(Code.NOT_YET, f"a template in `{path[-1]}` is not supported yet", path)
    message = error["msg"].replace("Input should be", "this should be")
    hint = "" if isinstance(error["input"], list | dict) else _HINTS.get(kind, "")
    code = Code.WRONG_TYPE if kind.endswith(("_type", "_parsing", "_from_float")) else Code.NOT_ALLOWED
    return Finding(code, f"{_subject(path)}: {_got(message, error['input'])}", path, hint)


_HINTS: Final = {
    "string_type": "write it in quotes",
    "list_type": "write a list, such as `[python, train.py]`",
}


def _subject(path: Path) -> str:
    name = next((part for part in reversed(path) if isinstance(part, str)), "the specification")
    return f"`{name}`"


def _got(message: str, found: Any) -> str:
    if isinstance(found, dict | list):
        return f"{message}, not a {'map' if isinstance(found, dict) else 'list'}"
    return f"{message}, not `{str(found)[:60]}`" if found is not None else f"{message}, not null"


def _path(value: Any, loc: Sequence[str | int]) -> Path:
    """Return the path that pydantic's `loc` means, without the names of union members."""
    path: list[str | int] = []
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        if isinstance(value, dict) and (part in value or (last and part not in _TAGS)):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            continue
        path.append(part)
    return tuple(path)


def _unknown_field(path: Path, error: ErrorDetails) -> Finding:
    name = str(path[-1])
    model = _model_at(error["loc"][:-1])
    hint = _misplaced(model, name) or Nearest(name, _names(model))
    return Finding(Code.UNKNOWN_FIELD, f"unknown field `{name}`", path, hint, at_key=True)


def _misplaced(model: type[Model], name: str) -> str:
    if model is V1Operation and name in _names(models.V1Dag) | _names(models.V1Job):
        return f"`{name}` belongs under `run:`"
    if model in (models.V1Dag, models.V1Job) and name in _names(V1Operation):
        return f"`{name}` belongs beside `run:`"
    return ""


@lru_cache
def _names(model: type[Model]) -> frozenset[str]:
    return frozenset(field.alias or name for name, field in model.model_fields.items())


def _model_at(loc: Sequence[str | int]) -> type[Model]:
    model: type[Model] = V1Operation
    before: str | int = ""
    for part in loc:
        model = models.V1Param if before == "params" else _INSIDE.get(part, model)
        before = part
    return model


def _missing_field(path: Path, error: ErrorDetails) -> Finding:
    return Finding(Code.MISSING_FIELD, f"field `{error['loc'][-1]}` is required", path)


def _not_yet(path: Path, _: ErrorDetails) -> Finding:
    return Finding(Code.NOT_YET, f"`{path[-1]}` is not supported yet", path, at_key=True)


def _no_kind(path: Path, _: ErrorDetails) -> Finding:
    kinds = " or ".join(f"`kind: {kind}`" for kind in _kinds(path))
    return Finding(Code.NO_KIND, f"{_subject(path)} needs a kind", path, f"write {kinds}")


def _unknown_kind(path: Path, error: ErrorDetails) -> Finding:
    kind = str(error.get("ctx", {}).get("tag", ""))[:60]
    if kind in models.LATER_KINDS:
        return Finding(Code.NOT_YET, f"kind `{kind}` is not supported yet", (*path, "kind"))
    kinds = _kinds(path)
    known = ", ".join(f"`{name}`" for name in kinds)
    message = f"there is no kind `{kind}`; known are {known}"
    return Finding(Code.NOT_ALLOWED, message, (*path, "kind"), Nearest(kind, kinds))


def _kinds(path: Path) -> tuple[str, ...]:
    stopping = "earlyStopping" in path
    return ("metric_early_stopping", "failure_early_stopping") if stopping else ("job", "dag")


def _type_name(path: Path, error: ErrorDetails) -> Finding:
    return Finding(Code.UNKNOWN_TYPE, error["msg"], path)


_SPECIAL: Final[Mapping[str, Callable[[Path, ErrorDetails], Finding]]] = MappingProxyType(
    {
        "extra_forbidden": _unknown_field,
        "missing": _missing_field,
        "not_yet": _not_yet,
        "union_tag_not_found": _no_kind,
        "union_tag_invalid": _unknown_kind,
        "type_name": _type_name,
    }
)
_INSIDE: Final[Mapping[str | int, type[Model]]] = MappingProxyType(
    {
        "operations": V1Operation,
        "components": V1Operation,
        "component": V1Operation,
        "job": models.V1Job,
        "dag": models.V1Dag,
        "container": models.V1Container,
        "env": models.V1EnvVar,
        "inputs": models.V1IO,
        "outputs": models.V1IO,
        "termination": models.V1Termination,
        "metric_early_stopping": models.V1MetricEarlyStopping,
        "failure_early_stopping": models.V1FailureEarlyStopping,
    }
)
_TAGS: Final = frozenset({"job", "dag", "metric_early_stopping", "failure_early_stopping"})


def _excised(value: JsonValue, error: ErrorDetails) -> Path:
    """Return what must go so that the rest can be read: the field, or what cannot be without it."""
    path = _path(value, error["loc"])
    return path[:-1] if error["type"] == "missing" else path


def _without(value: JsonValue, paths: Sequence[Path]) -> JsonValue:
    """Return a copy in which nothing is left at these paths."""
    rest: Any = deepcopy(value)
    for path in paths:
        _cut(rest, path)
    return cast("JsonValue", _compacted(rest))


_GONE: Final = object()


def _cut(whole: Any, path: Path) -> None:
    try:
        for part in path[:-1]:
            whole = whole[part]
        if path:
            whole[path[-1]] = _GONE
    except (KeyError, TypeError):  # a part of it was cut out already
        return


def _compacted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _compacted(item) for key, item in value.items() if item is not _GONE}
    if isinstance(value, list):
        return [_compacted(item) for item in value if item is not _GONE]
    return value
