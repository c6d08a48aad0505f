"""Plain values to models, with every field that is wrong.

Wrong fields are cut out and the rest is read again, so that the graph is checked as well and a user sees all
problems in one go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

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
        wrong = [locs.excised(value, details) for details in errors]
        if () in wrong:
            break
        value = _without(value, wrong)
    return Specification(None, findings)


def _validated(value: JsonValue) -> V1Operation:
    return V1Operation.model_validate(value, by_alias=True, by_name=False)


_Cuts = dict[str | int, "_Cuts"]
"""What goes, by the first parts of paths; nothing below a part means that it goes as a whole."""


def _without(value: JsonValue, paths: Sequence[Path]) -> JsonValue:
    """Return a value in which nothing is left at these paths; it shares with the old one what is whole."""
    cuts: _Cuts = {}
    for path in sorted(paths, key=len, reverse=True):  # the shortest last: it takes those below it away
        below = cuts
        for part in path[:-1]:
            below = below.setdefault(part, {})
        for part in path[-1:]:
            below[part] = {}
    rest: JsonValue = _rest(value, cuts)
    return rest


def _rest(value: Any, cuts: _Cuts) -> Any:
    if not cuts:
        return value
    if isinstance(value, list):
        kept = ((item, cuts.get(index)) for index, item in enumerate(value))
        return [item if below is None else _rest(item, below) for item, below in kept if below != {}]
    items = ((key, item, cuts.get(key)) for key, item in value.items())
    return {key: item if below is None else _rest(item, below) for key, item, below in items if below != {}}
