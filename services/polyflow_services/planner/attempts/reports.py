"""What a report of the cluster changes: an operation runs, ends, is tried again, or a pod is one too many."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from polyflow_services.planner.attempts import deliveries, patience, refusals, retries, serving
from polyflow_services.planner.ends import endings
from polyflow_services.planner.ends.endings import End, finish
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.turn import Turn
from polyflow_topics.catalog import MAX_OUTPUT_BYTES
from polyflow_topics.commands import ReleaseOperation, StopOperation
from polyflow_topics.inbox import OperationReported, OutputsLogged
from polyflow_topics.status import POD_FINAL, PodStatus, Status

_LIVE: Final = frozenset({PodStatus.PENDING, PodStatus.RUNNING, PodStatus.PROCESSING, PodStatus.PRESENT})
_OPEN: Final = frozenset({Status.SCHEDULED, Status.RUNNING, Status.PROCESSING, Status.STOPPING})
"""Statuses in which an attempt may have a pod."""

_LATE: Final = {
    "reason": "LaunchExpired",
    "message": "when the turn of its launch came that was more than 10 minutes old; it is asked for again",
}
OUTPUTS_MISSING: Final = "OutputsMissing"
OUTPUTS_INVALID: Final = "OutputsInvalid"


def report(turn: Turn, event: OperationReported) -> None:
    """Take in how an attempt stands.

    A report of an attempt that is not the current one, or of an unknown run, changes nothing here; a live pod
    of such an attempt is stopped, an ended one released.
    """
    row = turn.find_operation(event.index)
    if row is None or row.attempt != event.attempt or row.status not in _OPEN:
        _clear_away(turn, event)
        return
    if event.status is PodStatus.EXPIRED:
        refusals.refused(turn, event.model_copy(update=_LATE), row)
        return
    if event.status is PodStatus.REFUSED:
        refusals.refused(turn, event, row)
        return
    _hear(turn, event, row)
    if event.status is not PodStatus.SUCCEEDED and held_end(turn, event.index, row):
        return  # it has succeeded, whatever has become of its pod since
    _TAKEN_IN[event.status](turn, event, row)


def take_outputs(turn: Turn, event: OutputsLogged) -> None:
    """Keep outputs that an attempt has stated, and let its end follow if it has waited for them.

    Those of an attempt that is over, or of an unknown run, change nothing.
    """
    row = turn.find_operation(event.index)
    if row is None or row.attempt != event.attempt or row.status not in _OPEN:
        return
    deliveries.keep(turn, event)
    held = deliveries.held(turn, event.index, event.attempt)
    if held is not None:
        _succeeded(turn, held, row)


def stop_held(turn: Turn, index: int, row: OperationRow, why: tuple[str, str]) -> bool:
    """Stop an operation whose end waits for outputs; return False where there is no such end.

    Its pod has ended and was told of: nobody would answer if it were to be stopped.
    """
    held = held_end(turn, index, row)
    if held is None:
        return False
    deliveries.let_go(turn, index)
    finish(turn, index, End(Status.STOPPED, *why, held.exit_code))
    _release(turn, held)
    return True


def held_end(turn: Turn, index: int, row: OperationRow) -> OperationReported | None:
    """Return the success of an operation that waits for its outputs, if it does."""
    return deliveries.held(turn, index, row.attempt) if row.status is Status.PROCESSING else None


def outputs_due(turn: Turn, index: int) -> None:
    """Fail an operation whose outputs have not come in time."""
    row = turn.operation(index)
    held = held_end(turn, index, row)
    deliveries.let_go(turn, index)
    if held is None:
        return
    here = deliveries.arrived(turn, index, row.attempt).number
    message = (
        f"of {held.awaited} statements of outputs that were acknowledged to it {here} have arrived "
        f"within {turn.outputs_wait:g} s"
    )
    _fail(turn, held, row, (OUTPUTS_MISSING, message))


def _clear_away(turn: Turn, event: OperationReported) -> None:
    if event.status in _LIVE:
        turn.send(
            StopOperation(
                run=event.run,
                operation=event.operation,
                index=event.index,
                attempt=event.attempt,
                cluster=event.cluster,
                reason="NotCurrent",
            )
        )
    elif event.status in POD_FINAL:
        _release(turn, event)


def _release(turn: Turn, event: OperationReported) -> None:
    turn.send(
        ReleaseOperation.trusted(
            {
                "run": event.run,
                "operation": event.operation,
                "index": event.index,
                "attempt": event.attempt,
                "cluster": event.cluster,
            }
        )
    )


def _hear(turn: Turn, event: OperationReported, row: OperationRow) -> None:
    if row.unseen:
        endings.seen(turn)
        turn.wait_no_more(event.index, row)
    turn.put_operation(event.index, replace(row, unseen=False, asked=0, since=turn.now()))


def _pending(turn: Turn, event: OperationReported, before: OperationRow) -> None:
    del before
    row = turn.operation(event.index)
    if row.status is Status.SCHEDULED and row.waits != event.reason:
        patience.note(turn, event.index, row, event.reason)
        after = replace(row, waits=event.reason)
        turn.put_operation(event.index, after)
        turn.tell_operation(event.index, after, why=(event.reason, event.message))


def _running(turn: Turn, event: OperationReported, before: OperationRow) -> None:
    if before.service:
        serving.up(turn, event)
    else:
        turn.move(event.index, Status.RUNNING)


def _processing(turn: Turn, event: OperationReported, before: OperationRow) -> None:
    del before
    turn.move(event.index, Status.PROCESSING)


def _succeeded(turn: Turn, event: OperationReported, row: OperationRow) -> None:
    here = deliveries.arrived(turn, event.index, event.attempt)
    if here.excess:
        message = (
            f"its outputs would have {here.excess} bytes together, and {MAX_OUTPUT_BYTES} is the limit: "
            "write what is large to a file among the artifacts"
        )
        _fail(turn, event, row, (OUTPUTS_INVALID, message))
    elif here.number >= event.awaited:
        defaults = turn.planned(event.index).outputs if row.defaults else {}
        outputs = {**defaults, **here.values, **event.outputs}
        finish(
            turn, event.index, End(Status.SUCCEEDED, event.reason, event.message, event.exit_code, outputs)
        )
        deliveries.let_go(turn, event.index)
        _release(turn, event)
    elif row.status is Status.STOPPING:
        _gone(turn, event, row)
    elif deliveries.held(turn, event.index, event.attempt) is None:
        _await_outputs(turn, event, here.number)


def _await_outputs(turn: Turn, event: OperationReported, here: int) -> None:
    deliveries.hold(turn, event)
    message = f"{here} of {event.awaited} statements of outputs have arrived"
    turn.move(event.index, Status.PROCESSING, why=("OutputsAwaited", message))


def _fail(turn: Turn, event: OperationReported, row: OperationRow, why: tuple[str, str]) -> None:
    """Take a success for the failure that it is."""
    deliveries.let_go(turn, event.index)
    changed = {"status": PodStatus.FAILED, "reason": why[0], "message": why[1]}
    _failed(turn, event.model_copy(update=changed), row)


def _failed(turn: Turn, event: OperationReported, row: OperationRow) -> None:
    blameless_while_closing = event.infrastructure and turn.closing(row.scope) is not None
    if row.status is Status.STOPPING or blameless_while_closing:
        finish(turn, event.index, _stopped(turn, event, row))
    elif not _retried(turn, event, row):
        message = f"{event.message}{retries.given_up(turn, event, row)}"
        here = deliveries.arrived(turn, event.index, event.attempt)
        outputs = {**here.values, **event.outputs} or None
        finish(turn, event.index, End(Status.FAILED, event.reason, message, event.exit_code, outputs))
    _release(turn, event)


def _gone(turn: Turn, event: OperationReported, row: OperationRow) -> None:
    if row.status is Status.STOPPING or turn.closing(row.scope) is not None:
        finish(turn, event.index, _stopped(turn, event, row))
    elif not _retried(turn, event, row):
        waited = "its image could not be pulled" if row.waits in patience.IMAGE else "the pod is gone"
        message = f"{event.message or waited}{retries.given_up(turn, event, row)}"
        finish(turn, event.index, End(Status.FAILED, event.reason or "Lost", message))
    if event.status is not PodStatus.ABSENT:
        _release(turn, event)


def _retried(turn: Turn, event: OperationReported, row: OperationRow) -> bool:
    """Let an operation be tried again; return False where it is not."""
    if turn.closing(row.scope) is not None:
        return False
    retry = retries.retry_of(turn, event, turn.operation(event.index))
    if retry is not None:
        retries.begin(turn, event, retry)
    return retry is not None


def _stopped(turn: Turn, event: OperationReported, row: OperationRow) -> End:
    closing = turn.closing(row.scope)
    alone = turn.stop_of(event.index)
    asked = alone or (closing[1] if closing else event)
    reason, message = asked.reason, asked.message
    if alone is None and closing and closing[1].ends is None and row.up:
        # Nobody waits for what it has not said by now.
        here = deliveries.arrived(turn, event.index, event.attempt)
        return End(Status.SUCCEEDED, reason, message, outputs={**here.values, **event.outputs} or None)
    return End(Status.STOPPED, reason, message, event.exit_code)


_TAKEN_IN: Final[Mapping[PodStatus, Callable[[Turn, OperationReported, OperationRow], None]]] = {
    PodStatus.PENDING: _pending,
    PodStatus.RUNNING: _running,
    PodStatus.PRESENT: _running,
    PodStatus.PROCESSING: _processing,
    PodStatus.SUCCEEDED: _succeeded,
    PodStatus.FAILED: _failed,
    PodStatus.STOPPED: _gone,
    PodStatus.LOST: _gone,
    PodStatus.ABSENT: _gone,
}
"""Who takes in what is heard of the current attempt; the row is as it was before."""
