"""Joins in plans: who asks the questions, who reads the answers, and what is refused."""

import pytest

from tests.unit.spec_validator.requests import JOB, ask, plan, problems
from tests.unit.spec_validator.test_lineage import RUN

JOIN = "{query: 'tags: {{ tag }}', sort: -metrics.loss, params: {losses: {value: outputs.loss}}}"
INPUTS = "inputs: [{name: losses, type: 'List[float]'}, {name: tag, type: str, value: nightly}]"
READS = "params: {x: {ref: dag, value: inputs.losses}}"
DECLARES = f"{READS}, inputs: [{{name: x, type: 'List[float]'}}]"
DAG = f"run: {{kind: dag, operations: [{{name: a, {READS}, {JOB}}}]}}"
TOP = f"joins: [{JOIN}]\n{INPUTS}\n"
MATRIX = "matrix: {kind: grid, params: {n: {kind: choice, value: [1, 2]}}}\n"
CONDITION = "conditions: '{{ losses | length > 1 }}'\n"


def test_the_run_asks_what_a_dag_at_the_top_joins_and_its_operations_read_it_of_the_run():
    begun, operations, *_ = plan(ask(TOP + DAG))
    (question,) = begun.asks.questions
    assert (question.query, question.sort, question.entries) == (
        "tags: {{ tag }}",
        "-metrics.loss",
        ("outputs.loss",),
    )
    assert {param.name: param.value for param in begun.asks.params} == {"losses": None, "tag": "nightly"}
    assert list(operations) == ["a"]
    (param,) = operations["a"].params
    assert (param.source.operation, param.source.of, param.source.output) == (-1, "inputs", "losses")
    assert not param.source.elsewhere
    assert operations["a"].questions == ()
    assert begun.params == {"tag": "nightly"}


def test_of_artifacts_that_a_dag_joins_the_plan_says_that_they_lie_elsewhere():
    nested = f"{{name: n, params: {{y: {{ref: dag, value: inputs.losses}}}}, {DAG.replace('losses', 'y')}}}"
    text = TOP.replace("outputs.loss", "artifacts.loss") + f"run: {{kind: dag, operations: [{nested}]}}"
    text = text.replace("List[float]", "List[str]")
    _, operations, *_ = plan(ask(text))
    (param,) = operations["n.a"].params
    assert (param.source.operation, param.source.elsewhere) == (-1, True)


ASKING = {
    "an operation": (TOP + JOB, True),
    "an operation with a condition": (TOP + CONDITION + JOB, True),
    "a DAG": (TOP + DAG, True),
    "a DAG that is a component": (f"{TOP}component: {{{DAG}}}", True),
    "a DAG that declares nothing": (
        f"joins: [{JOIN.replace('{{ tag }}', 'a')}]\n{DAG.replace(READS, DECLARES)}",
        True,
    ),
    "a matrix": (TOP + MATRIX + JOB, True),
    "a matrix of DAGs": (TOP + MATRIX + DAG, True),
    "a matrix of DAGs with a condition": (TOP + MATRIX + CONDITION + DAG, True),
    "a DAG that reads another run": (
        f"params: {{losses: {{ref: runs.{RUN}, value: outputs.losses}}}}\n{INPUTS}\n{DAG}",
        True,
    ),
    "a DAG with a condition": (
        f"conditions: '{{{{ globals.name }}}}'\nrun: {{kind: dag, operations: [{{name: a, {JOB}}}]}}",
        False,
    ),
}


@pytest.mark.parametrize(("text", "asks"), ASKING.values(), ids=ASKING)
def test_who_asks(text, asks):
    begun, operations, *_ = plan(ask(text))
    assert (begun.asks is not None) == asks
    of_operations = [name for name, one in operations.items() if one.questions]
    assert bool(of_operations) == (begun.kind != "dag"), "the answers to these are those of the run"


def test_another_query_of_a_dag_makes_another_operation_of_those_that_read_it_alone():
    dag = DAG.replace("operations: [", f"operations: [{{name: b, {JOB}}}, ")
    nested = f"run: {{kind: dag, operations: [{{name: n, joins: [{JOIN}], {INPUTS}, {dag}}}]}}"
    for text in (TOP + dag, nested):
        before, after = (plan(ask(one))[1] for one in (text, text.replace("-metrics", "metrics")))
        changed = {
            name.rpartition(".")[2] for name in before if before[name].definition != after[name].definition
        }
        assert changed - {"n"} == {"a"}


def test_a_join_over_what_there_is_not_is_refused():
    text = DAG.replace(READS, f"joins: [{JOIN.replace('query', 'ref: ops.swep, query')}]")
    text = text.replace("operations: [", f"operations: [{{name: sweep, {JOB}}}, ")
    (problem,) = problems(ask(text))
    assert (problem.code, problem.path) == ("PF3007", "run.operations[1].joins[0].ref")
    assert problem.message == "there is no operation `swep` beside this one"
    assert problem.hint == "did you mean `sweep`?"


def test_an_operation_at_the_top_has_nothing_beside_it():
    (problem,) = problems(ask(f"joins: [{JOIN.replace('query', 'ref: ops.a, query')}]\n{INPUTS}\n{DAG}"))
    assert problem.message == "there is no operation `a` beside this one"


@pytest.mark.parametrize("reads", ["inputs.losses", "inputs.los"])
def test_hooks_name_what_a_dag_joins_whether_it_declares_that_or_not(reads):
    hook = f"{{hubRef: notify, conditions: '{{{{ losses | length > 1 }}}}', params: {{x: {{ref: dag, value: {reads}}}}}}}"
    told = problems(ask(f"joins: [{JOIN.replace('{{ tag }}', 'a')}]\nhooks: [{hook}]\n{DAG}"))
    expected = [] if reads == "inputs.losses" else ["the DAG has no input `los`"]
    assert [one.message for one in told if "notify" not in one.message] == expected
