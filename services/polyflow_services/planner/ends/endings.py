"""How operations, scopes and runs end, and how a scope is closed before its time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from sys import float_info
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from polyflow_services.planner import answers
from polyflow_services.planner.ends import hooks
from polyflow_services.planner.rows import claims, kept, keys, state, sweep_names, timers
from polyflow_services.planner.rows.state import OperationRow, ScopeRow
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.values import reading
from polyflow_topics.message import Values
from polyflow_topics.metrics import OutputsMeasured, PoliciesClosed
from polyflow_topics.names import THE_RUN, OperationName
from polyflow_topics.status import OPERATIONS_FAILED, OPERATIONS_STOPPED, Status

DUPLICATES: Final = timedelta(days=30)
"""How long the id of an ended run stays known; longer than requests are kept on their topic."""
SERVED: Final = "DagEnded"
"""Why a service is ended that nothing needs any more."""
MESSAGE_LENGTH: Final = 120
"""Characters of a closing scope's message that its row keeps."""


class End(msgspec.Struct, frozen=True):
    """How an operation ends."""

    status: Status
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    outputs: Values | None = None
    params: Values | None = None
    """Resolved, of one that ends without having been launched."""
    ran: tuple[datetime, datetime] | None = None
    """From when to when, where that was in an earlier run, or another operation whose result it has."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Why a scope closes, and what becomes of it and of what has not started."""

    reason: str
    message: str = ""
    ends: Status = Status.STOPPED
    rest: Status = Status.STOPPED


def finish(turn: Turn, index: int, end: End) -> None:
    """Give an operation its final status, and note what follows from it; do nothing where it has one."""
    before = turn.operation(index)
    after = state.moved(before, end.status, slot=False, unseen=False)
    if after is before:
        return
    turn.put_operation(index, after)
    if end.outputs:
        turn.put_document(keys.outputs_key(turn.run, index), end.outputs)
        if not before.kept and turn.head().policies:
            _measure(turn, after, end.outputs)
    turn.tell_operation(
        index,
        after,
        why=(end.reason, end.message),
        exit_code=end.exit_code,
        values=(end.params, end.outputs or None),
        ran=end.ran,
    )
    if before.read and end.ran is not None:
        reading.date(turn, index, end.ran)
    give_slot_back(turn, before)
    if before.unseen:
        seen(turn)
    _forget_waiting(turn, index, before)
    if before.cached:
        _settle(turn, index, before, end)
    return_slot(turn, index, before)
    if before.hooks and not before.kept:
        hooks.of_operation(turn, index, (end.reason, end.message), end.outputs or {})
    _count(turn, after)
    _follow(turn, index, after)


def _measure(turn: Turn, row: OperationRow, outputs: Values) -> None:
    """Let policies see the numbers that an operation has ended with."""
    numbers = {name: value for name, value in outputs.items() if _is_number(value)}
    if numbers:
        turn.send(
            OutputsMeasured(
                run=turn.run,
                operation=OperationName(row.name),
                attempt=row.attempt,
                values=numbers,
                at=turn.at,
            )
        )


def _is_number(value: Any) -> bool:
    """Tell whether a value can be compared with a metric's: JSON has integers that no float holds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= float_info.max


def close(turn: Turn, number: int, closing: Closing) -> None:
    """Begin to close a scope: a sweep over its operations ends what is going on in it."""
    scope = turn.scope(number)
    if scope.rest is not None or scope.open == 0:
        return
    _mark_closing(turn, number, scope, closing)
    owner = turn.scope_plan(number).owner
    if owner != state.NONE:
        turn.move(owner, Status.STOPPING, why=(closing.reason, closing.message))
    elif Status.STOPPING in state.NEXT[turn.run_row().status]:
        turn.put_run(replace(turn.run_row(), status=Status.STOPPING))
        turn.tell_run(Status.STOPPING, reason=closing.reason, message=closing.message)
    _sweep(turn, number)


def never_run(turn: Turn, end: End) -> None:
    """Begin to end a run of which nothing is to be run, all its operations with it."""
    single = turn.head().operations == 1
    rest = end.status if single or end.status is not Status.FAILED else Status.UPSTREAM_FAILED
    _mark_closing(turn, 0, turn.scope(0), Closing(end.reason, end.message, ends=end.status, rest=rest))
    _sweep(turn, 0)


def only_services_end(turn: Turn, number: int) -> bool:
    """Tell whether how a scope ends is settled, and only its services have not ended yet."""
    scope = turn.scope(number)
    return scope.rest is not None and scope.ends is None


def is_over(turn: Turn) -> bool:
    """Tell whether all operations of a run that has begun have ended.

    It goes on for a moment, while what is in nested DAGs that never opened is ended.
    """
    root = turn.scope(0)
    return root.rest is None and root.open == 0


def close_inside(turn: Turn, number: int, closing: Closing) -> None:
    """Mark a scope as closing that lies in one whose sweep will visit its operations."""
    scope = turn.scope(number)
    if scope.rest is None:
        _mark_closing(turn, number, scope, closing)


def end_scope(turn: Turn, number: int) -> None:
    """End the scope whose operations have all ended: its owner, or the run."""
    scope = turn.scope(number)
    plan = turn.scope_plan(number)
    end = _scope_end(scope, plan.members)
    if plan.owner != state.NONE:
        finish(turn, plan.owner, end)
    end_run(turn)


def end_run(turn: Turn) -> None:
    """End the run if nothing in it is open, in whatever scope."""
    run = turn.run_row()
    if run.open or state.final(run.status):
        return
    end = _scope_end(turn.scope(0), turn.scope_plan(0).members)
    if turn.head().hooks:
        hooks.of_run(turn, end.status, (end.reason, end.message))
    turn.put_run(replace(turn.run_row(), status=end.status))
    turn.tell_run(end.status, reason=end.reason, message=end.message)
    if turn.head().policies:
        turn.send(PoliciesClosed(run=turn.run))
    turn.drop_timer(timers.RECHECK)
    turn.drop_timer(timers.RECOVER)
    turn.sweep(sweep_names.FORGET)


def leave_stub(turn: Turn) -> None:
    """Replace what is left of an ended run by a stub, which a timer removes."""
    head, run = turn.head(), turn.run_row()
    stub = kept.StubRow(
        specification=head.specification,
        status=run.status,
        sequence=run.sequence,
        attempts=run.attempts,
        generation=head.generation,
        first=head.first,
    )
    hooks.forget(turn, THE_RUN, head.hooks)
    turn.put(keys.stub_key(turn.run), stub)
    for key in (keys.head_key, keys.params_key, keys.policies_key, keys.condition_key, keys.run_key):
        turn.put(key(turn.run), None)
    turn.set_timer(timers.STUB, turn.at + DUPLICATES)


def forget_stub(turn: Turn) -> None:
    """Remove the last trace of a run: first, some at a time, which requests about it were answered."""
    if answers.forget(turn):
        turn.set_timer(timers.STUB, turn.at)
        return
    turn.put(keys.stub_key(turn.run), None)
    turn.drop_timer(timers.STUB)


def give_slot_back(turn: Turn, row: OperationRow) -> None:
    """Let another operation have the slot that one held, if it held one."""
    if row.slot:
        scope = turn.scope(row.scope)
        turn.put_scope(row.scope, replace(scope, active=scope.active - 1))
        if scope.head != state.NONE:
            turn.freed[row.scope] = None


def seen(turn: Turn) -> None:
    """Count one launch fewer that the cluster has not answered."""
    run = turn.run_row()
    turn.put_run(replace(run, unseen=run.unseen - 1))
    turn.launches_freed = run.head != state.NONE


def return_slot(turn: Turn, index: int, row: OperationRow) -> None:
    """Tell admission that an attempt runs no more, or will not, if it has asked for a slot."""
    asked = turn.slot_asked(index) if row.limited else None
    if asked is not None:
        if asked.stage != "returned":
            turn.send(claims.slot_returned(turn.run, row.name, index, asked))
        turn.put_alone(claims.slot_key(turn.run, index), None)


def _forget_waiting(turn: Turn, index: int, before: OperationRow) -> None:
    """Remove what was kept for as long as an operation waited for something."""
    turn.wait_no_more(index, before)
    if before.status is Status.RETRYING:
        turn.drop_timer(timers.of_operation(timers.RETRY, index))
    elif before.status is Status.STOPPING and turn.stop_of(index) is not None:
        turn.remove(keys.stopping_key(turn.run, index))


def _settle(turn: Turn, index: int, before: OperationRow, end: End) -> None:
    """Tell the cache that an operation which has asked it has ended."""
    asked = turn.result_asked(index)
    if asked is not None:
        executed = asked.stage == "holds" and end.status is Status.SUCCEEDED
        result = (end.outputs or {}, (asked.started or turn.at, turn.at)) if executed else None
        turn.send(claims.settled(turn.run, before.name, index, asked, result))
        turn.put_alone(claims.look_up_key(turn.run, index), None)


def _count(turn: Turn, row: OperationRow) -> None:
    run = turn.run_row()
    turn.put_run(replace(run, open=run.open - 1))
    scope = turn.scope(row.scope)
    turn.put_scope(
        row.scope,
        replace(
            scope,
            open=scope.open - 1,
            failed=scope.failed + (row.status is Status.FAILED),
            stopped=scope.stopped + (row.status is Status.STOPPED),
            services=scope.services - (row.service and scope.services > 0),
        ),
    )
    if row.status in state.FAILURES and row.opens == state.NONE:
        _count_failure(turn, row.scope)
    if row.trial and row.status is Status.FAILED:
        _stop_early(turn, row.scope, turn.scope(row.scope).failed, turn.scope_plan(row.scope).members)
    if scope.open == 1:
        turn.ended.append(row.scope)
    else:
        _end_services(turn, row.scope)


def _end_services(turn: Turn, number: int) -> None:
    """Begin to end the services of a scope once nothing else in it is open; that is no failure."""
    scope = turn.scope(number)
    if scope.open != scope.services or turn.closing(number) is not None:
        return
    message = "all other operations of its DAG have ended"
    turn.put_scope(number, replace(scope, rest=Status.STOPPED, reason=SERVED, message=message))
    _sweep(turn, number)


def _count_failure(turn: Turn, innermost: int) -> None:
    for number in turn.ancestors(innermost):
        scope = turn.scope(number)
        turn.put_scope(number, replace(scope, failures=scope.failures + 1))
        plan = turn.scope_plan(number)
        if not plan.trials:
            _stop_early(turn, number, scope.failures + 1, plan.last - plan.first)


def _stop_early(turn: Turn, number: int, failures: int, size: int) -> None:
    """Close a scope in which too many operations failed; of a matrix, too many trials.

    Source: semantics of `failure_early_stopping`: (failed + upstream_failed) / all, over all operations.
    """
    plan = turn.scope_plan(number)
    if plan.failure_percent is None or failures * 100 < plan.failure_percent * size:
        return
    what = "trials" if plan.trials else "operations"
    message = f"{failures} of {size} {what} failed; the limit is {plan.failure_percent:g} %"
    close(turn, number, Closing("FailureEarlyStopping", message, ends=Status.FAILED))


def _follow(turn: Turn, index: int, row: OperationRow) -> None:
    if turn.lets_go(row.scope):
        turn.release(index)
    if row.opens != state.NONE and turn.scope(row.opens).open:
        reason, rest, became = _NEVER_OPENED[row.status]
        kind = "matrix" if turn.scope_plan(row.opens).trials else "DAG"
        close(turn, row.opens, Closing(reason, f"the {kind} {row.name!r} {became}", rest=rest))


_NEVER_OPENED: Final[Mapping[Status, tuple[str, Status, str]]] = {
    Status.SKIPPED: ("ScopeSkipped", Status.SKIPPED, "was skipped"),
    Status.STOPPED: ("ScopeStopped", Status.STOPPED, "was stopped before it began"),
    Status.FAILED: ("ScopeFailed", Status.UPSTREAM_FAILED, "failed before it began"),
    Status.UPSTREAM_FAILED: ("ScopeUpstreamFailed", Status.UPSTREAM_FAILED, "is upstream_failed"),
}
"""What becomes of all in a DAG or matrix that ended so before it opened: reason, status, and words for it."""


def _mark_closing(turn: Turn, number: int, scope: ScopeRow, closing: Closing) -> None:
    turn.put_scope(
        number,
        replace(
            scope,
            rest=closing.rest,
            ends=closing.ends,
            reason=closing.reason,
            message=closing.message[:MESSAGE_LENGTH],
        ),
    )


def _sweep(turn: Turn, number: int) -> None:
    """Begin to visit what is in a closing scope."""
    turn.sweep(sweep_names.of_scope(sweep_names.CLOSE, number), turn.scope_plan(number).first)


def _scope_end(scope: ScopeRow, members: int) -> End:
    if scope.ends is not None:
        return End(scope.ends, scope.reason, scope.message)
    if scope.failed:
        return End(Status.FAILED, OPERATIONS_FAILED, f"{scope.failed} of {members} operations failed")
    if members and scope.stopped == members:
        return End(Status.STOPPED, OPERATIONS_STOPPED, "all operations were stopped")
    return End(Status.SUCCEEDED)
