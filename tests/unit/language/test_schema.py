"""Fields: every wrong one is found, with its path, and the rest is still read."""

import pytest

from polyflow_shared.language import document, schema
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import path_text
from polyflow_shared.language.models import V1Dag, V1Job

JOB = "run: {kind: job, container: {command: [a]}}"


def findings(text):
    return [
        (finding.code, path_text(finding.path), str(finding.hint))
        for finding in schema.read(document.read(text).value).findings
    ]


WRONG = {
    "a misspelt field": ("kin: operation", (Code.UNKNOWN_FIELD, "kin", "did you mean `kind`?")),
    "a field in snake case": (
        "termination: {max_retries: 1}",
        (Code.UNKNOWN_FIELD, "termination.max_retries", "did you mean `maxRetries`?"),
    ),
    "a field of the DAG beside it": (
        "concurrency: 3",
        (Code.UNKNOWN_FIELD, "concurrency", "`concurrency` belongs under `run:`"),
    ),
    "a field of the operation in its run": (
        "run: {kind: job, inputs: []}",
        (Code.UNKNOWN_FIELD, "run.inputs", "`inputs` belongs beside `run:`"),
    ),
    "a misspelt field of a container": (
        "run: {kind: job, container: {comand: [x]}}",
        (Code.UNKNOWN_FIELD, "run.container.comand", "did you mean `command`?"),
    ),
    "an unknown field of a written-out param": (
        "params: {lr: {value: 1, reff: dag}}",
        (Code.UNKNOWN_FIELD, "params.lr.reff", "did you mean `ref`?"),
    ),
    "a field that comes later": ("matrix: {kind: grid}", (Code.NOT_YET, "matrix", "")),
    "a later field deep down": (
        "run: {kind: job, container: {volumeMounts: []}}",
        (Code.NOT_YET, "run.container.volumeMounts", ""),
    ),
    "a kind of run that comes later": ("run: {kind: service}", (Code.NOT_YET, "run.kind", "")),
    "a kind of run that never was": (
        "run: {kind: jobb}",
        (Code.NOT_ALLOWED, "run.kind", "did you mean `job`?"),
    ),
    "a run without a kind": ("run: {}", (Code.NO_KIND, "run", "write `kind: job` or `kind: dag`")),
    "a policy that comes later": (
        "run: {kind: dag, earlyStopping: [{kind: metric_early_stopping, metric: m, value: 1, "
        "optimization: maximize, policy: {kind: median}}]}",
        (Code.NOT_YET, "run.earlyStopping[0].policy", ""),
    ),
    "a percentage above all": (
        "run: {kind: dag, earlyStopping: [{kind: failure_early_stopping, percent: 101}]}",
        (Code.NOT_ALLOWED, "run.earlyStopping[0].percent", ""),
    ),
    "an input without a name": ("inputs: [{type: int}]", (Code.MISSING_FIELD, "inputs[0].name", "")),
    "a reserved name": ("inputs: [{name: globals}]", (Code.NOT_ALLOWED, "inputs[0].name", "")),
    "an unknown type": ("inputs: [{name: x, type: string}]", (Code.UNKNOWN_TYPE, "inputs[0].type", "")),
    "a number where text is wanted": (
        "run: {kind: job, container: {args: [1]}}",
        (Code.WRONG_TYPE, "run.container.args[0]", "write it in quotes"),
    ),
    "text where a number is wanted": (
        'termination: {timeout: "5"}',
        (Code.WRONG_TYPE, "termination.timeout", ""),
    ),
    "a template where a number is wanted": (
        'termination: {timeout: "{{ x }}"}',
        (Code.NOT_YET, "termination.timeout", ""),
    ),
    "a negative number of retries": (
        "termination: {maxRetries: -1}",
        (Code.NOT_ALLOWED, "termination.maxRetries", ""),
    ),
    "no room for anything": ("run: {kind: dag, concurrency: 0}", (Code.NOT_ALLOWED, "run.concurrency", "")),
    "a name with a space": ("name: a b", (Code.NOT_ALLOWED, "name", "")),
    "a document that is a list": ("[1]", (Code.NOT_A_MAP, "", "")),
    "a document that is a word": ("x", (Code.NOT_A_MAP, "", "")),
}


@pytest.mark.parametrize(("text", "finding"), WRONG.values(), ids=WRONG)
def test_a_wrong_field_is_found(text, finding):
    assert findings(text) == [finding]


def test_all_wrong_fields_are_found_in_one_go_and_the_rest_is_read():
    text = "nam: a\nname: b\ninputs: [{nme: x}, {name: y}]\n"
    text += "run: {kind: job, container: {command: [1], image: i}}"
    assert [code for code, _, _ in findings(text)] == [
        Code.MISSING_FIELD, Code.UNKNOWN_FIELD, Code.WRONG_TYPE, Code.UNKNOWN_FIELD,
    ]  # fmt: skip
    operation = schema.read(document.read(text).value).operation
    assert operation.name == "b"
    assert [io.name for io in operation.inputs] == ["y"]
    assert operation.run.container.image == "i"


def test_null_is_as_good_as_absent_for_what_comes_later():
    assert findings(f"hooks: null\n{JOB}") == []


def test_params_may_be_written_short():
    text = "params: {a: 0, b: {x: 1}, c: {value: 2}, d: {}, e: null}"
    params = schema.read(document.read(text).value).operation.params
    assert {name: param.value for name, param in params.items()} == {
        "a": 0, "b": {"x": 1}, "c": 2, "d": None, "e": None,
    }  # fmt: skip
    assert "value" in params["e"].model_fields_set
    assert "value" not in params["d"].model_fields_set


def test_the_kind_decides_what_a_run_is():
    run = "run: {kind: dag, operations: [{name: a, " + JOB + "}]}"
    operation = schema.read(document.read(run).value).operation
    assert isinstance(operation.run, V1Dag)
    assert isinstance(operation.run.operations[0].run, V1Job)


def test_lenient_and_strict_numbers():
    dag = schema.read({"run": {"kind": "dag", "concurrency": "2"}}).operation.run
    assert dag.concurrency == 2
    assert schema.read({"termination": {"maxRetries": 2.0}}).findings
