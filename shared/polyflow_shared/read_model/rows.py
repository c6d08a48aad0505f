"""From stored rows to views, whatever the database."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from polyflow_shared.read_model.views import Entry, OperationView, RunSummary, RunView, StatusChange
from polyflow_topics.events import Problem
from polyflow_topics.names import OperationName, RunId

Row = tuple[Any, ...]

SUMMARY: Final = (
    "id, name, project, owner, tags, status, reason, message, total, created_at, started_at, finished_at, "
    "pending"
)
DETAILS: Final = "presets, params, specification, problems, description"
OPERATION: Final = (
    "number, name, dag, status, reason, message, attempts, started_at, finished_at, exit_code, cluster, "
    "params, outputs, pending"
)
STATUS: Final = "number, status, at, reason, message, attempt"


def summary(row: Row) -> RunSummary:
    """Return the run of a row with the columns `SUMMARY`."""
    return RunSummary(**_summary(row))


def entry(row: Row) -> Entry:
    """Return the entry of a row with the columns `search.COLUMNS`."""
    identity, run, *rest = row
    kind, pipeline, inputs, outputs = rest[-4:]
    return Entry(
        **_summary((identity, *rest[:-4])),
        run=RunId(run),
        kind=kind,
        pipeline=pipeline,
        inputs=json.loads(inputs) if inputs else {},
        outputs=json.loads(outputs) if outputs else {},
    )


def run_view(row: Row, operations: Sequence[Row], edges: Sequence[Row], statuses: Sequence[Row]) -> RunView:
    """Return a run with all its operations.

    Args:
        row: with the columns `SUMMARY`, then `DETAILS`.
        operations: with the columns `OPERATION`, in the order of the plan.
        edges: pairs of the numbers of downstream and upstream.
        statuses: with the columns `STATUS`, in order.
    """
    presets, params, specification, problems, description = row[13:]
    histories = _histories(statuses)
    names = {number: OperationName(name) for number, name, *_ in operations}
    upstreams: dict[int, list[OperationName]] = defaultdict(list)
    for downstream, upstream in edges:
        upstreams[downstream].append(names[upstream])
    return RunView(
        **_summary(row),
        presets=tuple(json.loads(presets)),
        params=json.loads(params),
        specification=specification,
        description=description,
        problems=tuple(Problem.model_validate(problem) for problem in json.loads(problems)),
        operations={
            names[each[0]]: _operation(each, upstreams=upstreams, histories=histories) for each in operations
        },
        statuses=tuple(histories.get(None, ())),
    )


def _summary(row: Row) -> dict[str, Any]:
    (
        identity,
        name,
        project,
        owner,
        tags,
        status,
        reason,
        message,
        total,
        created,
        started,
        finished,
        pending,
    ) = row[:13]
    return {
        "id": RunId(identity),
        "name": name,
        "project": project,
        "owner": owner,
        "tags": tuple(json.loads(tags)),
        "status": status,
        "reason": reason,
        "message": message,
        "total": total,
        "created_at": _moment(created),
        "started_at": _moment(started),
        "finished_at": _moment(finished),
        "pending": pending,
    }


def _operation(
    row: Row,
    *,
    upstreams: Mapping[int, Sequence[OperationName]],
    histories: Mapping[int | None, Sequence[StatusChange]],
) -> OperationView:
    (
        number,
        name,
        dag,
        status,
        reason,
        message,
        attempts,
        started,
        finished,
        code,
        cluster,
        params,
        outputs,
        pending,
    ) = row
    return OperationView(
        index=number,
        name=OperationName(name),
        dag=bool(dag),
        status=status,
        reason=reason,
        message=message,
        attempts=attempts,
        started_at=_moment(started),
        finished_at=_moment(finished),
        exit_code=code,
        cluster=cluster,
        params=json.loads(params) if params else {},
        outputs=json.loads(outputs) if outputs else {},
        upstreams=tuple(upstreams.get(number, ())),
        statuses=tuple(histories.get(number, ())),
        pending=pending,
    )


def _histories(statuses: Sequence[Row]) -> Mapping[int | None, Sequence[StatusChange]]:
    found: dict[int | None, list[StatusChange]] = defaultdict(list)
    for number, status, at, reason, message, attempt in statuses:
        found[number].append(StatusChange(status, datetime.fromisoformat(at), reason, message, attempt))
    return found


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
