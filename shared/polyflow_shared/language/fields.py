"""What pydantic found wrong with a specification, in a user's words.

Pydantic names each member of a union that a value might have been; here one problem of the user is one
finding, with the path that the user wrote.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, get_args

from pydantic import JsonValue
from pydantic_core import ErrorDetails

from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Nearest, Path, Quote
from polyflow_shared.language.kubernetes.annotation import KUBERNETES
from polyflow_shared.language.models import RULE, Model, V1Dag, V1Job, V1Operation, V1Param

Loc = Sequence[str | int]


def findings(value: JsonValue, errors: Sequence[ErrorDetails]) -> list[Finding]:
    """Return what is wrong with a value, one finding for each place."""
    by_path: dict[Path, list[ErrorDetails]] = {}
    for error in errors:
        by_path.setdefault(path_of(value, error["loc"]), []).append(error)
    return [
        finding
        for path, some in by_path.items()
        if not _hidden(path, some, by_path)
        for finding in _of_place(path, some)
    ]


def _hidden(path: Path, errors: Sequence[ErrorDetails], by_path: Mapping[Path, object]) -> bool:
    """Tell whether these say only that a value is no other member of a union than one wrong deeper down."""
    deeper = any(len(other) > len(path) and other[: len(path)] == path for other in by_path)
    return deeper and all(error["type"].endswith("_type") for error in errors)


def _of_place(path: Path, errors: list[ErrorDetails]) -> Iterator[Finding]:
    special = [error for error in errors if error["type"] in _SPECIAL]
    if special:
        yield from dict.fromkeys(_SPECIAL[error["type"]](path, error) for error in special)
    elif len(errors) == 1:
        yield _finding(path, errors[0])
    else:
        yield _of_union(path, errors)


def path_of(value: Any, loc: Loc) -> Path:
    """Return the path that pydantic's `loc` means, without the names of union members."""
    path: list[str | int] = []
    for index, part in enumerate(loc):
        if isinstance(value, dict) and (part in value or (index == len(loc) - 1 and _is_field(loc, index))):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            continue
        path.append(part)
    return tuple(path)


def _is_field(loc: Loc, index: int) -> bool:
    return any(loc[index] in _names(model) for model in models_at(loc[:index])) or not models_at(loc[:index])


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
    tagged = tuple(model for model in models if _tag(model) == part)
    return tagged or models


def _models_in(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _tag(model: type[Model]) -> str | None:
    kind = model.model_fields.get("kind")
    if kind is None:
        return None
    choices = get_args(kind.annotation)
    return str(choices[0]) if len(choices) == 1 else None


@lru_cache
def _names(model: type[Model]) -> frozenset[str]:
    return frozenset(field.alias or name for name, field in model.model_fields.items())


def _finding(path: Path, error: ErrorDetails) -> Finding:
    kind, found = error["type"], error["input"]
    message = error["msg"].replace("Input should be", "this should be")
    hint = _hint(kind, found)
    code = Code.WRONG_TYPE if kind.endswith(("_type", "_parsing", "_from_float")) else Code.NOT_ALLOWED
    return Finding(code, f"{_subject(path)}: {_got(message, found)}", path, hint)


def _of_union(path: Path, errors: Sequence[ErrorDetails]) -> Finding:
    wanted = dict.fromkeys(
        error["msg"].removeprefix("Input should be ") for error in errors if error["type"].endswith("_type")
    )
    if not wanted:
        return _finding(path, errors[0])
    message = f"this should be {' or '.join(wanted)}"
    found = errors[0]["input"]
    hint = _hint("string_type" if any("string" in want for want in wanted) else "", found)
    return Finding(Code.WRONG_TYPE, f"{_subject(path)}: {_got(message, found)}", path, hint)


def _hint(kind: str, found: Any) -> str | Quote:
    """Return what to write instead of a value of the wrong type."""
    if isinstance(found, list | dict):
        return ""
    if found == "...":
        return "`...` stands for something that was left out; write it, or remove the dots"
    if kind == "string_type":
        return Quote(found) if isinstance(found, int | float) else ""
    if kind.startswith("int_") and _LEADING_ZERO.fullmatch(str(found)):
        return f"a leading zero means octal; write {str(found).lstrip('0')}"
    return _HINTS.get(kind, "")


_LEADING_ZERO: Final = re.compile("0+[1-9][0-9]*")
_HINTS: Final = {
    "list_type": "write a list, such as `[python, train.py]`",
    "int_type": "write it without quotes",
}


def _subject(path: Path) -> str:
    name = next((part for part in reversed(path) if isinstance(part, str)), "the specification")
    return f"`{name}`"


def _got(message: str, found: Any) -> str:
    if isinstance(found, dict | list):
        return f"{message}, not a {'map' if isinstance(found, dict) else 'list'}"
    if isinstance(found, bool):
        return f"{message}, not `{str(found).lower()}`"
    return f"{message}, not `{str(found)[:60]}`" if found is not None else f"{message}, not null"


def _unknown_field(path: Path, error: ErrorDetails) -> Finding:
    name = str(path[-1])
    models = models_at(error["loc"][:-1])
    known = frozenset[str]().union(*map(_names, models))
    hint = _misplaced(models, name) or Nearest(name, known)
    return Finding(Code.UNKNOWN_FIELD, f"unknown field `{name}`", path, hint, at_key=True)


_IN_RUN: Final = ("concurrency", "operations", "components", "earlyStopping")


def _misplaced(models: Sequence[type[Model]], name: str) -> str:
    if V1Operation in models and name in _names(V1Dag) | _names(V1Job):
        return f"`{name}` belongs under `run:`"
    if len(models) == 1 and _tag(models[0]) and name in _names(V1Operation) - _names(V1Param):
        return f"`{name}` belongs beside `run:`"
    if name in _IN_RUN:
        return f"`{name}` belongs under `run:` with `kind: dag`"
    return ""


def _missing_field(path: Path, error: ErrorDetails) -> Finding:
    return Finding(Code.MISSING_FIELD, f"field `{error['loc'][-1]}` is required", path)


def _no_kind(path: Path, error: ErrorDetails) -> Finding:
    kinds = " or ".join(f"`kind: {kind}`" for kind in _kinds(error["loc"]))
    return Finding(Code.NO_KIND, f"{_subject(path)} needs a kind", path, f"write {kinds}")


def _unknown_kind(path: Path, error: ErrorDetails) -> Finding:
    kind = str(error.get("ctx", {}).get("tag", ""))[:60]
    if kind in _REMOVED:
        return Finding(Code.NOT_ALLOWED, f"kind `{kind}` is no more", (*path, "kind"), _REMOVED[kind])
    kinds = _kinds(error["loc"])
    known = ", ".join(f"`{name}`" for name in kinds)
    message = f"there is no kind `{kind}`; known are {known}"
    hint = Nearest(kind, kinds)
    if kind == "dag" and path[-1:] == ("matrix",):
        return Finding(Code.NOT_ALLOWED, message, (*path, "kind"), "a DAG belongs under `run:`")
    return Finding(Code.NOT_ALLOWED, message, (*path, "kind"), hint)


_REMOVED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mxjob": "write `kind: job`, or another distributed kind",
        "mxnetjob": "write `kind: job`, or another distributed kind",
        "paddlejob": "write `kind: job`, or another distributed kind",
        "xgbjob": "write `kind: job`, or another distributed kind",
        "rayjob": "write `kind: raycluster`",
        "daskjob": "write `kind: daskcluster`",
        "spark": "write `kind: job` with an image that has Spark",
        "flink": "write `kind: job` with an image that has Flink",
        "hyperopt": "write `kind: tpe`",
        "exact_time": "write `kind: datetime`",
        "repeatable": "write `kind: interval` with `maxRuns`",
        "average": "write `kind: median`",
    }
)


def _kinds(loc: Loc) -> tuple[str, ...]:
    return tuple(kind for model in models_at(loc) if (kind := _tag(model)))


def _broken_rule(path: Path, error: ErrorDetails) -> Finding:
    about = error["ctx"]
    at = (about["at"],) if about["at"] else ()
    code = Code(about["code"]) if about["code"] else Code.NOT_ALLOWED
    return Finding(code, about["message"], path + at, about["hint"], stage=Stage.SCHEMA)


def _of_kubernetes(path: Path, error: ErrorDetails) -> Finding:
    finding: Finding = error["ctx"]["finding"]
    named = finding.path[-1:] if finding.code is Code.MISSING_FIELD else ()
    return replace(finding, path=path + named)


_SPECIAL: Final[Mapping[str, Callable[[Path, ErrorDetails], Finding]]] = MappingProxyType(
    {
        "extra_forbidden": _unknown_field,
        "missing": _missing_field,
        "union_tag_not_found": _no_kind,
        "union_tag_invalid": _unknown_kind,
        RULE: _broken_rule,
        KUBERNETES: _of_kubernetes,
    }
)
