"""Values and positions of YAML: what is written is read as it was, and found where it stands."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.language.document import read

WORDS = st.text("abc:#-{}[]'\"\\,&*!|>%@` \n\tä😀", max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=15,
)


@given(VALUES.filter(lambda value: value is not None), st.sampled_from([True, False, None]))
def test_what_pyyaml_writes_is_read_as_it_was(value, flow):
    document = read(yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True, sort_keys=False))
    assert not document.findings
    assert document.value == value


@given(
    st.recursive(
        st.integers(0),
        lambda inner: (
            st.lists(inner, min_size=1) | st.dictionaries(st.text("abc", min_size=1), inner, min_size=1)
        ),
    ),
    st.data(),
)
def test_positions_lead_to_the_value(value, data):
    text = yaml.safe_dump({"top": value}, sort_keys=False)
    path, there = ["top"], value
    while isinstance(there, dict | list):
        path.append(data.draw(st.sampled_from(list(there) if isinstance(there, dict) else range(len(there)))))
        there = there[path[-1]]
    line, column = read(text).locate(tuple(path), False)
    assert text.split("\n")[line - 1][column - 1 :] == str(there)


SHARED = {
    "an alias is a copy": ("a: &a {b: [1]}\nc: *a\n", {"a": {"b": [1]}, "c": {"b": [1]}}),
    "an alias of a text": ("a: &a x\nc: [*a, *a]\n", {"a": "x", "c": ["x", "x"]}),
    "an alias as a key": ("a: &a x\n*a : 1\n", {"a": "x", "x": 1}),
    "an alias as a merge mark is a key": ('a: &a "<<"\n*a : 1\n', {"a": "<<", "<<": 1}),
    "the first of merged maps has the last word": (
        "a: {<<: [{b: 1, c: 1}, {c: 2, d: 2}], d: 3}",
        {"a": {"b": 1, "c": 1, "d": 3}},
    ),
    "a merge of an anchored list": ("a: &a [{b: 1}]\nc: {<<: *a}", {"a": [{"b": 1}], "c": {"b": 1}}),
    "a quoted merge mark is a key": ('a: {"<<": {b: 1}}', {"a": {"<<": {"b": 1}}}),
}


@pytest.mark.parametrize(("text", "value"), SHARED.values(), ids=SHARED)
def test_what_is_written_once_can_be_used_again(text, value):
    assert (read(text).value, list(read(text).findings)) == (value, [])


def test_a_copy_is_not_what_it_was_copied_from():
    value = read("a: &a {b: 1}\nc: *a\n").value
    assert value["a"] is not value["c"]


@pytest.mark.parametrize("breaks", ["\n", "\r\n"])
def test_lines_are_counted_alike_however_they_end(breaks):
    text = breaks.join(["a: 1", "b:", "  c: 2", "  c: 3"])
    assert read(text).findings[0].position == (4, 3)
    assert read(text).locate(("b", "c"), False) == (4, 6)
