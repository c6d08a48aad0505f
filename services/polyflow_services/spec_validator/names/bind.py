"""What every name in every operation stands for: a literal, or an output of an operation that ends earlier.

DAGs are gone through from the outside to the inside, and in each the operations in their order, so that what
a ref leads to is known already.  A param that leads through the input of a DAG ends at the same output.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from pydantic import JsonValue

from polyflow_services.spec_validator.fields.serving import outputs_of
from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_services.spec_validator.links.declared import Entry, contradictions, delayed, literal
from polyflow_services.spec_validator.links.graph import upstream_name
from polyflow_services.spec_validator.links.refs import BROKEN, Bindings, Bound, Upstream, fits, followed
from polyflow_services.spec_validator.names.filled import Filler
from polyflow_services.spec_validator.names.trials import (
    Entries,
    given_by_joins,
    given_by_matrix,
    missing_in_rows,
    names_of_trials,
    unknown_scopes,
)
from polyflow_services.spec_validator.shape.expand import Declared, DeclaredDag, Expansion
from polyflow_shared.language import spaces
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Path, nearest
from polyflow_shared.language.models import V1IO, V1Dag, V1Param
from polyflow_topics.names import THE_RUN
from polyflow_topics.plan import OutputOf

MAX_NEAR: Final = 50

Given = Mapping[str, JsonValue]
"""Values of a request, by name."""


class Binder:
    """Binds the names of all operations of an expansion."""

    def __init__(self, expansion: Expansion) -> None:
        """Know the operations."""
        self.bindings: dict[int, Bindings] = {}
        """By the operation's number."""
        self.bound: Bindings = {}
        """What the names at the top stand for."""
        self.findings: list[Finding] = []
        self._expansion = expansion
        self._filler = Filler(self.findings)
        self._upstreams: dict[int, Upstream] = {}
        self._seen: set[Path] = set()
        self._asked: Mapping[str, V1Param] = {}
        """The request's own values."""

    def bind(self, top: Composed, given: Given) -> None:
        """Bind everything, from the request's values on."""
        self._asked = {name: V1Param(value=value) for name, value in given.items()}
        top.params.update({name: (param, ("params", name)) for name, param in self._asked.items()})
        self.bound = self._bound(THE_RUN if isinstance(top.run, V1Dag) else 0, top, (), NOWHERE, {})
        scopes = self._expansion.scopes
        if scopes and scopes[0].path == ():
            self.bindings[0] = self.bound
            for declared in self._expansion.operations[1:]:  # what builds its image
                path = declared.layer.path
                self.bindings[declared.index] = self._bound(
                    declared.index, declared.composed, path, NOWHERE, {}
                )
        elif scopes:
            self.bindings[THE_RUN] = self.bound
            self._bind_scope(scopes[0], self.bound)
            self._bind_rest(self.bound)

    def _bind_scope(self, scope: DeclaredDag, dag: Bindings) -> None:
        siblings: dict[str, Upstream | None] = dict.fromkeys(scope.members)
        names = {index: name for name, index in scope.members.items()}
        around = _around(scope, dag)
        for index in scope.order:
            declared = self._expansion.operations[index]
            bound = self._bound(index, declared.composed, declared.layer.path, around, siblings)
            self.bindings[index] = bound
            siblings[names[index]] = self._upstream(declared, bound)
            if declared.opens is not None:
                self._bind_scope(self._expansion.scopes[declared.opens], bound)

    def _bind_rest(self, top: Bindings) -> None:
        """Bind what no order reaches: operations on and behind cycles, and those without a name of their own.

        Outer DAGs come first, because operations are numbered depth first.
        """
        left = [declared for declared in self._expansion.operations if declared.index not in self.bindings]
        siblings: dict[int, dict[str, Upstream | None]] = {}
        for declared in left if self._expansion.complete else ():
            scope = self._expansion.scopes[declared.scope]
            if scope.number not in siblings:
                members = {name: self._expansion.operations[index] for name, index in scope.members.items()}
                siblings[scope.number] = {name: _as_declared(one) for name, one in members.items()}
            dag = top if scope.owner is None else self.bindings[scope.owner]
            path = declared.layer.path
            self.bindings[declared.index] = self._bound(
                declared.index, declared.composed, path, _around(scope, dag), siblings[scope.number]
            )

    def _upstream(self, declared: Declared, bound: Bindings) -> Upstream:
        matrix = declared.composed.matrix is not None
        return Upstream(declared.index, bound, outputs_of(declared.composed), matrix)

    def _bound(
        self,
        index: int,
        composed: Composed,
        path: Path,
        dag: Upstream,
        siblings: Mapping[str, Upstream | None],
    ) -> Bindings:
        """Return what the names of one operation stand for."""
        declared = {**composed.outputs, **composed.inputs}
        given = {
            name: self._given(
                name, param, place, None if param.context_only else declared.get(name), (dag, siblings)
            )
            for name, (param, place) in composed.params.items()
        }
        lacking = self._filler.fill(index, composed, given)
        bound = self._made(index, composed, declared, siblings)
        for name, (io, io_path) in declared.items():
            self._check(io, io_path)
            if name not in composed.params and name not in bound:
                default = self._default(name, io, io_path, wanted=name in composed.inputs)
                if default is not None:
                    bound[name] = default
        self._missing(composed, path, bound, lacking)
        for name, own in given.items():
            made = bound.get(name)
            if made is None or made.varied is None:
                bound[name] = own
            else:  # a trial's own value comes first
                bound[name] = replace(made, value=own.value, param=composed.params[name][0])
        self._unexpected(composed)
        place = composed.place("matrix") if composed.matrix is not None else path
        self.findings.extend(missing_in_rows(index, composed.matrix, bound, place))
        return bound

    def _made(
        self, index: int, composed: Composed, declared: Entries, siblings: Collection[str]
    ) -> dict[str, Bound]:
        """Return the names that a matrix or joins give values for."""
        operation, made = composed.operation, dict[str, Bound]()
        if operation.joins:
            path = composed.place("joins")
            made.update(given_by_joins(operation, declared, path, self.findings))
            self.findings.extend(unknown_scopes(operation, siblings, path))
        made = {name: bound for name, bound in made.items() if name not in composed.params}
        if composed.matrix is not None:
            path = composed.place("matrix")
            made.update(given_by_matrix(index, composed.matrix, declared, path, self.findings))
            for name in made.keys() & declared.keys():
                io, io_path = declared[name]
                if io.has_default:
                    value = self._own(name, io, io_path)
                    made[name] = replace(made[name], value=value)
        return made

    def _check(self, io: V1IO, path: Path) -> None:
        if path not in self._seen:
            self._seen.add(path)
            self.findings.extend(contradictions(io, path))

    def _default(self, name: str, io: V1IO, path: Path, *, wanted: bool) -> Bound | None:
        """Return what a name stands for that no param is given for; None for an output without a value."""
        if io.has_default:
            return Bound(io.kind, self._own(name, io, path), required=False, io=io)
        return Bound(io.kind, required=False, io=io) if wanted else None

    def _own(self, name: str, io: V1IO, path: Path) -> JsonValue:
        """Return the default that a declaration has."""
        return literal(name, io.value, kind=io.kind, path=(*path, "value"), findings=self.findings)

    def _missing(
        self, composed: Composed, path: Path, bound: Bindings, before_trials: Collection[str]
    ) -> None:
        undeclared = [given for given in composed.params if given not in composed.inputs]
        needed = {**_needed_outputs(composed), **composed.inputs}
        if composed.matrix is not None and (
            spaces.count(composed.matrix) == 0 or names_of_trials(composed.matrix) is None
        ):  # nothing is run, or what a matrix gives is not known
            needed = {name: io for name, io in needed.items() if name in before_trials}
        for name, (io, io_path) in needed.items():
            if name in composed.params or io.optional or delayed(io) or _has_value(name, bound):
                continue
            near = _near(name, undeclared)
            hint = f"`{near}` is given and not declared" if near else f"add it to `params`: `{name}: …`"
            message = f"input `{name}` needs a value"
            stage = None if path else Stage.RUN_READY  # a request may still give it
            self.findings.append(Finding(Code.MISSING_PARAM, message, path or io_path, hint, stage=stage))

    def _unexpected(self, composed: Composed) -> None:
        """Note params that are not declared where they must be, or are a slip of the pen.

        In a file a slip may be meant, and is only told where no input goes without for it; who asks for a run
        with a value of their own means something by it.
        """
        declared = composed.inputs.keys() | composed.outputs.keys()
        open_names = sorted(declared - composed.params.keys())
        for name, (param, path) in composed.params.items():
            if name in declared or param.context_only:
                continue
            near = _near(name, open_names)
            strict = composed.operation.strict_params or param.context_only is False
            if not strict and not near:
                continue
            message = f"no input or output `{name}` is declared"
            stage = None if strict else Stage.RUN_READY
            mere = not strict and near not in list(_wanted(composed)) and self._asked.get(name) is not param
            hint = f"did you mean `{near}`?" if near else ""
            self.findings.append(
                Finding(Code.UNKNOWN_PARAM, message, path, hint, at_key=True, stage=stage, warning=mere)
            )

    def _given(
        self,
        name: str,
        param: V1Param,
        path: Path,
        entry: Entry,
        around: tuple[Upstream, Mapping[str, Upstream | None]],
    ) -> Bound:
        if param.context_only and path == ("params", name) and name in self._expansion.around.verbatim:
            return Bound(value=param.value, param=param)
        if param.ref is None:
            return self._literal(name, param, path, entry)
        io, found = entry[0] if entry else None, list[Finding]()
        bound = followed(param, path, around[0], around[1], found)
        if io is None and bound.broken and (logged := self._logged(param, around[1])):
            # An output that is not declared may still be logged when the operation runs.
            bound, found = logged, [_later_known(finding) for finding in found]
        self.findings.extend(found)
        if bound is BROKEN or bound.broken:
            return BROKEN
        if io is None:
            untyped = bound.source is not None and bound.source.of in ("globals", "artifacts")
            kind = None if untyped else bound.kind  # a number of seconds stays one, and a path a text
            return replace(bound, kind=kind, io=None, param=param, required=False)
        return self._fitting(name, bound, io, param, path)

    def _literal(self, name: str, param: V1Param, path: Path, entry: Entry) -> Bound:
        """Return what a name stands for that a literal is given for."""
        io, found = entry[0] if entry else None, list[Finding]()
        kind = io.kind if io is not None and not (param.value is None and io.optional) else None
        value = literal(name, param.value, kind=kind, path=path, findings=found, entry=entry)
        self.findings.extend(found)
        refused = value is None and bool(found)  # of whoever reads it no more is said
        return Bound(io.kind if io else None, value, io=io, param=param, broken=refused)

    def _fitting(self, name: str, bound: Bound, io: V1IO, param: V1Param, path: Path) -> Bound:
        """Return what a declared name stands for that is read from elsewhere; note where it does not fit."""
        unknown = bound.kind is None and (
            bound.later or bound.behind
        )  # of what is found it is looked at then
        if not unknown and not fits(bound.kind, io.kind):
            message = f"`{name}` is {_declared(io.kind)}, and what it reads is {_declared(bound.kind)}"
            self.findings.append(
                Finding(Code.TYPE_MISMATCH, message, (*path, "value"), "declare the same type")
            )
        read = self._read(bound, io, param)
        if not read.later and read.source is None and read.value is None and not io.optional:
            message = f"input `{name}` needs a value, and what it reads has none"
            self.findings.append(Finding(Code.MISSING_PARAM, message, (*path, "value")))
        return read

    def _logged(self, param: V1Param, siblings: Mapping[str, Upstream | None]) -> Bound | None:
        """Return the output that a param reads which is not declared; None where it reads something else."""
        name = upstream_name(param.ref)
        upstream = siblings.get(name) if name else None
        group, dot, output = str(param.value).strip("{} ").partition(".")
        if upstream is None or group != "outputs" or not dot or "." in output:
            return None
        return Bound(source=OutputOf(operation=upstream.index, output=output))

    def _read(self, bound: Bound, io: V1IO, param: V1Param) -> Bound:
        """Return what a declared name stands for that is read from elsewhere."""
        if bound.later:
            value = io.value if io.has_default else None
            return replace(
                bound,
                kind=io.kind,
                value=value,
                io=io,
                param=param,
                required=not (io.optional or io.has_default),
            )
        if bound.source is None:
            value = io.value if bound.value is None and io.has_default else bound.value
            return Bound(io.kind, value, io=io, param=param)
        default = io.value if io.has_default else bound.value
        required = bound.required and not io.optional
        read = Bound(io.kind, default, bound.source, required=required, io=io, param=param)
        return replace(read, behind=bound.behind)


NOWHERE: Final = Upstream(THE_RUN, {}, {})
"""No DAG is around."""


def _around(scope: DeclaredDag, dag: Bindings) -> Upstream:
    """Return a DAG as what is in it reads from it."""
    return Upstream(THE_RUN if scope.owner is None else scope.owner, dag, {})


def _as_declared(declared: Declared) -> Upstream:
    """Return what can be read from an operation of whose values nothing is known."""
    inputs = {name: Bound(io.kind, io=io, later=True) for name, (io, _) in declared.composed.inputs.items()}
    return Upstream(declared.index, inputs, outputs_of(declared.composed))


def _wanted(composed: Composed) -> Iterator[str]:
    """Yield the inputs that lack a value: a param of a similar name is likely meant for one."""
    for name, (io, _) in composed.inputs.items():
        if name not in composed.params and not io.optional:
            yield name


def _needed_outputs(composed: Composed) -> dict[str, tuple[V1IO, Path]]:
    """Return the outputs that must have a value before the operation starts."""
    return {name: entry for name, entry in composed.outputs.items() if entry[0].delay_validation is False}


def _has_value(name: str, bound: Bindings) -> bool:
    return name in bound and bound[name].later


def _later_known(finding: Finding) -> Finding:
    return replace(finding, warning=True) if finding.code is Code.UNKNOWN_ENTRY else finding


def _near(name: str, known: list[str]) -> str | None:
    """Return the nearest name; with very many names there is no telling, and no time."""
    return nearest(name, known) if len(known) <= MAX_NEAR else None


def _declared(kind: str | None) -> str:
    return f"`{kind}`" if kind else "without a type"
