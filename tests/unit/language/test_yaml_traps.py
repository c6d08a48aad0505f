"""Traps of YAML: what people write, and what they are told: where, what is wrong, what to write."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.language.codes import Code
from polyflow_shared.language.document import read

TRAPS = {
    "a bracket that never closes is shown where it opens": (
        "run: [a,\n  b\nname: x\n",
        Code.SYNTAX,
        (1, 6),
        "`[` opens here and never closes",
        "",
    ),
    "a brace that never closes is shown where it opens": (
        "run: {kind: job\nname: x\n",
        Code.SYNTAX,
        (1, 6),
        "`{` opens here and never closes",
        "",
    ),
    "a comment may hide the bracket that closes": (
        "run: [#a]\n",
        Code.SYNTAX,
        (1, 6),
        "`[` opens here and never closes",
        "",
    ),
    "a missing comma between brackets": (
        "args: [a, 'b' 'c']\n",
        Code.SYNTAX,
        (1, 15),
        "`,` or `]` is missing here",
        "`[` opens at line 1, column 7",
    ),
    "a double quote that never closes is shown where it opens": (
        'name: "x\nkind: job\n',
        Code.SYNTAX,
        (1, 7),
        'the quote `"` opens here and never closes',
        "",
    ),
    "a quote that closes lines below is shown where it opens": (
        'name: "x\ntags: "y"\n',
        Code.SYNTAX,
        (1, 7),
        'the quote `"` that opens here closes at line 2, column 7',
        "close it where its text ends",
    ),
    "an apostrophe within single quotes": (
        "description: 'it's'\n",
        Code.SYNTAX,
        (1, 18),
        "text goes on after its closing quote",
        "put all of the text into one pair of quotes; within them, `'` is written `''`",
    ),
    "a backslash within double quotes": (
        'pattern: "\\d+"\n',
        Code.SYNTAX,
        (1, 11),
        "`\\d` is no escape sequence",
        "write `\\\\` for a backslash, or put the text into single quotes",
    ),
    "a comma after a list": (
        "command: ['sh', '-c'],\nargs: [x]\n",
        Code.SYNTAX,
        (1, 22),
        "a comma cannot follow a value here",
        "remove the comma",
    ),
    "two commas in a row": (
        '{"a": 1,, "b": 2}',
        Code.SYNTAX,
        (1, 9),
        "a value is missing before this comma",
        "",
    ),
    "a bracket too many": ("args: [a]]\n", Code.SYNTAX, (1, 10), "`]` closes nothing", "remove it"),
    "a brace after the end of JSON": ('{"a": 1}}', Code.SYNTAX, (1, 9), "`}` closes nothing", "remove it"),
    "a field deeper than one that has a value": (
        "run:\n  kind: job\n    container:\n      image: x\n",
        Code.SYNTAX,
        (3, 5),
        "`container` is indented deeper than `kind` (2 spaces, line 2), which has a value already",
        "indent it by 2 spaces, or remove the value of `kind`",
    ),
    "a field between two levels": (
        "run:\n    kind: job\n  container: x\n",
        Code.SYNTAX,
        (3, 3),
        "`container` is indented by 2 spaces: not the level of `kind` (4 spaces, line 2) or `run` (0 spaces, line 1)",
        "indent it by 4 spaces or by 0 spaces",
    ),
    "a field at the level of a list": (
        "operations:\n  - name: a\n  components: []\n",
        Code.SYNTAX,
        (3, 3),
        "`components` stands at the level of a list item (2 spaces, line 2)",
        "write `- ` before it, or indent it by 0 spaces",
    ),
    "a list item between two levels": (
        "tags:\n   - a\n  - b\n",
        Code.SYNTAX,
        (3, 3),
        "a list item is indented by 2 spaces: not the level of a list item (3 spaces, line 2) or `tags` (0 spaces, line 1)",
        "indent it by 3 spaces or by 0 spaces",
    ),
    "a list item among fields": (
        "a: 1\n- b\n",
        Code.SYNTAX,
        (2, 1),
        "a list item stands at the level of `a` (0 spaces, line 1)",
        "a list stands below a key of its own",
    ),
    "a list below an item that has a value": (
        "tags:\n  - a\n    - b: 1\n",
        Code.SYNTAX,
        (3, 5),
        "a list item is indented deeper than a list item (2 spaces, line 2), which has a value already",
        "indent it by 2 spaces, or remove the value of a list item",
    ),
    "a list in the line of its key": (
        "tags: - a\n",
        Code.SYNTAX,
        (1, 7),
        "a list cannot begin in the line of its key",
        "begin it in the next line",
    ),
    "a text with a colon": (
        "command: echo foo: bar\n",
        Code.SYNTAX,
        (1, 18),
        "this colon is inside of a text",
        'put text that contains ": " into quotes',
    ),
    "no space after a colon": (
        "name: x\nkind:job\n",
        Code.SYNTAX,
        (2, 1),
        "`kind:job` is one word and no field",
        "write a space after the colon: `kind: job`",
    ),
    "no space after the first colon": (
        "kind:job\nname: x\n",
        Code.SYNTAX,
        (1, 1),
        "`kind:job` is one word and no field",
        "write a space after the colon: `kind: job`",
    ),
    "a word that is no field": (
        "name: x\njob\nkind: job\n",
        Code.SYNTAX,
        (2, 1),
        "`job` is neither a field nor a list item: `:` is missing",
        "",
    ),
    "a block of text that is not indented": (
        "args: |\necho\nname: x\n",
        Code.SYNTAX,
        (2, 1),
        "the text of this block must be indented",
        "indent the text below it",
    ),
    "a block of text in the line of its mark": (
        "args: |echo\n  x\n",
        Code.SYNTAX,
        (1, 8),
        "`|` begins a block of text",
        "begin the text in the next line",
    ),
    "a template without quotes": (
        "image: {{ image }}\n",
        Code.KEY,
        (1, 9),
        "a key must be a word, not a list or a map",
        'write templates in quotes, such as `"{{ name }}"`',
    ),
    "a template without quotes, with text after it": (
        "image: {{ image }}:latest\n",
        Code.SYNTAX,
        (1, 19),
        "text goes on after `}}`",
        'write templates in quotes, such as `"{{ name }}"`',
    ),
    "a tab as indentation": (
        "run:\n\tkind: job\n",
        Code.TAB,
        (2, 1),
        "tabs cannot indent YAML",
        "indent with spaces",
    ),
    "a tab after fields indented with spaces": (
        "run:\n  kind: job\n\tcontainer: x\n",
        Code.TAB,
        (3, 1),
        "tabs cannot indent YAML",
        "indent with spaces",
    ),
    "a star that is meant as text": (
        "glob: *.py\n",
        Code.SYNTAX,
        (1, 7),
        "`*` begins an alias",
        "write text in quotes",
    ),
    "an alias of an anchor that is not defined": (
        "x: &base {a: 1}\ny: *bsae\n",
        Code.SYNTAX,
        (2, 4),
        "there is no anchor `&bsae` before this alias",
        "did you mean `base`?",
    ),
    "an alias above its anchor": (
        "x: *base\ny: &base 1\n",
        Code.SYNTAX,
        (1, 4),
        "there is no anchor `&base` before this alias",
        "",
    ),
    "an anchor that is defined twice": (
        "x: &a 1\ny: &a 2\n",
        Code.SYNTAX,
        (2, 4),
        "anchor `&a` was defined before",
        "give it another name",
    ),
    "an alias inside of what it stands for": (
        "x: &a\n  y: *a\n",
        Code.NESTING,
        (2, 6),
        "alias `*a` contains itself",
        "",
    ),
    "a merge of a text": (
        "x: &a text\ny:\n  <<: *a\n",
        Code.KEY,
        (3, 7),
        "`<<` merges a map, or a list of maps",
        "",
    ),
    "a merge of a list with a text": (
        "x: {<<: [{a: 1}, b]}\n",
        Code.KEY,
        (1, 9),
        "`<<` merges a map, or a list of maps",
        "",
    ),
    "dots below a key that has fields": (
        "environment:\n  labels: {}\n  ...\n",
        Code.SYNTAX,
        (3, 3),
        "`...` is neither a field nor a list item",
        "`...` stands for something that was left out; write it, or remove the dots",
    ),
    "dots before fields": (
        "params:\n  ...\n  lr: 1\n",
        Code.SYNTAX,
        (2, 3),
        "`...` is neither a field nor a list item",
        "`...` stands for something that was left out; write it, or remove the dots",
    ),
    "dots at the beginning of a line": (
        "name: x\n...\nkind: job\n",
        Code.SYNTAX,
        (2, 1),
        "`...` at the beginning of a line ends the document",
        "`...` stands for something that was left out; write it, or remove the dots",
    ),
    "a second document": (
        "name: x\n---\nname: y\n",
        Code.SEVERAL_DOCUMENTS,
        (2, 1),
        "a file holds one document; another begins here",
        "put it into a file of its own",
    ),
    "an at sign before a text": (
        "image: @repo/image\n",
        Code.SYNTAX,
        (1, 8),
        "`@` cannot begin a text",
        "write the text in quotes",
    ),
    "a percent sign before a text": (
        "share: %5\n",
        Code.SYNTAX,
        (1, 8),
        "`%` cannot begin a text",
        "write the text in quotes",
    ),
    "a byte-order mark in the middle": (
        "name: x\n\ufeffkind: job\n",
        Code.CHARACTER,
        (2, 1),
        "a byte-order mark stands in the middle of the text",
        "remove it: it is there, although it cannot be seen",
    ),
    "a control character behind letters of two bytes": (
        "name: ä\nkind: \x07\n",
        Code.CHARACTER,
        (2, 7),
        "character 0x07 is not allowed",
        "",
    ),
    "a directive that is not known": (
        "%POLYFLOW 1\nname: x\n",
        Code.TAG,
        (1, 10),
        "not YAML: found unknown directive name",
        "remove it",
    ),
    "a key without a name": (": x\n", Code.SYNTAX, (1, 1), "a key is missing before this colon", ""),
    "a key twice": (
        "name: x\nkind: job\nname: y\n",
        Code.DUPLICATE_KEY,
        (3, 1),
        "key `name` was written before",
        "",
    ),
    "a key twice between braces": (
        "run: {kind: job, kind: dag}\n",
        Code.DUPLICATE_KEY,
        (1, 18),
        "key `kind` was written before",
        "",
    ),
    "a list as a key": ("? [a, b]\n: c\n", Code.KEY, (1, 3), "a key must be a word, not a list or a map", ""),
    "a tag that makes an object": (
        "name: !!python/name:os.system ''\n",
        Code.TAG,
        (1, 7),
        "tag `!!python/name:os.system` is not allowed",
        "remove the tag",
    ),
    "an escaped NUL": ('name: "a\\0b"\n', Code.CHARACTER, (1, 7), "NUL characters are not allowed", ""),
    "an escaped NUL in JSON": (
        '{"a": 1,\n "name": "a\\u0000b"}',
        Code.CHARACTER,
        (2, 10),
        "NUL characters are not allowed",
        "",
    ),
    "an escaped NUL in a key": ('"a\\0b": 1\n', Code.CHARACTER, (1, 1), "NUL characters are not allowed", ""),
    "an infinity": (
        "lr: .inf\n",
        Code.NUMBER,
        (1, 5),
        ".inf cannot be carried by JSON",
        "write it in quotes",
    ),
    "a number beyond 64 bits": (
        "seed: 123456789012345678901234567890\n",
        Code.NUMBER,
        (1, 7),
        "the number 12345678901234567890… is too large",
        "write it in quotes",
    ),
    "a number of a thousand digits": (
        "seed: " + "9" * 1000,
        Code.NUMBER,
        (1, 7),
        "the number 99999999999999999999… is too large",
        "write it in quotes",
    ),
    "a line break that editors do not have": (
        'a: "x\u2028y"\nb: 1\nb: 2\n',
        Code.DUPLICATE_KEY,
        (3, 1),
        "key `b` was written before",
        "",
    ),
}


@pytest.mark.parametrize(("text", "code", "position", "message", "hint"), TRAPS.values(), ids=TRAPS)
def test_a_trap_is_explained(text, code, position, message, hint):
    finding = read(text.encode()).findings[0]
    assert (finding.code, finding.position, finding.message, str(finding.hint)) == (
        code,
        position,
        message,
        hint,
    )


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
