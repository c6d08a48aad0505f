"""Fields: every wrong one is found, with its path, and the rest is still read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    "a kind of run that never was": (
        "run: {kind: jobb}",
        (Code.NOT_ALLOWED, "run.kind", "did you mean `job`?"),
    ),
    "an input without a name": ("inputs: [{type: int}]", (Code.MISSING_FIELD, "inputs[0].name", "")),
    "a reserved name": ("inputs: [{name: globals}]", (Code.NOT_ALLOWED, "inputs[0].name", "")),
    "text where a number is wanted": (
        'termination: {timeout: "5"}',
        (Code.WRONG_TYPE, "termination.timeout", "write it without quotes"),
    ),
    "a number where text is wanted": ("conditions: 1", (Code.WRONG_TYPE, "conditions", "write it in quotes")),
    "a kind that is no more": (
        "run: {kind: rayjob}",
        (Code.NOT_ALLOWED, "run.kind", "write `kind: raycluster`"),
    ),
    "a DAG where a matrix is wanted": (
        "matrix: {kind: dag, concurrency: 2}",
        (Code.NOT_ALLOWED, "matrix.kind", "a DAG belongs under `run:`"),
    ),
    "a kind that never was, in a nested operation": (
        "run: {kind: dag, operations: [{name: a, run: {kind: jobb}}]}",
        (Code.NOT_ALLOWED, "run.operations[0].run.kind", "did you mean `job`?"),
    ),
    "two references": (
        "hubRef: a\npathRef: b",
        (Code.SEVERAL_DEFINITIONS, "pathRef", ""),
    ),
    "an unknown type with a default": (
        "inputs: [{name: x, type: string, value: a}]",
        (Code.UNKNOWN_TYPE, "inputs[0].type", ""),
    ),
    "a default of another type": (
        "inputs: [{name: x, type: int, value: a}]",
        (Code.WRONG_VALUE, "inputs[0].value", ""),
    ),
    "a required field of a matrix": ("matrix: {kind: grid}", (Code.MISSING_FIELD, "matrix.params", "")),
    "bounds that are the wrong way round": (
        "matrix: {kind: grid, params: {x: {kind: range, value: [3, 1, 1]}}}",
        (Code.NOT_ALLOWED, "matrix.params.x.value", ""),
    ),
    "a text or a list": ("cmd: 1", (Code.WRONG_TYPE, "cmd", "write it in quotes")),
    "an item of a text or a list": ("cmd: [1]", (Code.WRONG_TYPE, "cmd[0]", "write it in quotes")),
    "no room for anything": ("run: {kind: dag, concurrency: 0}", (Code.NOT_ALLOWED, "run.concurrency", "")),
    "a name with a space": ("name: a b", (Code.NOT_ALLOWED, "name", "write `a-b`")),
    "a document that is a list": ("[1]", (Code.NOT_A_MAP, "", "")),
    "a document that is a word": ("x", (Code.NOT_A_MAP, "", "")),
}


@pytest.mark.parametrize(("text", "finding"), WRONG.values(), ids=WRONG)
def test_a_wrong_field_is_found(text, finding):
    assert findings(text) == [finding]


def test_all_wrong_fields_are_found_in_one_go_and_the_rest_is_read():
    text = "nam: a\nname: b\ninputs: [{nme: x}, {name: y}]\n"
    text += "run: {kind: job, connections: [1], container: {image: i}}"
    assert sorted(code for code, _, _ in findings(text)) == [
        Code.UNKNOWN_FIELD, Code.UNKNOWN_FIELD, Code.MISSING_FIELD, Code.WRONG_TYPE,
    ]  # fmt: skip
    operation = schema.read(document.read(text).value).operation
    assert operation.name == "b"
    assert [io.name for io in operation.inputs] == ["y"]
    assert operation.run.container["image"] == "i"


def test_templates_stand_for_other_types_where_the_language_says_so():
    operation = schema.read(document.read('termination: {timeout: "{{ x }}"}').value).operation
    assert operation.termination.timeout == "{{ x }}"
    assert findings('joins: [{query: a, limit: "x"}]') != []


def test_a_run_without_a_kind_is_read_as_a_part_of_one():
    operation = schema.read(document.read("run: {container: {image: a}}").value).operation
    assert operation.run == {"container": {"image": "a"}}


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


def test_what_is_given_to_be_read_is_not_changed():
    container = {"image": "a", "comand": "b"}
    value = {"run": {"kind": "job", "container": container}, "sidecars": [container, {}]}
    assert len(schema.read(value).findings) == 4
    assert value == {
        "run": {"kind": "job", "container": {"image": "a", "comand": "b"}},
        "sidecars": [{"image": "a", "comand": "b"}, {}],
    }


def test_what_stands_behind_a_cut_is_found_where_it_was_written():
    joins = [{"query": 3}, {"query": "a: 1", "limit": []}, {"query": 4}, {"query": "b: 2", "sort": "x"}]
    read = schema.read({"joins": joins, "runPatch": {"a": [1]}})
    assert [join.query for join in read.operation.joins or ()] == ["a: 1", "b: 2"]
    assert read.as_written(("joins", 0, "query")) == ("joins", 1, "query")
    assert read.as_written(("joins", 1, "sort")) == ("joins", 3, "sort")
    assert read.as_written(("joins",)) == ("joins",)
    assert read.as_written(("runPatch", "a", 0)) == ("runPatch", "a", 0)


@given(st.lists(st.sampled_from(["fine", "unnamed", "nested"]), min_size=1, max_size=12))
def test_cuts_in_several_rounds_are_taken_back_in_their_order(kinds):
    values = {"fine": {"name": "x"}, "unnamed": {}, "nested": {"name": "x", "type": "int", "value": "a"}}
    inputs = [{**values[kind], "description": str(index)} for index, kind in enumerate(kinds)]
    read = schema.read({"inputs": inputs})
    places = [read.as_written(("inputs", index)) for index in range(len(read.operation.inputs))]
    assert places == [("inputs", int(io.description)) for io in read.operation.inputs]


@given(st.lists(st.booleans(), min_size=1, max_size=20))
def test_of_many_operations_those_that_are_right_are_read(right):
    operations = [{"name": f"op-{index}"} if fine else {"name": index} for index, fine in enumerate(right)]
    read = schema.read({"run": {"kind": "dag", "operations": operations}})
    wrong = [index for index, fine in enumerate(right) if not fine]
    assert [finding.path for finding in read.findings] == [
        ("run", "operations", index, "name") for index in wrong
    ]
    assert [operation.name for operation in read.operation.run.operations if operation.name] == [
        f"op-{index}" for index, fine in enumerate(right) if fine
    ]
