"""Runs that follow an end: a hook whose trigger and condition hold becomes a request of its own.

Its id follows from run, generation, operation and place, so that it runs once however often it is asked for.
What becomes of it changes nothing here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from pydantic import JsonValue

from polyflow_services.planner.rows import keys, state
from polyflow_services.planner.rows.kept import ToldRow
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.values.conditions import unmet
from polyflow_services.planner.values.params import context_of
from polyflow_shared.language.codes import Code
from polyflow_shared.language.expressions.names import RenderedParam
from polyflow_topics.envelope import source_of
from polyflow_topics.events import Problem, RequestRejected
from polyflow_topics.hooks import HookRequested, HookSkipped, PlannedHook
from polyflow_topics.message import Values
from polyflow_topics.names import THE_RUN, OperationName, RunId, operation_id, run_id
from polyflow_topics.origins import Lineage
from polyflow_topics.requests import RequestPipeline
from polyflow_topics.status import Status

SOURCE: Final = source_of("planner")
"""The CloudEvents source of what the planner says."""


def put(turn: Turn, hook: PlannedHook) -> None:
    """Keep a hook of the plan, and note that its owner has one."""
    body = msgspec.Raw(hook.__pydantic_serializer__.to_json(hook))
    turn.put_alone(keys.hook_key(turn.run, hook.owner, hook.place), state.DocumentRow(body))
    if hook.owner == THE_RUN:
        return
    row = turn.operation(hook.owner)
    # What others read of it is kept for its hooks as well.
    turn.put_operation(hook.owner, msgspec.structs.replace(row, hooks=hook.place + 1, read=True))
    dag = _dag_of(turn, hook)
    if dag != state.NONE and any(map(_of_inputs, _params(hook).values())):
        turn.put_operation(dag, msgspec.structs.replace(turn.operation(dag), read=True))


def forget(turn: Turn, owner: int, count: int) -> None:
    """Remove the hooks of an operation, or of the run."""
    for place in range(count):
        turn.remove(keys.hook_key(turn.run, owner, place))


def of_operation(turn: Turn, index: int, why: tuple[str, str], outputs: Values) -> None:
    """Request what follows the end of an operation.

    Args:
        turn: the decision.
        index: the operation's number; it has its final status.
        why: reason and message of that.
        outputs: what it has left.
    """
    row = turn.operation(index)
    told: ToldRow = turn.find(keys.told_key(turn.run, index)) or ToldRow()
    about: Values = {
        "name": row.name,
        "status": row.status.value,
        **_times(turn.head().created, told.started, turn.at),
        "inputs": msgspec.json.decode(told.inputs),
        "outputs": outputs,
        "condition": _condition(turn, row.status, why, row.name),
    }
    for place in range(row.hooks):
        _request(turn, index, place, about)


def of_run(turn: Turn, status: Status, why: tuple[str, str]) -> None:
    """Request what follows the end of the run, which is about to have this status."""
    head = turn.head()
    about: Values = {
        "name": head.name,
        "status": status.value,
        **_times(head.created, head.created, turn.at),
        "inputs": turn.document(keys.params_key(turn.run)) or {},
        "outputs": _outputs(turn),
        "condition": _condition(turn, status, why, ""),
    }
    for place in range(head.hooks):
        _request(turn, THE_RUN, place, about)


def _outputs(turn: Turn) -> Values:
    """Return the outputs of a run that is one job or service; a DAG has none of its own."""
    if turn.head().kind not in {"job", "service"}:
        return {}
    return turn.document(keys.outputs_key(turn.run, 0)) or {}


def _times(created: datetime, started: datetime | None, ended: datetime) -> Values:
    begun = started or ended
    return {
        "wait_time": (begun - created).total_seconds(),
        "duration": (ended - begun).total_seconds(),
    }


def _condition(turn: Turn, status: Status, why: tuple[str, str], operation: str) -> Values:
    return {
        "type": status.value,
        "reason": why[0],
        "message": why[1],
        "at": turn.at.isoformat(),
        "run": turn.head().name,
        "operation": operation,
    }


def _request(turn: Turn, owner: int, place: int, about: Values) -> None:
    hook = PlannedHook.model_validate(turn.document(keys.hook_key(turn.run, owner, place)))
    operation = OperationName("" if owner == THE_RUN else str(about["name"]))
    told = {
        "operation": operation,
        "status": Status(str(about["status"])),
        "hub": str(hook.specification.get("hubRef", "")),
        "place": place,
        "trigger": hook.trigger,
    }
    about = about | {"uuid": turn.run, "kind": hook.kind, "runtime": hook.kind}
    head = turn.head()
    request = f"{turn.run}/{head.generation}/hook/{operation or '-'}/{place}"
    origin = Lineage(run=turn.run, kind="hook", operation=operation, generation=head.generation)
    why = _not_wanted(turn, hook, about)
    if why is not None:
        refused = why[0] == "ConditionInvalid"
        if refused:
            turn.send(_refused(turn, hook, request, origin, why[1]))
        stands = run_id(SOURCE, request) if refused else None
        turn.send(HookSkipped(**turn.said_of_run(), **told, reason=why[0], message=why[1], hook=stands))
        return
    inputs = _inputs(turn, hook)
    given = {**_given(RunId(turn.run), hook, operation), **inputs}
    known: Values = {name: {"value": value, "contextOnly": True} for name, value in about.items()}
    turn.send(
        RequestPipeline(
            specification={**hook.specification, "params": {**(known if hook.defaults else {}), **given}},
            project=head.project,
            owner=head.owner,
            references=hook.references,
            verbatim=(*known, *inputs),
            origin=origin,
            request=request,
        )
    )
    turn.send(HookRequested(**turn.said_of_run(), **told, hook=run_id(SOURCE, request)))


def _params(hook: PlannedHook) -> dict[str, JsonValue]:
    params = hook.specification.get("params")
    return dict(params) if isinstance(params, dict) else {}


def _of_inputs(param: JsonValue) -> bool:
    """Tell whether a param reads inputs of the DAG."""
    if not isinstance(param, dict) or param.get("ref") != "dag":
        return False
    return _place(param)[0] == "inputs"


def _place(param: Mapping[str, JsonValue]) -> tuple[str, str]:
    """Return what a param reads: of which group, and the name in it; that is empty for all of them."""
    group, _, name = str(param.get("value")).strip("{} ").partition(".")
    return group, name


def _dag_of(turn: Turn, hook: PlannedHook) -> int:
    """Return the number of the nested DAG that a hook reads from; `NONE` where that is the run's own."""
    if hook.owner == THE_RUN or hook.kind == "dag":
        return state.NONE if hook.owner == THE_RUN else hook.owner
    return turn.scope_plan(turn.operation(hook.owner).scope).owner


def _inputs(turn: Turn, hook: PlannedHook) -> Mapping[str, Values]:
    """Return those of a hook's params that read inputs of a nested DAG, with their values.

    They are no part of the history that hooks read.  A DAG that never began has none.
    """
    dag = _dag_of(turn, hook)
    if dag == state.NONE:
        return {}
    told: ToldRow = turn.find(keys.told_key(turn.run, dag)) or ToldRow()
    inputs: Values = msgspec.json.decode(told.inputs)
    found: dict[str, Values] = {}
    for name, param in _params(hook).items():
        wanted = _place(param)[1] if isinstance(param, dict) and _of_inputs(param) else None
        if isinstance(param, dict) and wanted is not None and (not wanted or wanted in inputs):
            rest = {key: one for key, one in param.items() if key != "ref"}
            found[name] = {**rest, "value": inputs[wanted] if wanted else inputs, "contextOnly": True}
    return found


def _given(run: RunId, hook: PlannedHook, operation: str) -> dict[str, JsonValue]:
    """Return a hook's own params; one that reads another operation, or the DAG, reads the history."""
    given = _params(hook)
    dag = operation if hook.kind == "dag" else operation.rpartition(".")[0]
    for name, param in given.items():
        ref = str(param.get("ref") or "") if isinstance(param, dict) else ""
        if isinstance(param, dict) and (ref == "dag" or ref.startswith("ops.")):
            read = ".".join(part for part in (dag, ref.partition(".")[2]) if part)
            given[name] = {**param, "ref": f"runs.{operation_id(run, read) if read else run}"}
    return given


def _not_wanted(turn: Turn, hook: PlannedHook, about: Values) -> tuple[str, str] | None:
    """Return why nothing is requested, reason and message; None where it is."""
    if hook.trigger is not None and hook.trigger.value != about["status"]:
        return "TriggerNotMet", f"it is for `{hook.trigger}`"
    if not hook.condition:
        return None
    names = {name: RenderedParam(value=value) for name, value in {**_plain(about["inputs"]), **about}.items()}
    found = unmet(hook.condition, names, context_of(turn.head(), turn.run, str(about["name"])))
    if found is None:
        return None
    if found.reason == "ConditionFalse":
        return found.reason, f"`{found.shown}` is false"
    return found.reason, f"the hook's condition `{found.shown}` cannot be evaluated: {found.error}"


def _refused(turn: Turn, hook: PlannedHook, request: str, origin: Lineage, message: str) -> RequestRejected:
    """Return a condition without an answer as a refused run, so that it is seen where runs are listed."""
    head = turn.head()
    return RequestRejected(
        run=run_id(SOURCE, request),
        request=request,
        project=head.project,
        owner=head.owner,
        name=str(hook.specification.get("hubRef", "")),
        problems=(Problem(code=Code.TEMPLATE_NAME.value, message=message, path="hooks"),),
        at=turn.at,
        origin=origin.of_run(),
    )


def _plain(value: JsonValue) -> Values:
    return value if isinstance(value, dict) else {}
