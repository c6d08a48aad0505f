"""The page of all codes says what the code says."""

import pytest

from polyflow_shared.language.codes import Code
from tests.contract import errors


def test_every_code_is_told_once():
    assert errors.EXAMPLES.keys() | errors.TOLD.keys() == set(Code)
    assert not errors.EXAMPLES.keys() & errors.TOLD.keys()


@pytest.mark.parametrize("code", errors.EXAMPLES, ids=lambda code: code.value)
def test_an_example_is_one_of_its_code(code):
    problem = errors.said_of(code)
    assert problem is not None
    assert problem.line is not None


def test_the_page_is_up_to_date():
    assert errors.PAGE.read_text() == errors.page(), "run `make errors`"
