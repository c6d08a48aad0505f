"""Plain values to models, with every field that is wrong.

Wrong fields are cut out and the rest is read again, so that the graph is checked as well and a user sees all
problems in one go.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, cast

from pydantic import JsonValue, ValidationError

from polyflow_shared.language import fields, locs
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import V1Operation

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
            findings = fields.findings(value, errors)
        value = _without(value, [locs.excised(value, details) for details in errors])
    return Specification(None, findings)


def _validated(value: JsonValue) -> V1Operation:
    return V1Operation.model_validate(value, by_alias=True, by_name=False)


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
