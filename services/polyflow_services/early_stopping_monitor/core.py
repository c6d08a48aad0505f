"""Which scope stops because of a metric.  Pure; time is the record's.

A policy is met by the first measurement, of any operation in its scope, that reaches its value.  A scope is
told to stop once: what comes later, twice or out of order changes nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from math import isnan
from sys import float_info
from typing import Any, Final

from msgspec.structs import replace

from polyflow_services.early_stopping_monitor.state import PoliciesRow, Policy
from polyflow_shared.decision import Decision
from polyflow_shared.rows import Rows
from polyflow_topics.inbox import StopRequested
from polyflow_topics.message import Message
from polyflow_topics.metrics import MetricPolicy, MetricsLogged, PoliciesClosed, PoliciesDeclared
from polyflow_topics.names import ScopeName

REASON: Final = "MetricEarlyStopping"


def decide(rows: Rows[Any], message: Message, at: datetime) -> Decision:
    """Return what changes because of `message`; `at` plays no part, for a metric carries its own moment.

    Messages of other kinds change nothing: the topic is public.
    """
    match message:
        case PoliciesDeclared():
            return _declare(rows.get(message.run), message)
        case MetricsLogged():
            return _measure(rows.get(message.run), message)
        case PoliciesClosed():
            return Decision(writes={message.run: None} if rows.get(message.run) else {})
        case _:
            return Decision()


def contains(scope: str, operation: str) -> bool:
    """Tell whether a scope contains an operation, directly or in a nested one; "" contains all."""
    return not scope or operation.startswith(f"{scope}.")


def reached(policy: Policy, values: Mapping[str, float]) -> bool:
    """Tell whether a measurement reaches the policy's value; one that is not a number never does."""
    value = values.get(policy.metric)
    if value is None:
        return False
    return value >= policy.value if policy.maximize else value <= policy.value


def _declare(row: PoliciesRow | None, declared: PoliciesDeclared) -> Decision:
    policies = tuple(_kept(policy) for policy in declared.policies if not isnan(policy.value))
    if row is not None or not policies:
        return Decision()
    return Decision(writes={declared.run: PoliciesRow(policies)})


def _kept(policy: MetricPolicy) -> Policy:
    # JSON has no infinities; the largest number is reached by the same measurements.
    value = min(max(policy.value, -float_info.max), float_info.max)
    return Policy(policy.scope, policy.metric, value, maximize=policy.optimization == "maximize")


def _measure(row: PoliciesRow | None, logged: MetricsLogged) -> Decision:
    if row is None:
        return Decision()
    stopped = list(row.stopped)
    stops: list[Message] = []
    for policy in row.policies:
        if _applies(policy, logged, stopped) and reached(policy, logged.values):
            stopped.append(policy.scope)
            stops.append(_stop(policy, logged))
    if not stops:
        return Decision()
    return Decision(writes={logged.run: replace(row, stopped=tuple(stopped))}, messages=stops)


def _applies(policy: Policy, logged: MetricsLogged, stopped: Iterable[str]) -> bool:
    """Tell whether the operation is in the policy's scope, and nothing around the scope has been stopped."""
    if not contains(policy.scope, logged.operation):
        return False
    return not any(scope == policy.scope or contains(scope, policy.scope) for scope in stopped)


def _stop(policy: Policy, logged: MetricsLogged) -> StopRequested:
    value = logged.values[policy.metric]
    bound = "at least" if policy.maximize else "at most"
    return StopRequested(
        run=logged.run,
        scope=ScopeName(policy.scope),
        reason=REASON,
        message=f"{policy.metric} of {logged.operation} is {value:g}: {bound} {policy.value:g} was wanted",
        by_policy=True,
        caused_at=logged.at,
    )
