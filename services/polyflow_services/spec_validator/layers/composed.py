"""What an operation is once its layers are known, and where each part of it stands."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic.alias_generators import to_snake

from polyflow_services.spec_validator.layers.places import HERE, Layer, place_of_field, place_of_part
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import (
    V1IO,
    V1Dag,
    V1Matrix,
    V1Operation,
    V1Param,
    V1Runtime,
    V1Termination,
    known,
)
from polyflow_shared.language.references import Reference

__all__ = ["HERE", "Components", "Composed", "Layer"]

Components = Mapping[str, Layer]


@dataclass(slots=True)
class Composed:
    """What an operation is once its layers are known; names lead to the value and its path."""

    operation: V1Operation
    """All layers merged; of its references and shortcuts nothing is left to do."""
    run: V1Runtime | None = None
    layers: tuple[Layer, ...] = ()
    """What it was made from, the outermost one first."""
    below: "Composed | None" = None
    """What it was without the outermost one, if there is more than that."""
    inputs: Mapping[str, tuple[V1IO, Path]] = field(default_factory=dict)
    outputs: Mapping[str, tuple[V1IO, Path]] = field(default_factory=dict)
    params: dict[str, tuple[V1Param, Path]] = field(default_factory=dict)
    used: tuple[Path, ...] = ()
    """Paths of the components that it was made from, which must not use themselves."""
    lost: bool = False
    """Whether something that it is based on could not be had; that was noted already."""
    settled: bool = False
    filled: V1Matrix | None = None
    """Its matrix without templates, where it has some and their values are known."""

    @property
    def matrix(self) -> V1Matrix | None:
        """Its matrix, with values in place of templates as soon as names are bound."""
        return self.filled or self.operation.matrix

    @property
    def kind(self) -> str:
        """What it runs: `matrix`, or the kind of its run."""
        if self.matrix is not None:
            return "matrix"
        return self.run.kind if self.run is not None else "dag"

    @property
    def names(self) -> frozenset[str]:
        """The names of its inputs, declared or not."""
        joined = (name for join in known(self.operation.joins) or () for name in known(join.params) or ())
        return frozenset((*self.inputs, *self.params, *joined))

    @property
    def run_path(self) -> Path:
        """Where the run stands: the last layer that names its kind."""
        for layer in self.layers:
            own = layer.operation.run
            if own is None or isinstance(own, dict) or self.run is None:
                continue
            if own.kind == self.run.kind:
                return (*layer.path, "run")
        return self.layers[0].path if self.layers else ()

    def listed(self, name: str) -> Iterator[Layer]:
        """Yield what a DAG lists, its `operations` or `components`, each with its place."""
        places: dict[object, tuple[Path, Reference]] = {}
        for layer in reversed(self.layers):
            for key, path in _listed_by(layer, name):
                places[key] = path, layer.owner
        for index, one in enumerate(_list_of(self.run, name)):
            path, owner = (
                places.get(id(one))
                or places.get(one.name)
                or ((*self.run_path, name, index), self.layers[0].owner)
            )
            yield Layer(one, path, owner)

    def place(self, name: str) -> Path:
        """Return where a field of the operation or of its run stands."""
        field = name if name.islower() else to_snake(name)
        of_run = self.run is not None and field in type(self.run).model_fields
        value = getattr(self.run if of_run else self.operation, field, None)
        return place_of_field(name, value, self.layers) or (*self.run_path, name)

    def place_in_run(self, path: Path) -> Path:
        """Return where a part of the run stands, whose path in it is given."""
        container = getattr(self.run, "container", None)
        if path[0] == "container" and len(path) > 1 and isinstance(container, dict):
            place = place_of_part(path[1:], container, self.layers)
            if place is not None:
                return place
        return (*self.place(str(path[0])), *path[1:])

    def placed_in_run(self, found: Iterable[Finding]) -> Iterator[Finding]:
        """Yield findings about the run, each where a layer has said it; `kind` is the run's own."""
        for finding in found:
            below = finding.path[len(self.run_path) :]
            placed = below and below[0] != "kind"
            yield replace(finding, path=self.place_in_run(below)) if placed else finding

    @property
    def layer_with_queue(self) -> Path:
        """Where the layer stands that names the queue; the top where that is handed down."""
        queue = self.operation.queue
        return next((layer.path for layer in self.layers if layer.operation.queue == queue), ())

    @property
    def max_retries(self) -> int | None:
        """Attempts after the first one, if it says so."""
        return self._limit("max_retries")

    @property
    def timeout(self) -> int | None:
        """Seconds that an attempt may take, if it says so."""
        return self._limit("timeout")

    def _limit(self, name: str) -> int | None:
        termination = self.operation.termination
        value = getattr(termination, name) if isinstance(termination, V1Termination) else None
        return value if isinstance(value, int) else None

    def settle(self) -> None:
        """Find out where the values stand, once all layers are there."""
        below, operation = self.below, self.operation
        if below is not None and not below.settled:
            below.settle()
        if below is not None and operation.inputs is below.operation.inputs:
            self.inputs = below.inputs
        else:
            self.inputs = dict(_declared(operation.inputs, "inputs", self.layers))
        if below is not None and operation.outputs is below.operation.outputs:
            self.outputs = below.outputs
        else:
            self.outputs = dict(_declared(operation.outputs, "outputs", self.layers))
        self.params = dict(_given(operation.params, self.layers))
        self.settled = True


def _list_of(run: object, name: str) -> Sequence[V1Operation]:
    return known(getattr(run, name)) or () if isinstance(run, V1Dag) else ()


def _listed_by(layer: Layer, group: str) -> Iterator[tuple[object, Path]]:
    """Yield what a layer lists: by identity, or by name where it was read later, with the kind of the run."""
    own, patch = layer.operation.run, layer.operation.run_patch or {}
    for index, one in enumerate(_list_of(own, group)):
        yield id(one), (*layer.path, "run", group, index)
    for part, values in (("run", own if isinstance(own, dict) else {}), ("runPatch", patch)):
        listed = values.get(group)
        for index, value in enumerate(listed if isinstance(listed, list) else ()):
            name = value.get("name") if isinstance(value, dict) else None
            if isinstance(name, str):
                yield name, (*layer.path, part, group, index)


def _declared(
    values: list[V1IO] | None, group: str, layers: Sequence[Layer]
) -> Iterator[tuple[str, tuple[V1IO, Path]]]:
    """Yield inputs or outputs by name with their places."""
    places = {
        id(own): (*layer.path, group, index)
        for layer in reversed(layers)
        for index, own in enumerate(getattr(layer.operation, group) or ())
    }
    for value in values or ():
        yield value.name, (value, places.get(id(value)) or (*layers[0].path, group))


def _given(
    params: Mapping[str, V1Param] | None, layers: Sequence[Layer]
) -> Iterator[tuple[str, tuple[V1Param, Path]]]:
    for name, param in (params or {}).items():
        path = next(
            (layer.path for layer in layers if (layer.operation.params or {}).get(name) is param),
            layers[0].path,
        )
        yield name, (param, (*path, "params", name))
