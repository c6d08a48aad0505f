"""Templates in a matrix, filled in with what is known before anything runs: that is when trials are made.

The matrix is read once more with values in the places of its templates, so that whatever is said of a literal
is said of them.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import JsonValue

from polyflow_services.spec_validator.fields.searching import policy_fields
from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_services.spec_validator.links.declared import delayed, literal
from polyflow_services.spec_validator.links.refs import Bindings, Bound, Varied
from polyflow_services.spec_validator.shape.drawing import Static
from polyflow_shared.language import document, schema
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.expressions.names import SHORT_NAMES, Entry
from polyflow_shared.language.expressions.templates import (
    RenderedParam,
    Scope,
    TemplateError,
    check,
    is_expression,
    names_in,
    names_of,
    render_value,
)
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import V1IO, V1Matrix, has_template, is_template, known
from polyflow_shared.language.sanity.matrix import matrix_doubts

MAX_WORK: Final = 1_000_000
"""What filling the matrices of a specification may cost: some seconds."""
_NAMES: Final = 20
"""What a template costs that only names values, where a value that is looked at costs 1."""
_EXPRESSION: Final = 400
"""What any other one costs, which Jinja compiles."""
_CHARACTERS: Final = 4
"""Of JSON that is filled in for 1."""
_SHOWN: Final = 80


class _TooMuchError(Exception):
    """There is too much to fill in."""


class Filler:
    """Fills the matrices of a specification, many of which may be one component's."""

    def __init__(self, findings: list[Finding]) -> None:
        """Note here what is wrong."""
        self._findings = findings
        self._work = _Work(MAX_WORK)
        self._plain: dict[int, tuple[V1Matrix, dict[str, Any]]] = {}
        """Matrices as they are written, empty for those without templates; by identity, so they are kept."""

    def fill(self, index: int, composed: Composed, given: Bindings) -> Collection[str]:
        """Put values in the places of the templates of a matrix; note those without one, or with a wrong one.

        Args:
            index: the operation's number.
            composed: the operation.
            given: what its params stand for.

        Returns:
            Names of inputs that templates need and nothing gives a value for, which is not noted.
        """
        matrix, place = composed.operation.matrix, composed.place("matrix")
        if not isinstance(matrix, Static) or not (plain := self._written(matrix)) or self._work.left < 0:
            return ()
        filling = _Filling(index, _names(composed, given), frozenset(composed.outputs), self._work)
        try:
            found = _filled(filling, matrix, plain, composed)
        except _TooMuchError:
            found = [Finding(Code.TEMPLATE_SIZE, "there is too much to fill into the templates of matrices")]
        self._findings.extend(replace(one, path=(*place, *one.path)) for one in found)
        return filling.lacking

    def _written(self, matrix: V1Matrix) -> dict[str, Any]:
        if id(matrix) not in self._plain:
            plain = matrix.to_dict()
            self._plain[id(matrix)] = matrix, plain if has_template(plain) else {}
        return self._plain[id(matrix)][1]


def _filled(
    filling: "_Filling", matrix: V1Matrix, plain: Mapping[str, Any], composed: Composed
) -> list[Finding]:
    """Fill in a matrix; return what is wrong with it, by paths in it."""
    made = filling.matrix(plain, "values" if plain["kind"] == "mapping" else "params")
    read = schema.read({"matrix": made})
    found = [replace(one, path=one.path[1:]) for one in read.findings]
    if read.operation is not None and read.operation.matrix is not None and not found:
        composed.filled = read.operation.matrix
        told = list(_doubts(matrix))
        found = [one for one in _doubts(composed.filled) if one not in told]
    return [*filling.findings, *map(filling.placed, found)]


def _doubts(matrix: V1Matrix) -> Iterator[Finding]:
    yield from matrix_doubts(matrix, ())
    yield from policy_fields(known(matrix.early_stopping) or (), ("earlyStopping",))


def _names(composed: Composed, given: Bindings) -> Bindings:
    """Return what the names that a matrix can read stand for."""
    declared = {**composed.outputs, **composed.inputs}
    own = {
        name: _default(name, io)
        for name, (io, _) in declared.items()
        if name not in given and (io.has_default or name in composed.inputs)
    }
    joined = [name for join in known(composed.operation.joins) or () for name in known(join.params) or ()]
    return {**own, **dict.fromkeys(joined, Bound(later=True)), **given}


def _default(name: str, io: V1IO) -> Bound:
    found: list[Finding] = []
    value = literal(name, io.value, kind=io.kind, path=(), findings=found) if io.has_default else None
    return Bound(io.kind, value, io=io, broken=value is None and bool(found))


@dataclass(slots=True)
class _Work:
    """What filling may still cost."""

    left: int

    def spend(self, cost: int) -> None:
        self.left -= cost
        if self.left < 0:
            raise _TooMuchError


@dataclass(frozen=True, slots=True)
class _Value:
    """What a template stands for: itself, where that is not known."""

    text: str
    value: JsonValue
    wrong: Sequence[Finding] = ()
    size: int = 0

    @property
    def shown(self) -> str:
        """The value, as it is shown to people."""
        text = json.dumps(self.value, ensure_ascii=False)
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"


class _Filling:
    """Fills the templates of one matrix, and knows afterwards which ones and with what."""

    def __init__(self, index: int, names: Bindings, outputs: frozenset[str], work: _Work) -> None:
        """Know what names stand for, and the outputs, which have no value yet."""
        self.findings: list[Finding] = []
        """With paths in the matrix."""
        self.lacking: set[str] = set()
        """Names of inputs that nothing gives a value for."""
        self._index, self._names, self._outputs, self._work = index, names, outputs, work
        self._values: dict[str, _Value] = {}
        """By the template."""
        self._places: dict[Path, _Value] = {}

    def matrix(self, plain: Mapping[str, Any], varied: str) -> dict[str, Any]:
        """Return a matrix with values; what differs from trial to trial has none for its templates.

        Args:
            plain: as it is written.
            varied: the field that says what differs.
        """
        self._differs(plain[varied])
        filled = {varied: self._filled(plain[varied], (varied,))}
        self._differs(filled[varied])
        rest = {name: self._filled(value, (name,)) for name, value in plain.items() if name != varied}
        return {name: {**filled, **rest}[name] for name in plain}

    def placed(self, found: Finding) -> Finding:
        """Return what is wrong with a filled matrix at the place of the template that makes it so."""
        ends = range(len(found.path), 0, -1)
        place = next((found.path[:end] for end in ends if found.path[:end] in self._places), None)
        stage = Stage.SUPPORT if found.code is Code.NOT_YET else Stage.RUN_READY
        if place is None:
            return replace(found, stage=stage)
        value = self._places[place]
        message = f"{found.message}; `{value.text}` is filled in with {value.shown}"
        return replace(found, message=message, path=place, stage=stage)

    def _differs(self, made: Any) -> None:
        rows = made if isinstance(made, list) else [made]
        names = [name for row in rows if isinstance(row, dict) for name in row]
        self._names = {**self._names, **{name: Bound(varied=Varied(self._index, name)) for name in names}}

    def _filled(self, value: Any, path: Path) -> Any:
        self._work.spend(1)
        if isinstance(value, dict):
            return {key: self._filled(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item, (*path, index)) for index, item in enumerate(value)]
        return self._put(value, path) if is_template(value) else value

    def _put(self, text: str, path: Path) -> JsonValue:
        """Return what stands in the place of a template."""
        if text not in self._values:
            self._work.spend(_EXPRESSION if is_expression(text) else _NAMES)
            self._values[text] = self._value(text)
        found = self._places[path] = self._values[text]
        self._work.spend(found.size // _CHARACTERS)
        self.findings += [replace(one, path=path) for one in found.wrong]
        return found.value

    def _value(self, text: str) -> _Value:
        wrong = check(text, Scope(frozenset(self._names), self._outputs - self._names.keys()))
        if wrong:
            return _Value(text, text, wrong)
        read = dict.fromkeys(names_in(text))
        bounds = {name: self._names[name] for parts in read for name in self._params(parts)}
        late = [*_late(bounds), *(one for parts in read for one in self._under_way(parts))]
        lacking = [name for name, bound in bounds.items() if _lacks(bound)]
        if late or lacking or any(bound.broken for bound in bounds.values()):
            self.lacking.update(lacking)
            return _Value(text, text, late)
        try:
            made = render_value(text, names_of({name: _rendered(one) for name, one in bounds.items()}, {}))
        except TemplateError as error:
            return _Value(text, text, [Finding(Code.TEMPLATE_FORBIDDEN, str(error))])
        return _as_written(text, made)

    def _params(self, parts: Sequence[str]) -> Iterable[str]:
        """Return the names of params that a dotted name reads: all of them where they are read as a whole."""
        name, *entry = parts
        if name in self._names:
            return (name,)
        if name != "params":
            return ()
        return entry[:1] if entry and entry[0] in self._names else self._names

    def _under_way(self, parts: Sequence[str]) -> Iterator[Finding]:
        if parts[0] not in self._names and (parts[0] == "globals" or parts[0] in SHORT_NAMES):
            yield _under_way(".".join(parts))


def _as_written(text: str, made: Any) -> _Value:
    """Return what a template has given as a document would have it."""
    if has_template(value := _plain(made)):
        return _Value(text, text, [Finding(Code.NOT_YET, f"`{text}` is filled in with a template")])
    written = json.dumps(value)
    if is_expression(text):  # it may have made what no document can say
        read = document.read(f"[{written}]")
        if read.findings:
            wrong = [Finding(one.code, one.message, stage=Stage.RUN_READY) for one in read.findings]
            return _Value(text, text, wrong)
        value = read.value[0] if isinstance(read.value, list) else None
    return _Value(text, value, size=len(written))


def _late(bounds: Bindings) -> Iterator[Finding]:
    """Yield the names that have no value before the run."""
    for name, bound in bounds.items():
        if bound.varied is not None:
            message = f"`{name}` differs from trial to trial, and has no value when they are made"
            yield Finding(Code.NOT_YET, message, hint=_HINT)
        elif bound.later or bound.source is not None or bound.asked:
            yield _under_way(name)


_HINT: Final = "a matrix can name inputs and params that have their values before the run"


def _under_way(name: str) -> Finding:
    message = f"`{name}` is only known when the run is under way, and trials are made before"
    return Finding(Code.NOT_YET, message, hint=_HINT)


def _lacks(bound: Bound) -> bool:
    """Tell whether an input has no value and must have one; a null that is given is one."""
    if bound.value is not None or (bound.param is not None and bound.param.ref is None):
        return False
    return bound.io is not None and not (bound.io.optional or delayed(bound.io))


def _rendered(bound: Bound) -> RenderedParam:
    io = bound.io
    flag, arg_format = bool(io and io.is_flag), io.arg_format if io else None
    return RenderedParam(bound.value, bound.kind, flag, arg_format)


def _plain(value: Any) -> JsonValue:
    """Return a rendered value as JSON has it."""
    if isinstance(value, Entry):
        return _plain(value["value"])
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    made: JsonValue = value
    return made
