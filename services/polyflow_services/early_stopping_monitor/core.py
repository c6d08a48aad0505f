"""Which scope stops because of a metric.  Pure; time is the record's.

A policy is met by the first measurement, of any operation in its scope, that reaches its value; one that
compares operations stops single ones (`comparing.py`).  A scope is
told to stop once: what comes later, twice or out of order changes nothing.  A measurement is looked up in
the scopes around its operation and nowhere else, however many policies the run has.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from math import isnan
from sys import float_info
from typing import Any, Final

from polyflow_services.early_stopping_monitor import state
from polyflow_services.early_stopping_monitor.comparing import Compare, compared, forgotten
from polyflow_services.early_stopping_monitor.state import (
    Compared,
    PoliciesRow,
    Policy,
    ScopesRow,
    StoppedRow,
)
from polyflow_shared.decision import Decision
from polyflow_shared.rows import Row, Rows
from polyflow_topics.inbox import StopRequested
from polyflow_topics.message import Message
from polyflow_topics.metrics import MetricPolicy, MetricsLogged, PoliciesClosed, PoliciesDeclared
from polyflow_topics.names import OperationName, ScopeName

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
    for policy in declared.policies:
        if not isnan(policy.value):
            by_scope.setdefault(policy.scope, []).append(_kept(policy))
    if not by_scope:
        return Decision()
    wanted: dict[str, Row] = {state.scopes_key(declared.run): ScopesRow(tuple(by_scope))}
    for scope, policies in by_scope.items():
        wanted[state.policies_key(declared.run, scope)] = PoliciesRow(tuple(policies))
    return Decision(writes={key: row for key, row in wanted.items() if rows.get(key) is None})


def _kept(policy: MetricPolicy) -> Policy:
    # A row's JSON has no infinities; the largest number is reached by the same measurements, or nearly so.
    value = min(max(policy.value, -float_info.max), float_info.max)
    how = policy.comparison
    comparison = None
    if how is not None:
        comparison = Compared(how.kind, how.percent, how.interval, how.first, how.samples)
    return Policy(policy.metric, value, maximize=policy.optimization == "maximize", comparison=comparison)


def _measure(rows: Rows[Any], logged: MetricsLogged) -> Decision:
    found = Decision(writes={}, messages=[])
    for scope in scopes_around(logged.operation):
        stopped = state.stopped_key(logged.run, scope)
        if rows.get(stopped) is not None:
            break
        row: PoliciesRow | None = rows.get(state.policies_key(logged.run, scope))
        for number, policy in enumerate(row.policies if row is not None else ()):
            if policy.comparison is not None:
                found = _compared(rows, found, (scope, number, policy), logged)
            elif reached(policy, logged.values):
                # What is inside the scope stops with it.
                return Decision(writes={stopped: StoppedRow()}, messages=[_stop(scope, policy, logged)])
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
    )


def _stop(scope: str, policy: Policy, logged: MetricsLogged) -> StopRequested:
    value = logged.values[policy.metric]
    bound = "at least" if policy.maximize else "at most"
    return StopRequested(
        run=logged.run,
        scope=ScopeName(scope),
        reason=REASON,
        message=f"{policy.metric} of {logged.operation} is {value:g}: {bound} {policy.value:g} was wanted",
        by_policy=True,
        caused_at=logged.at,
    )


def _close(rows: Rows[Any], closed: PoliciesClosed) -> Decision:
    row: ScopesRow | None = rows.get(state.scopes_key(closed.run))
    if row is None:
        return Decision()
    keys = [state.policies_key(closed.run, scope) for scope in row.names]
    for scope, key in zip(row.names, list(keys), strict=True):
        policies: PoliciesRow | None = rows.get(key)
        for number in range(len(policies.policies) if policies is not None else 0):
            keys += forgotten(rows, state.comparison_key(closed.run, scope, number))
    marks = [state.stopped_key(closed.run, scope) for scope in row.names]
    marked = [key for key in marks if rows.get(key) is not None]
    # The list goes last: while it is there, what is left of the others can still be found.
    return Decision(writes=dict.fromkeys([*keys, *marked, state.scopes_key(closed.run)]))


HANDLERS: Final[Mapping[type[Message], Callable[[Rows[Any], Any], Decision]]] = {
    PoliciesDeclared: _declare,
    MetricsLogged: _measure,
    PoliciesClosed: _close,
}
"""What the monitor reads, and who takes it in."""
