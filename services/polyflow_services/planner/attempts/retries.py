"""Further attempts: which failures get one, on whose account, and after how long.

A failure that the infrastructure is to blame for has a budget of its own and is never counted as the user's.
An operation that waits for its next attempt holds no slot; a timer, kept like any row, brings it back.
"""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from polyflow_services.planner.ends import endings
from polyflow_services.planner.rows import timers
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.starts import launching
from polyflow_services.planner.turn import Turn
from polyflow_topics.inbox import OperationReported
from polyflow_topics.plan import Backoff, FailureRule, PlannedOperation
from polyflow_topics.status import PodStatus, Status

DEADLINE_EXCEEDED: Final = "DeadlineExceeded"
"""The reason of an attempt that has taken longer than its time-out."""
IGNORED: Final = 100
"""Attempts since the run began, or was resumed, after which an ignored failure counts after all."""
INFRASTRUCTURE: Final = Backoff(limit=60.0)
"""How long an attempt waits after one that the infrastructure lost."""

_FAILURES: Final = frozenset({PodStatus.FAILED})
_REASONS: Final = {PodStatus.STOPPED: "Stopped", PodStatus.LOST: "Lost", PodStatus.ABSENT: "Absent"}
"""Why an attempt is tried again whose pod is gone without a reason."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A further attempt.

    Attributes:
        row: the operation, with what the attempt costs taken off.
        delay: seconds until then (>= 0).
        account: what is said of whom it is counted for.
    """

    row: OperationRow
    delay: float
    account: str


def retry_of(turn: Turn, event: OperationReported, row: OperationRow) -> Retry | None:
    """Return the attempt that follows a failure; None where the operation has failed."""
    planned = turn.planned(event.index)
    blameless = _is_blameless(event)
    match _action(planned, event):
        case "fail":
            return None
        case "ignore" if (further := _further(turn, row)) < IGNORED:
            delay = delay_of(planned.backoff, further, _seed(turn, row))
            what = "failures of the infrastructure are" if blameless else "its exit code is"
            return Retry(row, delay, f"not counted as a retry, for {what} ignored")
    if blameless:
        return _replaced(turn, row)
    return _counted(turn, row, planned)


def given_up(turn: Turn, event: OperationReported, row: OperationRow) -> str:
    """Say why no attempt follows where one that costs no retry might have; empty where none might."""
    action = _action(turn.planned(event.index), event)
    if action == "ignore" and _further(turn, row) >= IGNORED:
        return f"; given up: {IGNORED} attempts, of which those that are ignored cost no retry"
    if action != "fail" and _is_blameless(event) and row.losses >= turn.infrastructure_retries:
        return f"; given up: attempts that the infrastructure lost: {row.losses + 1}"
    return ""


def begin(turn: Turn, event: OperationReported, retry: Retry) -> None:
    """Let an operation wait for its next attempt, or begin it at once where there is no delay."""
    due = turn.at + timedelta(seconds=retry.delay)
    when = f"in {retry.delay:.1f} s, at {timers.clock_time(due)}" if retry.delay else "now"
    said = f"tried again {when} ({retry.account})"
    message = f"{said}: {event.message}" if event.message else said
    turn.put_operation(event.index, retry.row)
    turn.move(event.index, Status.RETRYING, why=(event.reason or _REASONS.get(event.status, ""), message))
    _leave_slot(turn, event.index)
    if retry.delay:
        turn.set_timer(timers.of_operation(timers.RETRY, event.index), due)
    else:
        _again(turn, event.index)


def due(turn: Turn, index: int) -> None:
    """Begin the next attempt of an operation whose timer has fired."""
    turn.drop_timer(timers.of_operation(timers.RETRY, index))
    row = turn.operation(index)
    # What is closing is gone through operation by operation, and this one will have its turn.
    if row.status is Status.RETRYING and turn.closing(row.scope) is None:
        _again(turn, index)


def delay_of(backoff: Backoff, nth: int, seed: str) -> float:
    """Return the seconds that the `nth` further attempt (>= 1) waits.

    Args:
        backoff: what the operation has.
        nth: counts the further attempts.
        seed: the same text gives the same delay.

    Source of the jitter: "equal jitter", M. Brooker, Exponential Backoff and Jitter, AWS 2015.
    """
    if backoff.kind == "fixed":
        return min(backoff.delay, backoff.limit)
    whole = min(backoff.limit, backoff.delay * 2.0 ** min(nth - 1, 62))
    part = int.from_bytes(sha256(seed.encode()).digest()[:4]) / 2**32
    return whole * (0.5 + part / 2)


def _is_blameless(event: OperationReported) -> bool:
    return event.infrastructure or event.status not in _FAILURES


def _further(turn: Turn, row: OperationRow) -> int:
    """Return how many attempts the next one is behind the first since the run began, or was resumed."""
    return row.attempt + 1 - turn.head().attempts


def _action(planned: PlannedOperation, event: OperationReported) -> str:
    """Return what the first rule says that is about a failure; a user's without an exit code has none."""
    return next((rule.action for rule in planned.failure_rules if _is_about(rule, event)), "count")


def _is_about(rule: FailureRule, event: OperationReported) -> bool:
    if _is_blameless(event):
        return not rule.exit_codes
    # What ends because its time is over ends by our signal: the exit code is not the program's.
    exit_code = None if event.reason == DEADLINE_EXCEEDED else event.exit_code
    return bool(rule.exit_codes and exit_code) and (exit_code in rule.exit_codes) is not rule.other


def _replaced(turn: Turn, row: OperationRow) -> Retry | None:
    losses = row.losses + 1
    if losses > turn.infrastructure_retries:
        return None
    account = f"replacement {losses} of {turn.infrastructure_retries}; not counted as a retry"
    after = replace(row, losses=losses)
    return Retry(after, delay_of(INFRASTRUCTURE, losses, _seed(turn, row)), account)


def _counted(turn: Turn, row: OperationRow, planned: PlannedOperation) -> Retry | None:
    if not row.retries:
        return None
    used = planned.max_retries - row.retries + 1
    delay = delay_of(planned.backoff, used, _seed(turn, row))
    return Retry(replace(row, retries=row.retries - 1), delay, f"retry {used} of {planned.max_retries}")


def _seed(turn: Turn, row: OperationRow) -> str:
    return f"{turn.run}/{row.name}/{row.attempt}"


def _leave_slot(turn: Turn, index: int) -> None:
    row = turn.operation(index)
    endings.give_slot_back(turn, row)
    endings.return_slot(turn, index, row)
    turn.put_operation(index, replace(row, slot=False))


def _again(turn: Turn, index: int) -> None:
    row = turn.operation(index)
    turn.put_operation(index, replace(row, attempt=row.attempt + 1))
    launching.ask_for_slot(turn, index)
