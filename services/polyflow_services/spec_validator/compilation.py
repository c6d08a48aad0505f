"""A specification compiled: its layers composed, its DAGs expanded, its names bound, everything checked.

What is wrong is never an exception: all of it is found in one go, each with its place.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from polyflow_services.spec_validator.certainty import certain
from polyflow_services.spec_validator.hooks import Hooks, Means, compiled_hooks
from polyflow_services.spec_validator.layers.composed import Composed, Layer
from polyflow_services.spec_validator.links.refs import Bindings
from polyflow_services.spec_validator.names.artifacts import problems
from polyflow_services.spec_validator.names.bind import Binder
from polyflow_services.spec_validator.names.rendered import Templates
from polyflow_services.spec_validator.shape.around import Around
from polyflow_services.spec_validator.shape.expand import Declared, DeclaredDag, Expansion
from polyflow_services.spec_validator.shape.layout import too_many
from polyflow_services.spec_validator.shape.services import endless
from polyflow_shared.language import schema
from polyflow_shared.language.codes import Code
from polyflow_shared.language.document import Document
from polyflow_shared.language.findings import Finding, Path, Source, under
from polyflow_shared.language.models import V1Dag
from polyflow_shared.language.references import Reference
from polyflow_shared.language.schema import Specification
from polyflow_topics.message import Values
from polyflow_topics.names import THE_RUN


@dataclass(slots=True)
class Compiled:
    """What became of a specification.

    Attributes:
        name: its own name, if it has one.
        top: itself with all its layers; None where it could not be read.
        expansion: its operations.
        bindings: what names stand for, by operation.
        bound: what the names at the top stand for.
        values: what the inputs and outputs at the top stand for.
        findings: what is wrong with it, by its own paths.
        value_findings: what is wrong with the params that were given for it.
        hooks: what is run when the run, or an operation of it, has ended.
    """

    name: str = ""
    top: Composed | None = None
    expansion: Expansion = field(default_factory=lambda: Expansion(Around()))
    bindings: Mapping[int, Bindings] = field(default_factory=dict)
    bound: Bindings = field(default_factory=dict)
    values: Values = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    value_findings: list[Finding] = field(default_factory=list)
    hooks: list[Hooks] = field(default_factory=list)


def compiled(read: Specification, around: Around, *, with_hooks: bool = True) -> Compiled:
    """Return what a specification compiles to, with all that is wrong with it.

    Args:
        read: its models, and what is wrong with its fields already.
        around: what it is compiled with.
        with_hooks: whether its hooks are compiled as well.
    """
    if read.operation is None:
        return Compiled(findings=list(read.findings))
    expansion = Expansion(around)
    top = expansion.expand(read.operation)
    binder = Binder(expansion)
    binder.bind(top, around.params)
    hooks, of_hooks = _hooks(top, expansion) if with_hooks and expansion.complete else ([], [])
    found = [*_as_written(_found(top, expansion, binder, of_hooks), read, around)]
    cut = [*read.findings, *around.findings]
    return Compiled(
        name=top.operation.name or ("pipeline" if isinstance(top.run, V1Dag) else "main"),
        top=top,
        expansion=expansion,
        bindings=binder.bindings,
        bound=binder.bound,
        values=_values(top, binder.bound),
        findings=[*cut, *certain(_of_text(found, around), cut)],
        value_findings=[one for one in found if _of_request(one, around)],
        hooks=hooks,
    )


def _found(
    top: Composed, expansion: Expansion, binder: Binder, of_hooks: Iterable[Finding]
) -> Iterator[Finding]:
    """Yield all that is wrong with a specification but for its fields, by paths into what was left of it."""
    yield from expansion.findings
    if expansion.complete and expansion.scopes:
        yield from too_many(expansion, top)
    yield from of_hooks
    if expansion.complete:
        yield from problems(expansion, binder.bindings)
        for dag in expansion.scopes:
            yield from endless(expansion, dag)
    yield from binder.findings
    yield from _of_templates(top, expansion, binder)


def _of_templates(top: Composed, expansion: Expansion, binder: Binder) -> list[Finding]:
    """Return what is wrong with the templates of all operations, and with the conditions of the run."""
    templates = Templates(expansion.around.connections)
    for declared in expansion.operations if expansion.complete else ():
        templates.check(declared, binder.bindings)
    if isinstance(top.run, V1Dag):
        templates.check_conditions(THE_RUN, top, binder.bound, top=True)
    return templates.findings


def _values(top: Composed, bound: Bindings) -> Values:
    """Return what the inputs and outputs at the top stand for."""
    return {
        name: entry.value
        for name, entry in bound.items()
        if (name in top.inputs or name in top.params)
        and entry.varied is None
        and not (entry.asked and entry.value is None)
    }


def _hooks(top: Composed, expansion: Expansion) -> tuple[list[Hooks], list[Finding]]:
    """Return the hooks of a specification and of its operations, and what is wrong with them."""
    around = expansion.around

    def compile_(read: Specification, owner: Reference) -> tuple[Composed | None, Sequence[Finding]]:
        bare = replace(around, params={}, presets=(), findings=(), laid_over={}, owner=owner)
        result = compiled(read, bare, with_hooks=False)
        return result.top, [*result.findings, *result.value_findings]

    hooks: list[Hooks] = []
    findings: list[Finding] = []
    bare = Means(around.sources, around.connections, compile_)
    for owner, composed, scope in _owners(top, expansion):
        means = bare if scope is None else _reading(bare, scope, expansion, top)
        made, found = compiled_hooks(composed, owner, means)
        hooks += [made] if made is not None else []
        findings += found
    return hooks, findings


def _owners(top: Composed, expansion: Expansion) -> Iterator[tuple[int | None, Composed, DeclaredDag | None]]:
    """Yield what has hooks: its number (None: the specification), itself, and the DAG that they may read."""
    # Of a matrix at the top each trial has operations of its own.
    whole = isinstance(top.run, V1Dag) and top.matrix is None and expansion.scopes
    every = [(None, top, expansion.scopes[0] if whole else None)] + [
        (declared.index, declared.composed, _read_from(declared, expansion))
        for declared in expansion.operations
        if declared.layer.path and declared.builds is None
    ]
    for owner in every:
        if owner[1].operation.hooks or owner[1].operation.plugins:
            yield owner


def _read_from(declared: Declared, expansion: Expansion) -> DeclaredDag:
    """Return the DAG that an operation's hooks may read from: itself, or the one that it is in."""
    matrix = declared.composed.matrix is not None
    return expansion.scopes[declared.scope if declared.opens is None or matrix else declared.opens]


def _reading(means: Means, scope: DeclaredDag, expansion: Expansion, top: Composed) -> Means:
    dag = top if scope.owner is None else expansion.operations[scope.owner].composed
    return replace(means, dag=dag, operations=scope.members)


def _as_written(found: Iterable[Finding], read: Specification, around: Around) -> Iterator[Finding]:
    """Yield findings with the paths of their documents, from which wrong list items have not been cut out."""
    told: dict[str, set[tuple[Path, str]]] = {}
    for finding in found:
        path = finding.path
        if not (path and isinstance(path[0], Source)):
            yield replace(finding, path=read.as_written(path)) if read.cuts else finding
            continue
        source = path[0]
        other = around.read_from(source)
        if other is None or not other.cuts:
            yield finding
            continue
        if source not in told:
            told[source] = {(one.path, one.message) for one in other.findings}
        of_fields = (path, finding.message) in told[source]  # of the document, not of what was left of it
        yield finding if of_fields else replace(finding, path=(source, *other.as_written(path[1:])))


def _of_text(found: Sequence[Finding], around: Around) -> list[Finding]:
    return [finding for finding in found if not _of_request(finding, around)]


def _of_request(finding: Finding, around: Around) -> bool:
    """Tell whether a finding is about a value of the request and not of the specification."""
    path = finding.path
    return (
        finding.code in _OF_VALUES and path[:1] == ("params",) and len(path) > 1 and path[1] in around.params
    )


_OF_VALUES: Final = frozenset({Code.WRONG_VALUE, Code.NOT_YET, Code.UNKNOWN_PARAM, Code.UNKNOWN_TYPE})


def preset(read: Document, place: Reference) -> tuple[Layer | None, Specification]:
    """Return a document as a layer over a specification, and its models; findings have paths into it.

    Args:
        read: the document.
        place: where it stands.
    """
    source = place.source
    findings = list(read.findings)
    if read.value is None:
        return None, Specification(None, under((source,), findings))
    specification = schema.read(read.value)
    specification = replace(specification, findings=under((source,), [*findings, *specification.findings]))
    if specification.operation is None:
        return None, specification
    operation = specification.operation.model_copy(update={"is_preset": True})
    return Layer(operation, (source,), place), specification
