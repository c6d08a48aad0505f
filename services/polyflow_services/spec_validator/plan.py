"""The plan as it travels: operations, edges and scopes in parts that fit into a record."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from polyflow_services.spec_validator.builds import image
from polyflow_services.spec_validator.connections import Granted
from polyflow_services.spec_validator.containers import planned_container
from polyflow_services.spec_validator.expand import Expansion, Node, Scope
from polyflow_services.spec_validator.pods import has_templates, planned_parts
from polyflow_services.spec_validator.refs import Bindings, Bound
from polyflow_services.spec_validator.retrying import backoff, failure_rules
from polyflow_services.spec_validator.serving import endless, services_in
from polyflow_shared.connections.pods import connected
from polyflow_shared.language import conditions
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.models import V1FailureEarlyStopping, V1MetricEarlyStopping, known
from polyflow_shared.language.models.pods import PodFields
from polyflow_shared.language.templates import is_templated
from polyflow_topics.catalog import MAX_PLAN_PART_BYTES
from polyflow_topics.message import Frozen, Values
from polyflow_topics.metrics import MetricPolicy
from polyflow_topics.names import OperationName, ScopeName
from polyflow_topics.plan import (
    EDGES_PER_CHUNK,
    Backoff,
    Container,
    PlannedCondition,
    PlannedEdges,
    PlannedOperation,
    PlannedParam,
    PlannedScope,
)
from polyflow_topics.pods import PodParts
from polyflow_topics.status import Trigger

MAX_PLAN_BYTES: Final = 64 * 1024 * 1024
_ROOM: Final = MAX_PLAN_PART_BYTES - 1024
"""Bytes of a part that its items may take; the rest is for the run's id and the hash."""


@dataclass(slots=True)
class Part:
    """What one `PlanPart` carries."""

    scopes: list[PlannedScope] = field(default_factory=list)
    operations: list[PlannedOperation] = field(default_factory=list)
    edges: list[PlannedEdges] = field(default_factory=list)
    size: int = 0
    """Bytes on the wire."""


@dataclass(slots=True)
class Plan:
    """A whole plan.

    Attributes:
        parts: in order, at least one.
        policies: metric policies of all its DAGs.
        digest: SHA-256 over all of it, in hex.
    """

    parts: list[Part]
    policies: tuple[MetricPolicy, ...]
    digest: str


def planned(expansion: Expansion, bindings: Mapping[int, Bindings], findings: list[Finding]) -> Plan:
    """Return the plan of a specification; note what cannot be planned."""
    policies = tuple(policy for scope in expansion.scopes for policy in _policies(scope))
    packer = _Packer(findings)
    for scope in expansion.scopes:
        findings.extend(endless(expansion, scope))
        packer.add("scopes", _scope(expansion, scope))
    for node in expansion.nodes:
        operation = _operation(expansion, node, bindings)
        packer.add("operations", operation, node)
    for edges in _edges(expansion):
        packer.add("edges", edges)
    for policy in policies:
        packer.digest.update(policy.model_dump_json().encode())
    return Plan(packer.parts, policies, packer.digest.hexdigest())


class _Packer:
    """Fills parts until they are full, and hashes what goes in."""

    def __init__(self, findings: list[Finding]) -> None:
        self.parts = [Part()]
        self.digest = sha256()
        self._findings = findings
        self._total = 0

    def add(self, kind: str, item: Frozen, node: Node | None = None) -> None:
        written = item.__pydantic_serializer__.to_json(item)
        size = len(written) + 1
        self.digest.update(written)
        if size > _ROOM:
            self._refuse(node)
            return
        if self._total + size > MAX_PLAN_BYTES:
            if self._total <= MAX_PLAN_BYTES:
                message = f"the plan is larger than {MAX_PLAN_BYTES // 1024 // 1024} MiB"
                self._findings.append(Finding(Code.TOO_BIG, message))
            self._total += size
            return
        self._total += size
        if self.parts[-1].size + size > _ROOM:
            self.parts.append(Part())
        self.parts[-1].size += size
        getattr(self.parts[-1], kind).append(item)

    def _refuse(self, node: Node | None) -> None:
        path = node.layer.path if node else ()
        message = f"with all its values this operation is larger than {_ROOM // 1024} KiB"
        self._findings.append(Finding(Code.TOO_BIG, message, path, "put large values into files"))


def _scope(expansion: Expansion, scope: Scope) -> PlannedScope:
    percents = [
        percent
        for policy in known(scope.dag.early_stopping) or ()
        if isinstance(policy, V1FailureEarlyStopping) and (percent := known(policy.percent)) is not None
    ]
    return PlannedScope(
        number=scope.number,
        name=ScopeName(scope.name),
        owner=scope.owner,
        first=scope.first,
        last=scope.last,
        members=len(scope.members),
        services=services_in(expansion, scope),
        concurrency=known(scope.dag.concurrency),
        failure_percent=min(percents, default=None),
    )


def _policies(scope: Scope) -> Iterator[MetricPolicy]:
    for policy in known(scope.dag.early_stopping) or ():
        if not isinstance(policy, V1MetricEarlyStopping):
            continue
        value, optimization = known(policy.value), known(policy.optimization)
        if value is not None and optimization is not None:
            yield MetricPolicy(
                scope=ScopeName(scope.name), metric=policy.metric, value=value, optimization=optimization
            )


def _waiting(expansion: Expansion, node: Node) -> Node:
    """Return whose graph fields hold for an operation: a builder waits in the place of what it builds."""
    return node if node.builds is None else expansion.nodes[node.builds]


def _trigger(expansion: Expansion, node: Node) -> Trigger:
    """Return what an operation waits for of its upstreams; one with a builder waits for that alone."""
    if node.build is not None:
        return Trigger.ALL_SUCCEEDED
    return known(_waiting(expansion, node).layer.operation.trigger) or Trigger.ALL_SUCCEEDED


def _skips(expansion: Expansion, node: Node) -> bool:
    if node.build is not None:
        return True
    return bool(_waiting(expansion, node).layer.operation.skip_on_upstream_skip)


def _condition(expansion: Expansion, node: Node, bindings: Mapping[int, Bindings]) -> PlannedCondition | None:
    """Return an operation's condition; its builder's, where it has one, and at the top the run's."""
    waiting = _waiting(expansion, node)
    text = waiting.composed.operation.conditions
    if not text or node.build is not None or waiting.layer.path == ():
        return None
    if waiting is node:
        return PlannedCondition(text=conditions.template(text))
    return condition(text, bindings.get(waiting.index, {}))


def condition(text: str, bindings: Bindings) -> PlannedCondition:
    """Return a condition over names that stand for what these bindings say."""
    return PlannedCondition(text=conditions.template(text), params=_params(bindings))


def _pod(
    node: Node, built: str | None, connections: Granted | None
) -> tuple[Container | None, PodParts | None]:
    """Return the container of an operation and the rest of its pod."""
    run, container = node.composed.run, planned_container(node.composed, built)
    if container is None or not isinstance(run, PodFields):
        return None, None
    return connected(container, planned_parts(node.composed), connections.of(run) if connections else ())


def _operation(expansion: Expansion, node: Node, all_bindings: Mapping[int, Bindings]) -> PlannedOperation:
    bindings = all_bindings.get(node.index, {})
    container, parts = _pod(node, image(node.build, all_bindings), expansion.connections)
    templated = has_templates(parts) or any(map(is_templated, _texts(container)))
    dag = node.opens is not None
    return PlannedOperation(
        index=node.index,
        name=OperationName(node.name),
        scope=node.scope,
        opens=node.opens,
        upstreams=len(node.upstreams),
        trigger=_trigger(expansion, node),
        skips=_skips(expansion, node),
        condition=_condition(expansion, node, all_bindings),
        cluster=node.cluster,
        container=container,
        parts=parts,
        templated=templated,
        connections=_fields(expansion, node) if templated else {},
        params=_params(bindings),
        outputs={
            name: bindings[name].value
            for name in node.composed.outputs
            if name in bindings and bindings[name].source is None
        },
        max_retries=0 if dag else node.composed.max_retries or 0,
        backoff=Backoff() if dag else backoff(node.composed),
        failure_rules=() if dag else failure_rules(node.composed),
        timeout=None if dag else node.composed.timeout,
    )


def _fields(expansion: Expansion, node: Node) -> Values:
    """Return what the templates of an operation may name of its connections."""
    run, granted = node.composed.run, expansion.connections
    return {**granted.fields(run)} if granted and isinstance(run, PodFields) else {}


def _texts(container: Container | None) -> Iterator[str]:
    if container is None:
        return
    yield container.image or ""
    yield container.working_dir or ""
    yield from (source.name for source in container.env_from)
    yield from container.command
    yield from container.args
    yield from container.env.values()


def _params(bindings: Bindings) -> tuple[PlannedParam, ...]:
    return tuple(_param(name, bound) for name, bound in bindings.items() if not bound.broken)


def _param(name: str, bound: Bound) -> PlannedParam:
    io, param = bound.io, bound.param
    return PlannedParam(
        name=name,
        value=bound.value,
        source=bound.source,
        kind=bound.kind,
        required=bound.required,
        env=(param.to_env if param else None) or (io.to_env if io else None),
        flag=bool(io and io.is_flag),
        arg_format=io.arg_format if io else None,
        rules=io.rules if io and bound.source and (io.validation or io.options is not None) else {},
    )


def _edges(expansion: Expansion) -> Iterator[PlannedEdges]:
    """Yield the edges of all operations by their source, and what each scope begins with."""
    opening: dict[int, list[int]] = {scope.number: [] for scope in expansion.scopes}
    downstreams: dict[int, list[int]] = {}
    for node in expansion.nodes:
        for upstream in node.upstreams:
            downstreams.setdefault(upstream, []).append(node.index)
        if not node.upstreams:
            opening[node.scope].append(node.index)
    for source, targets in sorted(downstreams.items()):
        yield from _chunks(source, targets)
    for number, targets in opening.items():
        yield from _chunks(number, targets, opening=True)


def _chunks(source: int, targets: Sequence[int], *, opening: bool = False) -> Iterable[PlannedEdges]:
    for chunk, start in enumerate(range(0, len(targets), EDGES_PER_CHUNK)):
        some = tuple(targets[start : start + EDGES_PER_CHUNK])
        yield PlannedEdges(source=source, opening=opening, chunk=chunk, targets=some)
