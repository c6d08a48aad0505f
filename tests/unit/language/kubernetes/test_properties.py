from functools import cache

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_shared.language.json_schema.kubernetes import model_of
from polyflow_shared.language.kubernetes.check import check
from polyflow_shared.language.kubernetes.table import table
from tests.unit.language.kubernetes.kinds import objects

KINDS = st.sampled_from(sorted(table()))
SMALL = settings(max_examples=200, deadline=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=5), some, max_size=3),
    max_leaves=8,
)  # fmt: skip


right = KINDS.flatmap(lambda kind: st.tuples(st.just(kind), objects(kind)))


@SMALL
@given(right)
def test_what_is_right_passes_and_is_read_again_as_itself(drawn):
    kind, value = drawn
    checked = check(kind, value)
    assert checked.findings == []
    again = check(kind, checked.value)
    assert (again.findings, again.value) == ([], checked.value)


@SMALL
@given(right)
def test_editors_are_told_the_same(drawn):
    kind, value = drawn
    assert list(validator(kind).iter_errors(value)) == []


@cache
def validator(kind):
    return jsonschema.Draft202012Validator(model_of(kind).model_json_schema())


@SMALL
@given(KINDS, st.data())
def test_anything_is_checked_without_a_crash_and_problems_lead_into_it(kind, data):
    keys = st.sampled_from(sorted(table()[kind]))
    value = data.draw(st.dictionaries(keys | st.text(max_size=3), JSON, max_size=4) | JSON)
    for finding in check(kind, value).findings:
        at = value
        for part in finding.path[:-1]:
            at = at[part]


@pytest.mark.parametrize("kind", ["V1PodTemplateSpec", "V1Container", "V1Volume"])
def test_a_kind_is_a_json_schema(kind):
    jsonschema.Draft202012Validator.check_schema(model_of(kind).model_json_schema())
