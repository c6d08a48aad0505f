"""Conditions and skips: where they end up in the plan, and what is wrong with them."""

import json

import pytest

from polyflow_services.spec_validator.checked import check
from polyflow_topics.plan import PlanBegun
from tests.unit.spec_validator.requests import plan
from tests.unit.spec_validator.test_builds import BUILD, BUILDER, JOB, ask

LOAD = "{name: load, outputs: [{name: n, type: int}], run: {kind: job, container: {command: [load]}}}"
READS = "params: {n: {ref: ops.load, value: outputs.n}}, inputs: [{name: n, type: int}]"
TOP = "inputs: [{name: x, type: int, value: 3}]\nconditions: x > 2\n"


def dag(operation: str) -> str:
    return f"run: {{kind: dag, operations: [{LOAD}, {operation}]}}"


def planned(text, *sent):
    begun, operations, *_ = plan(ask(text, *sent))
    assert isinstance(begun, PlanBegun)
    return begun, operations


def test_a_condition_names_what_its_operation_names():
    begun, operations = planned(dag(f"{{name: train, conditions: n > 0, {READS}, {JOB}}}"))
    assert operations["train"].condition.text == "{{ n > 0 }}"
    assert operations["train"].condition.params is None
    assert begun.condition is None


def test_a_condition_in_braces_is_left_as_it_is():
    _, operations = planned(dag(f"{{name: train, conditions: '{{{{ n > 0 }}}}', {READS}, {JOB}}}"))
    assert operations["train"].condition.text == "{{ n > 0 }}"


def test_nothing_is_built_for_what_is_not_run():
    train = f"{{name: train, conditions: n > 0, skipOnUpstreamSkip: true, {READS}, {BUILD}, {JOB}}}"
    _, operations = planned(dag(train), BUILDER)
    builder, built = operations["train-build"], operations["train"]
    assert (builder.condition.text, builder.skips) == ("{{ n > 0 }}", True)
    assert [(param.name, param.source.output) for param in builder.condition.params] == [("n", "n")]
    assert (built.condition, built.skips) == (None, True)


def test_a_skip_is_passed_on_only_where_it_is_asked_for():
    _, operations = planned(dag(f"{{name: a, dependencies: [load], skipOnUpstreamSkip: true, {JOB}}}"))
    assert operations["a"].skips
    assert not operations["load"].skips


@pytest.mark.parametrize("run", [dag(f"{{name: a, {JOB}}}"), JOB], ids=["a DAG", "one operation"])
def test_a_condition_at_the_top_is_the_runs(run):
    begun, operations = planned(TOP + run)
    assert begun.condition.text == "{{ x > 2 }}"
    assert [(param.name, param.value) for param in begun.condition.params] == [("x", 3)]
    assert {operation.condition for operation in operations.values()} == {None}


# text: (code, path)
WRONG = {
    "a name that there is not, at the top of a DAG": (
        "conditions: y > 2\n" + dag(f"{{name: a, {JOB}}}"),
        ("PF5002", "conditions"),
    ),
    "a name that there is not, in an operation": (
        dag(f"{{name: a, conditions: y > 2, {JOB}}}"),
        ("PF5002", "run.operations[1].conditions"),
    ),
    "what is no expression": (
        dag(f"{{name: a, conditions: 'n >', {JOB}}}"),
        ("PF5001", "run.operations[1].conditions"),
    ),
    "what can never be evaluated": (
        dag(f"{{name: a, conditions: \"'a' * 10**10\", {JOB}}}"),
        ("PF5003", "run.operations[1].conditions"),
    ),
    "a template for a trigger": (
        dag(f"{{name: a, dependencies: [load], trigger: '{{{{ t }}}}', {JOB}}}"),
        ("PF2005", "run.operations[1].trigger"),
    ),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_with_its_place(text, expected):
    checked = check(text, file="a.yaml")
    assert expected in [(one.code, one.path) for one in (*checked.errors, *checked.warnings)]


def test_the_plan_comes_back_from_the_wire_as_it_was():
    begun, operations = planned(TOP + dag(f"{{name: train, conditions: n > 0, {READS}, {JOB}}}"))
    assert PlanBegun.model_validate(json.loads(begun.model_dump_json())) == begun
    again = type(operations["train"]).model_validate_json(operations["train"].model_dump_json())
    assert again == operations["train"]


ANSWERS = {"'yes'": "true", "'{{ On }}'": "true", "n": "false", "'off'": "false"}


@pytest.mark.parametrize(("word", "instead"), [("yes", "true"), ("Off", "false")])
def test_what_to_write_for_a_word_without_quotes_is_accepted(word, instead):
    checked = check(dag(f"{{name: a, conditions: {word}, {JOB}}}"), file="a.yaml")
    assert [one.hint for one in checked.errors] == [f'`{word}` is read as {instead}; write "{instead}"']
    assert check(dag(f'{{name: a, conditions: "{instead}", {JOB}}}'), file="a.yaml").accepted


@pytest.mark.parametrize(("word", "instead"), ANSWERS.items())
def test_a_word_that_only_a_value_may_be_is_told_with_what_to_write(word, instead):
    checked = check(dag(f"{{name: a, conditions: {word}, {JOB}}}"), file="a.yaml")
    told = [(one.code, one.hint) for one in checked.errors if one.path.endswith("conditions")]
    assert told == [("PF5002", f'write "{instead}", in quotes')]
    assert check(dag(f'{{name: a, conditions: "{instead}", {JOB}}}'), file="a.yaml").accepted
