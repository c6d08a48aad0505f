"""Policies that stop single operations by comparing them with the others."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_services.early_stopping_monitor.comparing import among_worst, far_from_best, worse_than_median
from polyflow_topics.metrics import Comparison, MetricPolicy, PoliciesClosed, PoliciesDeclared
from tests.unit.early_stopping_monitor.test_core import heard, logged


def declared(scope="s", optimization="minimize", **how):
    comparison = Comparison(**how)
    policy = MetricPolicy(
        scope=scope, metric="loss", value=0.0, optimization=optimization, comparison=comparison
    )
    return PoliciesDeclared(run="r", policies=(policy,))


def curves(*steps):
    """Return the measurements of several operations, step by step: `s.0` to `s.n`."""
    return [
        logged(f"s.{number}", line, loss=value)
        for line, values in enumerate(steps)
        for number, value in enumerate(values)
    ]


MEDIAN = {"kind": "median"}
CASES = {
    "the best value is above the median of the others' means": (MEDIAN, [(1, 2, 9)], ["s.1", "s.2"]),
    "the first to come has nobody to be compared with": (MEDIAN, [(9,)], []),
    "equal ones go on": (MEDIAN, [(1, 1, 1)], []),
    "a look after every second value": ({**MEDIAN, "interval": 2}, [(1, 9), (1, 9)], ["s.1"]),
    "no look before the second value": ({**MEDIAN, "interval": 2}, [(1, 9)], []),
    "no look before the third value": ({**MEDIAN, "first": 3}, [(1, 9), (1, 9)], []),
    "a look after the third value": ({**MEDIAN, "first": 3}, [(1, 9), (1, 9), (1, 9)], ["s.1"]),
    "not so many others yet": ({**MEDIAN, "samples": 2}, [(1, 9)], []),
    "as many others as are wanted": ({**MEDIAN, "samples": 2}, [(1, 1, 9)], ["s.2"]),
    "the worst third": ({"kind": "truncation", "percent": 34}, [(1, 2, 9)], ["s.2"]),
    "a third of two is nobody": ({"kind": "truncation", "percent": 34}, [(1, 9)], []),
    "farther than half of the best": ({"kind": "diff", "percent": 50}, [(2, 3, 3.1)], ["s.2"]),
    "a later value that is better counts": (
        {"kind": "diff", "percent": 50, "interval": 2}, [(2, 9), (2, 3)], [],
    ),
    "once it was told to stop it is not told again": (
        {"kind": "diff", "percent": 50}, [(2, 9), (2, 9), (2, 9)], ["s.1"],
    ),
}  # fmt: skip


def test_what_ends_a_dag_is_compared_in_the_scope_around_it_all_the_same():
    (outer,) = declared(scope="", kind="diff", percent=50).policies
    inner = MetricPolicy(scope="a", metric="loss", value=0.5, optimization="minimize")
    policies = PoliciesDeclared(run="r", policies=(outer, inner))
    said, _ = heard(
        policies, logged("b.x", 0, loss=1.0), logged("a.x", 0, loss=0.1), logged("c", 0, loss=0.9)
    )
    assert [(stop.scope, stop.operation) for stop in said] == [("a", ""), ("", "c")]


@pytest.mark.parametrize("name", CASES)
def test_operations_are_stopped_that_do_worse(name):
    how, steps, wanted = CASES[name]
    said, _ = heard(declared(**how), *curves(*steps))
    assert [stop.operation for stop in said] == wanted
    assert all((stop.scope, stop.by_policy) == ("s", True) for stop in said)


def test_larger_may_be_better():
    said, _ = heard(declared(optimization="maximize", kind="diff", percent=50), *curves((2, 0.9, 1)))
    assert [stop.operation for stop in said] == ["s.1"]


def test_a_message_says_what_was_compared():
    said, _ = heard(declared(kind="median"), *curves((1, 9)))
    assert said[0].message == "loss of s.1: its best value after 1 is 9: the median of 1 others is 1"


def test_what_is_in_a_trial_stops_the_trial():
    said, _ = heard(declared(kind="median"), logged("s.0.train", loss=1), logged("s.1.train", loss=9))
    assert [stop.operation for stop in said] == ["s.1"]


def test_the_value_of_a_policy_that_compares_stops_nothing():
    assert heard(declared(kind="median"), logged("s.0", loss=0.0))[0] == []


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_is_not_a_number_is_left_aside(value):
    said, _ = heard(declared(kind="median"), logged("s.0", loss=1), logged("s.1", loss=value))
    assert [stop.operation for stop in said] == (["s.1"] if value == inf else [])


def test_another_attempt_begins_anew():
    again = logged("s.1", 0, loss=0.5).model_copy(update={"attempt": 1})
    steps = [declared(kind="diff", percent=50, interval=2), *curves((1, 9), (1,)), again]
    assert heard(*steps, again.model_copy(update={"line": 1}))[0] == []


MEASURED = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 5), st.floats(-9, 9, allow_nan=False)), max_size=30
)
KINDS = st.sampled_from(["median", "truncation", "diff"])


@given(KINDS, st.integers(1, 3), MEASURED)
def test_every_measurement_twice_changes_nothing_and_nothing_is_left_after_the_end(kind, interval, measured):
    how = declared(kind=kind, percent=30, interval=interval)
    once = [logged(f"s.{number}", line, loss=value) for number, line, value in measured]
    twice = [message for message in once for _ in range(2)]
    said, _ = heard(how, *once)
    assert heard(how, *twice)[0] == said
    assert len({stop.operation for stop in said}) == len(said)
    assert heard(how, *twice, PoliciesClosed(run="r"))[1] == {}


VALUES = st.lists(st.integers(-9, 9), min_size=1, max_size=40)


@given(st.integers(-9, 9), VALUES, st.booleans())
def test_the_median_is_that_of_a_plain_reference(best, others, maximize):
    ranked = sorted(others)
    middle = (ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) / 2
    assert worse_than_median(best, others, maximize=maximize) == (
        best < middle if maximize else best > middle
    )


@given(VALUES, st.integers(1, 100), st.booleans())
def test_no_more_than_the_share_is_among_the_worst(values, percent, maximize):
    worst = [
        place
        for place, value in enumerate(values)
        if among_worst(value, values[:place] + values[place + 1 :], percent, maximize=maximize)
    ]
    assert len(worst) <= len(values) * percent / 100
    kept = [value for place, value in enumerate(values) if place not in worst]
    assert all(
        (values[place] < value) if maximize else (values[place] > value) for place in worst for value in kept
    )


@given(st.integers(-9, 9), st.integers(1, 100), st.booleans())
def test_the_best_is_never_far_from_itself(best, percent, maximize):
    assert not far_from_best(best, best, percent, maximize=maximize)
