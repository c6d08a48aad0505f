"""Which operations are stopped because the others of their scope do better.  Pure.

Each operation is looked at after so many of its values, and compared with those that have come as far: those
that are behind are not waited for, and whether one of the others still goes on, has ended or was stopped
plays no part.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan
from statistics import median
from sys import float_info
from typing import Any, Final

from polyflow_services.early_stopping_monitor import state
from polyflow_services.early_stopping_monitor.state import (
    Compared,
    CurveRow,
    LookRow,
    MemberRow,
    Policy,
    SamplesRow,
    TallyRow,
)
from polyflow_shared.deciding.rows import Row, Rows
from polyflow_topics.metrics import MetricsLogged

PER_ROW: Final = 16
"""Values in one row, which is written anew for each of them."""


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison in the making: its rows as they are, and as they will be."""

    rows: Rows[Any]
    key: str
    policy: Policy
    writes: dict[str, Row | None] = field(default_factory=dict)


def compared(compare: Compare, logged: MetricsLogged, how: Compared) -> str | None:
    """Take a measurement in; return why its operation must stop, if it must.

    Args:
        compare: the comparison; gets the rows that change.
        logged: a measurement of an operation in the scope, which may have come before.
        how: the comparison's kind and numbers.
    """
    value = logged.values.get(compare.policy.metric)
    before: CurveRow | None = compare.rows.get(state.curve_key(compare.key, logged.operation))
    if value is None or isnan(value) or _seen(before, logged) or (before is not None and before.stopped):
        return None
    curve = _longer(before, logged, _finite(value), maximize=compare.policy.maximize)
    why = None
    look = curve.count // how.interval
    if curve.count >= how.first and curve.count % how.interval == 0 and look > curve.looks:
        why = _look(compare, curve, look, how)
        curve = _with(curve, looks=look, stopped=why is not None)
    compare.writes[state.curve_key(compare.key, logged.operation)] = curve
    _count(compare, logged.operation if before is None else None, curve.looks)
    return why


def worse_than_median(best: float, means: Sequence[float], *, maximize: bool) -> bool:
    """Tell whether the median rule stops an operation.

    It stops after s values when its best value so far is strictly worse than the median, over the others, of
    the mean of their first s values.

    Args:
        best: its best value so far, in the metric's unit.
        means: of the others, shape (>= 1,).
        maximize: whether larger is better.

    Source: Golovin et al., Google Vizier, KDD 2017, section 3.2.2; there over finished ones only.
    """
    bar = median(means)
    return best < bar if maximize else best > bar


def among_worst(best: float, others: Sequence[float], percent: float, *, maximize: bool) -> bool:
    """Tell whether a value is among the worst, so many percent of all; of equal ones none is.

    Args:
        best: the operation's best value so far.
        others: the best values of the others.
        percent: of all of them, itself included, rounded down to a number of operations.
        maximize: whether larger is better.
    """
    cut = int((len(others) + 1) * percent / 100)
    better = sum((other > best) if maximize else (other < best) for other in others)
    return cut > 0 and better >= len(others) + 1 - cut


def far_from_best(best: float, top: float, percent: float, *, maximize: bool) -> bool:
    """Tell whether a value is farther from the best of all than so many percent of that.

    Args:
        best: the operation's best value so far.
        top: the best of all.
        percent: of the size of `top`.
        maximize: whether larger is better.
    """
    gap = abs(top) * percent / 100
    return best < top - gap if maximize else best > top + gap


def _look(compare: Compare, curve: CurveRow, look: int, how: Compared) -> str | None:
    """Add an operation to those that have come as far; return why it must stop, if it must."""
    row: LookRow | None = compare.rows.get(state.look_key(compare.key, look))
    others = row.count if row is not None else 0
    maximize = compare.policy.maximize
    values = _samples(compare, look, others) if how.kind != "diff" else ()
    top = curve.best if row is None else _better(row.best, curve.best, maximize=maximize)
    own = curve.total / curve.count if how.kind == "median" else curve.best
    _add(compare, look, others, own if how.kind != "diff" else None)
    compare.writes[state.look_key(compare.key, look)] = LookRow(others + 1, top)
    if not others or others < how.samples:
        return None
    said = {
        "median": worse_than_median(curve.best, values, maximize=maximize) if values else False,
        "truncation": among_worst(curve.best, values, how.percent, maximize=maximize),
        "diff": far_from_best(curve.best, top, how.percent, maximize=maximize),
    }
    return _why(how, curve, others, _bar(how, values, top)) if said[how.kind] else None


def _bar(how: Compared, values: Sequence[float], top: float) -> float:
    return median(values) if how.kind == "median" else top


def _why(how: Compared, curve: CurveRow, others: int, bar: float) -> str:
    best = f"its best value after {curve.count} is {curve.best:g}"
    against = {
        "median": f"the median of {others} others is {bar:g}",
        "truncation": f"which is among the worst {how.percent:g} % of {others + 1}",
        "diff": f"more than {how.percent:g} % from the best, {bar:g}",
    }
    return f"{best}: {against[how.kind]}"


def _add(compare: Compare, look: int, count: int, value: float | None) -> None:
    if value is None:
        return
    key = state.samples_key(compare.key, look, count // PER_ROW)
    row: SamplesRow | None = compare.rows.get(key) if count % PER_ROW else None
    compare.writes[key] = SamplesRow((*(row.values if row is not None else ()), value))


def _samples(compare: Compare, look: int, count: int) -> tuple[float, ...]:
    found: list[float] = []
    for chunk in range(chunks(count)):
        row: SamplesRow | None = compare.rows.get(state.samples_key(compare.key, look, chunk))
        found.extend(row.values if row is not None else ())
    return tuple(found)


def chunks(count: int) -> int:
    """Return how many rows the values of so many operations at a look take."""
    return -(-count // PER_ROW)


def _seen(before: CurveRow | None, logged: MetricsLogged) -> bool:
    return before is not None and (logged.attempt, logged.line) <= (before.attempt, before.line)


def _longer(before: CurveRow | None, logged: MetricsLogged, value: float, *, maximize: bool) -> CurveRow:
    """Return a curve with one more value; another attempt begins anew, but for its place among the looks."""
    if before is None or before.attempt != logged.attempt:
        looks = before.looks if before is not None else 0
        return CurveRow(logged.attempt, logged.line, 1, value, value, looks)
    best = _better(before.best, value, maximize=maximize)
    total = _finite(before.total + value)
    return CurveRow(before.attempt, logged.line, before.count + 1, best, total, before.looks)


def _with(curve: CurveRow, *, looks: int, stopped: bool) -> CurveRow:
    return CurveRow(curve.attempt, curve.line, curve.count, curve.best, curve.total, looks, stopped)


def _better(one: float, other: float, *, maximize: bool) -> float:
    return max(one, other) if maximize else min(one, other)


def _finite(value: float) -> float:
    """Return a value that JSON can carry; the largest one stands for infinity."""
    return min(max(value, -float_info.max), float_info.max)


def _count(compare: Compare, new: str | None, looks: int) -> None:
    """Note which rows there are, so that they can be removed."""
    tally: TallyRow = compare.rows.get(compare.key) or TallyRow()
    after = TallyRow(tally.operations + (new is not None), max(tally.looks, looks))
    if new is not None:
        compare.writes[state.member_key(compare.key, tally.operations)] = MemberRow(new)
    if after != tally:
        compare.writes[compare.key] = after
