"""Which scope stops because of a metric.  Pure; time is the record's.

A policy is met by the first measurement, of any operation in its scope, that reaches its value, or by an
output of the metric's name; one that compares operations stops single ones while they run (`comparing.py`).
A scope is told to stop once: what comes later, twice or out of order changes nothing.  A measurement is
looked up in the scopes around its operation and nowhere else, however many policies the run has.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from math import isnan
from sys import float_info
from typing import Any, Final

from polyflow_services.early_stopping_monitor import state
from polyflow_services.early_stopping_monitor.comparing import Compare, compared
from polyflow_services.early_stopping_monitor.forgetting import STEP, forget
from polyflow_services.early_stopping_monitor.state import (
    Compared,
    PoliciesRow,
    Policy,
    ScopesRow,
    StoppedRow,
)
from polyflow_shared.deciding.decision import Decision
from polyflow_shared.deciding.draft import Draft
from polyflow_shared.deciding.rows import Row, Rows
from polyflow_topics.inbox import StopRequested
from polyflow_topics.message import Message
from polyflow_topics.metrics import (
    ClosingContinued,
    MetricPolicy,
    MetricsLogged,
    OutputsMeasured,
    PoliciesClosed,
    PoliciesDeclared,
)
from polyflow_topics.names import OperationName, RunId, ScopeName

REASON: Final = "MetricEarlyStopping"


def decide(rows: Rows[Any], message: Message, at: datetime) -> Decision:
    """Return what changes because of `message`; `at` plays no part, for a metric carries its own moment.

    Messages of other kinds change nothing: the topic is public.
    """
    handle = HANDLERS.get(type(message))
    return handle(rows, message) if handle is not None else Decision()


def scopes_around(operation: str) -> Iterator[str]:
    """Yield the scopes that contain an operation, the outermost first: "", "a", "a.b" for "a.b.c"."""
    yield ""
    end = operation.find(".")
    while end >= 0:
        yield operation[:end]
        end = operation.find(".", end + 1)


def reached(policy: Policy, values: Mapping[str, float]) -> bool:
    """Tell whether a measurement reaches the policy's value; one that is not a number never does."""
    value = values.get(policy.metric)
    if value is None:
        return False
    return value >= policy.value if policy.maximize else value <= policy.value


def _declare(rows: Rows[Any], declared: PoliciesDeclared) -> Decision:
    """Write what is not there yet: a declaration that comes again, even after half of one, adds the rest."""
    by_scope: dict[str, list[Policy]] = {}
    draft = Draft(rows)
    if rows.get(state.closing_key(declared.run)) is not None:
        # It was resumed at once: what is left of its former life would be taken for the new one's.
        forget(draft, declared.run, sys.maxsize)
    for policy in declared.policies:
        if not isnan(policy.value):
            by_scope.setdefault(policy.scope, []).append(_kept(policy))
    wanted: dict[str, Row] = {state.scopes_key(declared.run): ScopesRow(tuple(by_scope))} if by_scope else {}
    for scope, policies in by_scope.items():
        wanted[state.policies_key(declared.run, scope)] = PoliciesRow(tuple(policies))
    for key, row in wanted.items():
        if draft.get(key) is None:
            draft.put(key, row)
    return Decision(draft.writes)


def _kept(policy: MetricPolicy) -> Policy:
    # A row's JSON has no infinities; the largest number is reached by the same measurements, or nearly so.
    value = min(max(policy.value, -float_info.max), float_info.max)
    how = policy.comparison
    comparison = None
    if how is not None:
        comparison = Compared(how.kind, how.percent, how.interval, how.first, how.samples)
    return Policy(policy.metric, value, maximize=policy.optimization == "maximize", comparison=comparison)


def _measure(rows: Rows[Any], logged: MetricsLogged | OutputsMeasured) -> Decision:
    found = Decision(writes={}, messages=[])
    if rows.get(state.closing_key(logged.run)) is not None:
        return found
    for scope in scopes_around(logged.operation):
        stopped = state.stopped_key(logged.run, scope)
        if rows.get(stopped) is not None:
            break
        row: PoliciesRow | None = rows.get(state.policies_key(logged.run, scope))
        for number, policy in enumerate(row.policies if row is not None else ()):
            if policy.comparison is not None:
                # What has ended needs no stop, and what it ended with is no point of its curve.
                if isinstance(logged, MetricsLogged):
                    found = _compared(rows, found, (scope, number, policy), logged)
            elif reached(policy, logged.values):
                # What is inside the scope stops with it.
                writes = {**found.writes, stopped: StoppedRow()}
                return Decision(writes, [*found.messages, _stop(scope, policy, logged)])
    return found


def _compared(
    rows: Rows[Any], found: Decision, which: tuple[str, int, Policy], logged: MetricsLogged
) -> Decision:
    """Return a decision with what a comparison adds to it."""
    scope, number, policy = which
    compare = Compare(rows, state.comparison_key(logged.run, scope, number), policy)
    why = compared(compare, logged, policy.comparison) if policy.comparison is not None else None
    stops = [] if why is None else [_stop_one(scope, policy, logged, why)]
    return Decision(writes={**found.writes, **compare.writes}, messages=[*found.messages, *stops])


def _stop_one(scope: str, policy: Policy, logged: MetricsLogged, why: str) -> StopRequested:
    """Return the stop of what is directly in a scope, and is or contains the operation that has measured."""
    below = logged.operation.removeprefix(f"{scope}.") if scope else logged.operation
    member = below.partition(".")[0]
    return StopRequested(
        run=logged.run,
        scope=ScopeName(scope),
        operation=OperationName(f"{scope}.{member}" if scope else member),
        reason=REASON,
        message=f"{policy.metric} of {logged.operation}: {why}",
        by_policy=True,
        caused_at=logged.at,
        attempt=logged.attempt,
    )


def _stop(scope: str, policy: Policy, logged: MetricsLogged | OutputsMeasured) -> StopRequested:
    value = logged.values[policy.metric]
    bound = "at least" if policy.maximize else "at most"
    return StopRequested(
        run=logged.run,
        scope=ScopeName(scope),
        reason=REASON,
        message=f"{policy.metric} of {logged.operation} is {value:g}: {bound} {policy.value:g} was wanted",
        by_policy=True,
        caused_at=logged.at,
        attempt=logged.attempt,
    )


def _close(rows: Rows[Any], closed: PoliciesClosed) -> Decision:
    if rows.get(state.scopes_key(closed.run)) is None:
        return Decision()
    return _forget(rows, closed.run, 0)


def _go_on_closing(rows: Rows[Any], closing: ClosingContinued) -> Decision:
    if rows.get(state.closing_key(closing.run)) is None:
        return Decision()  # what was declared since then is of the run that was resumed
    return _forget(rows, closing.run, closing.step)


def _forget(rows: Rows[Any], run: RunId, step: int) -> Decision:
    draft = Draft(rows)
    gone = forget(draft, run, STEP)
    return Decision(draft.writes, [] if gone else [ClosingContinued(run=run, step=step + 1)])


HANDLERS: Final[Mapping[type[Message], Callable[[Rows[Any], Any], Decision]]] = {
    PoliciesDeclared: _declare,
    MetricsLogged: _measure,
    OutputsMeasured: _measure,
    PoliciesClosed: _close,
    ClosingContinued: _go_on_closing,
}
"""What the monitor reads, and who takes it in."""
