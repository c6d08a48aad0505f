"""What can be read and never works is found, with its place."""

import pytest

from polyflow_shared.language import document, schema
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import path_text
from polyflow_shared.language.sanity import doubts, run_doubts

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
    "negative retries": ("termination: {maxRetries: -1}", Code.RANGE, "termination.maxRetries"),
    "no time to run": ("termination: {timeout: 0}", Code.RANGE, "termination.timeout"),
    "a cache that forgets at once": ("cache: {ttl: 0}", Code.RANGE, "cache.ttl"),
    "an event of no kind": ("events: [{kinds: [], ref: ops.a}]", Code.NEVER, "events[0].kinds"),
    "an event of nothing": ("events: [{kinds: [alert_info], ref: a}]", Code.NEVER, "events[0].ref"),
    "a bad query": ("joins: [{query: 'stauts: failed'}]", Code.QUERY, "joins[0].query"),
    "a bad order": ("joins: [{query: 'status: failed', sort: -los}]", Code.QUERY, "joins[0].sort"),
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


def test_templates_are_not_doubted():
    text = 'termination: {maxRetries: "{{ n }}"}\nmatrix: {kind: grid, params: "{{ p }}"}'
    assert list(doubts(operation(text), ())) == []


@pytest.mark.parametrize("cron", ["* * * * *", "@daily", "*/5 0-6 * * MON-FRI", "0 0 29 2 *"])
def test_a_good_cron_expression_is_not_doubted(cron):
    assert list(doubts(operation(f"schedule: {{kind: cron, cron: '{cron}'}}"), ())) == []
