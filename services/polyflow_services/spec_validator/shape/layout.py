"""The operations of a plan: those of a specification, each matrix unrolled into its trials, all numbered.

A specification says once what is run many times: what is in the DAG of a matrix is there once more for each
trial.  Numbers go over all copies, depth first, so that those of a scope are one range.  Trials that are no
DAGs differ in nothing but values, and are no units of their own.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_services.spec_validator.shape.drawing import Drawn, Static
from polyflow_services.spec_validator.shape.expand import MAX_OPERATIONS, Declared, DeclaredDag, Expansion
from polyflow_shared.language import spaces
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.models import V1Dag, V1Matrix
from polyflow_shared.language.spaces import Trial
from polyflow_topics.names import THE_RUN
from polyflow_topics.plan import AwaitedEvent


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a copy of an operation stands in, from the inside to the outside."""

    numbers: Mapping[int, int] = field(default_factory=dict)
    """The numbers in the plan of the operations of its DAG, by those in the specification."""
    matrix: int | None = None
    """The number, in the specification, of the matrix that its DAG is a trial of."""
    trial: Trial = field(default_factory=dict)
    """The values of that trial."""
    outer: "Surroundings | None" = None

    def number(self, index: int) -> int:
        """Return the number in the plan of an operation that can be read from here."""
        around: Surroundings | None = self
        while around is not None:
            if index in around.numbers:
                return around.numbers[index]
            around = around.outer
        if index == THE_RUN:
            return THE_RUN
        raise KeyError(index)

    def of(self, matrix: int) -> Trial:
        """Return the values of the trial of a matrix that this is in."""
        around: Surroundings | None = self
        while around is not None:
            if around.matrix == matrix:
                return around.trial
            around = around.outer
        raise KeyError(matrix)


@dataclass(slots=True)
class Unit:
    """An operation of the plan, but for trials that are no DAGs."""

    declared: Declared
    index: int
    """Its number in the plan."""
    name: str
    """Scoped."""
    scope: int
    around: Surroundings
    opens: int | None = None
    trials: Drawn | None = None
    """Set for a matrix."""
    trial: bool = False


@dataclass(slots=True)
class PlanScope:
    """A scope of the plan: a copy of a DAG, or the trials of a matrix."""

    number: int
    name: str
    owner: int | None
    first: int
    last: int
    said: V1Dag | Static
    """Where its limits and policies stand."""
    dag: DeclaredDag | None = None
    """The DAG that it is a copy of; none for trials, and around a specification that is a matrix of DAGs."""
    numbers: Mapping[int, int] = field(default_factory=dict)
    """Of a DAG: the numbers of its operations in the plan, by those in the specification."""
    trials: range = range(0)
    """Of a matrix: the numbers of its trials."""

    @property
    def members(self) -> int:
        """Operations directly in it."""
        return len(self.numbers) + len(self.trials)


class Layout:
    """All scopes and units of a plan, by their numbers."""

    def __init__(
        self, expansion: Expansion, trials: Mapping[int, Drawn], top: Declared | None = None
    ) -> None:
        """Number everything.

        Args:
            expansion: the operations of the specification, without anything wrong with them.
            trials: those of each matrix, by its number in the specification.
            top: the specification itself, where it is a matrix of DAGs.
        """
        self.scopes: list[PlanScope] = []
        self.units: list[Unit] = []
        self._expansion = expansion
        self._trials = trials
        self._sizes = sizes(expansion, lambda declared: len(trials[declared.index].trials))
        if top is None:
            self._open(expansion.scopes[0], "", None, Surroundings())
        else:
            self._sizes[THE_RUN] = _size(top, self._sizes, expansion, len(trials[THE_RUN].trials))
            self.scopes.append(PlanScope(0, "", None, 0, self._sizes[THE_RUN], V1Dag(), numbers={THE_RUN: 0}))
            self._put(top, 0, (0, top.name), Surroundings({THE_RUN: 0}))

    def _open(self, dag: DeclaredDag, name: str, owner: int | None, around: Surroundings) -> int:
        """Number a copy of a DAG, and all that is in it; return the number of its scope."""
        number, first = len(self.scopes), 0 if owner is None else owner + 1
        numbers, last = dict[int, int](), first
        for index in dag.members.values():
            numbers[index] = last
            last += self._sizes[index]
        self.scopes.append(PlanScope(number, name, owner, first, last, dag.dag, dag, numbers))
        inside = Surroundings(numbers, outer=around)
        for index in dag.members.values():
            declared = self._expansion.operations[index]
            own = declared.name.rpartition(".")[2]
            self._put(declared, numbers[index], (number, f"{name}.{own}" if name else own), inside)
        return number

    def _put(self, declared: Declared, index: int, place: tuple[int, str], around: Surroundings) -> None:
        scope, name = place
        unit = Unit(declared, index, name, scope, around)
        self.units.append(unit)
        if declared.index in self._trials:
            unit.trials = self._trials[declared.index]
            unit.opens = self._open_matrix(unit, unit.trials)
        elif declared.opens is not None:
            unit.opens = self._open(self._expansion.scopes[declared.opens], name, index, around)

    def _open_matrix(self, owner: Unit, drawn: Drawn) -> int:
        declared, number = owner.declared, len(self.scopes)
        last = owner.index + self._sizes[declared.index]
        size = (last - owner.index - 1) // max(1, len(drawn.trials))
        trials = range(owner.index + 1, last, max(1, size))
        scope = PlanScope(number, owner.name, owner.index, owner.index + 1, last, drawn.matrix, trials=trials)
        self.scopes.append(scope)
        if declared.opens is None:
            return number
        for position, (index, values) in enumerate(zip(trials, drawn.trials, strict=True)):
            around = Surroundings({declared.index: index}, declared.index, values, owner.around)
            unit = Unit(declared, index, f"{owner.name}.{position}", number, around, trial=True)
            self.units.append(unit)
            unit.opens = self._open(self._expansion.scopes[declared.opens], unit.name, index, around)
        return number


def sizes(expansion: Expansion, trials: Callable[[Declared], int]) -> dict[int, int]:
    """Return how many operations of the plan each operation is, all that is in it included.

    Args:
        expansion: the operations.
        trials: tells how many trials a matrix has.
    """
    found: dict[int, int] = {}
    for declared in reversed(expansion.operations):  # what is in a DAG has higher numbers than the DAG
        count = trials(declared) if declared.composed.matrix is not None else None
        found[declared.index] = _size(declared, found, expansion, count)
    return found


def _size(declared: Declared, known: Mapping[int, int], expansion: Expansion, trials: int | None) -> int:
    members = expansion.scopes[declared.opens].members.values() if declared.opens is not None else ()
    one = 1 + sum(known[index] for index in members)
    return one if trials is None else 1 + trials * one


def too_many(expansion: Expansion, top: Composed) -> Iterator[Finding]:
    """Yield that a run would have too many operations, were it not known before for the specification alone.

    Args:
        expansion: its operations.
        top: the specification itself.
    """

    def trials(matrix: V1Matrix | None) -> int:
        known = spaces.count(matrix) if matrix is not None else None
        return 1 if known is None else known

    found = sizes(expansion, lambda declared: trials(declared.composed.matrix))
    whole = sum(found[index] for index in expansion.scopes[0].members.values())
    if isinstance(top.run, V1Dag):
        whole *= trials(top.matrix)
    owners = sum(declared.composed.matrix is not None for declared in expansion.operations)
    if whole - owners > MAX_OPERATIONS:
        message = f"with all trials of its matrices this has {whole - owners:,} operations"
        hint = f"a run has at most {MAX_OPERATIONS:,}: `numRuns` limits the trials of a matrix"
        every = (
            declared.composed for declared in expansion.operations if declared.composed.matrix is not None
        )
        path = next(every, top).place("matrix")
        yield Finding(Code.TOO_BIG, message, path, hint, stage=Stage.RUN_READY)


def opening(expansion: Expansion, scope: PlanScope) -> Iterator[int]:
    """Yield the numbers of the operations that a scope begins with: those that wait for nothing in it."""
    yield from scope.trials
    for index, number in scope.numbers.items():
        if index == THE_RUN or not expansion.operations[index].upstreams:
            yield number


Events = tuple[AwaitedEvent, ...]


def downstreams(expansion: Expansion, scope: PlanScope) -> Mapping[tuple[int, Events], list[int]]:
    """Return what waits for each operation directly in a scope, by numbers in the plan.

    Those that wait for an event of it stand under its number and the events, the others under no events.
    """
    found: dict[tuple[int, Events], list[int]] = {}
    for index, number in scope.numbers.items():
        if index == THE_RUN:
            continue
        declared = expansion.operations[index]
        for upstream in declared.ends:
            found.setdefault((scope.numbers[upstream], ()), []).append(number)
        for upstream, events in declared.events.items():
            found.setdefault((scope.numbers[upstream], events), []).append(number)
    return found
