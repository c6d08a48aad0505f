"""Walks over the operations of a run in bounded steps: closing a scope, asking again."""

import dataclasses
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from polyflow_services.planner.attempts import refusals, reports
from polyflow_services.planner.ends import endings
from polyflow_services.planner.ends.endings import Closing, End, finish
from polyflow_services.planner.rows import kept, keys, state, sweep_names, timers
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.starts import admitting, asking, beginning, caching, launching, queries
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.walks import forgetting
from polyflow_topics.commands import StopOperation, VerifyOperation
from polyflow_topics.inbox import SweepContinued
from polyflow_topics.status import Status

STEP: Final = 200
"""Operations that one decision visits."""
ASK_AGAIN: Final = 300
"""Seconds until an unanswered command is sent again for the first time; doubles each time."""
ASK_AGAIN_AT_LAST: Final = 3600
"""Seconds until it is sent again at the latest, for restarts send it again as well and count."""
A_MOMENT: Final = 5
"""Seconds between two sweeps over all that is open: a planner that is killed again and again would else send
everything once more for each of its starts, also for those that it has not come to an end with."""
VERIFY: Final = 900
"""Seconds of silence after which the cluster is asked whether a pod is still there."""
GRACE: Final = 10.0
"""Seconds between TERM and KILL."""

_WAITS: Final = frozenset({Status.CREATED, Status.QUEUED, Status.RETRYING})
_LAUNCHED: Final = frozenset({Status.SCHEDULED, Status.RUNNING, Status.PROCESSING})


def step(turn: Turn, event: SweepContinued) -> None:
    """Go one step on; a step that was made before, or whose sweep is over, is a repetition."""
    kind, number = sweep_names.split(event.sweep)
    if kind == sweep_names.CLOSE:
        _close_step(turn, event, number)
    elif kind == sweep_names.FORGET:
        forgetting.step(turn, event)
    elif kind == sweep_names.CLEAR:
        forgetting.clear_step(turn, event)
    elif turn.run_row().status is Status.CREATED:
        if asking.waits(turn):
            beginning.ask(turn)
    elif not state.final(turn.run_row().status):
        # Of a run whose plan is still on its way nothing is open, and not all of its rows are there.
        _step_of_live(turn, event)


def _step_of_live(turn: Turn, event: SweepContinued) -> None:
    kind, number = sweep_names.split(event.sweep)
    if kind == sweep_names.START:
        turn.freed[number] = None
    elif kind == sweep_names.LAUNCH:
        turn.launches_freed = True
    elif kind == sweep_names.GIVE_BACK:
        launching.give_back(turn, event.cursor)
    elif kind == sweep_names.RECHECK:
        _recheck_step(turn, event, everything=False)
    elif event.cursor or _recovers(turn):
        _recheck_step(turn, event, everything=True)


def _recovers(turn: Turn) -> bool:
    """Tell whether all that is open is asked about now; if not, it was, or a timer does it in a moment."""
    run = turn.run_row()
    since = turn.now() - run.recovered
    if -timers.CLOCKS_DIFFER.total_seconds() <= since <= 0:
        return False  # a start before the last sweep, whose message has come again
    if 0 < since < A_MOMENT:
        turn.set_timer(timers.RECOVER, turn.at + timedelta(seconds=A_MOMENT - since))
        return False
    turn.put_run(replace(run, recovered=turn.now()))
    return True


def _close_step(turn: Turn, event: SweepContinued, number: int) -> None:
    row = turn.rows.get(keys.scope_key(turn.run, number))
    if row is None or row.rest is None or row.cursor != event.cursor:
        return
    last = turn.scope_plan(number).last
    until = min(event.cursor + STEP, last)
    for index in range(event.cursor, until):
        # Where only services still end, what is in a nested scope that never opened ends with its owner.
        if row.ends is not None or turn.operation(index).scope == number:
            scope = turn.scope(number)
            rest = scope.rest or Status.STOPPED
            end_early(turn, index, Closing(scope.reason, scope.message, rest=rest))
    # A cursor behind the end says that the sweep is over.
    turn.put_scope(number, replace(turn.scope(number), cursor=until if until < last else last + 1))
    if until < last:
        turn.sweep(event.sweep, until)


def stop_one(turn: Turn, index: int, why: tuple[str, str]) -> None:
    """End one operation, and what is in it, before its time; nothing else is touched.

    Args:
        turn: the decision.
        index: the operation's number.
        why: reason (a word in CamelCase) and message (a sentence).
    """
    row = turn.operation(index)
    if row.opens != state.NONE:
        endings.close(turn, row.opens, Closing(*why))
    else:
        end_early(turn, index, Closing(*why))


def end_early(turn: Turn, index: int, closing: Closing) -> None:
    """End an operation that is not to go on: at once where it has no pod, else by stopping that.

    A nested DAG is marked as closing, which ends nothing yet: whoever calls this visits what is in it.
    """
    row = turn.operation(index)
    why = (closing.reason, closing.message)
    if row.opens != state.NONE and not state.final(row.status):
        ends = closing.rest if row.status in state.NOT_BEGUN else Status.STOPPED
        endings.close_inside(turn, row.opens, dataclasses.replace(closing, ends=ends))
        turn.move(index, Status.STOPPING, why=why)
        if not turn.scope(row.opens).open:
            finish(turn, index, End(ends, *why))
    elif row.status in state.NOT_BEGUN:
        finish(turn, index, End(closing.rest, *why))
    elif row.status is Status.RETRYING:
        finish(turn, index, End(Status.STOPPED, *why))
    elif row.status in _LAUNCHED and not reports.stop_held(turn, index, row, why):
        if turn.closing(row.scope) is None:
            _note_why(turn, index, why)
        turn.move(index, Status.STOPPING, why=why)
        _stop(turn, index, row, closing.reason)


def _note_why(turn: Turn, index: int, why: tuple[str, str]) -> None:
    """Keep why an operation ends of whose scope nothing else does: its cluster does not know who asked."""
    turn.put_alone(keys.stopping_key(turn.run, index), kept.PendingStopRow(*why))


def _stop(turn: Turn, index: int, row: OperationRow, reason: str) -> None:
    turn.send(StopOperation(**turn.about(index, row), grace=GRACE, reason=reason))


def _recheck_step(turn: Turn, event: SweepContinued, *, everything: bool) -> None:
    last = turn.head().operations
    until = min(event.cursor + STEP, last)
    for index in range(event.cursor, until):
        _ask(turn, index, turn.operation(index), everything=everything)
    if until < last:
        turn.sweep(event.sweep, until)


def _ask(turn: Turn, index: int, row: OperationRow, *, everything: bool) -> None:
    silence = turn.now() - row.since
    again = everything or silence >= min(ASK_AGAIN * 2**row.asked, ASK_AGAIN_AT_LAST)
    if row.asks and again and queries.waits(turn, index):
        queries.ask(turn, index)
    if row.opens != state.NONE:
        return
    if row.cached and (everything or row.status is Status.CREATED):
        caching.ask_again(turn, index)
    if row.limited and (everything or row.status in _WAITS):
        admitting.ask_again(turn, index)
    if row.status is Status.STOPPING and again:
        turn.put_operation(index, replace(row, asked=row.asked + 1, since=turn.now()))
        _stop(turn, index, row, "Stopped")
    elif row.status is Status.SCHEDULED and row.unseen and again:
        _relaunch(turn, index)
    elif row.status in _LAUNCHED and not row.unseen and (everything or silence >= VERIFY):
        _verify(turn, index, row)


def _relaunch(turn: Turn, index: int) -> None:
    if not refusals.waits(turn, index):
        launching.relaunch(turn, index)


def _verify(turn: Turn, index: int, row: OperationRow) -> None:
    if reports.held_end(turn, index, row):
        return  # its pod has ended, and was told of
    turn.put_operation(index, replace(row, since=turn.now()))
    turn.send(VerifyOperation(**turn.about(index, row)))
