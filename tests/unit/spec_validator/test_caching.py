"""Which params count where a DAG, a matrix or an operation says so with `cache.io`."""

import pytest

from tests.unit.spec_validator.requests import ask, plan

JOB = "run: {kind: job, container: {command: [fit]}}"
NAMES = "inputs: [{name: lr, type: float, value: 1}, {name: x, type: float, value: 1}]"
READS = "params: {loss: {ref: ops.train, value: outputs.loss}}, inputs: [{name: loss, type: float}]"
TRAIN = f"{{name: train, {NAMES}, outputs: [{{name: loss, type: float}}], {JOB}}}"
EVAL = f"{{name: eval, {READS}, {JOB}}}"
OWN = f"{{name: own, cache: {{ttl: 5, io: [x]}}, {NAMES}, {JOB}}}"
OUTPUT = f"{{name: output, cache: {{io: [loss]}}, outputs: [{{name: loss, type: float}}], {JOB}}}"
ALL = f"run: {{kind: dag, operations: [{TRAIN}, {EVAL}, {OWN}, {OUTPUT}]}}"
COUNTED = {"train": ("lr",), "eval": None, "own": ("lr", "x"), "output": ("loss",)}
MATRIX = "matrix: {kind: mapping, values: [{lr: 1}]}"
NESTED = f"run: {{kind: dag, operations: [{{name: in, component: {{{ALL}}}}}]}}"
TEXTS = {
    "a DAG": (f"cache: {{io: [lr]}}\n{NAMES}\n{ALL}", ""),
    "a DAG around a DAG": (f"cache: {{io: [lr]}}\n{NAMES}\n{NESTED}", "in."),
    "a matrix of DAGs": (f"cache: {{io: [lr]}}\n{MATRIX}\ncomponent: {{{NAMES}, {ALL}}}", "pipeline.0."),
}


@pytest.mark.parametrize(("text", "scope"), TEXTS.values(), ids=TEXTS.keys())
def test_what_is_handed_down_holds_as_far_as_an_operation_has_the_names(text, scope):
    operations = plan(ask(text))[1]
    assert {name: operations[f"{scope}{name}"].cache.io for name in COUNTED} == COUNTED


def test_an_output_alone_that_is_handed_down_tells_no_operations_of_different_inputs_apart():
    text = f"cache: {{io: [loss]}}\noutputs: [{{name: loss, type: float, value: 1}}]\n{ALL}"
    operations = plan(ask(text))[1]
    assert [operations[name].cache.io for name in ("train", "eval", "output")] == [None, ("loss",), ("loss",)]


def test_trials_of_a_matrix_of_jobs_count_what_it_says():
    job = f"component: {{{NAMES}, {JOB}}}"
    operations = plan(ask(f"cache: {{io: [lr]}}\n{MATRIX}\n{job}"))[1]
    assert {one.cache.io for one in operations.values() if one.cache} == {("lr",)}


BEST = (
    "{name: best, dependencies: [s], joins: [{query: 'status: succeeded', ref: ops.s, "
    "params: {x: {value: WHAT}}}], run: {kind: job, container: {command: [best, '{{ x }}']}}}"
)
IN_DAG = f"{{name: s, component: {{run: {{kind: dag, operations: [{{name: a, {JOB}}}]}}}}}}"
JOINED = {
    "trials of a matrix": (f"{{name: s, {MATRIX}, component: {{{NAMES}, {JOB}}}}}", "s"),
    "what is in a DAG": (IN_DAG, "s.a"),
    "what is in DAGs that are trials": (IN_DAG.replace("component", f"{MATRIX}, component"), None),
}


@pytest.mark.parametrize(("scope", "executed"), JOINED.values(), ids=JOINED.keys())
@pytest.mark.parametrize("what", ["artifacts.model", "artifacts", "outputs.loss"])
def test_that_whose_artifacts_joins_read_is_executed(scope, executed, what):
    text = f"cache: {{}}\nrun: {{kind: dag, operations: [{scope}, {BEST.replace('WHAT', what)}]}}"
    operations = plan(ask(text))[1]
    without = {name for name, one in operations.items() if one.container and one.cache is None}
    assert without == ({executed} if executed and what != "outputs.loss" else set())
