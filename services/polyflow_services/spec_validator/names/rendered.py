"""Templates of an operation: what in its run and conditions is rendered when it starts, with which names."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from polyflow_services.spec_validator.fields.connections import Granted
from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_services.spec_validator.links.refs import Bindings
from polyflow_services.spec_validator.shape.builds import image
from polyflow_services.spec_validator.shape.expand import Declared
from polyflow_shared.language.codes import Code
from polyflow_shared.language.expressions import conditions
from polyflow_shared.language.expressions.templates import Scope, check, is_templated
from polyflow_shared.language.findings import Finding, Path, under
from polyflow_shared.language.models import Model, V1Dag, V1Job, V1Runtime, V1Service, known
from polyflow_shared.language.models.pods import PodFields

Texts = list[tuple[str, Path]]


class Templates:
    """Checks the templates of operations; those of a component that many of them run are checked once."""

    def __init__(self, connections: Granted | None = None) -> None:
        """Have seen nothing; know the connections that may be used, or None where that is not known."""
        self._connections = connections
        self.findings: list[Finding] = []
        self._texts: dict[int, tuple[V1Runtime, Texts]] = {}
        self._without: set[Path] = set()
        self._checked: set[tuple[int, frozenset[str]]] = set()

    def check(self, declared: Declared, bound: Mapping[int, Bindings]) -> None:
        """Note what is wrong with the templates of an operation, or that it has nothing to run.

        Args:
            declared: the operation.
            bound: what names stand for, by operation.
        """
        composed, run, bindings = declared.composed, declared.composed.run, bound.get(declared.index, {})
        if run is not None and not isinstance(run, V1Dag):
            self._check_run(declared, run, bindings)
            if not (_runs_something(run) or image(declared.build, bound)):
                self._note_no_container(declared)
        self.check_conditions(declared.index, composed, bindings, top=declared.layer.path == ())

    def check_conditions(self, index: int, composed: Composed, bindings: Bindings, *, top: bool) -> None:
        """Note what is wrong with the conditions of an operation, or of the whole specification.

        Those of a matrix are evaluated once, so they cannot name what differs from trial to trial.
        """
        condition = composed.operation.conditions
        if condition:
            named = {
                name: bound
                for name, bound in bindings.items()
                if bound.varied is None or bound.varied.matrix != index
            }
            scope = _scope(composed, named, top=top)
            self.findings += under(composed.place("conditions"), conditions.check(condition, scope))

    def _check_run(self, declared: Declared, run: V1Runtime, bindings: Bindings) -> None:
        key = (id(run), frozenset(bindings))
        if key in self._checked:
            return
        self._checked.add(key)
        scope = _scope(declared.composed, bindings, top=declared.layer.path == ())
        scope = replace(scope, connections=self._fields(run))
        for text, path in self.of(run):
            if found := check(text, scope):
                self.findings += under(declared.composed.place_in_run(path), found)
        self.findings += _only_named(declared, run)

    def _note_no_container(self, declared: Declared) -> None:
        path = (*declared.composed.run_path, "container")
        if path not in self._without:  # many operations may run one component
            self._without.add(path)
            message = f"`{declared.name}` has no container with an image or a command"
            self.findings.append(Finding(Code.NO_CONTAINER, message, path))

    def _fields(self, run: V1Runtime) -> Mapping[str, Collection[str] | None]:
        """Return the connections that a run uses, each with its fields where they are known."""
        if not isinstance(run, PodFields):
            return {}
        found: dict[str, Collection[str] | None] = dict.fromkeys(known(run.connections) or ())
        found |= {step.connection: None for step in known(run.init) or () if step.connection}
        return found | (self._connections.fields(run) if self._connections else {})

    def of(self, run: V1Runtime) -> Texts:
        """Return the texts of a run that have templates, with their paths in it."""
        found = self._texts.get(id(run))
        if found is None:
            found = self._texts[id(run)] = (run, list(_texts(run, ())))
        return found[1]


def _only_named(declared: Declared, run: V1Runtime) -> Iterator[Finding]:
    """Yield a warning for a container whose name may be meant as its image; only processes do without one."""
    container = run.container if isinstance(run, V1Job | V1Service) else None
    if (
        not isinstance(container, dict)
        or container.get("image")
        or declared.composed.operation.build is not None
    ):
        return
    if name := container.get("name"):
        message = f"the container has the name `{name}` and no image"
        path = (*declared.composed.place("container"), "name")
        hint = f"did you mean `image: {name}`?"
        yield Finding(Code.NO_IMAGE, message, path, hint, at_key=True, warning=True)


def _runs_something(run: V1Runtime) -> bool:
    if not isinstance(run, V1Job | V1Service):
        return True
    container = run.container
    if not isinstance(container, dict):
        return container is not None
    return any(map(container.get, ("command", "args", "image")))


def _scope(composed: Composed, bindings: Bindings, *, top: bool) -> Scope:
    names, outputs = frozenset(bindings), frozenset(composed.outputs)
    if top:  # who runs it may still give its outputs a value
        return Scope(names | outputs)
    return Scope(names, outputs - names)


def _texts(value: Any, path: Path) -> Iterator[tuple[str, Path]]:
    if isinstance(value, str):
        if is_templated(value):
            yield value, path
        return
    for key, item in _entries(value):
        yield from _texts(item, (*path, key))


def _entries(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, Model):
        fields = type(value).model_fields
        return [(fields[name].alias or name, getattr(value, name)) for name in value.model_fields_set]
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()
