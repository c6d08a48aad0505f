"""The trials of the matrices of a specification: drawn once, the same however often a request comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, Final

from pydantic import JsonValue

from polyflow_services.spec_validator.links.declared import Entry, literal
from polyflow_services.spec_validator.links.refs import Bound
from polyflow_services.spec_validator.shape.expand import Declared
from polyflow_shared.language import spaces
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import V1GridSearch, V1Mapping, V1RandomSearch, known

Static = V1Mapping | V1GridSearch | V1RandomSearch
"""Matrices all of whose trials are known before the first one runs."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """The trials of a matrix.

    Attributes:
        matrix: what says so.
        trials: in their order.
        seed: what they were drawn with, where chance has a part in them.
        path: where the matrix stands.
    """

    matrix: Static
    trials: Sequence[spaces.Trial]
    seed: int | None
    path: Path


def drawn(declared: Declared, run: str, findings: list[Finding]) -> Drawn | None:
    """Return the trials of a matrix that is known in advance; None for what is none.

    A random search without a seed of its own gets one from the run and its name, which is told.

    Args:
        declared: the operation.
        run: the run's id.
        findings: where to note that there are none to be had.
    """
    matrix, path = declared.composed.matrix, declared.composed.place("matrix")
    if not isinstance(matrix, Static):
        return None
    seed = None
    if isinstance(matrix, V1RandomSearch):
        seed = known(matrix.seed) or int.from_bytes(sha256(f"{run}/{declared.name}".encode()).digest()[:4])
    try:
        trials = list(spaces.trials(matrix, seed or 0))
    except ValueError as error:
        findings.append(Finding(Code.NEVER, f"no trials can be drawn: {error}", path))
        trials = []
    return Drawn(matrix, trials, seed, path)


class Fitting:
    """Makes the values of trials fit what they are for, and notes each misfit once."""

    def __init__(self, findings: list[Finding]) -> None:
        """Note misfits here."""
        self._findings = findings
        self._told: set[tuple[Path, str]] = set()

    def value(self, drawn: Drawn, trial: spaces.Trial, bound: Bound, name: str) -> JsonValue:
        """Return the value of a trial as its declaration wants it.

        Args:
            drawn: the matrix.
            trial: its values.
            bound: what the value is for; its own value stands in where the trial has none.
            name: the param's name in the matrix.
        """
        if name not in trial:
            return bound.value
        value = _plain(trial[name])
        found: list[Finding] = []
        entry: Entry = (bound.io, drawn.path) if bound.io is not None else None
        path = (*drawn.path, _GROUP[drawn.matrix.kind])
        fitting = literal(name, value, kind=bound.kind, path=path, findings=found, entry=entry)
        for finding in found:
            self._tell(drawn, finding, name)
        return fitting

    def _tell(self, drawn: Drawn, finding: Finding, name: str) -> None:
        if finding.warning or (drawn.path, name) in self._told:
            return
        self._told.add((drawn.path, name))
        message = f"a trial has an unfit value: {finding.message}"
        self._findings.append(
            Finding(finding.code, message, finding.path, finding.hint, stage=Stage.RUN_READY)
        )


_GROUP: Final[Mapping[str, str]] = {"mapping": "values", "grid": "params", "random": "params"}


def _plain(value: Any) -> JsonValue:
    """Return a value as JSON has it."""
    found: JsonValue = value.isoformat() if isinstance(value, date) else value
    return found
