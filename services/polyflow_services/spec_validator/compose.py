"""One operation from its layers: the component that it runs, and what it says itself.

The operation has the last word.  What belongs to the graph (dependencies, trigger) is the operation's alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Nearest, Path
from polyflow_shared.language.models import V1IO, V1Operation, V1Param, V1Runtime, V1Termination


@dataclass(frozen=True, slots=True)
class Layer:
    """An operation or component, and where it stands in the document."""

    operation: V1Operation
    path: Path


Components = Mapping[str, Layer]


@dataclass(slots=True)
class Composed:
    """What an operation is once its components are known; names lead to the value and its path."""

    run: V1Runtime | None = None
    run_path: Path = ()
    inputs: dict[str, tuple[V1IO, Path]] = field(default_factory=dict)
    outputs: dict[str, tuple[V1IO, Path]] = field(default_factory=dict)
    params: dict[str, tuple[V1Param, Path]] = field(default_factory=dict)
    queue: str | None = None
    max_retries: int | None = None
    timeout: int | None = None
    strict: bool = False
    layers: tuple[Layer, ...] = ()
    """What it was made from, itself first."""
    used: tuple[Path, ...] = ()
    """Paths of the components that it was made from, which must not use themselves."""


def compose(top: Layer, components: Components, used: tuple[Path, ...], findings: list[Finding]) -> Composed:
    """Return an operation with its components merged into it.

    Args:
        top: the operation.
        components: those of the enclosing DAGs, by name.
        used: components that are being expanded already.
        findings: where to note what is wrong.
    """
    layers = [top]
    while (base := _base(layers[-1], components, findings)) is not None:
        if base.path in used:
            findings.append(_component_cycle(base, layers))
            break
        used = (*used, base.path)
        layers.append(base)
    composed = Composed(layers=tuple(layers), used=used)
    for layer in reversed(layers):
        _merge(composed, layer)
    return composed


def _base(layer: Layer, components: Components, findings: list[Finding]) -> Layer | None:
    """Return the component that a layer names or contains; None if it runs something itself, or nothing."""
    operation, path = layer.operation, layer.path
    given = [
        name
        for name, value in (
            ("component", operation.component),
            ("dagRef", operation.dag_ref),
            ("run", operation.run),
        )
        if value is not None
    ]
    if len(given) > 1:
        findings.append(_several(given, path))
    if operation.component is not None:
        return Layer(operation.component, (*path, "component"))
    if operation.dag_ref is not None and operation.run is None:
        return _named(operation.dag_ref, (*path, "dagRef"), components, findings)
    if not given:
        message = f"`{operation.name or 'this operation'}` runs nothing"
        findings.append(Finding(Code.NO_DEFINITION, message, path, "give it `run`, `component` or `dagRef`"))
    return None


def _several(given: list[str], path: Path) -> Finding:
    if given[-1] == "run":
        message = f"`run` beside `{given[0]}`, to change parts of it, is not supported yet"
        return Finding(Code.NOT_YET, message, (*path, "run"), at_key=True)
    message = f"an operation runs one of `component` and `dagRef`, not {' and '.join(given)}"
    return Finding(Code.SEVERAL_DEFINITIONS, message, (*path, given[1]), at_key=True)


def _named(name: str, path: Path, components: Components, findings: list[Finding]) -> Layer | None:
    if name in components:
        return components[name]
    message = f"there is no component `{name}` in the enclosing DAG"
    findings.append(Finding(Code.UNKNOWN_COMPONENT, message, path, Nearest(name, components)))
    return None


def _component_cycle(base: Layer, layers: list[Layer]) -> Finding:
    names = [layer.operation.name or "?" for layer in layers if layer.path[-2:-1] == ("components",)]
    chain = " -> ".join([*names, base.operation.name or "?"])
    message = f"component `{base.operation.name}` uses itself: {chain}"
    return Finding(Code.COMPONENT_CYCLE, message, layers[-1].path)


def _merge(composed: Composed, layer: Layer) -> None:
    operation, path = layer.operation, layer.path
    if operation.run is not None and not isinstance(operation.run, dict):
        composed.run, composed.run_path = operation.run, (*path, "run")
    composed.inputs.update(_declared(operation.inputs, (*path, "inputs")))
    composed.outputs.update(_declared(operation.outputs, (*path, "outputs")))
    for name, param in (operation.params or {}).items():
        composed.params[name] = (param, (*path, "params", name))
    composed.queue = operation.queue or composed.queue
    composed.strict = composed.strict or bool(operation.strict_params)
    own = operation.termination
    if isinstance(own, V1Termination):
        if isinstance(own.max_retries, int):
            composed.max_retries = own.max_retries
        if isinstance(own.timeout, int):
            composed.timeout = own.timeout


def _declared(values: list[V1IO] | None, path: Path) -> Iterator[tuple[str, tuple[V1IO, Path]]]:
    for index, value in enumerate(values or ()):
        yield value.name, (value, (*path, index))
