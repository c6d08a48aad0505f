"""Matrices in plans: which operations they become, with which values, and what is refused."""

import itertools
import json
import time
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_services.spec_validator.checked import check
from tests.unit.planner.plan_builder import report
from tests.unit.planner.world import World
from tests.unit.spec_validator.requests import ask, plan, problems

TRAIN = """
name: train
inputs: [{name: lr, type: float}, {name: n, type: int, value: 3}]
run: {kind: job, container: {command: [train, "{{ lr }}", "{{ n }}"]}}
"""
GRID = """
matrix:
  kind: grid
  concurrency: 2
  earlyStopping:
  - {kind: failure_early_stopping, percent: 50}
  - {kind: metric_early_stopping, metric: loss, value: 0.1, optimization: minimize}
  params: {lr: {kind: choice, value: [0.1, 0.2]}, n: {kind: range, value: [0, 9, 3]}}
"""
FOLDS = """
name: folds
inputs: [{name: k, type: int}]
matrix: {kind: mapping, values: [{k: 1}, {k: 2}]}
run:
  kind: dag
  concurrency: 3
  operations:
  - name: prepare
    outputs: [{name: size, type: int}]
    run: {kind: job, container: {command: [prepare]}}
  - name: fit
    inputs: [{name: k, type: int}, {name: size, type: int}, {name: lr, type: float}]
    params: {k: {ref: dag, value: inputs.k}, size: {ref: ops.prepare, value: outputs.size}}
    matrix: {kind: grid, params: {lr: {kind: choice, value: [0.1, 0.2]}}}
    run: {kind: job, container: {command: [fit, "{{ k }}", "{{ lr }}"]}}
"""


def launched(messages):
    """Return the params of all operations that the planner launches, by name, if each succeeds at once."""
    world = World().take(*messages)
    done = 0
    while done < len(world.launches()):
        launch = world.launches()[done]
        done += 1
        world.take(report(launch, "succeeded", outputs={"size": 7}))
    assert world.story()[-1] == "run succeeded"
    told = {
        event.operation: event.params for event in world.said if getattr(event, "status", "") == "scheduled"
    }
    return {launch.operation: told[launch.operation] for launch in world.launches()}


def test_a_grid_is_an_operation_that_opens_a_scope_of_trials():
    messages = ask(TRAIN + GRID)
    begun, operations, edges, opening, scopes = plan(messages)
    (owner,) = operations.values()
    assert (owner.name, owner.opens, owner.matrix.kind, owner.matrix.trials) == ("train", 1, "grid", 6)
    assert [param.name for param in owner.matrix.varied] == ["lr", "n"]
    assert owner.params == ()
    (block,) = [block for part in messages[1:-1] for block in part.trials]
    assert (block.owner, block.first, block.trial) == (0, 1, 0)
    assert block.values == ((0.1, 0), (0.1, 3), (0.1, 6), (0.2, 0), (0.2, 3), (0.2, 6))
    root, trials = scopes
    assert (root.first, root.last, root.members) == (0, 7, 1)
    assert (trials.name, trials.owner, trials.first, trials.last, trials.members) == ("train", 0, 1, 7, 6)
    assert (trials.concurrency, trials.failure_percent) == (2, 50)
    assert [(policy.scope, policy.metric) for policy in begun.policies] == [("train", "loss")]
    assert begun.operations == 7
    assert not edges
    assert opening == {(0, 0), *((1, trial) for trial in range(1, 7))}


def test_a_matrix_of_dags_has_a_copy_of_the_dag_for_each_trial():
    begun, operations, edges, _, scopes = plan(ask(FOLDS))
    names = [one.name for one in sorted(operations.values(), key=lambda one: one.index)]
    assert names == [
        "folds",
        *("folds.0", "folds.0.prepare", "folds.0.fit"),
        *("folds.1", "folds.1.prepare", "folds.1.fit"),
    ]
    assert [operations[name].index for name in names] == [0, 1, 2, 3, 6, 7, 8]
    assert [operations[f"folds.{trial}"].trial for trial in (0, 1)] == [True, True]
    assert edges == {(2, 3), (7, 8)}
    assert [(scope.name, scope.first, scope.last, scope.members) for scope in scopes] == [
        ("", 0, 11, 1),
        ("folds", 1, 11, 2),
        ("folds.0", 2, 6, 2),
        ("folds.0.fit", 4, 6, 2),
        ("folds.1", 7, 11, 2),
        ("folds.1.fit", 9, 11, 2),
    ]
    assert [scope.concurrency for scope in scopes] == [None, None, 3, None, 3, None]
    params = {param.name: param for param in operations["folds.1.fit"].params}
    assert params["k"].value == 2
    assert params["size"].source.operation == 7
    assert begun.operations == 11


def test_trials_read_the_values_of_all_matrices_around_them():
    found = launched(ask(FOLDS))
    assert found["folds.0.fit.1"] == {"k": 1, "size": 7, "lr": 0.2}
    assert found["folds.1.fit.0"] == {"k": 2, "size": 7, "lr": 0.1}
    assert len(found) == 6


VALUES = st.lists(st.integers(-5, 5), min_size=0, max_size=4)
GRIDS = st.dictionaries(st.sampled_from("abcd"), VALUES, min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(GRIDS, st.none() | st.integers(1, 5), st.none() | GRIDS)
def test_the_planner_launches_what_a_plain_reference_lists(outer, limit, inner):
    """Any grid of jobs, or of DAGs with a grid in each, cut after any number of trials."""
    first = [dict(zip(outer, values, strict=True)) for values in itertools.product(*outer.values())]
    wanted = {}
    for number, trial in enumerate(first[:limit]):
        if inner is None:
            wanted[f"s.{number}"] = trial
            continue
        for other, values in enumerate(itertools.product(*inner.values())):
            wanted[f"s.{number}.t.{other}"] = {**trial, **dict(zip(inner, values, strict=True))}
    assert launched(ask(_searches(outer, limit, inner))) == wanted


def _searches(outer, limit, inner):
    def grid(params, runs=None):
        kinds = {name: {"kind": "choice", "value": values} for name, values in params.items()}
        return {"kind": "grid", "params": kinds, **({"numRuns": runs} if runs else {})}

    run = {"kind": "job", "container": {"command": ["a"]}}
    inputs = [{"name": name, "type": "int"} for name in outer]
    if inner is not None:
        more = [{"name": name, "type": "int"} for name in sorted({*inner, *outer})]
        params = {name: {"ref": "dag", "value": f"inputs.{name}"} for name in outer}
        op = {"name": "t", "inputs": more, "params": params, "matrix": grid(inner), "run": run}
        run = {"kind": "dag", "operations": [op]}
    return {"name": "s", "inputs": inputs, "matrix": grid(outer, limit), "run": run}


def test_dates_are_texts():
    text = """
name: backfill
inputs: [{name: day, type: date}]
matrix:
  kind: grid
  concurrency: 1
  params: {day: {kind: daterange, value: ["2024-01-30", "2024-02-02", 1]}}
run: {kind: job, container: {command: [a]}}
"""
    found = launched(ask(text))
    assert [params["day"] for params in found.values()] == ["2024-01-30", "2024-01-31", "2024-02-01"]


def searched(more=""):
    """Return the seed and the values of a random search."""
    text = f"matrix: {{kind: random, numRuns: 5{more}, params: {{lr: {{kind: uniform, value: [0, 1]}}}}}}"
    messages = ask(TRAIN + text)
    (owner,) = plan(messages)[1].values()
    return owner.matrix.seed, [
        values for part in messages[1:-1] for block in part.trials for values in block.values
    ]


def test_a_random_search_is_drawn_by_its_seed_which_is_told():
    seed, values = searched(", seed: 7")
    assert seed == 7
    assert searched(", seed: 7") == (seed, values)
    without, others = searched()
    assert others != values
    assert searched(f", seed: {without}") == (without, others)
    assert len({value for (value,) in others}) == 5


def test_a_mapping_takes_the_default_where_a_row_is_silent():
    text = TRAIN + "matrix: {kind: mapping, values: [{lr: 1, n: 2}, {lr: 2}]}"
    assert launched(ask(text)) == {"train.0": {"lr": 1, "n": 2}, "train.1": {"lr": 2, "n": 3}}


def test_a_row_may_leave_to_a_param_what_is_a_value_of_the_matrix_around():
    inner = """
  - name: inner
    matrix: {kind: mapping, values: [{y: 1}]}
    params: {x: {ref: dag, value: inputs.x}}
    component:
      inputs: [{name: x, type: int}, {name: y, type: int}]
      run: {kind: job, container: {command: [a]}}
"""
    text = f"""
name: outer
inputs: [{{name: x, type: int}}]
matrix: {{kind: mapping, values: [{{x: 0}}, {{x: 7}}]}}
run:
  kind: dag
  operations:{inner}
"""
    assert [*launched(ask(text)).values()] == [{"x": 0, "y": 1}, {"x": 7, "y": 1}]


@pytest.mark.parametrize(
    "matrix",
    ["{kind: mapping, values: []}", "{kind: grid, params: {lr: {kind: choice, value: []}}}"],
)
def test_an_empty_matrix_ends_at_once(matrix):
    world = World().take(*ask(TRAIN + f"matrix: {matrix}"))
    assert world.story() == ["train succeeded", "run succeeded"]


REFUSED = {
    "a value that its input does not take": (
        TRAIN
        + "matrix: {kind: grid, params: {lr: {kind: choice, value: [0.1]}, n: {kind: linspace, value: [0, 1, 3]}}}",
        "PF3011",
        "a trial has an unfit value: `n`: 0.5 is not an `int`",
    ),
    "a row without a value that is needed": (
        TRAIN + "matrix: {kind: mapping, values: [{lr: 1}, {n: 1}]}",
        "PF3009",
        "this row has no value for input `lr`",
    ),
    "more trials than a run may have": (
        TRAIN + "matrix: {kind: grid, params: {lr: {kind: linspace, value: [0, 1, 100001]}}}",
        "PF3017",
        "with all trials of its matrices this has 100,001 operations",
    ),
    "a search that is not known before it runs": (
        TRAIN
        + "matrix: {kind: tpe, maxIterations: 3, metric: {name: a}, params: {lr: {kind: uniform, value: [0, 1]}}}",
        "PF2005",
        "a matrix of kind `tpe` is not supported yet",
    ),
    "a matrix of services": (
        TRAIN.replace("kind: job", "kind: service, ports: [80]")
        + "matrix: {kind: mapping, values: [{lr: 1}]}",
        "PF2005",
        "a matrix of services is not supported yet",
    ),
    "a generator of numbers for a text": (
        TRAIN.replace("float", "str") + "matrix: {kind: grid, params: {lr: {kind: range, value: [0, 9, 3]}}}",
        "PF3014",
        "input `lr` is `str`, and `range` makes numbers",
    ),
    "a condition over what differs from trial to trial": (
        TRAIN + "conditions: lr > 0\nmatrix: {kind: mapping, values: [{lr: 1}]}",
        "PF5002",
        None,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_run_is_refused_by_name(name):
    text, code, message = REFUSED[name]
    (found,) = problems(ask(text))
    assert found.code == code, found
    if message is not None:
        assert found.message == message


def test_a_matrix_has_no_outputs_of_its_own():
    text = """
run:
  kind: dag
  operations:
  - name: sweep
    inputs: [{name: lr, type: float}]
    outputs: [{name: loss, type: float}]
    matrix: {kind: mapping, values: [{lr: 1}]}
    run: {kind: job, container: {command: [a]}}
  - name: report
    inputs: [{name: loss, type: float}]
    params: {loss: {ref: ops.sweep, value: outputs.loss}}
    run: {kind: job, container: {command: [a]}}
"""
    (found,) = problems(ask(text))
    assert (
        found.message == "`sweep` is a matrix: each of its trials has `outputs.loss`, and it has none itself"
    )
    assert check(text, file="a.yaml").compile == "accept"


def test_a_grid_of_a_hundred_thousand_trials_is_planned_in_parts():
    text = (
        TRAIN
        + "matrix: {kind: grid, params: {lr: {kind: linspace, value: [0, 1, 1000]}, n: {kind: range, value: [0, 100, 1]}}}"
    )
    started = time.process_time()
    messages = ask(text)
    assert time.process_time() - started < 20
    begun, *parts, _ = messages
    assert begun.operations == 100_001
    assert sum(len(block.values) for part in parts for block in part.trials) == 100_000
    assert max(len(json.dumps(part.model_dump(mode="json"))) for part in parts[:3]) < 256 * 1024
    assert max(sum(len(block.values) for block in part.trials) for part in parts) <= 1024


@st.composite
def generators(draw):
    """Return a kind of param with its values, and the values that a plain reference makes of it."""
    start, step, count = draw(st.integers(-9, 9)), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    match draw(st.sampled_from(["choice", "range", "linspace", "datetimerange"])):
        case "choice":
            values = draw(
                st.lists(st.text("ab", min_size=1) | st.booleans() | st.integers(-99, 99), max_size=3)
            )
            return {"kind": "choice", "value": values}, values
        case "range":
            stop = start + step * count
            return {"kind": "range", "value": f"{start}:{stop}:{step}"}, list(range(start, stop, step))
        case "linspace":
            value = {"start": start, "stop": start + step * count, "num": count + 1}
            return {"kind": "linspace", "value": value}, [start + step * place for place in range(count + 1)]
        case _:
            first = datetime.fromisoformat("2024-02-28T23:00:00")
            wanted = [first + timedelta(seconds=3600 * place) for place in range(count)]
            value = [first.isoformat(), (first + timedelta(hours=count)).isoformat(), 3600]
            return {"kind": "datetimerange", "value": value}, [one.isoformat() for one in wanted]


def _plain(value):
    """Return a value as it is compared: true is not 1, and 1 is 1.0."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return ("number", float(value)) if number else (type(value).__name__, value)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), generators(), min_size=1, max_size=3), st.booleans())
def test_any_generators_make_what_a_plain_reference_makes(params, as_random):
    every = [
        {name: _plain(value) for name, value in zip(params, values, strict=True)}
        for values in itertools.product(*(values for _, values in params.values()))
    ]
    kinds = {name: kind for name, (kind, _) in params.items()}
    matrix = {"kind": "random", "numRuns": 1000, "seed": 1} if as_random else {"kind": "grid"}
    inputs = [{"name": name, "type": "any"} for name in params]
    run = {"kind": "job", "container": {"command": ["a"]}}
    found = launched(ask({"name": "s", "inputs": inputs, "matrix": {**matrix, "params": kinds}, "run": run}))
    values = [{name: _plain(value) for name, value in trial.items()} for trial in found.values()]
    if not as_random:
        assert list(found) == [f"s.{number}" for number in range(len(every))]
        assert values == every
    else:  # all of a finite space, each once, in any order
        assert {repr(sorted(one.items())) for one in values} == {repr(sorted(one.items())) for one in every}
        assert len(values) == len({repr(sorted(one.items())) for one in values})
