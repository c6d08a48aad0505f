"""How a run moves: one message in, changed rows and messages out.  Pure; time is the record's.

A decision reads and writes only the rows that its message touches: the run's counters, one operation, its
scope, and what waits for it.  What does not fit into one decision (a fan-out, a sweep) goes on by a message
to itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from polyflow_services.planner import answers
from polyflow_services.planner.arrivals import plans, resuming
from polyflow_services.planner.attempts import patience, refusals, reports, retries
from polyflow_services.planner.ends import endings
from polyflow_services.planner.requests import operating, stopping
from polyflow_services.planner.rows import keys, state, sweep_names, timers
from polyflow_services.planner.starts import (
    admitting,
    asking,
    beginning,
    caching,
    launching,
    lookups,
    queries,
    starting,
)
from polyflow_services.planner.turn import INFRASTRUCTURE_RETRIES, OUTPUTS_WAIT, Turn
from polyflow_services.planner.walks import graph, sweeps
from polyflow_shared.deciding.decision import Decision, handler_of
from polyflow_shared.deciding.rows import Rows
from polyflow_topics.admission import SlotAnswered, VerifySlot
from polyflow_topics.inbox import (
    OperatingRequested,
    OperationReported,
    OutputsLogged,
    ReleaseContinued,
    StopRequested,
    SweepContinued,
    TimerFired,
)
from polyflow_topics.message import Message
from polyflow_topics.names import THE_RUN, RunId
from polyflow_topics.plan import PlanBegun, PlanEnded, PlanPart
from polyflow_topics.queries import RunsFound
from polyflow_topics.results import ResultAnswered, VerifyLookUp
from polyflow_topics.status import Status


def decide(
    rows: Rows[Any],
    message: Message,
    at: datetime,
    *,
    infrastructure_retries: int = INFRASTRUCTURE_RETRIES,
    outputs_wait: float = OUTPUTS_WAIT,
) -> Decision:
    """Return what changes because of `message`, which the log dates `at`.

    A message seen before, or about an attempt that is over, changes nothing: a broker may deliver twice.

    Args:
        rows: what the planner remembers.
        message: what it hears.
        at: when the record was written.
        infrastructure_retries: see the settings.
        outputs_wait: see the settings.

    Raises:
        NotReadError: the message is of a kind that the planner does not read.
    """
    handle = handler_of(HANDLERS, message, "the planner")
    turn = Turn(
        rows,
        RunId(message.key()),
        at,
        infrastructure_retries=infrastructure_retries,
        outputs_wait=outputs_wait,
    )
    handle(turn, message)
    _settle(turn)
    return turn.decision()


def recovered(restored: Iterable[str]) -> Sequence[Message]:
    """Return what a planner says to itself after a restart: ask again about all that is open.

    Args:
        restored: the keys of all rows that were.
    """
    runs = filter(None, map(keys.run_of, restored))
    return [SweepContinued(run=RunId(run), sweep=sweep_names.RECOVER, cursor=0) for run in runs]


def _found(turn: Turn, event: RunsFound) -> None:
    if event.index == THE_RUN:
        _found_for_run(turn, event)
        return
    index = queries.take(turn, event)
    if index is not None:
        starting.go_on(turn, index, queries.answered)


def _found_for_run(turn: Turn, event: RunsFound) -> None:
    if asking.waits(turn):
        beginning.found(turn, event)
        operating.catch_up(turn)


def _release(turn: Turn, event: ReleaseContinued) -> None:
    row = turn.find_run()
    # Of a run whose plan is still on its way this is of its former life.
    if row is not None and not state.final(row.status) and row.status is not Status.CREATED:
        turn.releases.extend(resuming.true_still(turn, event.releases))


def _sweep(turn: Turn, event: SweepContinued) -> None:
    if turn.find_run() is not None:
        sweeps.step(turn, event)


def _settle(turn: Turn) -> None:
    """Follow everything that the message has set going, as far as one decision goes."""
    while _advance(turn):
        pass
    graph.carry_over(turn)


def _advance(turn: Turn) -> bool:
    if turn.ended:
        endings.end_scope(turn, turn.ended.popleft())
    elif turn.releases and graph.follow(turn, turn.releases[0]):
        turn.releases.popleft()
    elif turn.freed:
        launching.start_waiting(turn, turn.freed.popitem()[0])
    elif turn.launches_freed:
        turn.launches_freed = False
        launching.launch_waiting(turn)
    else:
        return False
    return True


def _timer(turn: Turn, event: TimerFired) -> None:
    row = turn.find(keys.timer_key(turn.run, event.name))
    if row is None or row.due != event.due:
        return
    if row.due - turn.at > timers.CLOCKS_DIFFER:  # a wrong clock has fired it
        turn.set_timer(event.name, row.due)
        return
    if (of_operation := timers.split(event.name)) is not None:
        _timer_of_operation(turn, event, of_operation)
        return
    _OF_THE_RUN[event.name](turn)


def _recheck(turn: Turn) -> None:
    turn.set_timer(timers.RECHECK, turn.at + beginning.RECHECK_AFTER)
    sweeps.step(turn, SweepContinued(run=turn.run, sweep=sweep_names.RECHECK, cursor=0))


def _recover(turn: Turn) -> None:
    turn.drop_timer(timers.RECOVER)
    sweeps.step(turn, SweepContinued(run=turn.run, sweep=sweep_names.RECOVER, cursor=0))


def _upload_overdue(turn: Turn) -> None:
    beginning.upload_overdue(turn)
    operating.catch_up(turn)


def _timer_of_operation(turn: Turn, event: TimerFired, which: tuple[str, int]) -> None:
    kind, index = which
    if turn.find_operation(index) is None:  # its run has ended, and was forgotten
        turn.drop_timer(event.name)
    else:
        _OF_AN_OPERATION[kind](turn, index)


_OF_THE_RUN: Final[Mapping[str, Callable[[Turn], None]]] = {
    timers.RECHECK: _recheck,
    timers.RECOVER: _recover,
    timers.EARLY: answers.give_up,
    timers.UPLOAD: _upload_overdue,
    timers.STUB: endings.forget_stub,
    timers.STOP: beginning.stop_overdue,
}
"""Who takes in a timer of the run."""

_OF_AN_OPERATION: Final[Mapping[str, Callable[[Turn, int], None]]] = {
    timers.RETRY: retries.due,
    timers.LAUNCH: refusals.due,
    timers.IMAGE: patience.due,
    timers.OUTPUTS: reports.outputs_due,
}
"""Who takes in an operation's timer, with its number."""

HANDLERS: Final[Mapping[type[Message], Callable[[Turn, Any], None]]] = {
    OperationReported: reports.report,
    OutputsLogged: reports.take_outputs,
    ReleaseContinued: _release,
    PlanBegun: plans.begin,
    PlanPart: plans.take_part,
    PlanEnded: plans.end,
    StopRequested: stopping.stop,
    RunsFound: _found,
    SlotAnswered: admitting.answered,
    VerifySlot: admitting.verified,
    ResultAnswered: lookups.answered,
    VerifyLookUp: caching.verified,
    OperatingRequested: operating.handle,
    SweepContinued: _sweep,
    TimerFired: _timer,
}
"""What the planner reads, and who takes it in."""
