"""Params that nothing is declared for: values for templates, or a slip of the pen."""

import pytest

from tests.unit.spec_validator.requests import JOB, ask, plan, problems

STRICT = {"": None, "strictParams: true\n": "PF3010"}


@pytest.mark.parametrize(("strict", "code"), STRICT.items())
def test_a_param_that_nothing_is_declared_for_is_the_same_in_a_file_and_in_a_request(strict, code):
    echo = "run: {kind: job, container: {command: [echo, '{{ zz }}']}}"
    asked = ask(strict + echo, params={"zz": 1}), ask(f"{strict}params: {{zz: 1}}\n{echo}")
    if code:
        assert [[problem.code for problem in problems(answer)] for answer in asked] == [[code], [code]]
        return
    for answer in asked:
        begun, operations, *_ = plan(answer)
        assert begun.params == {"zz": 1}
        assert [(param.name, param.value) for param in operations["main"].params] == [("zz", 1)]


def test_a_slip_of_the_pen_in_a_request_is_refused_though_the_input_has_a_default():
    text = f"inputs: [{{name: rate, type: int, value: 1}}]\n{JOB}"
    assert [problem.hint for problem in problems(ask(text, params={"rat": 1}))] == ["did you mean `rate`?"]
