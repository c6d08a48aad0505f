"""How a run begins whose plan is whole: questions, condition, files, approval, first operations."""

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from polyflow_services.planner import answers
from polyflow_services.planner.ends import endings
from polyflow_services.planner.ends.endings import Closing, End
from polyflow_services.planner.rows import keys, timers
from polyflow_services.planner.starts import asking, gates, launching
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.values.params import rendered_params
from polyflow_topics.inbox import OperatingRequested, Release, ReleaseContinued
from polyflow_topics.metrics import MetricPolicy, PoliciesDeclared
from polyflow_topics.plan import PlannedCondition
from polyflow_topics.queries import RunsFound
from polyflow_topics.status import Pending, Status

RECHECK_AFTER: Final = timedelta(minutes=5)
"""Between two questions about what was not heard of."""
UPLOAD_AWAITED: Final = "UploadAwaited"
"""Why a run is held whose files have not arrived."""
UPLOAD_WAITS: Final = timedelta(minutes=120)
"""How long a run waits for its files, from its beginning or the last attempt to bring them.

Source: semantics of Polyaxon, which fails what has waited for longer.
"""


def begin(turn: Turn) -> None:
    """Begin a run, end it at once where a stop or its condition says so, or hold it."""
    turn.set_timer(timers.RECHECK, turn.at + RECHECK_AFTER)
    stop = turn.find(keys.stop_key(turn.run))
    if stop is not None:
        forget_stop(turn)
        _go_on(turn)
        endings.close(turn, 0, Closing(reason=stop.reason, message=stop.message))
    elif asking.asks(turn):
        ask(turn)
    else:
        _start_if_wanted(turn)


def ask(turn: Turn) -> None:
    """Ask what a run has to know before it begins, also again; end it where that cannot be asked."""
    end = asking.ask(turn)
    if end is not None:
        end_at_once(turn, end)


def found(turn: Turn, event: RunsFound) -> None:
    """Go on to begin a run that has waited for these answers."""
    end = asking.take(turn, event)
    if end is not None:
        end_at_once(turn, end)
    else:
        _start_if_wanted(turn)


def approve(turn: Turn) -> None:
    """Note that a run is approved; start it if it has waited for that."""
    run = turn.run_row()
    turn.put_run(replace(run, approval=False))
    if run.pending is Pending.APPROVAL:
        _start_unless_held(turn)


def uploaded(turn: Turn) -> None:
    """Note that the files of a run have arrived; start it if it has waited for nothing else."""
    run = turn.run_row()
    turn.put_run(replace(run, upload=False))
    if run.pending is Pending.UPLOAD:
        turn.drop_timer(timers.UPLOAD)
        _start_unless_held(turn)


def not_uploaded(turn: Turn, reason: str, message: str) -> None:
    """Tell why the files of a run that waits for them have not arrived; it goes on waiting."""
    _hold(turn, Pending.UPLOAD, reason, f"{message}; to try again: polyflow upload {turn.run} PATH")
    turn.set_timer(timers.UPLOAD, turn.at + UPLOAD_WAITS)


def upload_overdue(turn: Turn) -> None:
    """End a run whose files have not arrived."""
    turn.drop_timer(timers.UPLOAD)
    minutes = int(UPLOAD_WAITS.total_seconds()) // 60
    end_at_once(turn, End(Status.FAILED, "StaleUpload", f"its files did not arrive within {minutes} minutes"))


def end_at_once(turn: Turn, end: End) -> None:
    """Begin to end a run that has not begun."""
    if turn.run_row().pending is Pending.UPLOAD:
        turn.drop_timer(timers.UPLOAD)
    turn.put_run(replace(turn.run_row(), status=Status.RUNNING, pending=None))
    endings.never_run(turn, end)


def stop_overdue(turn: Turn) -> None:
    """Refuse the stops that have waited for a run which has not come."""
    if turn.find_run() is not None:
        turn.set_timer(timers.STOP, turn.at + answers.WAITS)
        return
    stops = [] if answers.is_known(turn) else answers.forget(turn)
    for name in stops:
        asked = OperatingRequested(run=turn.run, request=name.removeprefix("stop/"), kind="stop")
        answers.refuse(turn, asked, answers.unknown(turn))
    if stops:
        turn.set_timer(timers.STOP, turn.at)
    else:
        forget_stop(turn)


def forget_stop(turn: Turn) -> None:
    """Remove a stop that waited for the run."""
    turn.put(keys.stop_key(turn.run), None)
    turn.drop_timer(timers.STOP)


def _unmet(turn: Turn) -> End | None:
    """Return how a run ends whose condition is not true; None for any other."""
    stored = turn.document(keys.condition_key(turn.run))
    if stored is None:
        return None
    condition = PlannedCondition.model_validate(stored)
    params, found = condition.params or (), asking.found(turn)
    values = {param.name: found.get(param.name, param.value) for param in params}
    return gates.unless(turn, condition.text, rendered_params(params, values), turn.head().name)


def _start_if_wanted(turn: Turn) -> None:
    unmet = _unmet(turn)
    if unmet is not None:
        end_at_once(turn, unmet)
    else:
        _start_unless_held(turn)


def _start_unless_held(turn: Turn) -> None:
    """Start a run that waits for nobody; files come before the approval of whoever looks at them."""
    run = turn.run_row()
    if run.upload:
        message = f"nothing starts before its files have arrived: polyflow upload {turn.run} PATH"
        _hold(turn, Pending.UPLOAD, UPLOAD_AWAITED, message)
        turn.set_timer(timers.UPLOAD, turn.at + UPLOAD_WAITS)
    elif run.approval:
        message = f"nothing starts before it is approved: polyflow approve {turn.run}"
        _hold(turn, Pending.APPROVAL, gates.APPROVAL_AWAITED, message)
    else:
        _start(turn)


def _hold(turn: Turn, pending: Pending, reason: str, message: str) -> None:
    turn.put_run(replace(turn.run_row(), pending=pending))
    turn.tell_run(Status.CREATED, reason=reason, message=message)


def _go_on(turn: Turn) -> None:
    run = turn.run_row()
    turn.put_run(replace(run, status=Status.RUNNING, pending=None))
    reason, message = launching.PAUSED if run.paused else ("", "")
    turn.tell_run(Status.RUNNING, reason=reason, message=message)


def _start(turn: Turn) -> None:
    _go_on(turn)
    if not turn.head().policies:
        turn.release(0, opening=True)
        return
    # The policies must be acknowledged before anything can be measured, so the first launches wait for a
    # round through the inbox: what a decision sends is acknowledged before the next one is made.
    stored = turn.document(keys.policies_key(turn.run)) or {}
    declared = tuple(MetricPolicy.model_validate(policy) for policy in stored.values())
    turn.send(PoliciesDeclared(run=turn.run, policies=declared))
    opening = Release(source=0, opening=True, chunk=0)
    turn.send(ReleaseContinued(run=turn.run, releases=(opening,)))
