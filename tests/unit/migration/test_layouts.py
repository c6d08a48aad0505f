"""How a rewritten text is laid out, and that it means what it must whatever it looks like."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow.migration.layout import Indents, indents_of, merged, realigned
from polyflow.migration.rewriting import migrate
from polyflow_shared.language import dialects, document
from polyflow_shared.language.dialects.tree import Tree

ROUND = {
    "comments follow what they stand above": (
        "# a\nops:\n  # b\n  - name: x   # c\n    params:\n      # d\n      y: 1\n    # e\n# f\ncomponents: []\n# g\n",
        "# a\nrun:\n  kind: dag\n  operations:\n    # b\n    - name: x   # c\n      params:\n        # d\n"
        "        y: {value: 1}\n    # e\n  # f\n  components: []\n  # g\n",
    ),
    "what is far from a change stays as odd as it was": (
        "a:   {b:   1,\n      c: 2}\nd: >-\n   e\n   f\ninputs:\n- name: x\n  isList: true\n",
        "a:   {b:   1,\n      c: 2}\nd: >-\n   e\n   f\ninputs:\n- name: x\n  type: List[any]\n",
    ),
    "words and numbers stay as they were written": (
        "ops:\n- name: a\n  params: {a: yes, b: 0x1F, c: 1_000, d: 1e3, e: ~, f: '1', g: 12:30, h: 2020-01-01}\n",
        "run:\n  kind: dag\n  operations:\n  - name: a\n    params: {a: {value: yes}, b: {value: 0x1F}, c: {value: 1_000}, d: {value: 1e3}, e: {value: ~}, f: {value: '1'},\n"
        "      g: {value: 12:30}, h: {value: 2020-01-01}}\n",
    ),
    "an indent of four stays one": (
        "ops:\n    -   name: a\n        params:\n            x: 1\n",
        "run:\n    kind: dag\n    operations:\n        - name: a\n          params:\n              x: {value: 1}\n",
    ),
    "a block scalar keeps its lines": (
        "ops:\n- name: a\n  params:\n    x: |\n      # text\n        y  # text\n",
        "run:\n  kind: dag\n  operations:\n  - name: a\n    params:\n      x:\n        value: |\n          # text\n            y  # text\n",
    ),
    "an anchor that needs not change stays": (
        "ops:\n- &a\n  name: a\n- <<: *a\n  name: b\n",
        "run:\n  kind: dag\n  operations:\n  - &a\n    name: a\n  - <<: *a\n    name: b\n",
    ),
    "what is used in several places and must change is spelled out": (
        "inputs:\n- &a\n  name: a\n  isList: true\n- <<: *a\n  name: b\noutputs:\n- *a\n",
        "inputs:\n- name: a\n  type: List[any]\n- name: b\n  type: List[any]\noutputs:\n- name: a\n  type: List[any]\n",
    ),
    "a comment goes behind the braces that its field moves into": (
        "ops: []\ncomponents:\n- name: a\n  environment: {serviceAccount: s}   # why\n  run: {kind: job}\n",
        "run:\n  kind: dag\n  operations: []\n  components:\n  - name: a\n"
        "    run: {kind: job, environment: {serviceAccountName: s}}   # why\n",
    ),
    "the mark of a beginning stays": ("---\n# a\nops: []\n", "---\n# a\nrun:\n  kind: dag\n  operations: []\n"),
    "lines end as they did": ("ops: []\r\nname: a\r\n", "run:\r\n  kind: dag\r\n  operations: []\r\nname: a\r\n"),
    "JSON stays JSON": (
        '{\n  "ops": []\n}\n',
        '{\n  "run": {\n    "kind": "dag",\n    "operations": []\n  }\n}\n',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), ROUND.values(), ids=ROUND.keys())
def test_layouts(old, new):
    assert migrate(old).text == new
    assert migrate(old).lost == []


def test_a_comment_that_cannot_be_kept_is_named():
    text = "run: {kind: job, environment: {\n  # why\n  serviceAccount: x}}\n"
    migrated = migrate(text)
    assert migrated.text == "run: {kind: job, environment: {serviceAccountName: x}}\n"
    assert migrated.lost == ["# why"]


def test_a_comment_of_a_field_that_goes_is_kept():
    text = "inputs:\n- name: a\n  type: int\n  isList: true  # several\n  # more\n  description: b\n"
    migrated = migrate(text)
    assert migrated.lost == []
    assert "isList" not in migrated.text


INDENTS = {
    "nothing to see": ("a: 1\n", Indents()),
    "dashes below their key": ("a:\n- b\n", Indents(2, 0)),
    "dashes further in": ("a:\n  - b\n", Indents(2, 2)),
    "four spaces": ("a:\n    b:\n        c: 1\n    d:\n    - e\n", Indents(4, 0)),
    "comments do not count": ("a:\n        # c\n  b: 1\n", Indents(2, 2)),
}


@pytest.mark.parametrize(("text", "expected"), INDENTS.values(), ids=INDENTS.keys())
def test_indents(text, expected):
    assert indents_of(text) == expected


LINES = st.lists(st.sampled_from(["a\n", "b\n", "  a\n", "c\n", "\n"]), max_size=8).map("".join)


@given(LINES, LINES, LINES)
def test_without_a_change_a_text_stays_and_without_an_author_it_is_as_printed(original, printed, changed):
    assert merged(original, printed, printed) == original
    assert merged(printed, printed, changed) == changed


@given(LINES)
def test_a_text_is_in_line_with_itself(text):
    assert realigned(text, text) == text


WORDS = st.sampled_from(
    ["a", "yes", "1", "no", "0x1F", "# no comment", "a: b", "", "{{ ops.a.outputs.b }}", "List[int]", "é"]
)
VALUES = st.recursive(
    WORDS | st.booleans() | st.none() | st.integers(-9, 9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)
IO = st.fixed_dictionaries(
    {"name": WORDS},
    optional={"type": WORDS, "isList": st.booleans(), "options": st.lists(WORDS, max_size=2), "delayValidation": st.booleans()},
)  # fmt: skip
PARAMS = st.dictionaries(WORDS, VALUES, max_size=3)
OPERATION = st.fixed_dictionaries(
    {"name": WORDS},
    optional={
        "params": PARAMS,
        "template": st.fixed_dictionaries({"name": WORDS}),
        "inputs": st.lists(IO, max_size=2),
    },
)
TEMPLATE = st.fixed_dictionaries(
    {"name": WORDS},
    optional={
        "kind": st.just("job"),
        "inputs": st.lists(IO, max_size=2),
        "build": st.fixed_dictionaries({"dockerfile": WORDS}),
        "environment": st.fixed_dictionaries(
            {}, optional={"service_account": WORDS, "secret_refs": st.lists(WORDS, max_size=2), "max_restarts": st.integers(0, 3)}
        ),
    },
)  # fmt: skip
BETA = st.fixed_dictionaries(
    {"kind": st.just("pipeline"), "ops": st.lists(OPERATION, max_size=3)},
    optional={"templates": st.lists(TEMPLATE, max_size=2), "version": st.just(1), "description": WORDS},
)


@settings(deadline=None)
@given(BETA, st.sampled_from([None, True, False]), st.booleans())
def test_a_rewritten_text_means_what_is_read_of_the_older_one(value, flow, indented):
    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow=False, indentless=False):
            return super().increase_indent(flow, indentless and not indented)

        def ignore_aliases(self, data):
            return True

    text = yaml.dump(value, Dumper=Dumper, default_flow_style=flow, sort_keys=False, allow_unicode=True)
    tree = Tree(dialects.translate(document.read(text)).document.value)
    dialects.modernise(tree)
    migrated = migrate(text)
    assert not migrated.problems
    assert document.read(migrated.text).value == tree.root
    assert migrate(migrated.text).text == migrated.text
