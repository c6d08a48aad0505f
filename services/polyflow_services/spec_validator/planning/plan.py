"""The plan as it travels: operations, edges and scopes in parts that fit into a record."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from polyflow_services.spec_validator.compilation import Compiled
from polyflow_services.spec_validator.fields.queueing import LOCAL
from polyflow_services.spec_validator.hooks import numbered
from polyflow_services.spec_validator.planning.definitions import defined
from polyflow_services.spec_validator.planning.lineage import lasting
from polyflow_services.spec_validator.planning.operations import Operations, Params, condition
from polyflow_services.spec_validator.shape.drawing import Fitting, drawn
from polyflow_services.spec_validator.shape.expand import MAX_NAME, Declared, Expansion
from polyflow_services.spec_validator.shape.layout import Layout, PlanScope, downstreams, opening
from polyflow_services.spec_validator.shape.services import services_in
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.models import V1Dag, V1FailureEarlyStopping, V1MetricEarlyStopping, known
from polyflow_shared.language.models.early_stopping import V1StoppingPolicy
from polyflow_topics.catalog import MAX_PLAN_PART_BYTES
from polyflow_topics.hooks import PlannedHook
from polyflow_topics.message import Frozen
from polyflow_topics.metrics import Comparison, MetricPolicy
from polyflow_topics.names import THE_RUN, RunId, ScopeName
from polyflow_topics.origins import Lineage
from polyflow_topics.plan import (
    EDGES_PER_CHUNK,
    PlannedAsking,
    PlannedCondition,
    PlannedEdges,
    PlannedOperation,
    PlannedScope,
    PlannedTrials,
)

MAX_COMPARED: Final = 1000
"""Operations in a DAG whose members a policy compares; trials of a matrix have no such limit."""
MAX_PLAN_BYTES: Final = 64 * 1024 * 1024
_ROOM: Final = MAX_PLAN_PART_BYTES - 1024
"""Bytes of a part that its items may take; the rest is for the run's id and the hash."""
_TRIAL: Final = 256
"""Bytes that a trial counts as, beside its values: it becomes two rows and a part of the public graph."""


@dataclass(slots=True)
class Part:
    """What one `PlanPart` carries."""

    scopes: list[PlannedScope] = field(default_factory=list)
    operations: list[PlannedOperation] = field(default_factory=list)
    trials: list[PlannedTrials] = field(default_factory=list)
    edges: list[PlannedEdges] = field(default_factory=list)
    hooks: list[PlannedHook] = field(default_factory=list)
    size: int = 0
    """Bytes on the wire, about."""


@dataclass(slots=True)
class Plan:
    """A whole plan.

    Attributes:
        parts: in order, at least one.
        operations: how many there are.
        policies: metric policies of all its DAGs and matrices.
        condition: the run is skipped where it is false.
        asks: what the run finds in others before it begins.
        digest: SHA-256 over all of it, in hex.
        note: what is kept of the run that this one comes from, as a sentence.
        hooks: how many the run itself has.
    """

    parts: list[Part]
    operations: int
    policies: tuple[MetricPolicy, ...]
    condition: PlannedCondition | None
    asks: PlannedAsking | None
    digest: str
    note: str = ""
    hooks: int = 0


def planned(result: Compiled, run: RunId, lineage: Lineage | None = None) -> Plan:
    """Return the plan of a specification without errors; note what cannot be planned in its findings.

    Args:
        result: what it was compiled to.
        run: what random searches are drawn with.
        lineage: the run that it comes from.
    """
    expansion, findings = result.expansion, result.findings
    top = _top(result)
    every = [*expansion.operations, *([top] if top else ())]
    trials = {
        declared.index: some for declared in every if (some := drawn(declared, run, findings)) is not None
    }
    layout = Layout(expansion, trials, top)
    findings.extend([*_long_names(layout), *_compared(layout)])
    policies = tuple(policy for scope in layout.scopes for policy in _policies(scope))
    packer = _Packer(findings)
    for scope in layout.scopes:
        packer.add("scopes", _scope(expansion, scope))
    operations = Operations(expansion, result.bindings, trials, Fitting(findings))
    asks = _asks(result)
    last = lasting(layout, defined(layout, operations, asks), lineage, findings)
    for unit, operation, blocks in last.made:
        packer.add("operations", operation, unit.declared)
        for block in blocks:
            packer.add("trials", block, unit.declared, weight=_TRIAL * len(block.values))
    for hook in _hooks(result, layout):
        packer.add("hooks", hook)
    for edges in _edges(expansion, layout, last.ahead):
        packer.add("edges", edges)
    for policy in policies:
        packer.digest.update(policy.model_dump_json().encode())
    if asks is not None:
        packer.digest.update(asks.model_dump_json().encode())
    return Plan(
        parts=packer.parts,
        operations=layout.scopes[0].last,
        policies=policies,
        condition=_condition(result),
        asks=asks,
        digest=packer.digest.hexdigest(),
        note=last.note,
        hooks=sum(hook.owner == THE_RUN for hook in _hooks(result, layout)),
    )


def _hooks(result: Compiled, layout: Layout) -> Iterator[PlannedHook]:
    """Yield the hooks of the run and of its operations; those of a matrix are its own, not its trials'."""
    yield from numbered(result.hooks, None, THE_RUN)
    for unit in layout.units if result.hooks else ():
        if not unit.trial:
            yield from numbered(result.hooks, unit.declared.index, unit.index)


def _top(result: Compiled) -> Declared | None:
    """Return the specification as an operation, where it is a matrix of DAGs."""
    top = result.top
    if top is None or top.matrix is None or THE_RUN not in result.bindings:
        return None
    return Declared(THE_RUN, result.name, top.layers[0], top, 0, LOCAL, opens=0)


def _condition(result: Compiled) -> PlannedCondition | None:
    text = result.top and result.top.operation.conditions
    return condition(text, result.bound) if text else None


def _asks(result: Compiled) -> PlannedAsking | None:
    """Return what a run asks about other runs; its questions can name nothing that trials differ in."""
    params = Params(result.bound)
    known = tuple(param for bound, param in params.all if bound.varied is None)
    return PlannedAsking(questions=params.questions, params=known) if params.questions else None


def _long_names(layout: Layout) -> Iterator[Finding]:
    """Yield what gets too long a name by the numbers of the trials that it is in."""
    told: set[int] = set()
    for unit in layout.units:
        last = f"{unit.name}.{len(unit.trials.trials)}" if unit.trials is not None else unit.name
        if len(last) > MAX_NAME and unit.declared.index not in told:
            told.add(unit.declared.index)
            message = f"the name with those around it is longer than {MAX_NAME} characters: {last}"
            yield Finding(Code.NOT_ALLOWED, message, unit.declared.layer.path)


def _compared(layout: Layout) -> Iterator[Finding]:
    """Yield DAGs whose operations are compared by a policy, and are too many to be found by their names."""
    for scope in layout.scopes:
        for index, policy in enumerate(known(scope.said.early_stopping) or ()):
            one = isinstance(policy, V1MetricEarlyStopping) and policy.policy is not None
            if scope.dag is not None and one and scope.last - scope.first > MAX_COMPARED:
                message = f"`policy` in a DAG of more than {MAX_COMPARED:,} operations is not supported"
                path = (*scope.dag.path, "earlyStopping", index, "policy")
                yield Finding(Code.NOT_YET, message, path, "make them trials of a matrix", at_key=True)


class _Packer:
    """Fills parts until they are full, and hashes what goes in."""

    def __init__(self, findings: list[Finding]) -> None:
        self.parts = [Part()]
        self.digest = sha256()
        self._findings = findings
        self._total = 0

    def add(self, kind: str, item: Frozen, declared: Declared | None = None, *, weight: int = 0) -> None:
        written = item.__pydantic_serializer__.to_json(item)
        size = len(written) + 1
        self.digest.update(written)
        if size + weight > _ROOM:
            self._refuse(declared)
            return
        if self._total + size > MAX_PLAN_BYTES:
            if self._total <= MAX_PLAN_BYTES:
                message = f"the plan is larger than {MAX_PLAN_BYTES // 1024 // 1024} MiB"
                self._findings.append(Finding(Code.TOO_BIG, message))
            self._total += size
            return
        self._total += size
        if self.parts[-1].size + size + weight > _ROOM:
            self.parts.append(Part())
        self.parts[-1].size += size + weight
        getattr(self.parts[-1], kind).append(item)

    def _refuse(self, declared: Declared | None) -> None:
        path = declared.layer.path if declared else ()
        message = f"with all its values this operation is larger than {_ROOM // 1024} KiB"
        self._findings.append(Finding(Code.TOO_BIG, message, path, "put large values into files"))


def _scope(expansion: Expansion, scope: PlanScope) -> PlannedScope:
    percents = [
        percent
        for policy in known(scope.said.early_stopping) or ()
        if isinstance(policy, V1FailureEarlyStopping) and (percent := known(policy.percent)) is not None
    ]
    return PlannedScope(
        number=scope.number,
        name=ScopeName(scope.name),
        owner=scope.owner,
        first=scope.first,
        last=scope.last,
        members=scope.members,
        services=services_in(expansion, scope.dag) if scope.dag is not None else 0,
        concurrency=known(scope.said.concurrency),
        failure_percent=min(percents, default=None),
        trials=not isinstance(scope.said, V1Dag),
    )


def _policies(scope: PlanScope) -> Iterator[MetricPolicy]:
    for policy in known(scope.said.early_stopping) or ():
        if not isinstance(policy, V1MetricEarlyStopping):
            continue
        value, optimization = known(policy.value), known(policy.optimization)
        if value is not None and optimization is not None:
            yield MetricPolicy(
                scope=ScopeName(scope.name),
                metric=policy.metric,
                value=value,
                optimization=optimization,
                comparison=_comparison(policy.policy),
            )


def _comparison(policy: V1StoppingPolicy | None) -> Comparison | None:
    if policy is None:
        return None
    return Comparison(
        kind=policy.kind,
        percent=known(getattr(policy, "percent", None)) or 0.0,
        interval=max(1, known(policy.evaluation_interval) or 1),
        first=max(0, known(policy.min_interval) or 0),
        samples=max(0, known(policy.min_samples) or 0),
    )


def _edges(
    expansion: Expansion, layout: Layout, ahead: Mapping[int, Sequence[int]]
) -> Iterator[PlannedEdges]:
    """Yield the edges of all operations by their source, and what each scope begins with."""
    for scope in layout.scopes:
        groups: dict[int, int] = {}
        for (source, events), targets in sorted(downstreams(expansion, scope).items()):
            about: dict[str, object] = {"source": source}
            if events:
                group = groups[source] = groups.get(source, -1) + 1
                about |= {"group": group, "events": events}
            yield from _chunks(targets, about)
        begins = [*opening(expansion, scope), *ahead.get(scope.number, ())]
        yield from _chunks(begins, {"source": scope.number, "opening": True})


def _chunks(targets: Sequence[int], about: Mapping[str, object]) -> Iterable[PlannedEdges]:
    for chunk, start in enumerate(range(0, len(targets), EDGES_PER_CHUNK)):
        some = targets[start : start + EDGES_PER_CHUNK]
        yield PlannedEdges.model_validate({**about, "chunk": chunk, "targets": some})
