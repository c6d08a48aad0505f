"""What people ask of one operation: to stop, skip or approve it, and why it stands as it does."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from polyflow_services.planner.answers import accept, refuse, why_of
from polyflow_services.planner.ends import endings
from polyflow_services.planner.ends.endings import Closing, End, finish
from polyflow_services.planner.requests import explaining
from polyflow_services.planner.rows import state
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.starts import lookups, starting
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.walks import sweeps
from polyflow_topics.inbox import OperatingKind, OperatingRequested
from polyflow_topics.status import Pending, Status


def _stop(turn: Turn, event: OperatingRequested, index: int) -> None:
    row = turn.operation(index)
    if state.final(row.status):
        _after_the_end(turn, event, row, Status.STOPPED)
        return
    if _only_services_end(turn, row):
        _ending(turn, event, row)
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
    elif _only_services_end(turn, row):
        _ending(turn, event, row)
    else:
        _end_early(turn, event, index, Status.SKIPPED)
        accept(turn, event)


def _ending(turn: Turn, event: OperatingRequested, row: OperationRow) -> None:
    refuse(turn, event, ("AlreadyEnding", f"operation {row.name!r} is ending already"))


def _only_services_end(turn: Turn, row: OperationRow) -> bool:
    return row.opens != state.NONE and endings.only_services_end(turn, row.opens)


def _has_begun(row: OperationRow) -> bool:
    if row.opens != state.NONE:
        return row.status is Status.STOPPING
    # Attempts of a resumed run count on, so their number says nothing.
    return row.status not in state.NOT_BEGUN or row.since > 0


def _is_skipped_by_now(turn: Turn, row: OperationRow) -> bool:
    return row.opens != state.NONE and turn.scope(row.opens).ends is Status.SKIPPED


def _end_early(turn: Turn, event: OperatingRequested, index: int, status: Status) -> None:
    row = turn.operation(index)
    closing = Closing(*why_of(event), ends=status, rest=status)
    if row.opens == state.NONE:
        sweeps.end_early(turn, index, closing)
    elif row.status in state.NOT_BEGUN:
        finish(turn, index, End(status, *why_of(event)))
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


HANDLERS: Final[Mapping[OperatingKind, Callable[[Turn, OperatingRequested, int], None]]] = {
    "stop": _stop,
    "skip": _skip,
    "approve": _approve,
    "pause": _not_of_one,
    "unpause": _not_of_one,
    "explain": _explain,
    "upload": _not_of_one,
}
"""Who follows a request, with the operation's number."""
