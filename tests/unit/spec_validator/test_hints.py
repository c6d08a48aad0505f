"""What is said to whoever begins: what to write instead, and where."""

import pytest

from tests.unit.spec_validator.requests import JOB, ask, problems
from tests.unit.spec_validator.test_core import PRODUCER, dag

HINTS = {
    "an output that is not declared": (
        dag(
            f"name: a, {JOB}",
            f"name: b, inputs: [{{name: x}}], params: {{x: {{ref: ops.a, value: outputs.v}}}}, {JOB}",
        ),
        "declare it there: `outputs: [{name: v, type: …}]`",
    ),
    "one that is declared, written otherwise": (
        dag(
            PRODUCER.replace("name: o,", "name: loss,"),
            f"name: b, inputs: [{{name: x}}], params: {{x: {{ref: ops.a, value: outputs.los}}}}, {JOB}",
        ),
        "did you mean `loss`?",
    ),
    "a DAG without operations": (
        "run: {kind: dag}",
        "such as `operations: [{name: a, run: {kind: job, container: {command: [echo, hi]}}}]`",
    ),
    "a name with a space": (dag(f"name: my op, {JOB}"), "write `my-op`"),
    "a name with an accent": (dag(f"name: entraîné, {JOB}"), "write `entraine`"),
    "a name of which nothing is left": (dag(f"name: 数据, {JOB}"), ""),
    "an empty name": (dag(f'name: "", {JOB}'), ""),
}


@pytest.mark.parametrize("case", HINTS)
def test_newcomers_are_told_what_to_write(case):
    text, hint = HINTS[case]
    [problem] = problems(ask(text))
    assert problem.hint == hint
    assert "``" not in problem.message


@pytest.mark.parametrize(
    ("again", "column"), [("*a", 5), ("{<<: *a}", 5), ("{<<: *a, name: a}", 20), (f"{{name: a, {JOB}}}", 12)]
)
def test_a_name_that_an_alias_repeats_is_shown_where_that_stands(again, column):
    text = f"run:\n  kind: dag\n  operations:\n  - &a\n    name: a\n    {JOB}\n  - {again}\n"
    [problem] = problems(ask(text))
    assert (problem.code, problem.line, problem.column) == ("PF3003", 7, column)
