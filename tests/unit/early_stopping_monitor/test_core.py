"""The early-stopping monitor in sentences."""

from datetime import UTC, datetime
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_services.early_stopping_monitor.core import REASON, decide, scopes_around
from polyflow_services.early_stopping_monitor.state import CODEC
from polyflow_shared.deciding.rows import Overlay, StoredRows
from polyflow_topics.inbox import StopRequested
from polyflow_topics.metrics import (
    Comparison,
    MetricPolicy,
    MetricsLogged,
    OutputsMeasured,
    PoliciesClosed,
    PoliciesDeclared,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)


def policy(scope="", metric="loss", value=0.1, optimization="minimize"):
    return MetricPolicy(scope=scope, metric=metric, value=value, optimization=optimization)


def declared(*policies):
    return PoliciesDeclared(run="r", policies=policies)


def logged(operation="a", line=0, **values):
    return MetricsLogged(run="r", operation=operation, attempt=0, line=line, values=values, at=AT)


def ended_with(operation="a", **values):
    return OutputsMeasured(run="r", operation=operation, attempt=0, values=values, at=AT)


CLOSED = PoliciesClosed(run="r")


def heard(*messages):
    """Return what the monitor says, and its rows in the end."""
    rows = Overlay(StoredRows(CODEC))
    said = []
    for message in messages:
        decision = decide(rows, message, AT)
        rows.apply(decision.writes)
        said += decision.messages
    return said, {key: row for key, row in rows.writes.items() if row is not None}


CASES = {
    "a value beyond the policy's stops the run": ([declared(policy()), logged(loss=0.05)], [""]),
    "reaching the value counts": ([declared(policy()), logged(loss=0.1)], [""]),
    "a value short of it stops nothing": ([declared(policy()), logged(loss=0.11)], []),
    "a metric to maximize is reached from below": (
        [
            declared(policy(metric="score", value=0.9, optimization="maximize")),
            logged(score=0.89),
            logged(score=0.9),
        ],
        [""],
    ),
    "a metric to maximize that falls stops nothing": (
        [declared(policy(metric="score", value=0.9, optimization="maximize")), logged(score=0.1)],
        [],
    ),
    "what is not a number never stops anything": ([declared(policy()), logged(loss=nan)], []),
    "infinity is a value": ([declared(policy()), logged(loss=-inf)], [""]),
    "an infinite bound is reached by infinity alone": (
        [declared(policy(value=-inf)), logged(loss=-1e300), logged(loss=-inf)],
        [""],
    ),
    "a bound that is not a number is never reached": ([declared(policy(value=nan)), logged(loss=0.0)], []),
    "zero is a value": ([declared(policy(value=0.0)), logged(loss=0.0)], [""]),
    "another metric stops nothing": ([declared(policy()), logged(score=0.0)], []),
    "a run without policies goes on": ([logged(loss=0.0)], []),
    "a metric that comes twice stops once": ([declared(policy()), logged(loss=0.0), logged(loss=0.0)], [""]),
    "policies declared again do not stop again": (
        [declared(policy()), logged(loss=0.0), declared(policy()), logged(loss=0.0)],
        [""],
    ),
    "a metric after the run's end stops nothing": ([declared(policy()), CLOSED, logged(loss=0.0)], []),
    "an output of the metric's name stops as well": (
        [declared(policy("m")), ended_with("m.0", loss=0.1)],
        ["m"],
    ),
    "an output short of the value stops nothing": ([declared(policy()), ended_with(loss=0.11)], []),
    "an output after the metric stops nothing again": (
        [declared(policy()), logged(loss=0.0), ended_with(loss=0.0)],
        [""],
    ),
    "an output is not compared with what others measure": (
        [
            declared(policy().model_copy(update={"comparison": Comparison(kind="median")})),
            logged("a", loss=0.0),
            logged("b", loss=0.0),
            ended_with("c", loss=9.0),
        ],
        [],
    ),
    "two policies of a scope stop it once": (
        [declared(policy(), policy(metric="error")), logged(loss=0.0, error=0.0)],
        [""],
    ),
    "a scope stops for an operation anywhere inside it": (
        [declared(policy(scope="train.folds")), logged("train.folds.inner.a", loss=0.0)],
        ["train.folds"],
    ),
    "a scope does not stop for one outside it": (
        [declared(policy(scope="train")), logged("training.a", loss=0.0), logged("other", loss=0.0)],
        [],
    ),
    "two scopes stop each for itself": (
        [declared(policy(scope="a"), policy(scope="b")), logged("b.x", loss=0.0), logged("a.x", loss=0.0)],
        ["b", "a"],
    ),
    "nothing inside a stopped scope is stopped again": (
        [declared(policy(scope="a"), policy(scope="a.b")), logged("a.b.x", loss=0.0)],
        ["a"],
    ),
    "a scope around a stopped one still stops": (
        [
            declared(policy(scope="a.b"), policy(scope="a", metric="error")),
            logged("a.b.x", loss=0.0),
            logged("a.y", error=0.0),
        ],
        ["a.b", "a"],
    ),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_monitor(case):
    messages, scopes = CASES[case]
    said, rows = heard(*messages)
    assert all(CODEC.decode(CODEC.encode(row)) == row for row in rows.values())
    assert [stop.scope for stop in said] == scopes


def test_a_stop_names_its_policy_and_what_met_it():
    (stop,), _ = heard(declared(policy()), logged("train.a", loss=0.05))
    assert stop == StopRequested(
        run="r",
        scope="",
        reason=REASON,
        message="loss of train.a is 0.05: at most 0.1 was wanted",
        by_policy=True,
        caused_at=AT,
        attempt=0,
    )


def test_nothing_is_remembered_of_a_run_that_ended():
    _, rows = heard(declared(policy()), logged(loss=0.0), CLOSED, CLOSED, logged(loss=0.0))
    assert rows == {}


def test_a_message_of_another_kind_changes_nothing():
    said, rows = heard(StopRequested(run="r"))
    assert (said, rows) == ([], {})


@pytest.mark.parametrize(
    ("operation", "scopes"),
    [("a", [""]), ("a.b", ["", "a"]), ("a.b-1.c", ["", "a", "a.b-1"])],
)
def test_the_scopes_around_an_operation_from_the_outermost(operation, scopes):
    assert list(scopes_around(operation)) == scopes


def test_a_declaration_of_which_half_was_saved_is_completed_and_stops_stay():
    rows = Overlay(StoredRows(CODEC))
    both = declared(policy(scope="a"), policy(scope="b"))
    whole = decide(rows, both, AT).writes
    rows.apply({"r/scopes": whole["r/scopes"], "r/policies/a": whole["r/policies/a"]})
    rows.apply(decide(rows, logged("a.x", loss=0.0), AT).writes)
    again = decide(rows, both, AT)
    assert (dict(again.writes), list(again.messages)) == ({"r/policies/b": whole["r/policies/b"]}, [])


def test_a_row_that_is_written_more_than_once_a_run_is_small():
    rows = Overlay(StoredRows(CODEC))
    rows.apply(decide(rows, declared(*[policy(scope=f"s{number}") for number in range(500)]), AT).writes)
    writes = decide(rows, logged("s7.x", loss=0.0), AT).writes
    assert [len(CODEC.encode(row)) < 300 for row in writes.values()] == [True]


metrics = st.builds(logged, st.sampled_from(["a.x", "a.b.x", "c"]), loss=st.floats(allow_nan=True))
policies = st.builds(
    policy,
    st.sampled_from(["", "a", "a.b"]),
    value=st.floats(),
    optimization=st.sampled_from(["maximize", "minimize"]),
)


@given(st.lists(policies, max_size=4), st.lists(metrics, max_size=8))
def test_each_scope_stops_at_most_once_and_repetition_says_nothing_new(declares, metrics):
    once, _ = heard(declared(*declares), *metrics)
    twice, rows = heard(declared(*declares), *metrics, declared(*declares), *metrics)
    scopes = [stop.scope for stop in once]
    assert len(set(scopes)) == len(scopes)
    for row in rows.values():
        assert CODEC.decode(CODEC.encode(row)) == row
    assert {stop.scope for stop in once} <= {stop.scope for stop in twice}
