"""One operation from its layers: what it refers to, what it says itself, what its DAG and presets add.

The order is the base first, then each layer over it by the layer's own strategy.  What belongs to the graph
(dependencies, trigger, conditions, events, joins, schedule) is always the operation's own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from polyflow_services.spec_validator.layers.composed import Components, Composed, Layer
from polyflow_services.spec_validator.layers.merge import DEFAULT, merged
from polyflow_services.spec_validator.layers.runs import run_over
from polyflow_services.spec_validator.layers.shortcuts import POD_FIELDS, SHORTCUTS
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Nearest, Path
from polyflow_shared.language.models import Template, V1Operation, V1Plugins, V1Runtime, known
from polyflow_shared.language.references import Reference, ReferenceKind
from polyflow_shared.language.sources import NOTHING, Referenced, Sources

GRAPH: Final = frozenset(
    {"name", "dependencies", "trigger", "conditions", "skip_on_upstream_skip", "events", "joins", "schedule"}
)
"""Fields of an operation of a DAG that no component gives it."""
MAX_LAYERS: Final = 100
"""Components that are based on each other."""
_NOT_MERGED: Final = frozenset(
    {"run", "run_patch", "component", "patch_strategy", "is_preset", "presets"}
    | {"dag_ref", "hub_ref", "path_ref", "url_ref", *SHORTCUTS}
)

_NOT_OF_QUEUE: Final = _NOT_MERGED | GRAPH | {"queue", "kind"}
"""What the presets of a queue have no say in."""


@dataclass(slots=True)
class Composer:
    """Composes operations, and notes what is wrong with their layers."""

    sources: Sources = NOTHING
    findings: list[Finding] = field(default_factory=list)
    _bases: dict[tuple[Path, int], tuple[Components, Composed]] = field(default_factory=dict)
    """What components are, by their path and what `dagRef` meant there (which has to live as long)."""
    _read: set[Reference] = field(default_factory=set)

    def compose(
        self,
        top: Layer,
        components: Components,
        used: tuple[Path, ...] = (),
        *,
        in_dag: bool = True,
        handed: V1Operation | None = None,
        presets: Sequence[Layer] = (),
    ) -> Composed:
        """Return an operation with all its layers.

        Args:
            top: the operation.
            components: those of the enclosing DAGs, by name.
            used: components that are being expanded already.
            in_dag: whether it is an operation of a DAG.
            handed: what the enclosing DAG hands down; the operation's own fields come before it.
            presets: layers over it, in their order.
        """
        composed = self._over(self._base(top, components, used, (top,)), top, in_dag=in_dag)
        if handed is not None:
            composed = self._handed(composed, handed, top)
        over = [*presets, *self._saved((*reversed(composed.layers), *presets))]
        for preset in over:
            composed = self._over(composed, preset)
        if in_dag and over:
            own = {name: getattr(top.operation, name) for name in GRAPH}
            composed = replace(composed, operation=composed.operation.model_copy(update=own))
        composed.used = (*used, *composed.used)
        composed.settle()
        return composed

    def in_queue(self, composed: Composed, presets: Iterable[Layer]) -> Composed:
        """Return an operation with what the presets of its queue say, where it does not say so itself.

        Args:
            composed: the operation, which opens no DAG.
            presets: in their order.
        """
        for preset in presets:
            strategy = preset.operation.patch_strategy or "pre_merge"
            layer = preset.operation.model_copy(update={"patch_strategy": strategy})
            run = run_over(composed.run, layer, preset.path, self.findings)
            operation = merged(composed.operation, layer, strategy, skip=_NOT_OF_QUEUE)
            composed = replace(composed, operation=operation, run=run)
        composed.settle()
        return composed

    def _saved(self, layers: Sequence[Layer]) -> Iterator[Layer]:
        """Yield the saved presets that layers name, those of the first one first."""
        for layer in layers:
            for index, name in enumerate(layer.operation.presets or ()):
                answer = self.sources.get(layer.owner, ReferenceKind.PRESET, name)
                path = (*layer.path, "presets", index)
                found = answer if isinstance(answer, Finding) else self._referenced(answer, path)
                if isinstance(found, Finding):
                    self.findings.append(replace(found, path=path, stage=Stage.INSTALLATION))
                else:
                    operation = found.operation.model_copy(update={"is_preset": True})
                    yield replace(found, operation=operation)

    def _base(
        self, layer: Layer, components: Components, used: tuple[Path, ...], chain: tuple[Layer, ...]
    ) -> Composed | None:
        """Return what a layer is based on, with all its own layers."""
        base = self._below(layer, components)
        if base is None:
            return None
        if isinstance(base, Layer) and (base.path in used or any(base.path == one.path for one in chain[1:])):
            base = _component_cycle(base, chain)
        elif len(chain) > MAX_LAYERS:
            base = _too_deep(layer)
        if isinstance(base, Finding):
            self.findings.append(base)
            return Composed(V1Operation(), lost=True)
        key = (base.path, id(components))
        if key not in self._bases:
            self._bases[key] = components, self._with_all_below(base, components, used, chain)
        return self._bases[key][1]

    def _with_all_below(
        self, layer: Layer, components: Components, used: tuple[Path, ...], chain: tuple[Layer, ...]
    ) -> Composed:
        below = self._base(layer, components, used, (*chain, layer))
        if below is not None and len(below.layers) >= MAX_LAYERS:
            self.findings.append(_too_deep(layer))
            below = Composed(V1Operation(), lost=True)
        return self._over(below, layer)

    def _below(self, layer: Layer, components: Components) -> Layer | Finding | None:
        """Return what a layer is based on; what is wrong where it names something that is not there."""
        operation, path = layer.operation, layer.path
        if operation.component is not None:
            return Layer(operation.component, (*path, "component"), layer.owner)
        if operation.dag_ref is not None:
            return _named(operation.dag_ref, (*path, "dagRef"), components)
        answer = self.sources.of(layer.owner, operation)
        if answer is None:
            return None
        field = next(alias for name, alias in _REFERENCES.items() if getattr(operation, name) is not None)
        if isinstance(answer, Finding):
            return replace(answer, path=(*path, field))
        return self._referenced(answer, (*path, field))

    def _referenced(self, found: Referenced, path: Path) -> Layer | Finding:
        specification = found.specification
        if found.reference not in self._read:
            self._read.add(found.reference)
            self.findings.extend(replace(finding, stage=Stage.COMPILE) for finding in specification.findings)
        if specification.operation is None:
            return Finding(Code.REFERENCE, f"{found.reference} cannot be read", path)
        return Layer(specification.operation, (found.reference.source,), found.reference)

    def _over(self, base: Composed | None, layer: Layer, *, in_dag: bool = False) -> Composed:
        """Return a layer over what it is based on; nothing of the base is changed."""
        own, path = layer.operation, layer.path
        noted = [] if base is not None and base.lost else self.findings  # its run is not known
        run = run_over(base.run if base else None, own, path, noted)
        if base is None:
            return Composed(own, run, (layer,), used=(path,))
        put = _not_merged(base.operation, own, in_dag=in_dag)
        operation = merged(base.operation, own, own.patch_strategy or DEFAULT, skip=_NOT_MERGED, put=put)
        return Composed(operation, run, (layer, *base.layers), base, used=(path, *base.used), lost=base.lost)

    def _handed(self, composed: Composed, handed: V1Operation, top: Layer) -> Composed:
        """Return an operation with what its DAG hands down, where it does not say so itself."""
        run = run_over(composed.run, _fitting(handed, composed.run), top.path, self.findings)
        operation = merged(composed.operation, handed, handed.patch_strategy or DEFAULT, skip=_NOT_MERGED)
        return replace(composed, operation=operation, run=run)


_REFERENCES: Final = {"path_ref": "pathRef", "hub_ref": "hubRef", "url_ref": "urlRef"}


def _not_merged(base: V1Operation, own: V1Operation, *, in_dag: bool) -> dict[str, Any]:
    """Return what becomes of the fields to which no patch strategy applies."""
    put: dict[str, Any] = {"kind": own.kind}
    if base.strict_params or own.strict_params:
        put["strict_params"] = True
    if in_dag:
        put |= {name: getattr(own, name) for name in GRAPH & base.model_fields_set}
    return put


def _fitting(layer: V1Operation, run: V1Runtime | None) -> V1Operation:
    """Return what is handed down without the fields that a run of this kind does not have."""
    if run is None:
        return layer
    lacking = [name for name in POD_FIELDS if run.kind == "dag" and name not in type(run).model_fields]
    return layer.model_copy(update=dict.fromkeys(lacking)) if lacking else layer


def _named(name: str, path: Path, components: Components) -> Layer | Finding:
    if name in components:
        return components[name]
    message = f"there is no component `{name}` in the enclosing DAG"
    return Finding(Code.UNKNOWN_COMPONENT, message, path, Nearest(name, components))


def _too_deep(layer: Layer) -> Finding:
    message = f"more than {MAX_LAYERS} components are based on each other"
    return Finding(Code.TOO_BIG, message, layer.path)


def _component_cycle(base: Layer, chain: Sequence[Layer]) -> Finding:
    names = [layer.operation.name or "?" for layer in chain if layer.path[-2:-1] == ("components",)]
    shown = " -> ".join([*names, base.operation.name or "?"])
    message = f"component `{base.operation.name}` uses itself: {shown}"
    return Finding(Code.COMPONENT_CYCLE, message, chain[-1].path)


def handed_down(operation: V1Operation, run: V1Runtime, outer: V1Operation | None) -> V1Operation | None:
    """Return what a DAG hands down to each of its operations; None where there is nothing.

    Args:
        operation: that opens the DAG, with all its layers.
        run: the DAG.
        outer: what it was handed itself.
    """
    fields = {name: value for name in _HANDED if (value := getattr(operation, name)) is not None}
    if (plugins := fields.get("plugins")) is not None:
        fields["plugins"] = _handed_plugins(plugins)
    fields |= {
        name: value
        for name in ("environment", "connections", "volumes")
        if (value := known(getattr(run, name, None))) is not None
    }
    if not fields:
        return outer
    fields |= {"patch_strategy": "pre_merge", "is_preset": True}
    own = V1Operation.model_construct(_fields_set=set(fields), **fields)
    return own if outer is None else merged(outer, own, DEFAULT)


def _handed_plugins(plugins: V1Plugins | Template) -> V1Plugins | Template:
    """Return plugins without notifications: who is told of a DAG's end is not told of each operation's."""
    if isinstance(plugins, Template) or plugins.notifications is None:
        return plugins
    names = plugins.model_fields_set - {"notifications"}
    return V1Plugins.model_construct(
        _fields_set=set(names), **{name: getattr(plugins, name) for name in names}
    )


_HANDED: Final = ("cache", "termination", "plugins", "queue")
