"""What people ask of a run that goes on: to stop, skip or approve something, to pause.

Each request may come twice, at any time: it is followed, or things are as it wants them already, or the
answer says why it means nothing.  What comes before the run has begun is kept until it does.
"""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from polyflow_services.planner import answers
from polyflow_services.planner.answers import accept, refuse
from polyflow_services.planner.ends import endings
from polyflow_services.planner.ends.endings import Closing, End, finish
from polyflow_services.planner.requests import explaining
from polyflow_services.planner.rows import state
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.starts import beginning, launching, lookups, starting
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.walks import finding, sweeps
from polyflow_topics.inbox import OperatingKind, OperatingRequested
from polyflow_topics.status import Pending, Status

_BEFORE: Final = frozenset({"approve", "pause", "unpause", "limit", "explain"})
"""Requests that are noted before the run begins; others are kept until it has."""
ENDING: Final = ("AlreadyEnding", "the run is ending already")


def handle(turn: Turn, event: OperatingRequested) -> None:
    """Follow a request, keep it for a run that has not begun, or refuse it."""
    if answers.was_answered(turn, event):
        return
    run = turn.find_run()
    if not answers.is_known(turn):
        answers.keep(turn, event)
    elif run is None or state.final(run.status):
        refuse(turn, event, ("RunEnded", "the run has ended"))
    elif run.status is Status.CREATED and not _can_be_noted(turn, event):
        answers.keep(turn, event)
    elif event.operation and event.kind != "limit":
        _about_operation(turn, event)
    else:
        _OF_RUN[event.kind](turn, event)


def catch_up(turn: Turn) -> None:
    """Follow what was kept for a run, as far as it has come; the rest is kept on."""
    for event in answers.take(turn):
        if turn.run_row().status is not Status.CREATED or _can_be_noted(turn, event):
            handle(turn, event)
        else:
            answers.put(turn, event)


def _can_be_noted(turn: Turn, event: OperatingRequested) -> bool:
    if turn.run_row().parts != turn.head().parts:
        return False
    held = turn.run_row().pending is not None and not event.operation
    return held or event.kind in _BEFORE


def _about_operation(turn: Turn, event: OperatingRequested) -> None:
    place = finding.find(turn, event.operation, event.cursor)
    if place.index is not None:
        _OF_OPERATION[event.kind](turn, event, place.index)
    elif place.cursor is not None:
        turn.send(event.model_copy(update={"cursor": place.cursor}))
    else:
        refuse(turn, event, ("UnknownOperation", f"the run has no operation {event.operation!r}"))


def _why(event: OperatingRequested) -> tuple[str, str]:
    return event.reason or event.kind.title(), event.message


# Operations


def _stop(turn: Turn, event: OperatingRequested, index: int) -> None:
    row = turn.operation(index)
    if state.final(row.status):
        _after_the_end(turn, event, row, Status.STOPPED)
        return
    if row.status is not Status.STOPPING:
        _end_early(turn, event, index, Status.STOPPED)
    accept(turn, event)


def _skip(turn: Turn, event: OperatingRequested, index: int) -> None:
    row = turn.operation(index)
    if state.final(row.status):
        _after_the_end(turn, event, row, Status.SKIPPED)
    elif _has_begun(row) and not _is_skipped_by_now(turn, row):
        message = f"operation {row.name!r} has begun: it is {row.status}; to end it, stop it"
        refuse(turn, event, ("AlreadyBegun", message))
    elif _is_ending(turn, row):
        refuse(turn, event, ("AlreadyEnding", f"operation {row.name!r} is ending already"))
    else:
        _end_early(turn, event, index, Status.SKIPPED)
        accept(turn, event)


def _is_ending(turn: Turn, row: OperationRow) -> bool:
    """Tell whether how a DAG ends is settled: nothing but its services is left in it."""
    if row.opens == state.NONE:
        return False
    scope = turn.scope(row.opens)
    return scope.rest is not None and scope.ends is not Status.SKIPPED


def _has_begun(row: OperationRow) -> bool:
    if row.opens != state.NONE:
        return row.status is Status.STOPPING
    # Attempts of a resumed run count on, so their number says nothing.
    return row.status not in state.NOT_BEGUN or row.since > 0


def _is_skipped_by_now(turn: Turn, row: OperationRow) -> bool:
    return row.opens != state.NONE and turn.scope(row.opens).ends is Status.SKIPPED


def _end_early(turn: Turn, event: OperatingRequested, index: int, status: Status) -> None:
    row = turn.operation(index)
    closing = Closing(*_why(event), ends=status, rest=status)
    if row.opens == state.NONE:
        sweeps.end_early(turn, index, closing)
    elif row.status in state.NOT_BEGUN:
        finish(turn, index, End(status, *_why(event)))
    else:
        endings.close(turn, row.opens, closing)


def _approve(turn: Turn, event: OperatingRequested, index: int) -> None:
    row = turn.operation(index)
    if row.approval and not state.final(row.status):
        turn.put_operation(index, replace(row, approval=False))
        if row.pending is Pending.APPROVAL:
            starting.go_on(turn, index, starting.approved)
        accept(turn, event)
    elif row.approval:
        _after_the_end(turn, event, row, None)
    elif lookups.execute(turn, index):
        accept(turn, event, ("Executed", f"operation {row.name!r} waits for no equal one any more"))
    elif turn.planned(index).approval:
        accept(turn, event, ("AlreadyApproved", f"operation {row.name!r} was approved before"))
    else:
        refuse(turn, event, ("NoApprovalNeeded", f"operation {row.name!r} needs no approval"))


def _after_the_end(turn: Turn, event: OperatingRequested, row: OperationRow, wanted: Status | None) -> None:
    why = ("AlreadyEnded", f"operation {row.name!r} has ended: it is {row.status}")
    if row.status is wanted:
        accept(turn, event, why)
    else:
        refuse(turn, event, why)


def _not_of_one(turn: Turn, event: OperatingRequested, index: int) -> None:
    del index
    refuse(turn, event, ("NotOfOperation", f"to {event.kind} is about a whole run"))


def _explain(turn: Turn, event: OperatingRequested, index: int) -> None:
    accept(turn, event, ("Explained", "\n".join(explaining.of_operation(turn, index))))


# The run


def _explain_run(turn: Turn, event: OperatingRequested) -> None:
    accept(turn, event, ("Explained", "\n".join(explaining.of_run(turn))))


def _skip_run(turn: Turn, event: OperatingRequested) -> None:
    if turn.scope(0).rest not in {None, Status.SKIPPED} or endings.is_over(turn):
        refuse(turn, event, ENDING)
        return
    if turn.run_row().status is Status.CREATED:
        beginning.end_at_once(turn, End(Status.SKIPPED, *_why(event)))
        catch_up(turn)
    else:
        endings.close(turn, 0, Closing(*_why(event), ends=Status.SKIPPED, rest=Status.SKIPPED))
    accept(turn, event)


def _approve_run(turn: Turn, event: OperatingRequested) -> None:
    if turn.run_row().approval:
        beginning.approve(turn)
        accept(turn, event)
        catch_up(turn)
    elif turn.head().approval:
        accept(turn, event, ("AlreadyApproved", "the run was approved before"))
    else:
        message = "the run needs no approval; to approve an operation of it, name that"
        refuse(turn, event, ("NoApprovalNeeded", message))


def _upload(turn: Turn, event: OperatingRequested) -> None:
    if not turn.run_row().upload:
        _no_upload_awaited(turn, event)
    elif event.reason:
        beginning.not_uploaded(turn, event.reason, event.message)
        accept(turn, event)
    else:
        beginning.uploaded(turn)
        accept(turn, event)
        catch_up(turn)


def _no_upload_awaited(turn: Turn, event: OperatingRequested) -> None:
    if turn.head().upload:
        accept(turn, event, ("AlreadyUploaded", "its files arrived before"))
    else:
        refuse(turn, event, ("NoUploadAwaited", "the run waits for no files"))


def _pause(turn: Turn, event: OperatingRequested) -> None:
    run = turn.run_row()
    if turn.scope(0).ends is not None or endings.is_over(turn):
        refuse(turn, event, ENDING)
        return
    if run.paused:
        accept(turn, event, ("AlreadyPaused", "the run was paused before"))
        return
    turn.put_run(replace(run, paused=True))
    launching.give_back(turn, run.head)
    if run.status is Status.RUNNING:
        turn.tell_run(Status.RUNNING, reason=launching.PAUSED[0], message=launching.PAUSED[1])
    accept(turn, event)


def _unpause(turn: Turn, event: OperatingRequested) -> None:
    run = turn.run_row()
    if not run.paused:
        accept(turn, event, ("NotPaused", "the run is not paused"))
        return
    turn.put_run(replace(run, paused=False))
    turn.launches_freed = True
    if run.status is Status.RUNNING:
        turn.tell_run(Status.RUNNING)
    accept(turn, event)


def _limit(turn: Turn, event: OperatingRequested) -> None:
    number = finding.scope_of(turn, event.operation)
    if number is None:
        refuse(turn, event, ("UnknownOperation", f"the run has no DAG or matrix {event.operation!r}"))
        return
    limit = state.UNLIMITED if event.concurrency is None else event.concurrency
    turn.put_scope(number, replace(turn.scope(number), limit=limit))
    turn.freed[number] = None
    accept(turn, event)


_OF_OPERATION: Final[Mapping[OperatingKind, Callable[[Turn, OperatingRequested, int], None]]] = {
    "stop": _stop,
    "skip": _skip,
    "approve": _approve,
    "pause": _not_of_one,
    "unpause": _not_of_one,
    "explain": _explain,
    "upload": _not_of_one,
}
_OF_RUN: Final[Mapping[OperatingKind, Callable[[Turn, OperatingRequested], None]]] = {
    "skip": _skip_run,
    "approve": _approve_run,
    "pause": _pause,
    "unpause": _unpause,
    "limit": _limit,
    "explain": _explain_run,
    "upload": _upload,
}
