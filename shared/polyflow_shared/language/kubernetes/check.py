"""The check of a Kubernetes object that is written as a plain map: every field, at any depth.

Two kinds of problems differ in their stage.  A field that the object itself does not have, or does not go
without, is refused with the schema.  What is wrong deeper down or of the wrong type the language's released
reader hands on to a cluster, which refuses it: here it is refused before a run starts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Nearest, Path
from polyflow_shared.language.kubernetes.scalars import SCALARS, Check, looks_rendered, wrong
from polyflow_shared.language.kubernetes.table import FieldOf, Fields, inner, table

_NAMED_LATER: Final = frozenset({("V1Container", "name")})
"""Missing fields that the released reader fills in."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A value as Kubernetes wants it, and what is wrong with it.

    Attributes:
        value: with keys in camelCase, numbers as text where text is meant, one thing as a list of one.
        findings: with paths as they were written; that of a missing field ends with its name.
    """

    value: Any
    findings: list[Finding]


def check(kind: str, value: object, *, optional: frozenset[str] = frozenset(), other: str = "") -> Checked:
    """Check a value field by field.

    Args:
        kind: what it should be, such as `V1Container`.
        value: plain values, or an object with `to_dict()`.
        optional: keys of required fields that may be missing here.
        other: a kind whose fields are known as well and do nothing here.
    """
    found: list[Finding] = []
    read = _object(kind, _plain(value), (), found)
    if optional or other:
        found = [excused for finding in found if (excused := _excused(kind, finding, optional, other))]
    return Checked(read, found)


def _excused(kind: str, finding: Finding, optional: frozenset[str], other: str) -> Finding | None:
    """Return a finding as it reads where some fields may be missing or are known from another kind."""
    at = str(finding.path[0]) if len(finding.path) == 1 else ""
    if finding.code is Code.MISSING_FIELD and at in optional:
        return None
    if finding.code is Code.UNKNOWN_FIELD and other and at in _known(other):
        message = f"`{at}` is a field of {_name(other)}, not of {_name(kind)}, and does nothing here"
        return replace(finding, message=message, hint="write it under `container:`", warning=True)
    return finding


def _plain(value: object) -> object:
    """Return what an object that was built says of itself."""
    if isinstance(value, Mapping | list | str) or value is None:
        return value
    to_dict = getattr(value, "to_dict", None)
    return to_dict() if callable(to_dict) and not isinstance(value, type) else value


def _object(kind: str, value: object, path: Path, found: list[Finding]) -> Any:
    if not isinstance(value, Mapping):
        found.append(_no_map(kind, value, path))
        return value
    known, read = _known(kind), dict[str, Any]()
    for key, item in value.items():
        field = known.get(key)
        if field is None:
            found.append(_unknown(kind, key, path))
        elif field.key in read:
            found.append(_twice(field, key, path))
        else:
            read[field.key] = None if item is None else _value(field.type, item, (*path, key), found)
    found.extend(_missing(kind, key, path) for key in _required(kind) if read.get(key) is None)
    return read


def _value(type_: str, value: object, path: Path, found: list[Finding]) -> Any:
    """Return a value as its type wants it; a template stands for anything."""
    if isinstance(value, str) and looks_rendered(value) and type_ != "arguments":
        return value
    return _check(type_)(_plain(value), path, found)


@cache
def _check(type_: str) -> Check:
    outer, item = inner(type_)
    if outer == "list":
        return lambda value, path, found: _list(item, value, path, found)
    if outer == "dict":
        return lambda value, path, found: _dict(item, value, path, found)
    if type_ in SCALARS:
        return SCALARS[type_]
    return lambda value, path, found: _object(type_, value, path, found)


def _list(item: str, value: object, path: Path, found: list[Finding]) -> Any:
    if isinstance(value, list | tuple):
        return [_value(item, part, (*path, index), found) for index, part in enumerate(value)]
    if isinstance(value, Mapping) and item in table() and not _known(item).keys().isdisjoint(value):
        return [_object(item, value, path, found)]
    return wrong("a list", value, path, found, hint=_list_hint(item, value))


def _list_hint(item: str, value: object) -> str:
    if item == "V1EnvVar" and isinstance(value, Mapping):
        return f"write `- name: {next(iter(value), 'NAME')}` with `value:` below it, for each variable"
    return f"write `[{value}]`" if item == "str" and isinstance(value, str) else ""


def _dict(item: str, value: object, path: Path, found: list[Finding]) -> Any:
    if not isinstance(value, Mapping):
        return wrong("a map", value, path, found)
    return {
        key: None if part is None else _value(item, part, (*path, key), found) for key, part in value.items()
    }


@cache
def _known(kind: str) -> Fields:
    """Return a kind's fields by every name that they are written with."""
    fields = table()[kind]
    return {field.name: field for field in fields.values()} | dict(fields)


@cache
def _required(kind: str) -> tuple[str, ...]:
    return tuple(key for key, field in table()[kind].items() if field.required)


def _stage(path: Path) -> Stage:
    return Stage.RUN_READY if path else Stage.SCHEMA


def _no_map(kind: str, value: object, path: Path) -> Finding:
    found: list[Finding] = []
    wrong(f"a map of the fields of {_name(kind)}", value, path, found)
    return replace(found[0], stage=_stage(path))


def _name(kind: str) -> str:
    return kind.partition("V1")[2] or kind


def _unknown(kind: str, key: object, path: Path) -> Finding:
    word = str(key)
    hint = _BELONGS.get(kind, {}).get(word) or Nearest(word, table()[kind])
    message = f"unknown field `{word}` of {_name(kind)}"
    return Finding(Code.UNKNOWN_FIELD, message, (*path, word), hint, at_key=True, stage=_stage(path))


def _twice(field: FieldOf, key: str, path: Path) -> Finding:
    message = f"`{key}` is `{field.key}`, which is given already"
    return Finding(Code.DUPLICATE_KEY, message, (*path, key), at_key=True, stage=Stage.RUN_READY)


def _missing(kind: str, key: str, path: Path) -> Finding:
    late = (kind, key) in _NAMED_LATER
    message = f"field `{key}` of {_name(kind)} is required"
    stage = Stage.RUN_READY if late else _stage(path)
    return Finding(Code.MISSING_FIELD, message, (*path, key), stage=stage)


_BESIDE: Final = dict.fromkeys(
    ("volumes", "sidecars", "init", "connections", "environment"), "it belongs beside `container:`"
)
_ENVIRONMENT: Final = dict.fromkeys(
    ("nodeSelector", "tolerations", "affinity", "serviceAccountName", "labels", "annotations", "hostAliases"),
    "it belongs under `environment:`",
)
_AMOUNTS: Final = dict.fromkeys(
    ("cpu", "memory", "nvidia.com/gpu", "gpu"), "it belongs under `requests:` or `limits:`"
)
_BELONGS: Final[Mapping[str, Mapping[str, str]]] = {
    "V1Container": _BESIDE | _ENVIRONMENT,
    "V1ResourceRequirements": _AMOUNTS,
}
