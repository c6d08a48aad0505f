"""How a plan arrives: begin, parts, end.  Each may come twice, and two copies may be interleaved.

A validator that is killed between two parts plans its request anew, as another release perhaps, or with
another hub: the plan that comes whole counts, and nothing is left of the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from polyflow_services.planner import answers
from polyflow_services.planner.arrivals import resuming
from polyflow_services.planner.ends import hooks
from polyflow_services.planner.requests import operating
from polyflow_services.planner.rows import event_edges, kept, keys, matrices, state
from polyflow_services.planner.rows.planned import is_service, operation_row
from polyflow_services.planner.starts import beginning
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.walks import forgetting
from polyflow_shared.language.codes import Code
from polyflow_topics.events import OperationInGraph, Problem, RunPlanned
from polyflow_topics.message import Values
from polyflow_topics.origins import OriginKind
from polyflow_topics.plan import (
    PlanBegun,
    PlanEnded,
    PlannedEdges,
    PlannedOperation,
    PlannedScope,
    PlannedTrials,
    PlanPart,
)
from polyflow_topics.status import Status

BEGUN_AS: Final[Mapping[OriginKind, str]] = {
    "restart": "Restarted",
    "copy": "Copied",
    "resume": "Resumed",
    "rerun": "Rerun",
    "hook": "Hook",
}
"""The reason of the first status of a run that comes from another one."""


def begin(turn: Turn, event: PlanBegun) -> None:
    """Take a new run in; refuse another body under the id of a run that exists or has existed."""
    head = turn.find(keys.head_key(turn.run))
    known = head or turn.find(keys.stub_key(turn.run))
    if head is not None and head.specification == event.specification:
        _take_again(turn, event, head)
    elif event.origin is not None and event.origin.kind == "resume":
        resuming.begin(turn, event, _open_again)
    elif known is None:
        _open(turn, event)
    elif event.specification not in {known.specification, known.first}:
        _reject(turn, event)


def take_part(turn: Turn, event: PlanPart) -> None:
    """Write the rows of the next part; any other part is a repetition."""
    head = turn.find(keys.head_key(turn.run))
    if resuming.waits(turn, event) or head is None or head.plan != event.plan:
        return
    if event.part != turn.run_row().parts:
        return
    attempts = turn.run_row().attempts
    for operation in event.operations:
        _put_operation(turn, operation, attempts)
    for scope in event.scopes:
        _put_scope(turn, scope)
    trials = [trial for block in event.trials for trial in _put_trials(turn, block, attempts)]
    for hook in event.hooks:
        hooks.put(turn, hook)
    for edges in event.edges:
        _put_edges(turn, edges)
    run = turn.run_row()
    open_now = run.open + len(event.operations) + len(trials)
    turn.put_run(replace(run, parts=run.parts + 1, open=open_now))
    _tell_graph(turn, event, trials)


def end(turn: Turn, event: PlanEnded) -> None:
    """Begin the run, once all of its plan is there."""
    head = turn.find(keys.head_key(turn.run))
    if resuming.waits(turn, event) or head is None or head.plan != event.plan:
        return
    if _waits_for_its_plan(turn) and turn.run_row().parts == head.parts:
        _begin(turn)


def _waits_for_its_plan(turn: Turn) -> bool:
    run = turn.run_row()
    return run.status is Status.CREATED and run.pending is None


def _begin(turn: Turn) -> None:
    operating.catch_up(turn)
    beginning.begin(turn)
    operating.catch_up(turn)


def _open(turn: Turn, event: PlanBegun) -> None:
    _put_head(turn, event)
    turn.put_run(state.RunRow(approval=event.approval, upload=event.upload))
    turn.tell_run(Status.CREATED, reason=_begun_as(event), message=event.note)


def _open_again(turn: Turn, event: PlanBegun, stub: kept.StubRow) -> None:
    """Begin another generation of a run."""
    _put_head(turn, event)
    head = replace(
        turn.head(),
        generation=stub.generation + 1,
        first=stub.first or stub.specification,
        attempts=stub.attempts,
    )
    turn.put(keys.head_key(turn.run), head)
    turn.put_run(
        state.RunRow(
            sequence=stub.sequence,
            attempts=stub.attempts,
            approval=event.approval,
            upload=event.upload,
        )
    )
    turn.tell_run(Status.CREATED, reason=_begun_as(event), message=event.note)


def _begun_as(event: PlanBegun) -> str:
    return "" if event.origin is None else BEGUN_AS[event.origin.kind]


def _take_again(turn: Turn, event: PlanBegun, head: state.HeadRow) -> None:
    """Take in a request that comes once more, perhaps with another plan, such as of another release.

    A plan that has not come whole is replaced; one that lacks nothing but its end has come whole.
    """
    if head.plan == event.plan or not _waits_for_its_plan(turn):
        return
    if turn.run_row().parts == head.parts:
        resuming.forget_waiting(turn)
        _begin(turn)
    else:
        _restart(turn, event, head)


def _restart(turn: Turn, event: PlanBegun, head: state.HeadRow) -> None:
    forgetting.clear(turn, event.plan)
    _put_head(turn, event)
    of_the_run = replace(
        turn.head(),
        created=head.created,
        generation=head.generation,
        first=head.first,
        attempts=head.attempts,
    )
    turn.put(keys.head_key(turn.run), of_the_run)
    run = turn.run_row()
    turn.put_run(replace(run, parts=0, open=0, approval=event.approval, upload=event.upload))


def _put_head(turn: Turn, event: PlanBegun) -> None:
    turn.put(
        keys.head_key(turn.run),
        state.HeadRow(
            specification=event.specification,
            plan=event.plan,
            name=event.name,
            project=event.project,
            owner=event.owner,
            tags=event.tags,
            presets=event.presets,
            operations=event.operations,
            parts=event.parts,
            policies=bool(event.policies),
            created=turn.at,
            description=event.description,
            kind=event.kind,
            origin=event.origin.model_dump_json() if event.origin else "",
            approval=event.approval,
            hooks=event.hooks,
            upload=event.upload,
        ),
    )
    turn.put_document(keys.params_key(turn.run), event.params)
    condition = event.condition.model_dump(mode="json") if event.condition else {}
    asks = event.asks.model_dump(mode="json") if event.asks else {}
    policies: Values = {str(n): policy.model_dump(mode="json") for n, policy in enumerate(event.policies)}
    _put_or_remove(turn, keys.condition_key(turn.run), condition)
    _put_or_remove(turn, keys.asks_key(turn.run), asks)
    _put_or_remove(turn, keys.policies_key(turn.run), policies)


def _put_or_remove(turn: Turn, key: str, document: Values) -> None:
    if document:
        turn.put_document(key, document)
    elif turn.find(key) is not None:
        turn.remove(key)


def _reject(turn: Turn, event: PlanBegun) -> None:
    problem = Problem(
        code=Code.ID_REUSED.value,
        message=f"a run with the id {turn.run} exists already, and its request had another body",
        hint="choose a new id for a new request; to see the run that exists: polyflow show " + turn.run,
    )
    answers.reject(turn, event, problem)


def _put_scope(turn: Turn, scope: PlannedScope) -> None:
    owner = state.NONE if scope.owner is None else scope.owner
    turn.put(
        keys.scope_plan_key(turn.run, scope.number),
        state.ScopePlanRow(
            name=scope.name,
            owner=owner,
            first=scope.first,
            last=scope.last,
            members=scope.members,
            concurrency=scope.concurrency,
            failure_percent=scope.failure_percent,
            trials=scope.trials,
        ),
    )
    turn.put_scope(
        scope.number, state.ScopeRow(open=scope.members, cursor=scope.first, services=scope.services)
    )
    turn.put(keys.scope_number_key(turn.run, scope.name), state.ScopeNumberRow(scope.number))


def _put_operation(turn: Turn, operation: PlannedOperation, attempts: int) -> None:
    turn.put_operation(operation.index, operation_row(operation, attempts))
    turn.put_planned(operation)
    turn.put_ended(operation.index, operation.kept)


def _put_trials(turn: Turn, block: PlannedTrials, attempts: int) -> Iterator[OperationInGraph]:
    """Write the rows of trials; yield them as nodes of the run's graph."""
    matrix, owner = turn.planned(block.owner), turn.operation(block.owner)
    scope = turn.scope_plan(owner.opens).name
    for place, (index, row, trial) in enumerate(matrices.rows_of(matrix, owner, block, attempts)):
        ended = block.kept[place] if block.kept else None
        turn.put_operation(index, row if ended is None else replace(row, kept=True, attempt=0))
        turn.put_trial(index, trial)
        turn.put_ended(index, ended)
        definition = block.definitions[place] if block.definitions else ""
        yield OperationInGraph.trusted(
            {
                "index": index,
                "name": row.name,
                "scope": scope,
                "dag": False,
                "kind": "job",
                "definition": definition,
            }
        )


def _put_edges(turn: Turn, edges: PlannedEdges) -> None:
    row = state.EdgesRow(edges.targets)
    if edges.group is None:
        turn.put_alone(keys.edges_key(turn.run, edges.source, edges.opening, edges.chunk), row)
        return
    turn.put_alone(event_edges.event_edges_key(turn.run, edges.source, edges.group, edges.chunk), row)
    if edges.chunk == 0:
        key = event_edges.group_key(turn.run, edges.source, edges.group)
        turn.put_alone(key, event_edges.GroupRow(edges.events))
        source = turn.operation(edges.source)
        turn.put_operation(edges.source, replace(source, groups=max(source.groups, edges.group + 1)))


def _tell_graph(turn: Turn, event: PlanPart, trials: Sequence[OperationInGraph]) -> None:
    turn.send(
        RunPlanned(
            **turn.said_of_run(),
            operations=(*(_node(turn, operation) for operation in event.operations), *trials),
            edges=tuple(
                (edges.source, target)
                for edges in event.edges
                if not edges.opening
                for target in edges.targets
            ),
        )
    )


def _node(turn: Turn, operation: PlannedOperation) -> OperationInGraph:
    scope = turn.scope_plan(operation.scope)
    return OperationInGraph.trusted(
        {
            "index": operation.index,
            "name": operation.name,
            "scope": scope.name,
            "dag": operation.opens is not None,
            "kind": _kind(operation),
            "definition": operation.definition,
        }
    )


def _kind(operation: PlannedOperation) -> str:
    if operation.opens is not None:
        return "dag" if operation.matrix is None else "matrix"
    return "service" if is_service(operation) else "job"
