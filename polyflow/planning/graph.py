"""The graph of a specification, as it is drawn."""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from polyflow_services.spec_validator.compilation import Compiled
from polyflow_services.spec_validator.links.graph import declared_upstreams, is_event
from polyflow_services.spec_validator.shape.expand import Declared, Expansion
from polyflow_shared.language import spaces
from polyflow_shared.language.findings import Path
from polyflow_shared.language.models import V1Dag, V1GridSearch, V1Mapping, V1Matrix, V1RandomSearch, known
from polyflow_topics.plan import AwaitedEvent

SHOWN: Final = 3
"""Trials of a matrix whose values are shown."""


class EdgeKind(StrEnum):
    """Why an operation waits for another."""

    DEPENDENCY = "dependency"
    PARAM = "param"
    EVENT = "event"
    BUILD = "build"


@dataclass(frozen=True, slots=True)
class Edge:
    """An upstream of an operation."""

    upstream: int
    kinds: tuple[EdgeKind, ...]
    """Each once."""
    events: tuple[AwaitedEvent, ...] = ()
    """What of the upstream it waits for, if it waits for an event: one of these."""

    @property
    def ends(self) -> bool:
        """Whether it waits for the upstream's end."""
        return self.kinds != (EdgeKind.EVENT,)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the graph.

    Attributes:
        index: its number.
        name: its own name.
        path: its name with those of the DAGs around it, such as `fold.train`.
        level: when it can start at the earliest: 1 for what waits for nothing in its DAG, and otherwise one
            more than the highest of its upstreams.
        runs: the kind of its run.
        component: the name of the component that it runs, if it refers to one.
        trigger: what it waits for of its upstreams, if it is not the usual.
        matrix: the kind of its matrix, if it has one.
        trials: how many trials that has; None where only running it shows.
        trial_limit: trials at once, if there is a limit.
        first_trials: the values of the first few, where they are known before a run.
        opens: the number of the DAG that it is, if it is one.
        upstreams: what it waits for.
    """

    index: int
    name: str
    runs: str
    path: str = ""
    level: int = 1
    component: str = ""
    trigger: str = ""
    matrix: str = ""
    trials: int | None = 1
    trial_limit: int | None = None
    first_trials: tuple[str, ...] = ()
    opens: int | None = None
    upstreams: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """A DAG of the graph.

    Attributes:
        number: its number.
        members: its operations, by levels, and of a level in the order of the file.
        concurrency: operations at once, if there is a limit.
    """

    number: int
    members: tuple[int, ...]
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """A whole specification: scope 0 is the outermost DAG.

    Attributes:
        name: its name.
        scopes: its DAGs, by their numbers.
        operations: by their numbers.
        matrix: the kind of the matrix that runs the outermost DAG many times, if there is one.
        trials: how many trials that has; None where only running it shows.
        trial_limit: trials at once, if there is a limit.
        first_trials: the values of the first few, where they are known before a run.
    """

    name: str
    scopes: Mapping[int, Scope] = field(default_factory=dict)
    operations: Mapping[int, Operation] = field(default_factory=dict)
    matrix: str = ""
    trials: int | None = 1
    trial_limit: int | None = None
    first_trials: tuple[str, ...] = ()


def rounds(one: Operation | Graph) -> int:
    """Return how many times the trials of a matrix go one after another; trials nobody can count are one."""
    trials = 1 if one.trials is None else one.trials
    return math.ceil(trials / (one.trial_limit or max(1, trials)))


def graph_of(compiled: Compiled) -> Graph:
    """Return the graph of a specification without errors."""
    expansion = compiled.expansion
    levels = {index: level for scope in expansion.scopes for index, level in _levels(expansion, scope.order)}
    scopes = {
        scope.number: Scope(
            scope.number,
            tuple(sorted(scope.order, key=lambda index: (levels[index], index))),
            known(scope.dag.concurrency),
        )
        for scope in expansion.scopes
    }
    operations = {
        declared.index: _operation(expansion, declared, levels[declared.index])
        for declared in expansion.operations
    }
    top = compiled.top
    whole = top is not None and isinstance(top.run, V1Dag)  # the matrix of one operation is its own
    matrix = top.matrix if top is not None and whole else None
    return Graph(compiled.name, scopes, operations, **_trials(matrix))


def _levels(expansion: Expansion, order: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the levels of the operations of a DAG, given upstreams first."""
    level: dict[int, int] = {}
    for index in order:
        level[index] = 1 + max(
            (level[upstream] for upstream in expansion.operations[index].upstreams), default=0
        )
    yield from level.items()


def _operation(expansion: Expansion, declared: Declared, level: int) -> Operation:
    own, composed = declared.layer.operation, declared.composed
    matrix = composed.matrix
    trigger = known(own.trigger)
    return Operation(
        index=declared.index,
        name=declared.name.rpartition(".")[2],
        path=declared.name,
        level=level,
        runs=composed.run.kind if composed.run is not None else "",
        component=own.dag_ref or own.hub_ref or own.path_ref or own.url_ref or "",
        trigger=trigger.value if trigger else "",
        opens=declared.opens,
        upstreams=tuple(_edges(expansion, declared)),
        **_trials(matrix),
    )


def _trials(matrix: V1Matrix | None) -> dict[str, Any]:
    if matrix is None:
        return {}
    limit = known(getattr(matrix, "concurrency", None))
    return {
        "matrix": matrix.kind,
        "trials": spaces.count(matrix),
        "trial_limit": limit,
        "first_trials": tuple(_first(matrix)),
    }


def _first(matrix: V1Matrix) -> Iterator[str]:
    """Yield what the first trials of a matrix have, where no chance or template has a part in it."""
    drawn = isinstance(matrix, V1RandomSearch) and not known(matrix.seed)
    if drawn or not isinstance(matrix, V1Mapping | V1GridSearch | V1RandomSearch):
        return
    with suppress(ValueError):
        for trial in islice(spaces.trials(matrix), SHOWN):
            yield ", ".join(f"{name}={_text(value)}" for name, value in trial.items())


def _text(value: Any) -> str:
    return (
        json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, list | dict) else f"{value}"
    )


def _edges(expansion: Expansion, declared: Declared) -> Iterator[Edge]:
    members = expansion.scopes[declared.scope].members
    kinds: dict[int, dict[EdgeKind, None]] = {index: {} for index in declared.upstreams}
    if declared.build in kinds:
        kinds[declared.build] = {EdgeKind.BUILD: None}
    waits = declared if declared.builds is None else expansion.operations[declared.builds]
    for name, path in declared_upstreams(waits.layer.operation, waits.layer.path, waits.composed):
        if members.get(name) in kinds:
            kinds[members[name]][_kind(path)] = None
    for upstream, found in kinds.items():
        yield Edge(upstream, tuple(found), declared.events.get(upstream, ()))


def _kind(path: Path) -> EdgeKind:
    if is_event(path):
        return EdgeKind.EVENT
    return EdgeKind.PARAM if path[-1] == "ref" else EdgeKind.DEPENDENCY
