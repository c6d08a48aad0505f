"""What run events change in the read model.  Pure: no state, so an event may come any number of times."""

import json
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from polyflow_shared.read_model.changes import (
    Changes,
    EdgeRow,
    EventRow,
    LogRow,
    MetricRow,
    MoveRow,
    OperationRow,
    RequestRow,
    RunRow,
    StatusRow,
)
from polyflow_shared.read_model.views import REJECTED
from polyflow_topics.events import (
    OperationChanged,
    OperationInGraph,
    RequestAccepted,
    RequestRejected,
    RunChanged,
    RunEvent,
    RunPlanned,
)
from polyflow_topics.hooks import HookRequested, HookSkipped
from polyflow_topics.logs import LogTailSaved
from polyflow_topics.message import Message, Moment, Values
from polyflow_topics.metrics import MetricsLogged
from polyflow_topics.names import operation_id
from polyflow_topics.origins import Origin
from polyflow_topics.status import FINAL, Status

BEGUN: Final = frozenset({Status.SCHEDULED, Status.RUNNING})
"""The statuses that show an attempt was begun."""


def project(events: Iterable[Message]) -> Changes:
    """Return what these events change, in their order.  Messages that are no run events change nothing."""
    changes = Changes()
    for event in events:
        match event:
            case OperationChanged():
                _move(changes, event)
            case RunChanged():
                _change(changes, event)
            case RunPlanned():
                _plan(changes, event)
            case RequestRejected():
                _reject(changes, event)
            case HookRequested() | HookSkipped():
                _keep(changes, event, event.sequence)
            case _:
                _keep_text(changes, event)
    return changes


def _keep_text(changes: Changes, event: Message) -> None:
    """Keep what is no step of a run: a request, the end of a log, measurements."""
    match event:
        case MetricsLogged():
            changes.metrics.extend(_metrics(event))
        case RequestAccepted():
            changes.requests.append(
                RequestRow(event.run, event.specification, event.body, moment_of(event.at))
            )
        case LogTailSaved():
            changes.logs.append(
                LogRow(
                    run=event.run,
                    number=event.index,
                    attempt=event.attempt,
                    container=event.container,
                    text=event.text,
                    cut=event.cut,
                    missing=event.missing,
                )
            )


def _metrics(event: MetricsLogged) -> Iterator[MetricRow]:
    at = moment_of(event.at)
    for name, value in event.values.items():
        yield MetricRow(event.run, event.operation, name, value, event.attempt, event.line, at)


def generations(events: Iterable[Message]) -> Iterator[list[Message]]:
    """Yield events in order, so that a run which is resumed begins a new list: its operations begin anew."""
    together: list[Message] = []
    for event in events:
        if isinstance(event, RunChanged) and event.generation and _begins(event):
            yield together
            together = []
        together.append(event)
    yield together


def _move(changes: Changes, event: OperationChanged) -> None:
    at = moment_of(event.at)
    status = event.status
    changes.moves.append(
        MoveRow(
            sequence=event.sequence,
            status=status.value,
            reason=event.reason,
            message=event.message,
            cluster=event.cluster,
            attempts=event.attempt + 1 if status in BEGUN else 0,
            started_at=at if status is Status.RUNNING else None,
            finished_at=at if status in FINAL else None,
            exit_code=event.exit_code,
            params=_json(event.params),
            outputs=_json(event.outputs),
            run=event.run,
            number=event.index,
            pending=event.pending or "",
            ran_from=event.ran and moment_of(event.ran[0]),
            ran_until=event.ran and moment_of(event.ran[1]),
        )
    )
    changes.statuses.append(
        _status(event, at, number=event.index, attempt=event.attempt, operation=event.operation)
    )
    _keep(changes, event, event.sequence)


def _change(changes: Changes, event: RunChanged) -> None:
    at = moment_of(event.at)
    lineage = _lineage(event.origin)
    changes.runs.append(
        RunRow(
            id=event.run,
            sequence=event.sequence,
            name=event.name,
            project=event.project,
            owner=event.owner,
            tags=json.dumps(event.tags),
            presets=json.dumps(event.presets),
            params=json.dumps(event.params),
            specification=event.specification,
            status=event.status.value,
            reason=event.reason,
            message=event.message,
            total=event.operations,
            problems="[]",
            created_at=at,
            started_at=at if event.status is Status.RUNNING else None,
            finished_at=at if event.status in FINAL else None,
            description=event.description,
            pending=event.pending or "",
            kind=event.kind,
            origin=lineage.origin,
            generation=event.generation,
            original=lineage.original,
            cloning_kind=lineage.cloning_kind,
            since=event.sequence if _begins(event) else 0,
        )
    )
    changes.statuses.append(_status(event, at))
    _keep(changes, event, event.sequence)


def _status(
    event: OperationChanged | RunChanged,
    at: str,
    *,
    number: int | None = None,
    attempt: int = 0,
    operation: str | None = None,
) -> StatusRow:
    return StatusRow(
        run=event.run,
        sequence=event.sequence,
        number=number,
        attempt=attempt,
        status=event.status.value,
        reason=event.reason,
        message=event.message,
        at=at,
        operation=operation,
    )


class _Lineage(NamedTuple):
    """What is kept of where a run comes from."""

    origin: str = ""
    original: str = ""
    cloning_kind: str = ""


def _lineage(origin: Origin | None) -> _Lineage:
    if origin is None:
        return _Lineage()
    original = "" if origin.kind == "resume" else origin.run
    return _Lineage(origin.model_dump_json(), original, origin.kind)


def _plan(changes: Changes, event: RunPlanned) -> None:
    changes.operations.extend(_operation(event, operation) for operation in event.operations)
    changes.edges.extend(
        EdgeRow(event.run, upstream, downstream, event.sequence) for upstream, downstream in event.edges
    )
    _keep(changes, event, event.sequence)


def _operation(event: RunPlanned, operation: OperationInGraph) -> OperationRow:
    scope = operation.scope
    return OperationRow(
        run=event.run,
        number=operation.index,
        name=operation.name,
        dag=operation.dag,
        id=operation_id(event.run, operation.name),
        pipeline=operation_id(event.run, scope) if scope else event.run,
        kind=operation.kind,
        definition=operation.definition,
        sequence=event.sequence,
    )


def _reject(changes: Changes, event: RequestRejected) -> None:
    at = moment_of(event.at)
    lineage = _lineage(event.origin)
    changes.runs.append(
        RunRow(
            id=event.run,
            sequence=0,
            name=event.name,
            project=event.project,
            owner=event.owner,
            tags=json.dumps(event.tags),
            presets="[]",
            params="{}",
            specification=event.specification,
            status=REJECTED,
            reason="RequestRejected",
            message=_summary(event),
            total=0,
            problems=json.dumps([problem.model_dump(mode="json") for problem in event.problems]),
            created_at=at,
            started_at=None,
            finished_at=None,
            origin=lineage.origin,
            original=lineage.original,
            cloning_kind=lineage.cloning_kind,
        )
    )
    _keep(changes, event, 0)


def _summary(event: RequestRejected) -> str:
    more = len(event.problems) - 1
    first = event.problems[0].message
    return first if not more else f"{first} (and {more} more)"


def _keep(changes: Changes, event: RunEvent | RequestRejected, sequence: int) -> None:
    body = event.__pydantic_serializer__.to_json(event).decode()
    changes.events.append(EventRow(event.run, sequence, event.WIRE, body))


def moment_of(at: Moment) -> str:
    """Return a moment as it is written in the read model, where texts are compared."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(values: Values | None) -> str | None:
    return None if values is None else json.dumps(values)


def _begins(event: RunChanged) -> bool:
    """Tell whether this is the first event of a run, or of a generation: what is held was there before."""
    return event.status is Status.CREATED and event.pending is None
