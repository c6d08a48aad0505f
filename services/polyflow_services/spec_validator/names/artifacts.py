"""Artifacts that operations read of each other: which, and whether they can."""

from collections.abc import Iterable, Iterator, Mapping

from polyflow_services.spec_validator.fields.queueing import LOCAL
from polyflow_services.spec_validator.links.refs import Bindings, Bound
from polyflow_services.spec_validator.names.copying import asks, is_artifacts, names_artifacts, to_init
from polyflow_services.spec_validator.shape.expand import Declared, Expansion
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import V1Dag
from polyflow_shared.language.models.pods import PodFields
from polyflow_topics.names import THE_RUN
from polyflow_topics.plan import PlannedOperation
from polyflow_topics.pods import ARTIFACTS, ARTIFACTS_PATH


def read_artifacts(operations: Iterable[PlannedOperation]) -> frozenset[int]:
    """Return the operations whose artifacts params read, by their numbers in the plan."""
    sources = (param.source for operation in operations for param in operation.params)
    return frozenset(source.operation for source in sources if source and source.of == ARTIFACTS)


def joined_artifacts(operations: Iterable[PlannedOperation]) -> frozenset[str]:
    """Return the DAGs and matrices of the run whose artifacts joins read, by their scoped names."""
    asked = (one for operation in operations for one in operation.questions if one.within)
    return frozenset(question.within for question in asked if any(map(names_artifacts, question.entries)))


def read_in(expansion: Expansion, bindings: Mapping[int, Bindings]) -> frozenset[int]:
    """Return the operations whose artifacts others read, by their numbers in the specification."""
    sources = (bound.source for names in bindings.values() for bound in names.values())
    named = (source.operation for source in sources if source and source.of == ARTIFACTS)
    joined = (one for index, names in bindings.items() for one in _joined(expansion, index, names))
    return frozenset((*named, *joined))


def _joined(expansion: Expansion, index: int, bindings: Bindings) -> Iterator[int]:
    """Yield whose artifacts the joins of an operation read: trials of a matrix, or what is in a DAG."""
    asked = (one for bound in bindings.values() for one in bound.asked if names_artifacts(one.entry))
    scopes = {one.question.within for one in asked if one.question.within}
    beside = expansion.scopes[expansion.operations[index].scope].members if index != THE_RUN else {}
    for name in scopes & beside.keys():
        joined = expansion.operations[beside[name]]
        if joined.opens is None:
            yield joined.index
        elif joined.composed.matrix is None:  # trials that are DAGs have no artifacts
            yield from expansion.scopes[joined.opens].members.values()


def problems(expansion: Expansion, bindings: Mapping[int, Bindings]) -> Iterator[Finding]:
    """Yield why artifacts cannot be read, or not be copied before the start.

    Args:
        expansion: all operations.
        bindings: what their names stand for.
    """
    for declared in expansion.operations:
        for name, bound in bindings.get(declared.index, {}).items():
            path = _place(declared, name)
            if to_init(bound) and not is_artifacts(bound):
                message = f"`toInit` of `{name}` is not supported yet: it names no artifacts"
                yield Finding(Code.NOT_YET, message, path)
            elif not isinstance(declared.composed.run, V1Dag):
                yield from _unreadable(expansion, declared, bound, path)


def _unreadable(expansion: Expansion, declared: Declared, bound: Bound, path: Path) -> Iterator[Finding]:
    if bound.source is not None and bound.source.of == ARTIFACTS:
        yield from _of_upstream(expansion, declared, expansion.operations[bound.source.operation], path)
    elif asks(bound) and declared.cluster != LOCAL:
        message = f"artifacts of other runs cannot be read in the cluster `{declared.cluster}` yet"
        yield Finding(Code.NOT_YET, message, path, "read them on this machine, or give both a connection")


def _of_upstream(
    expansion: Expansion, declared: Declared, upstream: Declared, path: Path
) -> Iterator[Finding]:
    if isinstance(upstream.composed.run, V1Dag):
        message = f"`{upstream.name}` is a DAG, and what is in it has artifacts, not the DAG itself"
        yield Finding(Code.WRONG_REF, message, path, stage=Stage.RUN_READY)
    elif declared.cluster != upstream.cluster or (
        declared.cluster != LOCAL and not _shared(expansion, declared) & _shared(expansion, upstream)
    ):
        message = f"`{declared.name}` cannot see the artifacts of `{upstream.name}`: they share no folder"
        hint = (
            "run both in one cluster, and there give both a connection that is mounted at "
            f"`{ARTIFACTS_PATH}` (kind `volume_claim` or `host_path`)"
        )
        yield Finding(Code.NOT_YET, message, path, hint)


def _shared(expansion: Expansion, declared: Declared) -> frozenset[str]:
    """Return the connections of an operation that hold the artifacts of its run."""
    run = declared.composed.run
    if expansion.around.connections is None or not isinstance(run, PodFields):
        return frozenset()
    used = expansion.around.connections.of(run)
    return frozenset(one.name for one in used if (one.schema_.mount_path or "").rstrip("/") == ARTIFACTS_PATH)


def _place(declared: Declared, name: str) -> Path:
    given = declared.composed.params.get(name)
    if given is not None:
        return given[1]
    entry = declared.composed.inputs.get(name) or declared.composed.outputs.get(name)
    return entry[1] if entry is not None else declared.layer.path
