"""Plans and reports in the words that tests are written in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from polyflow_shared.language.expressions.conditions import template
from polyflow_topics.inbox import (
    OperatingKind,
    OperatingRequested,
    OperationReported,
    OutputsLogged,
    StopRequested,
)
from polyflow_topics.message import Message
from polyflow_topics.metrics import MetricPolicy
from polyflow_topics.names import OperationName, RunId, ScopeName
from polyflow_topics.plan import (
    EDGES_PER_CHUNK,
    Awaited,
    Backoff,
    Container,
    FailureRule,
    OutputOf,
    PlanBegun,
    PlanEnded,
    PlannedCondition,
    PlannedEdges,
    PlannedMatrix,
    PlannedOperation,
    PlannedParam,
    PlannedScope,
    PlannedTrials,
    PlanPart,
)
from polyflow_topics.pods import PodParts, Service
from polyflow_topics.status import PodStatus, Trigger

RUN = RunId("7a4e1f3c-0000-5000-8000-000000000001")
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Op:
    """An operation to plan: what it waits for, and what is special about it."""

    after: str = ""
    trigger: str = "all_succeeded"
    retries: int = 0
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Params by name, each `OPERATION.OUTPUT`; with a `?` behind it where it may be missing."""
    backoff: Backoff = field(default_factory=Backoff)
    rules: tuple[FailureRule, ...] = ()
    skips: bool = False
    condition: str = ""
    params: Mapping[str, JsonValue] = field(default_factory=dict)
    service: bool = False
    inner: "Dag | None" = None
    trials: int | None = None
    """So many trials of a matrix, each with its number as the param `trial`."""
    limit: int | None = None
    """Trials at once."""
    percent: float | None = None
    """Share of failures that stops the matrix."""
    approval: bool = False
    builds: str = ""
    """The operation that waits for the image that this one builds."""
    events: Mapping[str, str] = field(default_factory=dict)
    """What of which upstreams it waits for, such as `{"a": "running retrying"}`."""


@dataclass
class Dag:
    """A DAG to plan: operations by name, in order."""

    operations: Mapping[str, Op]
    concurrency: int | None = None
    failure_percent: float | None = None


def dag(concurrency: int | None = None, percent: float | None = None, /, **operations: str | Op) -> Dag:
    """Return a DAG; a plain string says what an operation waits for."""
    made = {name: Op(op) if isinstance(op, str) else op for name, op in operations.items()}
    return Dag(made, concurrency, percent)


def plan(
    root: Dag,
    *,
    run: RunId = RUN,
    specification: str = "s",
    policies: Sequence[MetricPolicy] = (),
    condition: PlannedCondition | None = None,
    **begun_with: Any,
) -> list[Message]:
    """Return the messages that bring a plan to the planner; `begun_with` are further fields of `PlanBegun`."""
    numbered = _Numbered()
    numbered.add(root, name="", owner=None)
    parts = numbered.parts(run, specification)
    begun = PlanBegun(
        run=run,
        specification=specification,
        plan=specification,
        name="test",
        operations=numbered.count,
        parts=len(parts),
        policies=tuple(policies),
        condition=condition,
        **begun_with,
    )
    return [begun, *parts, PlanEnded(run=run, plan=specification)]


class _Numbered:
    def __init__(self) -> None:
        self.operations: dict[int, PlannedOperation] = {}
        self.trials: list[PlannedTrials] = []
        self.count = 0
        self.edges: list[PlannedEdges] = []
        self.scopes: list[PlannedScope] = []

    def add(self, dag: Dag, *, name: str, owner: int | None) -> int:
        number = len(self.scopes)
        first = self.count
        self.scopes.append(PlannedScope(number=number, name=ScopeName(name), first=0, last=0, members=1))
        index = {
            key: self._operation(f"{name}.{key}" if name else key, op, number)
            for key, op in dag.operations.items()
        }
        self.scopes[number] = PlannedScope(
            number=number,
            name=ScopeName(name),
            owner=owner,
            first=first,
            last=self.count,
            members=len(dag.operations),
            services=_services(dag),
            concurrency=dag.concurrency,
            failure_percent=dag.failure_percent,
        )
        self._connect(dag, index, number)
        return number

    def _operation(self, name: str, op: Op, scope: int) -> int:
        index = self.count
        self.count += 1
        made = PlannedOperation(
            index=index,
            name=OperationName(name),
            scope=scope,
            upstreams=len(_upstreams(op)) + len(op.events),
            trigger=Trigger(op.trigger),
            container=Container(command=("true",)),
            parts=PodParts(service=Service(ports=(80,))) if op.service else None,
            max_retries=op.retries,
            backoff=op.backoff,
            failure_rules=op.rules,
            skips=op.skips,
            condition=PlannedCondition(text=template(op.condition)) if op.condition else None,
            approval=op.approval,
        )
        self.operations[index] = made
        if op.trials is not None:
            self._matrix(index, op, op.trials)
        elif op.inner is not None:
            opens = self.add(op.inner, name=name, owner=index)
            self.operations[index] = made.model_copy(update={"opens": opens, "container": None})
        return index

    def _matrix(self, index: int, op: Op, trials: int) -> None:
        owner, number, first = self.operations[index], len(self.scopes), self.count
        varied = PlannedParam(name="trial")
        self.operations[index] = owner.model_copy(
            update={
                "opens": number,
                "container": None if op.inner else owner.container,
                "matrix": PlannedMatrix(kind="grid", trials=trials, varied=(varied,)),
            }
        )
        self.scopes.append(
            PlannedScope(number=number, name=ScopeName(owner.name), first=0, last=0, members=1)
        )
        numbers = [self._trial(owner, number, op, trial) for trial in range(trials)]
        if op.inner is None and trials:
            values = tuple((trial,) for trial in range(trials))
            self.trials.append(PlannedTrials(owner=index, first=first, trial=0, values=values))
        self.scopes[number] = PlannedScope(
            number=number,
            name=ScopeName(owner.name),
            owner=index,
            first=first,
            last=self.count,
            members=trials,
            trials=True,
            concurrency=op.limit,
            failure_percent=op.percent,
        )
        self._chunks(number, numbers, opening=True)

    def _trial(self, owner: PlannedOperation, scope: int, op: Op, trial: int) -> int:
        index = self.count
        self.count += 1
        if op.inner is not None:
            made = PlannedOperation(
                index=index,
                name=OperationName(f"{owner.name}.{trial}"),
                scope=scope,
                params=(PlannedParam(name="trial", value=trial),),
                trial=True,
            )
            self.operations[index] = made
            opens = self.add(op.inner, name=made.name, owner=index)
            self.operations[index] = made.model_copy(update={"opens": opens})
        return index

    def _connect(self, dag: Dag, index: Mapping[str, int], scope: int) -> None:
        downstream: dict[int, list[int]] = {}
        roots = []
        for key, op in dag.operations.items():
            for upstream in _upstreams(op):
                downstream.setdefault(index[upstream], []).append(index[key])
            if op.builds:
                planned = self.operations[index[key]]
                about = {"builds": index[op.builds]}
                self.operations[index[key]] = planned.model_copy(update=about)
            if op.events:
                planned = self.operations[index[key]]
                awaits = tuple(
                    Awaited(operation=index[one], events=tuple(events.split()))
                    for one, events in op.events.items()
                )
                self.operations[index[key]] = planned.model_copy(update={"awaits": awaits})
            if not _upstreams(op) and not op.events:
                roots.append(index[key])
            self._params(index, key, op)
        for source, targets in downstream.items():
            self._chunks(source, targets, opening=False)
        for upstream in dag.operations:
            self._groups(dag, index, upstream)
        self._chunks(scope, roots, opening=True)

    def _groups(self, dag: Dag, index: Mapping[str, int], upstream: str) -> None:
        groups: dict[str, list[int]] = {}
        for key, op in dag.operations.items():
            if upstream in op.events:
                groups.setdefault(op.events[upstream], []).append(index[key])
        for group, (events, targets) in enumerate(groups.items()):
            about: Any = {"group": group, "events": tuple(events.split())}
            self._chunks(index[upstream], targets, opening=False, **about)

    def _params(self, index: Mapping[str, int], key: str, op: Op) -> None:
        made = [PlannedParam(name=name, value=value) for name, value in op.params.items()]
        for name, reference in op.outputs.items():
            upstream, output = reference.removesuffix("?").split(".")
            source = OutputOf(operation=index[upstream], output=output)
            made.append(PlannedParam(name=name, source=source, required=not reference.endswith("?")))
        planned = self.operations[index[key]]
        self.operations[index[key]] = planned.model_copy(update={"params": tuple(made)})

    def _chunks(self, source: int, targets: Sequence[int], *, opening: bool, **about: Any) -> None:
        for chunk, start in enumerate(range(0, len(targets), EDGES_PER_CHUNK)):
            self.edges.append(
                PlannedEdges(
                    source=source,
                    opening=opening,
                    chunk=chunk,
                    targets=tuple(targets[start : start + EDGES_PER_CHUNK]),
                    **about,
                )
            )

    def parts(self, run: RunId, plan: str) -> list[PlanPart]:
        size = 500
        operations = list(self.operations.values())
        count = max(1, -(-max(len(operations), len(self.edges)) // size))
        return [
            PlanPart(
                run=run,
                plan=plan,
                part=part,
                operations=tuple(operations[part * size : (part + 1) * size]),
                edges=tuple(self.edges[part * size : (part + 1) * size]),
                scopes=tuple(self.scopes) if part == 0 else (),
                trials=tuple(self.trials) if part == count - 1 else (),
            )
            for part in range(count)
        ]


def _services(dag: Dag) -> int:
    services = sum(op.service for op in dag.operations.values())
    return 0 if services == len(dag.operations) else services


def _upstreams(op: Op) -> list[str]:
    named = op.after.split()
    return list(dict.fromkeys([*named, *(ref.split(".")[0] for ref in op.outputs.values())]))


def report(launch, status: PodStatus | str, **more) -> OperationReported:
    """Return what the cluster says of the attempt that a command was about."""
    return OperationReported(
        run=launch.run,
        operation=launch.operation,
        index=launch.index,
        attempt=launch.attempt,
        cluster=launch.cluster,
        status=PodStatus(status),
        at=START,
        **more,
    )


def stop(scope: str = "", *, by_policy: bool = False) -> StopRequested:
    """Return a request to stop a scope of the run."""
    reason = "MetricEarlyStopping" if by_policy else "Stopped"
    return StopRequested(run=RUN, scope=ScopeName(scope), reason=reason, by_policy=by_policy)


def asked(kind: OperatingKind, operation: str = "", **more: Any) -> OperatingRequested:
    """Return what somebody wants of the run; without an id of its own it is always the same request."""
    more = {"request": f"{kind} {operation}", **more}
    return OperatingRequested(run=RUN, kind=kind, operation=operation, **more)


def stated(launch, number: int, **outputs: JsonValue) -> OutputsLogged:
    """Return an attempt's statement of outputs; if none are given, all that it has stated up to this one."""
    values = outputs or {f"o{each}": each for each in range(1, number + 1)}
    return OutputsLogged(
        run=launch.run, index=launch.index, attempt=launch.attempt, number=number, outputs=values, at=START
    )
