"""Trials: the values of each kind of param, their order, and how many there are."""

import math
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from polyflow_shared.language.models import V1HpParam, V1Matrix
from polyflow_shared.language.spaces import MAX_VALUES, count, size, trials, values_of

PARAM = TypeAdapter(V1HpParam)
MATRIX = TypeAdapter(V1Matrix)


def sampled(kind, value, seed=1, runs=1):
    """Return what a random search over one param tries."""
    params = {"x": {"kind": kind, "value": value}}
    matrix = MATRIX.validate_python({"kind": "random", "numRuns": runs, "params": params})
    return [trial["x"] for trial in trials(matrix, seed)]


DISCRETE = {
    "choice": (["a", 0, None], ["a", 0, None]),
    "range": ([0, 10, 3], [0, 3, 6, 9]),
    "range as text": ("0:10:3", [0, 3, 6, 9]),
    "range as a map": ({"start": 0, "stop": 1, "step": 0.25}, [0, 0.25, 0.5, 0.75]),
    "linspace": ([0, 1, 5], [0, 0.25, 0.5, 0.75, 1]),
    "logspace": ([0, 3, 4], [1, 10, 100, 1000]),
    "logspace with a base": ([0, 3, 4, 2], [1, 2, 4, 8]),
    "geomspace": ([1, 1000, 4], [1, 10, 100, 1000]),
    "daterange": (
        ["2024-01-01", "2024-01-04", 1],
        [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)],
    ),
}


@pytest.mark.parametrize("name", DISCRETE)
def test_the_values_of_a_param_are_as_the_reference_gives_them(name):
    value, wanted = DISCRETE[name]
    param = PARAM.validate_python({"kind": name.split()[0], "value": value})
    found = values_of(param)
    assert found == (wanted if not isinstance(wanted[-1], int | float) else pytest.approx(wanted))
    assert size(param) == len(wanted)


def test_a_range_of_tenths_leaves_out_its_end():
    param = PARAM.validate_python({"kind": "range", "value": [0, 0.3, 0.1]})
    assert len(values_of(param)) == 3


def test_samples_are_multiples_between_their_bounds():
    assert sorted(sampled("quniform", [0, 10, 3], runs=9)) == [0, 3, 6, 9]


@pytest.mark.parametrize("kind", ["uniform", "loguniform", "normal", "lognormal"])
def test_the_same_seed_draws_the_same(kind):
    assert sampled(kind, [0, 1], seed=7) == sampled(kind, [0, 1], seed=7)
    assert sampled(kind, [0, 1], seed=7) != sampled(kind, [0, 1], seed=8)


GRID = {
    "kind": "grid",
    "params": {"a": {"kind": "choice", "value": [1, 2]}, "b": {"kind": "choice", "value": ["x", "y"]}},
}


def test_the_last_param_of_a_grid_changes_fastest():
    found = [tuple(trial.values()) for trial in trials(MATRIX.validate_python(GRID))]
    assert found == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]


def test_a_grid_is_cut_after_its_runs():
    matrix = MATRIX.validate_python({**GRID, "numRuns": 3})
    assert count(matrix) == 3
    assert len(list(trials(matrix))) == 3


def test_random_trials_are_different_and_end_with_a_small_space():
    matrix = MATRIX.validate_python({**GRID, "kind": "random", "numRuns": 9, "seed": 1})
    found = [tuple(trial.values()) for trial in trials(matrix)]
    assert sorted(found) == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]
    assert count(matrix) == 4


def test_a_row_of_a_mapping_is_a_trial():
    matrix = MATRIX.validate_python({"kind": "mapping", "values": [{"a": 1}, {"a": 2}]})
    assert [trial["a"] for trial in trials(matrix)] == [1, 2]


def test_how_many_trials_there_are_may_show_only_later():
    matrix = MATRIX.validate_python({"kind": "grid", "params": "{{ params }}"})
    assert count(matrix) is None


BEYOND = {
    "days beyond all calendars": ("daterange", ["2019-06-22", "2019-07-25", 3720368547], 1),
    "seconds beyond all calendars": (
        "datetimerange",
        ["2019-06-22T00:00:00", "2019-07-25T00:00:00", 10**18],
        1,
    ),
    "a range that floats cannot span": ("range", [-1e308, 1e308, 1], sys.maxsize + 1),
}


@pytest.mark.parametrize(("kind", "value", "steps"), BEYOND.values(), ids=BEYOND)
def test_steps_beyond_measure_are_counted(kind, value, steps):
    assert size(PARAM.validate_python({"kind": kind, "value": value})) == steps


NO_NUMBERS = {
    "powers that are too large": ("logspace", [0, 400, 3]),
    "powers of 0": ("logspace", [-1, 1, 3, 0]),
    "roots of a negative number": ("logspace", [0.1, 0.9, 3, -2]),
    "ratios from 0": ("geomspace", [0, 1, 3]),
    "ratios from below 0 to above": ("geomspace", [-1, 8, 4]),
    "a distance that is too large": ("linspace", [-1.7e308, 1.7e308, 3]),
    "multiples of nothing": ("quniform", [0, 1, 0]),
    "powers of e that are too large": ("lognormal", [1000, 0]),
    "an infinite multiple": ("qnormal", [1e308, 0, 1e-300]),
    "no pair": ("pchoice", []),
    "no weight": ("pchoice", [["a", 0]]),
}


@pytest.mark.parametrize(("kind", "value"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_is_no_number_is_never_drawn(kind, value):
    with pytest.raises(ValueError, match="no "):
        sampled(kind, value)


def test_spaces_end_exactly_where_they_say():
    for kind, value in (("linspace", [0.1, 0.7, 7]), ("geomspace", [0.001, 0.7, 7])):
        assert values_of(PARAM.validate_python({"kind": kind, "value": value}))[-1] == 0.7


@pytest.mark.parametrize(("kind", "value"), [("choice", []), ("range", [0, 1, 0])])
def test_a_random_search_over_nothing_has_no_trials(kind, value):
    assert sampled(kind, value, runs=3) == []


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.sampled_from(["range", "linspace", "logspace", "geomspace"]),
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.integers(1, 50),
)
def test_a_space_has_as_many_values_as_it_says_or_none(kind, start, stop, step, num):
    try:
        param = PARAM.validate_python(
            {"kind": kind, "value": [start, stop, step if kind == "range" else num]}
        )
        values = values_of(param)
    except ValueError:
        return
    assert len(values) == min(size(param), MAX_VALUES)


@given(
    st.sampled_from(
        ["uniform", "quniform", "loguniform", "qloguniform", "normal", "qnormal", "lognormal", "qlognormal"]
    ),
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.integers(0, 9),
)
def test_a_sample_is_a_number_or_refused(kind, first, second, step, seed):
    value = [first, second, step] if "q" in kind else [first, second]
    try:
        (found,) = sampled(kind, value, seed)
    except ValueError:
        return
    assert math.isfinite(found)
