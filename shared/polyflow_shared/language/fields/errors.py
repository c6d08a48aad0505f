"""What pydantic found wrong with a specification, in a user's words.

Pydantic names each member of a union that a value might have been; here one problem of the user is one
finding, with the path that the user wrote.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from pydantic import JsonValue
from pydantic_core import ErrorDetails

from polyflow_shared.language import models as language
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.fields.locs import Loc, kind_of, models_at, names, path_of
from polyflow_shared.language.fields.wording import hint, should_be, wrong_type
from polyflow_shared.language.findings import Finding, Nearest, Path
from polyflow_shared.language.kubernetes.annotation import KUBERNETES
from polyflow_shared.language.kubernetes.table import table
from polyflow_shared.language.models import RULE, Model, V1Dag, V1Job, V1Operation, V1Param


def findings_of(value: JsonValue, errors: Sequence[ErrorDetails]) -> list[Finding]:
    """Return what is wrong with a value, one finding for each place."""
    by_path: dict[Path, list[ErrorDetails]] = {}
    for error in errors:
        by_path.setdefault(path_of(value, error), []).append(error)
    inner = {path[:length] for path in by_path for length in range(len(path))}
    return [
        finding
        for path, some in by_path.items()
        if not (path in inner and _only_types(some))
        for finding in _of_place(path, some)
    ]


def _only_types(errors: Sequence[ErrorDetails]) -> bool:
    """Tell whether these say only that a value is no other member of a union than one wrong deeper down."""
    return all(error["type"].endswith("_type") for error in errors)


def _of_place(path: Path, errors: list[ErrorDetails]) -> Iterator[Finding]:
    special = [error for error in errors if error["type"] in _SPECIAL]
    if special:
        yield from dict.fromkeys(_SPECIAL[error["type"]](path, error) for error in special)
    else:
        yield _wrong_value(path, errors)


def _wrong_value(path: Path, errors: list[ErrorDetails]) -> Finding:
    """Return that a value is none of what a field may hold."""
    types = [error for error in errors if wrong_type(error)]
    told = types or errors[:1]
    first = min(told, key=_rank)
    code = Code.WRONG_TYPE if types else Code.NOT_ALLOWED
    better = _long_form(first) or _elsewhere(first) or hint(first)
    return Finding(code, f"{_subject(path)}: {should_be(told)}", path, better)


def _rank(error: ErrorDetails) -> int:
    """Return which of several hints is given: the lowest one's."""
    return 0 if error["type"].startswith("float_") else 1 if error["type"] == "string_type" else 2


def _subject(path: Path) -> str:
    name = next((part for part in reversed(path) if isinstance(part, str)), "the specification")
    return f"`{name}`"


def _long_form(error: ErrorDetails) -> str:
    """Return how a param is written where the short form is not part of the language."""
    found = error["input"]
    plain = isinstance(found, str | int | float)
    if error["type"] not in _NO_OBJECT or not plain or models_at(error["loc"]) != (V1Param,):
        return ""
    return f"write `{{value: {str(found).lower() if isinstance(found, bool) else str(found)[:60]}}}`"


_NO_OBJECT: Final = frozenset({"model_type", "model_attributes_type"})


def _elsewhere(error: ErrorDetails) -> str:
    """Return where a kind of run belongs that stands beside the run."""
    is_kind = error["loc"][-1:] == ("kind",) and models_at(error["loc"][:-1]) == (V1Operation,)
    kind = str(error["input"])
    if not is_kind or kind not in _kinds((*error["loc"][:-1], "run")):
        return ""
    return f"`kind: {kind}` belongs under `run:`"


def _unknown_field(path: Path, error: ErrorDetails) -> Finding:
    name = str(path[-1])
    models = models_at(error["loc"][:-1])
    known = frozenset[str]().union(*map(names, models))
    better = _misplaced(models, name) or Nearest(name, known)
    return Finding(Code.UNKNOWN_FIELD, f"unknown field `{name}`", path, better, at_key=True)


_IN_RUN: Final = ("concurrency", "operations", "components", "earlyStopping")


def _misplaced(models: Sequence[type[Model]], name: str) -> str:
    if V1Operation in models and name in names(V1Dag) | names(V1Job):
        return f"`{name}` belongs under `run:`"
    if len(models) == 1 and kind_of(models[0]) and name in names(V1Operation) - names(V1Param):
        return f"`{name}` belongs beside `run:`"
    if name in _IN_RUN:
        return f"`{name}` belongs under `run:` with `kind: dag`"
    if any("container" in names(model) for model in models) and name in table()["V1Container"]:
        return f"`{name}` belongs under `container:`"
    return ""


def _missing_field(path: Path, error: ErrorDetails) -> Finding:
    return Finding(Code.MISSING_FIELD, f"field `{error['loc'][-1]}` is required", path)


def _no_kind(path: Path, error: ErrorDetails) -> Finding:
    """Return that nothing says which of several models a value is."""
    kinds = _shown_kinds(error["loc"])
    if not isinstance(error["input"], dict):
        example = error["input"] if error["input"] in kinds else kinds[0]
        message = f"{_subject(path)}: {should_be([{**error, 'type': 'model_type'}])}"
        return Finding(Code.WRONG_TYPE, message, path, f"write `kind: {example}` below it")
    others = ", ".join(f"`{kind}`" for kind in kinds[1:])
    instead = (
        f"write `kind: {kinds[0]}`, or another kind: {others}" if others else f"write `kind: {kinds[0]}`"
    )
    return Finding(Code.NO_KIND, f"{_subject(path)} needs a kind", path, instead)


def _unknown_kind(path: Path, error: ErrorDetails) -> Finding:
    written = error["input"].get("kind")
    path = (*path, "kind")
    if isinstance(written, list | dict):
        known = [one for one in written if one in _shown_kinds(error["loc"])]
        message = f"`kind`: this should be one word, not a {'map' if isinstance(written, dict) else 'list'}"
        return Finding(Code.WRONG_TYPE, message, path, f"write `kind: {known[0]}`" if known else "")
    kind = str(error["ctx"]["tag"])[:60]
    if kind in _REMOVED:
        return Finding(Code.NOT_ALLOWED, f"kind `{kind}` is no more", path, _REMOVED[kind])
    kinds = _shown_kinds(error["loc"])
    elsewhere = kind in _all_kinds()
    what = f"kind `{kind}` cannot stand here" if elsewhere else f"there is no kind `{kind}`"
    message = f"{what}; known are {', '.join(f'`{one}`' for one in kinds)}"
    if kind == "dag":
        return Finding(Code.NOT_ALLOWED, message, path, "a DAG belongs under `run:`")
    return Finding(Code.NOT_ALLOWED, message, path, "" if elsewhere else Nearest(kind, kinds))


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
_OF_THE_PLATFORM: Final = frozenset({"notifier", "cleaner", "tuner"})
"""Kinds that nobody writes, and so nobody is told to."""


def _shown_kinds(loc: Loc) -> tuple[str, ...]:
    return tuple(kind for kind in _kinds(loc) if kind not in _OF_THE_PLATFORM)


def _kinds(loc: Loc) -> tuple[str, ...]:
    return tuple(kind for model in models_at(loc) if (kind := kind_of(model)))


@cache
def _all_kinds() -> frozenset[str]:
    """Return the kinds of everything that the language has."""
    found: list[Any] = [*vars(language).values()]
    of_models = (one for one in found if isinstance(one, type) and issubclass(one, Model))
    return frozenset(kind for model in of_models if (kind := kind_of(model)))


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
