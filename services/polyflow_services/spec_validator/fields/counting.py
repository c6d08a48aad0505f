"""How many operations a specification has once its DAGs are expanded, without expanding them.

A few lines can stand for more operations than there are atoms: a DAG of ten DAGs of ten DAGs.  Expanding them
up to the limit takes seconds; counting them takes as long as reading them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from polyflow_shared.language.models import V1Dag, V1Operation, known

MAX_DEPTH: Final = 32
"""DAGs within DAGs; what is deeper is not counted."""

Components = Mapping[str, V1Operation]


def operations(top: V1Operation) -> int:
    """Return how many operations a specification has at least.

    References to other documents count as one operation, whatever they lead to.
    """
    return _Count().within(top, {}, 0)


@dataclass(slots=True)
class _Count:
    """Counts, each DAG once for the components that it can use."""

    _known: dict[tuple[int, int], int] = field(default_factory=dict)
    _kept: list[Components] = field(default_factory=list)
    """So that no other ones get their ids."""

    def within(self, operation: V1Operation, components: Components, depth: int) -> int:
        """Return how many operations are in what an operation runs, itself not counted."""
        dag = _dag(operation, components)
        if dag is None or depth > MAX_DEPTH:
            return 0
        key = id(dag), id(components)
        if key not in self._known:
            self._known[key] = 0  # where it contains itself
            own = {one.name: one for one in known(dag.components) or () if one.name}
            inner = {**components, **own} if own else components
            self._kept.append(inner)
            listed = known(dag.operations) or ()
            self._known[key] = sum(1 + self.within(one, inner, depth + 1) for one in listed)
        return self._known[key]


def _dag(operation: V1Operation, components: Components) -> V1Dag | None:
    """Return the DAG that an operation runs, by its own layers or those that it is based on."""
    for layer in _layers(operation, components):
        if isinstance(layer.run, V1Dag) and layer.run.operations:
            return layer.run
    return None


def _layers(operation: V1Operation, components: Components) -> Iterator[V1Operation]:
    layer: V1Operation | None = operation
    for _ in range(MAX_DEPTH):
        if layer is None:
            return
        yield layer
        layer = layer.component or components.get(layer.dag_ref or "")
