"""Stops: of a run, or, as a policy asks for them, of a DAG, of a matrix, or of one of its trials."""

from polyflow_services.planner import answers
from polyflow_services.planner.ends import endings
from polyflow_services.planner.ends.endings import Closing, End
from polyflow_services.planner.requests import of_run, operating
from polyflow_services.planner.rows import kept, keys, matrices, state, timers
from polyflow_services.planner.rows.state import RunRow
from polyflow_services.planner.starts import asking, beginning
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.walks import sweeps
from polyflow_topics.inbox import OperatingRequested, StopRequested
from polyflow_topics.status import Status


def stop(turn: Turn, event: StopRequested) -> None:
    """End a run, a DAG of it or a trial, or keep that for a run that has not come."""
    run = turn.find_run()
    ended = state.final(run.status) if run else turn.rows.get(keys.stub_key(turn.run)) is not None
    if event.request and not _answer_stop(turn, event, ended=ended):
        return
    if run is None or (run.status is Status.CREATED and not _is_held(turn, run)):
        _keep_stop(turn, event)
    elif run.status is Status.CREATED and not event.scope:
        beginning.end_at_once(turn, End(Status.STOPPED, event.reason, event.message))
        operating.catch_up(turn)
    elif not ended:
        _close(turn, event)


def _is_held(turn: Turn, run: RunRow) -> bool:
    """Tell whether a run that has not begun has got all of its plan, and waits for something else."""
    return run.pending is not None or asking.waits(turn)


def _answer_stop(turn: Turn, event: StopRequested, *, ended: bool) -> bool:
    """Answer a stop; return whether there is something to be done."""
    asked = OperatingRequested(run=event.run, request=event.request, kind="stop")
    if answers.was_answered(turn, asked):
        return False
    run = turn.find_run()
    if ended:
        answers.refuse(turn, asked, ("RunEnded", "the run has ended"))
    elif run is None:
        answers.say_kept(turn, asked)
        answers.remember(turn, asked)
    elif run.status is not Status.CREATED and _is_settled(turn):
        answers.refuse(turn, asked, of_run.ENDING)
        return False
    else:
        answers.accept(turn, asked)
    return True


def _is_settled(turn: Turn) -> bool:
    return endings.is_over(turn) or endings.only_services_end(turn, 0)


def _close(turn: Turn, event: StopRequested) -> None:
    if _is_of_former_life(turn, event):
        return
    number = turn.find(keys.scope_number_key(turn.run, event.scope))
    if number is not None and event.operation:
        _stop_one(turn, event, number.number)
    elif number is not None:
        ends = Status.SUCCEEDED if event.by_policy else Status.STOPPED
        endings.close(turn, number.number, Closing(event.reason, event.message, ends=ends))


def _is_of_former_life(turn: Turn, event: StopRequested) -> bool:
    """Tell whether a policy was met by what was measured before the run was resumed."""
    return event.attempt is not None and event.attempt < turn.head().attempts


def _stop_one(turn: Turn, event: StopRequested, number: int) -> None:
    index = matrices.member(turn.scope_plan(number), turn.find_operation, event.operation)
    if index is not None and turn.closing(number) is None:
        sweeps.stop_one(turn, index, (event.reason, event.message))


def _keep_stop(turn: Turn, event: StopRequested) -> None:
    if event.scope or turn.find(keys.stub_key(turn.run)) is not None:
        return
    turn.put(keys.stop_key(turn.run), kept.PendingStopRow(event.reason, event.message))
    turn.set_timer(timers.STOP, turn.at + answers.WAITS)
