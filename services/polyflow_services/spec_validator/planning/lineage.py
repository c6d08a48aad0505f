"""What a run keeps of the one that it comes from.

An operation is kept that has succeeded, or was skipped, is still the same, and has nothing before it that
runs anew; so what is kept has seen just what it would see again.  Services run as long as anything needs
them, so they are never kept, and hold back nobody; but where one has failed, there is something left to do.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from polyflow_services.spec_validator.names.artifacts import joined_artifacts, read_artifacts
from polyflow_services.spec_validator.planning.definitions import Made
from polyflow_services.spec_validator.planning.lineage_words import note
from polyflow_services.spec_validator.shape.layout import Layout, PlanScope, Unit
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Nearest
from polyflow_topics.names import THE_RUN
from polyflow_topics.origins import Kept, KeptOperation, Lineage
from polyflow_topics.plan import PlannedOperation


@dataclass(frozen=True, slots=True)
class Lasting:
    """Operations of a plan, with what is kept of an earlier run.

    Attributes:
        made: the operations.
        note: what is kept, as a sentence; empty where the run comes from none.
        ahead: the numbers of what is kept behind something that runs anew, by the number of its scope, with
            which it begins: it need not wait.
    """

    made: Iterable[Made]
    note: str = ""
    ahead: Mapping[int, Sequence[int]] = field(default_factory=dict)


def lasting(
    layout: Layout, made: Iterable[Made], lineage: Lineage | None, findings: list[Finding]
) -> Lasting:
    """Return operations with what is kept of an earlier run.

    Args:
        layout: their places.
        made: the operations.
        lineage: where their run comes from.
        findings: where to note that it is to begin at an operation that there is not, or has nothing to do.
    """
    if lineage is None:
        return Lasting(made)
    known = list(made)
    definitions = dict(_definitions(known))
    # A new run has no artifacts of operations that do not run in it; a resumed one has them.
    left = _Left() if lineage.kind == "resume" else _left([operation for _, operation, _ in known])
    walk = _Walk(layout, definitions, left, lineage)
    stays = walk.scope(layout.scopes[0], "")
    if lineage.kind == "rerun" and not walk.begun:
        message = f"there is no operation `{lineage.operation}` to run from"
        findings.append(Finding(Code.UNKNOWN_UPSTREAM, message, (), Nearest(lineage.operation, walk.names)))
    if lineage.kind == "resume" and stays and walk.served:
        message = f"nothing of run {lineage.run} is left to do: all in it has succeeded or was skipped"
        run = lineage.run
        part = f"`polyflow rerun {run} --from OPERATION`"
        hint = f"to do it once more: `polyflow restart {run}`, or a part of it: {part}"
        findings.append(Finding(Code.NOT_RESUMED, message, (), hint))
    rerun = lineage.kind == "rerun"
    said = note(lineage, len(walk.kept), walk.anew)
    return Lasting([_kept(one, walk, rerun=rerun) for one in known], said, walk.ahead)


@dataclass(frozen=True)
class _Left:
    """What has left artifacts that others read."""

    operations: frozenset[int] = frozenset()
    scopes: frozenset[str] = frozenset()
    """All that is directly in these, by their scoped names."""

    def has(self, index: int, name: str) -> bool:
        return index in self.operations or name.rpartition(".")[0] in self.scopes


def _left(operations: Sequence[PlannedOperation]) -> _Left:
    return _Left(read_artifacts(operations), joined_artifacts(operations))


def _definitions(made: Iterable[Made]) -> Iterator[tuple[int, str]]:
    for unit, operation, blocks in made:
        yield unit.index, operation.definition
        for block in blocks:
            yield from enumerate(block.definitions, start=block.first)


def _kept(made: Made, walk: "_Walk", *, rerun: bool) -> Made:
    """Return an operation with what is kept of it; what is to run anew uses no result, but has its own kept.

    A DAG or matrix all of which is kept starts nothing, so nobody has to approve it again.
    """
    unit, operation, blocks = made
    cache = operation.cache
    if rerun and cache is not None:
        cache = cache.model_copy(update={"ttl": 0})
    kept, whole = walk.kept, {"approval": False} if unit.index in walk.whole else {}
    marked = [
        block.model_copy(update={"kept": some})
        if any(some := tuple(kept.get(block.first + place) for place in range(len(block.values))))
        else block
        for block in blocks
    ]
    return unit, operation.model_copy(update={"kept": kept.get(unit.index), "cache": cache, **whole}), marked


def _serves(unit: Unit) -> bool:
    return unit.opens is None and getattr(unit.declared.composed.run, "kind", "") == "service"


class _Walk:
    """Goes through scopes from the outside to the inside, upstreams first."""

    def __init__(self, layout: Layout, definitions: Mapping[int, str], left: _Left, lineage: Lineage) -> None:
        self.kept: dict[int, Kept] = {}
        """By the operation's number."""
        self.anew: list[tuple[str, str]] = []
        """What could have been kept and is not: names and reasons, in the order of execution."""
        self.ahead: dict[int, Sequence[int]] = {}
        """See `Lasting.ahead`."""
        self.names: list[str] = []
        self.begun = False
        """Whether there is the operation that the run is to begin with."""
        self.served = True
        """Whether each service has ended well, or was skipped."""
        self.whole = set[int]()
        """Numbers of DAGs and matrices all of which is kept."""
        self._services = 0
        self._left = left
        self._scopes = layout.scopes
        self._units = {unit.index: unit for unit in layout.units}
        self._definitions = definitions
        self._lineage = lineage
        self._known: Final[Mapping[str, KeptOperation]] = {one.name: one for one in lineage.kept}

    def scope(self, scope: PlanScope, held: str) -> bool:
        """Go through a scope; return whether nothing in it runs anew.

        Args:
            scope: a DAG, or the trials of a matrix.
            held: why nothing in it is kept; empty where that is not known.
        """
        stays: dict[int, bool] = {}
        for index in scope.dag.order if scope.dag is not None else scope.numbers:
            unit = self._units[scope.numbers[index]]
            behind = "" if index == THE_RUN else self._behind(unit, stays, scope)
            stays[index] = self._unit(unit, held or behind)
        trials = [
            self._unit(self._units[number], held)
            if number in self._units
            else self._leaf(number, f"{scope.name}.{place}", self._held(f"{scope.name}.{place}", held))
            for place, number in enumerate(scope.trials)
        ]
        stay = all([*stays.values(), *trials])
        # Where nothing but services runs anew, what is kept behind one is all that it is still needed for.
        if not stay and (ahead := self._ahead(scope)):
            self.ahead[scope.number] = ahead
        return stay

    def _ahead(self, scope: PlanScope) -> list[int]:
        """Return what is kept in a DAG behind a service, or a scope, that is not."""
        found = []
        for index, number in scope.numbers.items():
            if index != THE_RUN and number in self.kept:
                upstreams = self._units[number].declared.upstreams
                if any(scope.numbers[upstream] not in self.kept for upstream in upstreams):
                    found.append(number)
        return found

    def _behind(self, unit: Unit, stays: Mapping[int, bool], scope: PlanScope) -> str:
        """Return why an operation runs anew that waits for others."""
        for upstream in unit.declared.upstreams:
            if not stays.get(upstream):
                return f"its upstream {self._units[scope.numbers[upstream]].name} runs anew"
        return ""

    def _unit(self, unit: Unit, behind: str) -> bool:
        held = self._held(unit.name, behind)
        known = self._known.get(unit.name)
        if unit.opens is not None and (known is None or known.status != "skipped"):
            return self._opening(unit, unit.opens, held) and not held
        if _serves(unit):
            self._services += 1
            self.served = self.served and known is not None
            return not held
        return self._leaf(unit.index, unit.name, held)

    def _opening(self, unit: Unit, scope: int, held: str) -> bool:
        before, services = len(self.kept), self._services
        stays = self.scope(self._scopes[scope], held)
        if stays and len(self.kept) > before and self._services == services:
            self.whole.add(unit.index)
        return stays

    def _leaf(self, index: int, name: str, held: str) -> bool:
        known = self._known.get(name)
        if known is None:
            return False
        reason = held or self._changed(index, known)
        if reason:
            self.anew.append((name, reason))
            return False
        self.kept[index] = Kept.model_validate(known.model_dump(include=set(Kept.model_fields)))
        return True

    def _held(self, name: str, held: str) -> str:
        self.names.append(name)
        if name == self._lineage.operation:
            self.begun = True
            return "it begins there"
        return held

    def _changed(self, index: int, known: KeptOperation) -> str:
        if self._left.has(index, known.name):
            return "others read its artifacts"
        if self._lineage.keeps_changed or known.definition == self._definitions[index]:
            return ""
        return "its definition has changed"
