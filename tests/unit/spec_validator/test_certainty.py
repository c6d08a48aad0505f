"""What follows only from fields that were cut out is not said."""

import pytest

from polyflow_services.spec_validator.certainty import certain
from polyflow_services.spec_validator.checked import check
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Source

BASE = Source("base.yaml")
RUNS_NOTHING = Finding(Code.NO_DEFINITION, "runs nothing")
NO_PARAMS = Finding(Code.INCOMPLETE, "nothing to try", ("matrix", "params"))
OF_BASE = Finding(Code.UNKNOWN_FIELD, "unknown", (BASE, "run", "x"), stage=Stage.COMPILE)
OF_RANGE = Finding(Code.MISSING_FIELD, "required", ("matrix", "params", "x", "value", "step"))

CASES = {
    "without a cut all holds": ([RUNS_NOTHING, NO_PARAMS], [], [RUNS_NOTHING, NO_PARAMS]),
    "what runs may be in what was cut out of another document": ([RUNS_NOTHING, OF_BASE], [], [OF_BASE]),
    "what an operation of a DAG needs may have been cut out of what it refers to": (
        [Finding(Code.MISSING_PARAM, "needs", ("run", "operations", 0)), OF_BASE],
        [],
        [OF_BASE],
    ),
    "a note about another document cuts nothing": (
        [RUNS_NOTHING, Finding(Code.NOT_YET, "later", (BASE, "run"))],
        [],
        [RUNS_NOTHING, Finding(Code.NOT_YET, "later", (BASE, "run"))],
    ),
    "what is left is not called incomplete": ([NO_PARAMS], [OF_RANGE], []),
    "of trials there may be more than what is left": (
        [Finding(Code.RANGE, "only 1", ("matrix", "numRuns"), warning=True)],
        [OF_RANGE],
        [],
    ),
    "events of kinds that were cut out may happen": (
        [Finding(Code.NEVER, "never", ("events", 0, "kinds"))],
        [Finding(Code.NOT_ALLOWED, "unknown", ("events", 0, "kinds", 0))],
        [],
    ),
    "what nothing was cut out of is": (
        [NO_PARAMS],
        [Finding(Code.UNKNOWN_FIELD, "unknown", ("matrix", "numRun"))],
        [NO_PARAMS],
    ),
}


def test_what_is_said_of_0_in_place_of_a_number_that_could_not_be_read_is_not_said():
    (problem,) = check(
        "termination: {timeout: .inf}\nrun: {kind: job, container: {image: i}}", file="a"
    ).errors
    assert problem.code == Code.NUMBER


def test_a_type_that_there_is_not_is_one_problem_with_a_value_as_well():
    text = "inputs: [{name: k, type: intt}]\nparams: {k: 3}\nrun: {kind: job, container: {image: i}}"
    checked = check(text, file="a")
    assert [(problem.code, problem.path) for problem in checked.errors] == [("PF2008", "inputs[0].type")]
    assert checked.compile == "reject"


ECHO = "run: {kind: job, container: {image: i, args: ['{{ x }}']}}"
A = f"name: a, dependencies: [b], inputs: [{{name: x, value: 1}}], outputs: [{{name: o, type: int}}], {ECHO}"
UNREACHED = {
    "types are compared on a cycle": (
        [
            A,
            f"name: b, inputs: [{{name: x, type: str}}], params: {{x: {{ref: ops.a, value: outputs.o}}}}, {ECHO}",
        ],
        ["PF3008", "PF3014"],
    ),
    "what an operation on a cycle reads from another one's input may have a value": (
        [A, f"name: b, inputs: [{{name: x}}], params: {{x: {{ref: ops.a, value: inputs.x}}}}, {ECHO}"],
        ["PF3008"],
    ),
    "names are known behind a cycle, in DAGs too": (
        [
            A,
            "name: b, dependencies: [a], run: {kind: dag, operations: "
            f"[{{name: c, inputs: [{{name: x, value: 1}}], {ECHO}}}]}}",
        ],
        ["PF3008"],
    ),
    "and where a name is given twice": (
        [f"name: c, params: {{x: 1}}, {ECHO}", f"name: c, params: {{x: 1}}, {ECHO}"],
        ["PF3003"],
    ),
}


@pytest.mark.parametrize(("operations", "codes"), UNREACHED.values(), ids=UNREACHED)
def test_operations_that_no_order_reaches_are_checked_like_others(operations, codes):
    lines = "".join(f"  - {{{operation}}}\n" for operation in operations)
    checked = check(f"run:\n  kind: dag\n  operations:\n{lines}", file="a")
    assert [problem.code for problem in checked.errors] == codes


@pytest.mark.parametrize(("found", "cut", "expected"), CASES.values(), ids=CASES)
def test_what_holds_in_spite_of_a_cut(found, cut, expected):
    assert list(certain(found, cut)) == expected


def test_a_short_field_is_named_where_it_was_written_and_not_in_the_run_as_well():
    text = "ports: [70000]\nrun: {kind: service, replicas: 0, container: {image: i}}"
    checked = check(text, file="a")
    assert [problem.path for problem in checked.errors] == ["ports[0]", "run.replicas"]
