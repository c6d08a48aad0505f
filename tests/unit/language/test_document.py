"""Texts and what is wrong with them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.language.codes import Code
from polyflow_shared.language.document import read

WRONG = {
    "bytes that are not UTF-8": (b"a: b\nc: \xff", Code.NOT_UTF8, (2, 4)),
    "an empty text": (b"", Code.EMPTY, (1, 1)),
    "only a comment": (b"# nothing\n", Code.EMPTY, (1, 1)),
    "a bracket that is not closed": (b"a: [1\nb: 2", Code.SYNTAX, (1, 4)),
    "a comma after a list": (b"a: [x],\nb: 1", Code.SYNTAX, (1, 7)),
    "a tab as indentation": (b"a:\n\tb: 1", Code.TAB, (2, 1)),
    "two documents": (b"a: 1\n---\nb: 1", Code.SEVERAL_DOCUMENTS, (2, 1)),
    "a key twice": (b"a: 1\nb: 2\na: 3", Code.DUPLICATE_KEY, (3, 1)),
    "a key twice in JSON": (b'{"a": 1, "b": {"c": 1,\n "c": 2}}', Code.DUPLICATE_KEY, (2, 2)),
    "a tag that makes a Python object": (b"a: !!python/object:os.system x", Code.TAG, (1, 4)),
    "a tag of one's own": (b"a: !mine {b: 1}", Code.TAG, (1, 4)),
    "an alias inside itself": (b"a: &a [*a]", Code.NESTING, (1, 8)),
    "nesting without end": (b"[" * 100_000, Code.NESTING, (1, 101)),
    "nesting without end in JSON": (b'{"a":' * 5000, Code.NESTING, (1, 501)),
    "a list as a key": (b"? [a]\n: b", Code.KEY, (1, 3)),
    "a control character": (b"a: \x01", Code.CHARACTER, (1, 4)),
    "an infinite number": (b"a: 1\nb: .inf", Code.NUMBER, (2, 4)),
    "an integer beyond 64 bits": (b"a: 0x" + b"f" * 17, Code.NUMBER, (1, 4)),
    "an integer beyond 64 bits in JSON": (b'{"a": ' + b"9" * 30 + b"}", Code.NUMBER, (1, 7)),
    "an alias of nothing": (b"a: *b", Code.SYNTAX, (1, 4)),
    "a merge of a number": (b"a:\n  <<: 5", Code.KEY, (2, 7)),
}


@pytest.mark.parametrize(("text", "code", "position"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_has_a_code_and_a_position(text, code, position):
    finding = read(text).findings[0]
    assert (finding.code, finding.position) == (code, position)


def test_aliases_that_multiply_are_refused():
    lines = ["a: &a [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"b{i}: &b{i} [{', '.join(['*' + (f'b{i - 1}' if i else 'a')] * 10)}]" for i in range(8)]
    assert [finding.code for finding in read("\n".join(lines)).findings] == [Code.EXPANSION]


@pytest.mark.parametrize("text", ['{"a": "\\u0000"}', '{"a": "\\ud800"}'])
def test_text_that_no_message_can_carry_has_no_value(text):
    document = read(text)
    assert document.value is None
    assert [finding.code for finding in document.findings] == [Code.CHARACTER]


VALUES = {
    "quoted numbers are text": ('a: "1"', "1"),
    "plain numbers are numbers": ("a: -12", -12),
    "a fraction": ("a: .5", 0.5),
    "an exponent": ("a: 1e-3", 0.001),
    "yes is true": ("a: yes", True),
    "nothing is null": ("a:", None),
    "a date is text": ("a: 2026-01-01", "2026-01-01"),
    "a time is text, not a number to the base of 60": ("a: 12:30:00", "12:30:00"),
    "a version is text": ("a: 1.2.3", "1.2.3"),
    "a tag may say that it is text": ("a: !!str 123", "123"),
    "a merge brings what is not there": ("x: &x {p: 1, q: 2}\na: {<<: *x, q: 3}", {"p": 1, "q": 3}),
    "a pair of surrogates in JSON is a character": ('{"a": "\\ud83d\\ude00"}', "😀"),
    "a byte order mark is no text": ("\ufeffa: 1", 1),
    "a flow map need not be JSON": ("{a: 1}", 1),
}


@pytest.mark.parametrize(("text", "value"), VALUES.values(), ids=VALUES)
def test_values_are_what_the_text_says(text, value):
    document = read(text.encode())
    assert document.findings == () or list(document.findings) == []
    assert document.value["a"] == value


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.lists(JSON) | st.dictionaries(st.text("abc", max_size=3), JSON))
def test_json_says_what_it_said(value):
    document = read(json.dumps(value))
    assert document.value == value
    assert not document.findings


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), JSON, min_size=1), st.data())
def test_json_positions_lead_to_the_value(value, data):
    text = json.dumps(value, indent=1)
    path, there = [], value
    while isinstance(there, dict | list) and there:
        part = data.draw(st.sampled_from(list(there) if isinstance(there, dict) else range(len(there))))
        path.append(part)
        there = there[part]
    line, column = read(text).locate(tuple(path), False)
    rest = "\n".join([text.split("\n")[line - 1][column - 1 :], *text.split("\n")[line:]])
    assert json.JSONDecoder().raw_decode(rest)[0] == there


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_are_a_value_or_a_finding(text):
    document = read(text)
    assert document.findings or json.dumps(document.value, ensure_ascii=False).encode() is not None


def test_a_missing_field_is_placed_at_what_misses_it():
    assert read("a:\n  b: 1").locate(("a", "c"), False) == (2, 3)
