"""Operations are counted without being expanded."""

import pytest

from polyflow_services.spec_validator.checked import check
from polyflow_services.spec_validator.fields import counting
from polyflow_shared.language import document, schema

JOB = "{run: {kind: job, container: {image: i}}}"

COUNTS = {
    "a job has none": (JOB, 0),
    "a DAG has its operations": ("run: {kind: dag, operations: [{name: a, component: JOB}, {name: b, component: JOB}]}".replace("JOB", JOB), 2),
    "a DAG within counts with its own": ("run: {kind: dag, operations: [{name: a, component: {run: {kind: dag, operations: [{name: b, component: JOB}]}}}]}".replace("JOB", JOB), 2),
    "a component counts wherever it is used": ("run: {kind: dag, operations: [{name: a, dagRef: c}, {name: b, dagRef: c}], components: [{name: c, run: {kind: dag, operations: [{name: x, component: JOB}]}}]}".replace("JOB", JOB), 4),
    "a component that contains itself counts once": ("run: {kind: dag, operations: [{name: a, dagRef: c}], components: [{name: c, run: {kind: dag, operations: [{name: x, dagRef: c}]}}]}", 2),
}  # fmt: skip


@pytest.mark.parametrize(("text", "count"), COUNTS.values(), ids=COUNTS)
def test_operations_are_counted(text, count):
    operation = schema.read(document.read(text).value).operation
    assert counting.operations(operation) == count


def test_a_few_lines_that_stand_for_a_hundred_million_operations_are_refused():
    component = "{name: c0, " + JOB[1:]
    for level in range(1, 9):
        used = ", ".join(f"{{name: x{n}, dagRef: c{level - 1}}}" for n in range(10))
        component = f"{{name: c{level}, run: {{kind: dag, operations: [{used}], components: [{component}]}}}}"
    text = f"run: {{kind: dag, operations: [{{name: top, dagRef: c8}}], components: [{component}]}}"
    (error,) = check(text, file="a.yaml").errors
    assert (error.code, error.message, error.line) == ("PF3017", "a run has at most 100,000 operations", 1)
