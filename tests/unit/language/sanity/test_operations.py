"""What can be read and never works is found, with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.language import document, schema
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import path_text
from polyflow_shared.language.sanity.operations import cron_problems, doubts, run_doubts

GRID = "kind: grid, params: {x: {kind: choice, value: [1, 2]}}"
CASES = {
    "too few fields of a cron expression": (
        "schedule: {kind: cron, cron: '0 0'}",
        Code.CRON,
        "schedule.cron",
    ),
    "seconds in a cron expression": (
        "schedule: {kind: cron, cron: '0 0 0 * * *'}",
        Code.CRON,
        "schedule.cron",
    ),
    "a minute that there is not": ("schedule: {kind: cron, cron: '61 * * * *'}", Code.CRON, "schedule.cron"),
    "an unknown name": ("schedule: {kind: cron, cron: '@dayly'}", Code.CRON, "schedule.cron"),
    "a day that there is not": ("schedule: {kind: cron, cron: '0 0 31 2 *'}", Code.CRON, "schedule.cron"),
    "no time between runs": (
        "schedule: {kind: interval, frequency: 0}",
        Code.RANGE,
        "schedule.frequency",
    ),
    "an end before the start": (
        "schedule: {kind: interval, frequency: 9, startAt: '2024-01-02T00:00:00', endAt: '2024-01-01T00:00:00Z'}",
        Code.NEVER,
        "schedule.endAt",
    ),
    "no runs": ("schedule: {kind: interval, frequency: 9, maxRuns: 0}", Code.RANGE, "schedule.maxRuns"),
    "a version that there is not": ("version: 9.9", Code.RANGE, "version"),
    "negative retries": ("termination: {maxRetries: -1}", Code.RANGE, "termination.maxRetries"),
    "no time to run": ("termination: {timeout: 0}", Code.RANGE, "termination.timeout"),
    "more time to run than Kubernetes takes": (
        "termination: {timeout: 315360001}",
        Code.RANGE,
        "termination.timeout",
    ),
    "kept for longer than there are dates": (
        "termination: {ttl: 1000000000000}",
        Code.RANGE,
        "termination.ttl",
    ),
    "a cache that forgets at once": ("cache: {ttl: 0}", Code.RANGE, "cache.ttl"),
    "an event of no kind": ("events: [{kinds: [], ref: ops.a}]", Code.NEVER, "events[0].kinds"),
    "an event of nothing": ("events: [{kinds: [alert_info], ref: a}]", Code.NEVER, "events[0].ref"),
    "a bad query": ("joins: [{query: 'stauts: failed'}]", Code.QUERY, "joins[0].query"),
    "a bad order": ("joins: [{query: 'status: failed', sort: -los}]", Code.QUERY, "joins[0].sort"),
    "a status that there is not": (
        "joins: [{query: 'name: a, status: runing|failed'}]",
        Code.QUERY,
        "joins[0].query",
    ),
    "a kind that there is not": ("joins: [{query: 'kind: jobb'}]", Code.QUERY, "joins[0].query"),
    "a day that no calendar has": (
        "joins: [{query: 'created_at: > 2024-13-01'}]",
        Code.QUERY,
        "joins[0].query",
    ),
    "what a run does not have": (
        "joins: [{query: 'name: a', params: {x: {value: output.loss}}}]",
        Code.WRONG_REF,
        "joins[0].params.x.value",
    ),
    "a template in a cron expression": (
        "schedule: {kind: cron, cron: '{{ when }}'}",
        Code.CRON,
        "schedule.cron",
    ),
    "a negative limit": ("joins: [{query: 'status: failed', limit: -1}]", Code.RANGE, "joins[0].limit"),
    "a grid of nothing": ("matrix: {kind: grid, params: {}}", Code.INCOMPLETE, "matrix.params"),
    "a value that is tried twice": (
        "matrix: {kind: grid, params: {x: {kind: choice, value: [1, 1]}}}",
        Code.REPEATED,
        "matrix.params.x.value[1]",
    ),
    "bounds that are the wrong way round": (
        "matrix: {kind: random, numRuns: 1, params: {x: {kind: uniform, value: [2, 1]}}}",
        Code.RANGE,
        "matrix.params.x.value",
    ),
    "more runs than there are trials": (
        f"matrix: {{{GRID.replace('grid', 'random')}, numRuns: 3}}",
        Code.RANGE,
        "matrix.numRuns",
    ),
    "rows of different names": (
        "matrix: {kind: mapping, values: [{a: 1}, {b: 1}]}",
        Code.INCOMPLETE,
        "matrix.values[1]",
    ),
    "a percentage above all": (
        f"matrix: {{{GRID}, earlyStopping: [{{kind: failure_early_stopping, percent: 250}}]}}",
        Code.RANGE,
        "matrix.earlyStopping[0].percent",
    ),
    "an empty choice": (
        "matrix: {kind: random, numRuns: 1, params: {x: {kind: choice, value: []}}}",
        Code.NEVER,
        "matrix.params.x.value",
    ),
    "weights that are all 0": (
        "matrix: {kind: random, numRuns: 1, params: {x: {kind: pchoice, value: [[a, 0]]}}}",
        Code.NEVER,
        "matrix.params.x.value",
    ),
    "steps that go backwards": (
        "matrix: {kind: random, numRuns: 1, params: {x: {kind: range, value: [0, 1, -1]}}}",
        Code.RANGE,
        "matrix.params.x.value",
    ),
    "days that do not go on": (
        "matrix: {kind: random, numRuns: 1, params: {x: {kind: daterange, value: ['2024-01-01', '2024-02-01', 0]}}}",
        Code.RANGE,
        "matrix.params.x.value",
    ),
    "a negative deviation": (
        "matrix: {kind: random, numRuns: 1, params: {x: {kind: normal, value: [0, -1]}}}",
        Code.RANGE,
        "matrix.params.x.value",
    ),
    "multiples of nothing": (
        "matrix: {kind: random, numRuns: 1, params: {x: {kind: quniform, value: [0, 1, 0]}}}",
        Code.RANGE,
        "matrix.params.x.value",
    ),
    "ratios from 0": (
        "matrix: {kind: random, numRuns: 1, params: {x: {kind: geomspace, value: [0, 1, 3]}}}",
        Code.RANGE,
        "matrix.params.x.value",
    ),
    "powers that are too large": (
        "matrix: {kind: random, numRuns: 1, params: {x: {kind: logspace, value: [0, 400, 3]}}}",
        Code.RANGE,
        "matrix.params.x.value",
    ),
    "powers of 0": (
        "matrix: {kind: random, numRuns: 1, params: {x: {kind: logspace, value: [-1, 1, 3, 0]}}}",
        Code.RANGE,
        "matrix.params.x.value",
    ),
    "a mapping of nothing": ("matrix: {kind: mapping, values: []}", Code.NEVER, "matrix.values"),
    "iterations that nobody suggests": (
        "matrix: {kind: iterative, maxIterations: 3}",
        Code.INCOMPLETE,
        "matrix",
    ),
    "no iteration": (
        "matrix: {kind: tpe, maxIterations: 0, metric: {name: a}, params: {x: {kind: uniform, value: [0, 1]}}}",
        Code.RANGE,
        "matrix.maxIterations",
    ),
    "a comparison that is never made": (
        f"matrix: {{{GRID}, earlyStopping: [{{kind: metric_early_stopping, metric: a, value: 1, optimization: maximize, policy: {{kind: median, evaluationInterval: 0}}}}]}}",
        Code.RANGE,
        "matrix.earlyStopping[0].policy.evaluationInterval",
    ),
    "a service that is culled at once": (
        "termination: {culling: {timeout: 0}}",
        Code.RANGE,
        "termination.culling.timeout",
    ),
    "a hook before the end": ("hooks: [{hubRef: a, trigger: running}]", Code.NEVER, "hooks[0].trigger"),
    "an event that nobody tells of": (
        "events: [{kinds: [run_status_created], ref: ops.a}]",
        Code.NEVER,
        "events[0].kinds",
    ),
    "a port that there is not": ("ports: [80, 70000]", Code.RANGE, "ports[1]"),
    "an input that is declared twice": (
        "inputs: [{name: a}, {name: a}]",
        Code.REPEATED,
        "inputs[1].name",
    ),
    "an input and an output of one name": (
        "inputs: [{name: a}]\noutputs: [{name: a}]",
        Code.REPEATED,
        "outputs[0].name",
    ),
}


def operation(text):
    return schema.read(document.read(text).value).operation


@pytest.mark.parametrize(("text", "code", "path"), CASES.values(), ids=CASES)
def test_what_never_works_is_found(text, code, path):
    assert [(one.code, path_text(one.path)) for one in doubts(operation(text), ())] == [(code, path)]


def test_hyperband_needs_what_it_compares():
    text = "matrix: {kind: hyperband, eta: 1, params: {x: {kind: choice, value: [1, 2]}}}"
    assert [path_text(one.path) for one in doubts(operation(text), ())] == [
        "matrix",
        "matrix",
        "matrix",
        "matrix.eta",
    ]


RUNS = {
    "a job without any role": ("run: {kind: tfjob}", Code.INCOMPLETE, "run"),
    "fewer than no replicas": (
        "run: {kind: tfjob, worker: {replicas: -1}}",
        Code.RANGE,
        "run.worker.replicas",
    ),
    "a port of a service": ("run: {kind: service, ports: [0]}", Code.RANGE, "run.ports[0]"),
    "no replica": ("run: {kind: service, replicas: 0}", Code.RANGE, "run.replicas"),
    "a percentage of nothing": (
        "run: {kind: dag, earlyStopping: [{kind: failure_early_stopping, percent: 0}]}",
        Code.RANGE,
        "run.earlyStopping[0].percent",
    ),
}


@pytest.mark.parametrize(("text", "code", "path"), RUNS.values(), ids=RUNS)
def test_a_run_that_never_works_is_found(text, code, path):
    found = run_doubts(operation(text).run, ("run",))
    assert [(one.code, path_text(one.path)) for one in found] == [(code, path)]


def test_ten_years_are_not_doubted():
    text = "termination: {ttl: 315360000, timeout: 315360000, maxRetries: 315360001}"
    assert list(doubts(operation(text), ())) == []


def test_templates_are_not_doubted():
    text = 'termination: {maxRetries: "{{ n }}"}\nmatrix: {kind: grid, params: "{{ p }}"}'
    assert list(doubts(operation(text), ())) == []


@pytest.mark.parametrize("cron", ["* * * * *", "@daily", "*/5 0-6 * * MON-FRI", "0 0 29 2 *"])
def test_a_good_cron_expression_is_not_doubted(cron):
    assert list(doubts(operation(f"schedule: {{kind: cron, cron: '{cron}'}}"), ())) == []


GOOD = {
    "decay": "{kind: logspace, value: [-3, 0, 4]}",
    "shrinking powers": "{kind: logspace, value: [-3, 400, 4, 0.5]}",
    "negative ratios": "{kind: geomspace, value: [-8, -1, 4]}",
    "exact numbers": "{kind: normal, value: [0, 0]}",
    "a weight": "{kind: pchoice, value: [[a, 0.5], [b, 0]]}",
    "1 and true": "{kind: choice, value: [1, true, '1']}",
}


@pytest.mark.parametrize("param", GOOD.values(), ids=GOOD)
def test_what_can_be_tried_is_not_doubted(param):
    text = f"matrix: {{kind: random, numRuns: 1, params: {{x: {param}}}}}"
    assert list(doubts(operation(text), ())) == []


def test_a_tuner_may_know_by_itself_what_to_try():
    text = "matrix: {kind: iterative, maxIterations: 3, tuner: {hubRef: a}}"
    assert list(doubts(operation(text), ())) == []


NODE = ("run", "operations", 0)


@pytest.mark.parametrize(
    ("text", "warning"), [("isPreset: true", False), ("{isPreset: true, hubRef: a}", True)]
)
def test_an_operation_of_a_dag_is_no_preset(text, warning):
    [found] = doubts(operation(text), NODE)
    assert (found.code, found.warning) == (Code.INCOMPLETE, warning)
    assert list(doubts(operation(text), ())) == []


@given(
    st.lists(
        st.sampled_from(
            ["*", "0", "5", "61", "*/0", "*/5", "1-5", "5-1", "MON", "L", "#", "?", "-", ",", "1,2"]
        ),
        max_size=7,
    )
)
def test_any_cron_expression_is_judged(fields):
    found = list(cron_problems(" ".join(fields), ()))
    assert all(one.code is Code.CRON for one in found)
    assert found or len(fields) == 5
