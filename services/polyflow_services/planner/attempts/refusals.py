"""Launches that the cluster does not take now, such as for a quota: they are asked for again, and say why."""

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from polyflow_services.planner.rows import keys, timers
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.starts import launching
from polyflow_services.planner.turn import Turn
from polyflow_topics.inbox import OperationReported
from polyflow_topics.status import Status

FIRST: Final = 5
LONGEST: Final = 60
"""Seconds until a launch that was refused is asked for again; they double each time."""


def refused(turn: Turn, event: OperationReported, row: OperationRow) -> None:
    """Tell why an attempt waits, and set the time at which it is asked for again.

    It stays among the launches that are unseen, whose number is limited.
    """
    if row.status is not Status.SCHEDULED or not row.unseen:
        return
    seconds = min(LONGEST, FIRST * 2 ** min(row.asked, 6))
    due = turn.at + timedelta(seconds=seconds)
    turn.set_timer(timers.of_operation(timers.LAUNCH, event.index), due)
    if row.waits != event.reason:
        after = replace(row, waits=event.reason)
        turn.put_operation(event.index, after)
        turn.tell_operation(event.index, after, why=(event.reason, event.message))


def waits(turn: Turn, index: int) -> bool:
    """Tell whether a launch that was refused waits for its run to go on."""
    timer = keys.timer_key(turn.run, timers.of_operation(timers.LAUNCH, index))
    return turn.run_row().paused and turn.find(timer) is not None


def due(turn: Turn, index: int) -> None:
    """Ask again for the attempt whose timer has fired."""
    turn.drop_timer(timers.of_operation(timers.LAUNCH, index))
    row = turn.operation(index)
    if row.status is not Status.SCHEDULED or not row.unseen:
        return
    if turn.run_row().paused:
        later = turn.at + timedelta(seconds=LONGEST)
        turn.set_timer(timers.of_operation(timers.LAUNCH, index), later)
    else:
        launching.relaunch(turn, index)
