"""From stored rows to views, whatever the database."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from polyflow_shared.read_model.views import Entry, OperationView, RunSummary, RunView, StatusChange
from polyflow_topics.events import Problem
from polyflow_topics.names import OperationName, RunId
from polyflow_topics.origins import Origin

Row = tuple[Any, ...]

SUMMARY: Final = (
    "id, name, project, owner, tags, status, reason, message, total, created_at, started_at, finished_at, "
    "pending, origin, generation"
)
COLUMNS: Final = 22
"""Columns that a search returns of each entry, before those that it is asked for."""
DETAILS: Final = "presets, params, specification, problems, description"
OPERATION: Final = (
    "number, name, dag, status, reason, message, attempts, started_at, finished_at, exit_code, cluster, "
    "params, outputs, pending, definition, ran_from, ran_until"
)
STATUS: Final = "number, status, at, reason, message, attempt, operation"


def summary(row: Row) -> RunSummary:
    """Return the run of a row with the columns `SUMMARY`."""
    return RunSummary(**_summary(row))


def entry(row: Row) -> Entry:
    """Return the entry of a row with the columns `search.COLUMNS`."""
    identity, run, *rest = row[:COLUMNS]
    kind, pipeline, inputs, outputs, operation, attempts = rest[-6:]
    return Entry(
        **_summary((identity, *rest[:-6])),
        run=RunId(run),
        kind=kind,
        pipeline=pipeline,
        inputs=json.loads(inputs) if inputs else {},
        outputs=json.loads(outputs) if outputs else {},
        operation=operation or "",
        attempts=attempts or 0,
        shown=tuple("" if one is None else str(one) for one in row[COLUMNS:]),
    )


def run_view(row: Row, operations: Sequence[Row], edges: Sequence[Row], statuses: Sequence[Row]) -> RunView:
    """Return a run with all its operations.

    Args:
        row: with the columns `SUMMARY`, then `DETAILS`.
        operations: with the columns `OPERATION`, in the order of the plan.
        edges: pairs of the numbers of downstream and upstream.
        statuses: with the columns `STATUS`, in order.
    """
    presets, params, specification, problems, description = row[15:]
    names = {number: OperationName(name) for number, name, *_ in operations}
    histories = _histories(statuses, names)
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
        statuses=tuple(histories.get("", ())),
    )


def _summary(row: Row) -> dict[str, Any]:
    identity, name, project, owner, tags, status, reason, message, total = row[:9]
    created, started, finished, pending, origin, generation = row[9:15]
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
        "origin": Origin.model_validate_json(origin) if origin else None,
        "generation": generation,
    }


def _operation(
    row: Row,
    *,
    upstreams: Mapping[int, Sequence[OperationName]],
    histories: Mapping[str, Sequence[StatusChange]],
) -> OperationView:
    number, name, dag, status, reason, message, attempts = row[:7]
    started, finished, code, cluster, params, outputs, pending, definition, began, ended = row[7:]
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
        statuses=tuple(histories.get(name, ())),
        pending=pending,
        definition=definition,
        ran=(datetime.fromisoformat(began), datetime.fromisoformat(ended)) if began and ended else None,
    )


def _histories(statuses: Sequence[Row], names: Mapping[int, str]) -> Mapping[str, Sequence[StatusChange]]:
    """Return histories by the names of operations, the run's own by none."""
    found: dict[str, list[StatusChange]] = defaultdict(list)
    for number, status, at, reason, message, attempt, operation in statuses:
        # What an earlier release has written has only the number.
        name = "" if number is None else operation or names.get(number, "?")
        found[name].append(StatusChange(status, datetime.fromisoformat(at), reason, message, attempt))
    return found


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
