"""`$(NAME)` in what a container is given: what is written is completed, and what a value has is not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_shared.language.expressions.names import RenderedParam
from polyflow_shared.language.expressions.templates import names_in_pod, render_items, render_text
from polyflow_shared.variables import escaped, expand, plain, whole, written
from tests.unit.language.expressions.test_templates import GLOBALS

VARIABLES = {"A": "1", "HOME": "/root", "POLYFLOW_OUTPUTS_PATH": "/out", "x": "y"}
TEXT = st.text(st.sampled_from(list("$$$(()){}A x\n\u00e9")), max_size=12) | st.sampled_from(
    [
        "$(A)",
        "$$(A)",
        "$",
        "(A)",
        "$(",
        "A)",
        ")",
        "$$",
        "$(HOME) $$ $x",
        "$(cat ",
        "$(POLYFLOW_OUTPUTS_PATH)",
    ]
)
LITERAL = TEXT.map(lambda text: text.replace("{", "").replace("}", ""))
SIMPLE, JINJA = "{{ value }}", "{{ value | string }}"


def rendered(template, value, **more):
    """Return what the process gets for a text of the specification, given a value."""
    params = {"value": RenderedParam(value, **more)}
    return expand(render_text(template, names_in_pod(params, GLOBALS)), VARIABLES)


@settings(max_examples=500)
@given(st.lists(LITERAL, min_size=2, max_size=4), TEXT, st.sampled_from([SIMPLE, JINJA]))
def test_a_value_reaches_the_process_as_it_is_whatever_is_written_around_it(literals, value, expression):
    whole_texts = [expand(text, VARIABLES) for text in literals]
    ends = literals[-1][-1:]
    template = expression.join(literals) + ("." if ends == "\n" else "")  # jinja drops a last line break
    expected = value.join(whole_texts) + ("." if ends == "\n" else "")
    assert rendered(template, value) == expected


@given(TEXT)
def test_a_value_is_an_argument_as_it_is(value):
    names = names_in_pod({"x": RenderedParam(value), "y": RenderedParam([value, {"k": value}])}, GLOBALS)
    for template in ("{{ x }}", "{{ params.x.value }}", "{{ y[0] }}", "{{ y[1].k }}"):
        assert [expand(one, VARIABLES) for one in render_items(template, names)] == [value], template
    arguments = [expand(one, VARIABLES) for one in render_items("{{ params.as_args }}", names)]
    assert arguments[0] == f"--x={value}"


@given(TEXT, TEXT)
def test_text_without_templates_is_sent_as_it_is(one, other):
    text = f"{one}/{other}".replace("{", "")
    assert render_text(text, {}) == text
    assert escaped(whole(text)) == text == plain(written(text))


COMPLETED = {
    "a variable beside a value": ("$(A)-{{ value }}", "$(A)", "1-$(A)"),
    "a value that looks like the rest of one": ("${{ value }}", "(A)", "$(A)"),
    "a name that is a value": ("$({{ value }})", "A", "$(A)"),
    "what a shell is to read": ("$(cat {{ value }}) $$(id -u) $((1 + 1))", "a$b", "$(cat a$b) $(id -u) $((1 + 1))"),
    "a folder of the cluster": ("{{ outputs_path }}/{{ value }}", "$(A)", "/out/$(A)"),
    "a folder in an expression": ("{{ outputs_path ~ value }}", "$(A)", "/out$(A)"),
    "a folder in what a shell is to read": ("$(cat {{ outputs_path }})", "", "$(cat /out)"),
    "a folder that a value pretends to be": ("{{ value }}", "$(POLYFLOW_OUTPUTS_PATH)", "$(POLYFLOW_OUTPUTS_PATH)"),
    "a text within an expression": ("{{ '$(A)' if value else '' }}", "x", "$(A)"),
    "a text within a condition": ("{% if value %}$(A){% endif %}", "x", "1"),
}  # fmt: skip


@pytest.mark.parametrize(("template", "value", "expected"), COMPLETED.values(), ids=COMPLETED)
def test_completed_is(template, value, expected):
    assert rendered(template, value) == expected


def test_the_format_of_an_argument_is_written_and_its_value_is_none():
    names = {"arg_format": "--$(A)$={{ value }}"}
    assert rendered("{{ params.value.as_arg }}", "$(A)", **names) == "--1$=$(A)"
    assert rendered("<{{ params.value.as_arg | upper }}>", "$(A)", **names) == "<--1$=$(A)>"
    assert rendered("{{ params.value.as_arg }}(A)", "x", arg_format="$") == "$(A)"
