"""From ready to launched: slots of the scope, the limit of unseen launches of the run, and the launch itself.

An operation that must wait stands in one of two queues: its scope's (for a slot) or the run's (for a launch).
A queue is a chain through the rows of operations, so that it costs no row of its own.
"""

from typing import Final

from msgspec.structs import replace

from polyflow_services.planner.ends.endings import finish, give_slot_back
from polyflow_services.planner.rows import claims, state, sweep_names
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.starts import gates, opening
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.values.params import Filled, ParamError, context_of, fill
from polyflow_topics.admission import DEFAULT
from polyflow_topics.commands import LaunchOperation
from polyflow_topics.plan import PlannedOperation
from polyflow_topics.status import Status

UNSEEN_LAUNCHES: Final = 500
"""Launches of one run that the cluster has not answered, at most."""
PAUSED: Final = ("Paused", "nothing more is launched until it is unpaused")
"""What a paused run says, and each operation that would be launched."""


def start_waiting(turn: Turn, number: int) -> None:
    """Give the free slots of a scope to operations that wait for one, in order."""
    while (index := turn.scope(number).head) != state.NONE:
        if not _has_slot(turn, number) or turn.closing(number) is not None:
            return
        if not turn.step():
            turn.freed.pop(number, None)  # by what has failed at its start: who goes on sees it
            turn.sweep(sweep_names.of_scope(sweep_names.START, number), index)
            return
        turn.put_scope(number, replace(turn.scope(number), head=_leave_queue(turn, index)))
        if turn.operation(index).status is Status.QUEUED:
            _take_slot(turn, index)


def launch_waiting(turn: Turn) -> None:
    """Launch operations that wait for the cluster to answer earlier launches of the run, in order."""
    while (index := turn.run_row().head) != state.NONE:
        run = turn.run_row()
        if run.paused or run.unseen >= UNSEEN_LAUNCHES:
            return
        if not turn.step():
            turn.sweep(sweep_names.LAUNCH, index)
            return
        turn.put_run(replace(run, head=_leave_queue(turn, index)))
        row = turn.operation(index)
        # Where its scope closes, the sweep that ends it has not come to it yet.
        wanted = row.slot and turn.closing(row.scope) is None
        # What is under limits of the installation has asked admission by now, and goes on.
        if wanted and not row.limited and _over_limit(turn, row.scope):
            _wait_for_slot_again(turn, index, row)
        elif wanted and row.limited and not _admitted(turn, index):
            _ask_admission(turn, index, row)
        elif wanted:
            launch(turn, index)


def give_back(turn: Turn, cursor: int) -> None:
    """Return the slots under limits of what waits for a paused run to go on: others have a use for them.

    Args:
        turn: the decision.
        cursor: the operation to begin with; while the run is paused none leaves the queue.
    """
    index = cursor
    while index != state.NONE and turn.run_row().paused:
        if not turn.step():
            turn.sweep(sweep_names.GIVE_BACK, index)
            return
        give_back_of(turn, index)
        index = turn.operation(index).next


def give_back_of(turn: Turn, index: int) -> None:
    """Return the slot under limits that an operation holds, if it does; it asks again before its launch."""
    asked = turn.slot_asked(index)
    if asked is not None and asked.stage == "holds":
        turn.send(claims.slot_returned(turn.run, turn.operation(index).name, index, asked))
        turn.put_alone(claims.slot_key(turn.run, index), replace(asked, stage="returned", why=""))


def ask_for_slot(turn: Turn, index: int) -> None:
    """Give an operation a slot of its scope and launch it, or let it wait for one."""
    number = turn.operation(index).scope
    if _has_slot(turn, number) and turn.scope(number).head == state.NONE:
        _take_slot(turn, index)
        return
    scope = turn.scope(number)
    if scope.head == state.NONE:
        turn.put_scope(number, replace(scope, head=index, tail=index))
    else:
        _link(turn, scope.tail, index)
        turn.put_scope(number, replace(scope, tail=index))
    name = turn.scope_plan(number).name
    message = f"the concurrency of {f'{name!r}' if name else 'the run'} is {turn.limit(number)}"
    why = ("ConcurrencyLimit", message)
    if not turn.move(index, Status.QUEUED, why=why):
        turn.tell_operation(index, turn.operation(index), why=why)


def _wait_for_slot_again(turn: Turn, index: int, row: OperationRow) -> None:
    """Take back the slot of what was not launched before the limit of its scope was lowered."""
    give_slot_back(turn, row)
    turn.put_operation(index, replace(turn.operation(index), slot=False))
    ask_for_slot(turn, index)


def ask_for_launch(turn: Turn, index: int) -> None:
    """Launch an operation that has its slot, or let it wait for room among the run's unseen launches."""
    run = turn.run_row()
    if run.unseen < UNSEEN_LAUNCHES and run.head == state.NONE and not run.paused:
        launch(turn, index)
        return
    if run.head == state.NONE:
        turn.put_run(replace(run, head=index, tail=index))
    else:
        _link(turn, run.tail, index)
        turn.put_run(replace(run, tail=index))
    row = state.moved(turn.operation(index), Status.QUEUED)
    turn.put_operation(index, row)
    # The other reason is not told: it lasts as long as the cluster takes to answer, and a fan-out of 10,000
    # would tell it 9,500 times.
    if run.paused:
        turn.tell_operation(index, row, why=PAUSED)


def launch(turn: Turn, index: int) -> None:
    """Request the current attempt of an operation from its cluster."""
    planned = turn.planned(index)
    filled = _filled(turn, index, planned)
    if filled is None:
        return
    after = state.moved(turn.operation(index), Status.SCHEDULED, unseen=True, asked=0, since=turn.now())
    turn.put_operation(index, after)
    run = turn.run_row()
    turn.put_run(replace(run, unseen=run.unseen + 1))
    turn.name_attempt(after.attempt)
    turn.tell_operation(index, after, values=(filled.params, None))
    _send(turn, index, after, planned, filled)


def relaunch(turn: Turn, index: int) -> None:
    """Send the launch of the current attempt again; the pod's name makes it harmless."""
    planned = turn.planned(index)
    filled = _filled(turn, index, planned)
    if filled is None:
        return
    row = turn.operation(index)
    turn.put_operation(index, replace(row, asked=row.asked + 1, since=turn.now()))
    _send(turn, index, row, planned, filled)


def _filled(turn: Turn, index: int, planned: PlannedOperation) -> Filled | None:
    """Return what an operation is launched with; where there is no such thing, end it and return None."""
    context = (
        context_of(turn.head(), turn.run, planned.name, _namespace(planned)) if planned.templated else {}
    )
    try:
        return fill(planned, turn.upstream, context)
    except ParamError as error:
        finish(turn, index, gates.end_of(error))
        return None


def _namespace(planned: PlannedOperation) -> str:
    return planned.parts.namespace if planned.parts is not None else ""


def _send(turn: Turn, index: int, row: OperationRow, planned: PlannedOperation, filled: Filled) -> None:
    head = turn.head()
    turn.send(
        LaunchOperation.trusted(
            {
                **turn.about(index, row),
                "project": head.project,
                "owner": head.owner,
                "container": filled.container,
                "parts": filled.parts,
                "timeout": planned.timeout,
            }
        )
    )


def _has_slot(turn: Turn, number: int) -> bool:
    limit = turn.limit(number)
    return not limit or turn.scope(number).active < limit


def _over_limit(turn: Turn, number: int) -> bool:
    limit = turn.limit(number)
    return bool(limit) and turn.scope(number).active > limit


def _take_slot(turn: Turn, index: int) -> None:
    row = turn.operation(index)
    scope = turn.scope(row.scope)
    turn.put_scope(row.scope, replace(scope, active=scope.active + 1))
    turn.put_operation(index, replace(row, slot=True))
    if row.limited and not turn.run_row().paused:
        _ask_admission(turn, index, row)
    elif row.opens == state.NONE:
        ask_for_launch(turn, index)
    else:
        opening.open_scope(turn, index)


def _ask_admission(turn: Turn, index: int, row: OperationRow) -> None:
    """Ask for a slot under the limits of the installation; `admitting.answered` goes on."""
    before = turn.slot_asked(index)
    queue = turn.planned(index).queue or DEFAULT
    asked = claims.SlotRow(queue, row.attempt, question=0 if before is None else before.question + 1)
    turn.name_attempt(row.attempt)
    turn.put_alone(claims.slot_key(turn.run, index), asked)
    turn.send(claims.ask_for_slot(turn.run, row.name, index, asked))


def _admitted(turn: Turn, index: int) -> bool:
    asked = turn.slot_asked(index)
    return asked is not None and asked.stage == "holds"


def _link(turn: Turn, before: int, index: int) -> None:
    turn.put_operation(before, replace(turn.operation(before), next=index))


def _leave_queue(turn: Turn, index: int) -> int:
    """Take the first operation out of a queue; return the one behind it."""
    row = turn.operation(index)
    turn.put_operation(index, replace(row, next=state.NONE))
    return row.next
