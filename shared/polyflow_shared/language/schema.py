"""Plain values to models, with every field that is wrong.

Wrong fields are cut out and the rest is read again, so that the graph is checked as well and a user sees all
problems in one go.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from pydantic import JsonValue, ValidationError

from polyflow_shared.language.codes import Code
from polyflow_shared.language.fields import locs
from polyflow_shared.language.fields.errors import findings_of
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
        cuts: what was cut out of it, in each round.
    """

    operation: V1Operation | None
    findings: Sequence[Finding] = ()
    cuts: Sequence["Cuts"] = ()

    def as_written(self, path: Path) -> Path:
        """Return the path in the document of what stands at a path in `operation`.

        They differ behind items that were cut out of a list.
        """
        for cuts in reversed(self.cuts):
            path = _before(cuts, path)
        return path


def read(value: JsonValue) -> Specification:
    """Return the operation or component that a document's value describes."""
    if not isinstance(value, dict):
        found = "a list" if isinstance(value, list) else f"`{value}`"
        message = f"a specification is a map of fields, not {found}"
        return Specification(None, [Finding(Code.NOT_A_MAP, message)])
    findings: list[Finding] = []
    rounds: list[Cuts] = []
    for attempt in range(_ROUNDS):
        try:
            return Specification(_validated(value), findings, rounds)
        except ValidationError as error:
            errors = error.errors(include_url=False)
        if attempt == 0:  # what is wrong later is wrong because of a cut
            findings = findings_of(value, errors)
        wrong = [locs.excised(value, details) for details in errors]
        if () in wrong:
            break
        rounds.append(_cuts(wrong))
        value = _rest(value, rounds[-1])
    return Specification(None, findings)


def _validated(value: JsonValue) -> V1Operation:
    return V1Operation.model_validate(value, by_alias=True, by_name=False)


@dataclass(frozen=True)
class Cuts:
    """What goes, by the first parts of paths; nothing below a part means that it goes as a whole."""

    below: dict[str | int, "Cuts"] = field(default_factory=dict)

    @cached_property
    def shifts(self) -> Sequence[int]:
        """For each item that goes, its index among those that stay, ascending."""
        gone = sorted(part for part, cuts in self.below.items() if isinstance(part, int) and not cuts.below)
        return [index - count for count, index in enumerate(gone)]


_NOTHING: Final = Cuts()


def _cuts(paths: Sequence[Path]) -> Cuts:
    top = Cuts()
    for path in sorted(paths, key=len, reverse=True):  # the shortest last: it takes those below it away
        cuts = top
        for part in path[:-1]:
            cuts = cuts.below.setdefault(part, Cuts())
        for part in path[-1:]:
            cuts.below[part] = _NOTHING
    return top


def _rest(value: Any, cuts: Cuts) -> Any:
    """Return a value in which nothing is left of what goes; it shares with the old one what is whole."""
    if not cuts.below:
        return value
    if isinstance(value, list):
        kept = ((item, cuts.below.get(index)) for index, item in enumerate(value))
        return [item if one is None else _rest(item, one) for item, one in kept if one is None or one.below]
    items = ((key, item, cuts.below.get(key)) for key, item in value.items())
    return {
        key: item if one is None else _rest(item, one) for key, item, one in items if one is None or one.below
    }


def _before(cuts: Cuts, path: Path) -> Path:
    """Return the path that something had before the cuts."""
    parts: list[str | int] = []
    for part in path:
        was = part + bisect_right(cuts.shifts, part) if isinstance(part, int) else part
        parts.append(was)
        cuts = cuts.below.get(was, _NOTHING)
    return tuple(parts)
