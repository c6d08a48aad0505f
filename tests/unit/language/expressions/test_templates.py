"""Templates: what they may name, what they give, and what they must not do to the planner."""

import subprocess
import sys
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.language.codes import Code
from polyflow_shared.language.expressions.templates import (
    RenderedParam,
    Scope,
    TemplateError,
    check,
    is_templated,
    names_in_pod,
    render_container,
)
from polyflow_topics.plan import Container

PARAMS = {
    "lr": RenderedParam(0.1, "float"),
    "text": RenderedParam("a b", "str"),
    "on": RenderedParam(True, "bool", flag=True),
    "off": RenderedParam(False, "bool", flag=True),
    "none": RenderedParam(None),
    "zero": RenderedParam(0),
    "empty": RenderedParam(""),
    "map": RenderedParam({"a": [1, True]}),
    "result": RenderedParam(5, arg_format="-r {{ value }}/{{ result }}"),
}
SCOPE = Scope(frozenset(PARAMS), frozenset({"accuracy"}))
GLOBALS = {"uuid": "u-1", "name": "train", "iteration": None}


def render(*args):
    return list(render_container(Container(args=args), names_in_pod(PARAMS, GLOBALS)).args)


GIVES = {
    "a value": ("{{ lr }}", ["0.1"]),
    "a value within text": ("--lr={{lr}}", ["--lr=0.1"]),
    "zero is a value": ("{{ zero }}", ["0"]),
    "an empty text is a value": ("{{ empty }}", [""]),
    "null alone is no argument": ("{{ none }}", []),
    "null within text is nothing": ("[{{ none }}]", ["[]"]),
    "null within an expression's text is nothing": ("[{{ none }}{{ lr * 2 }}]", ["[0.2]"]),
    "null beside a text is nothing": ("{{ none ~ text }}", ["a b"]),
    "null as a text is nothing": ("<{{ params.none.as_str }}{{ none | upper }}>", ["<>"]),
    "a global without a value is nothing": ("[{{ globals.iteration }}]", ["[]"]),
    "a global without a value can be asked for": ("{{ globals.iteration is none }}", ["True"]),
    "an argument": ("{{ params.lr.as_arg }}", ["--lr=0.1"]),
    "a flag that is on": ("{{ params.on.as_arg }}", ["--on"]),
    "a flag that is off": ("{{ params.off.as_arg }}", []),
    "an argument as its format says": ("{{ params.result.as_arg }}", ["-r 5/5"]),
    "all arguments": (
        "{{ params.as_args }}",
        ["--lr=0.1", "--text=a b", "--on", "--zero=0", "--empty=", '--map={"a": [1, true]}', "-r 5/5"],
    ),
    "a map as JSON": ("{{ map }}", ['{"a": [1, true]}']),
    "an entry": ("{{ map.a[0] }}", ["1"]),
    "the beginning of a text": ("{{ text[:1] }}", ["a"]),
    "a part of a text, as far as a value says": ("{{ text[zero:2] }}", ["a "]),
    "the rest of a list": ("{{ map.a[1:] | first }}", ["True"]),
    "a type": ("{{ params.lr.type }}", ["float"]),
    "a global": ("{{ globals.uuid }}", ["u-1"]),
    "a path that the cluster fills in": ("{{ outputs_path }}/x", ["$(POLYFLOW_OUTPUTS_PATH)/x"]),
    "the same path by its long name": ("{{ globals.run_artifacts_path }}", ["$(POLYFLOW_ARTIFACTS_PATH)"]),
    "arithmetic": ("{{ lr * 2 }}", ["0.2"]),
    "a choice": ("{{ 'yes' if on else 'no' }}", ["yes"]),
    "a block": ("a{% if off %}b{% endif %}", ["a"]),
    "a filter": ("{{ text | upper }}", ["A B"]),
    "a branch that is not taken": ("{{ 1 / 0 if off else 'no' }}", ["no"]),
    "texts side by side": ("{{ text ~ '-' ~ zero }}", ["a b-0"]),
    "a sum of texts": ("{{ text + '!' }}", ["a b!"]),
    "a default for what is not there": ("{{ nothing | default(3) }}", ["3"]),
    "text without templates": ("$(HOME) {x}", ["$(HOME) {x}"]),
}


@pytest.mark.parametrize(("text", "wanted"), GIVES.values(), ids=GIVES)
def test_a_template_gives(text, wanted):
    assert check(text, SCOPE) == []
    assert render(text) == wanted


WRONG = {
    "a name that does not exist": ("{{ lrr }}", Code.TEMPLATE_NAME),
    "a param that does not exist": ("{{ params.lrr.value }}", Code.TEMPLATE_NAME),
    "an attribute that params do not have": ("{{ params.lr.valu }}", Code.TEMPLATE_NAME),
    "a global that does not exist": ("{{ globals.uid }}", Code.TEMPLATE_NAME),
    "a name inside an expression": ("{{ lr + lrr }}", Code.TEMPLATE_NAME),
    "all params at once": ("{{ params }}", Code.TEMPLATE_NAME),
    "an output that has no value yet": ("{{ accuracy }}", Code.TEMPLATE_NAME),
    "a global of the whole language": ("{{ globals.store_path }}", Code.NOT_YET),
    "connections": ("{{ connections.x }}", Code.NOT_YET),
    "braces that are not closed": ("{{ lr", Code.TEMPLATE_SYNTAX),
    "nothing in braces": ("{{ }}", Code.TEMPLATE_SYNTAX),
    "a loop": ("{% for x in map %}{% endfor %}", Code.TEMPLATE_FORBIDDEN),
    "an assignment": ("{% set x = 1 %}", Code.TEMPLATE_FORBIDDEN),
    "a macro": ("{% macro x() %}{% endmacro %}", Code.TEMPLATE_FORBIDDEN),
    "an include": ("{% include 'x' %}", Code.TEMPLATE_FORBIDDEN),
    "a call": ("{{ text.upper() }}", Code.TEMPLATE_FORBIDDEN),
    "an attribute with an underscore": ("{{ text.__class__ }}", Code.TEMPLATE_FORBIDDEN),
    "an unknown filter": ("{{ text | uper }}", Code.TEMPLATE_FORBIDDEN),
    "an unknown test": ("{{ text is odder }}", Code.TEMPLATE_FORBIDDEN),
    "a text many times over": ("{{ 'a' * 10**10 }}", Code.TEMPLATE_FORBIDDEN),
    "half of a character": ("{{ text ~ '\\ud800(HOME)' }}", Code.TEMPLATE_FORBIDDEN),
    "a power beyond measure": ("{{ lr + 10**5000 }}", Code.TEMPLATE_FORBIDDEN),
    "a division by nought": ("{{ 1 / 0 }}", Code.TEMPLATE_FORBIDDEN),
    "a comparison that there is not": ("{{ 1 > 'a' }}", Code.TEMPLATE_FORBIDDEN),
    "a slice that there is not": ("{{ text[1 / 0:] }}", Code.TEMPLATE_FORBIDDEN),
    "a number beyond all others": ("{{ lr * 1e400 }}", Code.TEMPLATE_FORBIDDEN),
    "a comparison with such a number": ("{{ 1e400 > 1 }}", Code.TEMPLATE_FORBIDDEN),
    "a result beyond all numbers": ("{{ 1e308 * 10 }}", Code.TEMPLATE_FORBIDDEN),
    "more digits than are read": ("{{ " + "9" * 5000 + " }}", Code.TEMPLATE_SYNTAX),
    "brackets without end": ("{{" + "(" * 5000 + "1" + ")" * 5000 + "}}", Code.TEMPLATE_SIZE),
    "a sum without end": ("{{" + "+".join(["1"] * 3000) + "}}", Code.TEMPLATE_SIZE),
    "a template that is too long": ("{{ lr }}" + "x" * 70_000, Code.TEMPLATE_SIZE),
}


@pytest.mark.parametrize(("text", "code"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_found_before_it_runs(text, code):
    assert {finding.code for finding in check(text, SCOPE)} == {code}


def test_a_name_has_a_suggestion():
    assert str(check("{{ resul }}", SCOPE)[0].hint) == "did you mean `result`?"


BOMBS = [
    "{{ 'a' * 10**9 }}",
    "{{ 9**9**9**9**9 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ [1] * 10**9 }}",
    "{{ 10**5000 }}",
    "{{ lr.as_integer_ratio }}",
    "{{ text['__class__'] }}",
    "{{ 1 / 0 }}",
    "{{ text + 1 }}",
    "{{ map.nope }}",
    "{{ 2.0 ** 100000 }}",
    "{{ text | int }}",
    "{{ text['a':] }}",
    "{{ lr * 1e308 * 1e308 }}",
]


@pytest.mark.parametrize("text", BOMBS)
def test_an_expression_that_fails_or_explodes_is_an_error_at_once(text):
    with pytest.raises(TemplateError):
        render(text)


def test_python_says_nothing_about_what_a_template_is_compiled_to():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [finding.code for finding in check("{{ 1[0] }}", SCOPE)] == [Code.TEMPLATE_FORBIDDEN]


def test_what_is_rendered_is_bounded():
    big = {"x": RenderedParam("y" * 60_000)}
    with pytest.raises(TemplateError, match="larger"):
        render_container(Container(args=("{{ x }}" * 10,)), names_in_pod(big, {}))
    with pytest.raises(TemplateError, match="longer"):
        render_container(Container(args=("{{ x | replace('y', x) }}",)), names_in_pod(big, {}))
    for between in (" ~ ", " + "):
        with pytest.raises(TemplateError, match="longer"):
            render_container(
                Container(args=("{{ (" + between.join(["x"] * 10) + ") | length }}",)), names_in_pod(big, {})
            )


def test_env_is_rendered_and_keeps_its_names():
    container = render_container(
        Container(env={"A": "{{ lr }}", "B": "{{ none }}", "C": "c"}), names_in_pod(PARAMS, GLOBALS)
    )
    assert container.env == {"A": "0.1", "B": "", "C": "c"}


def test_connections_are_named_with_their_fields():
    names = names_in_pod(PARAMS, GLOBALS, {"lake": {"bucket": "s3://a"}, "my-lake": {"kind": "s3"}})
    args = (
        "{{ connections.lake.bucket }}/x",
        "{{ connections['my-lake'].kind }}",
        "{{ connections[text].kind if text in connections else zero }}",
        "{{ connections.lake }}",
    )
    rendered = render_container(Container(args=args), names).args
    assert rendered == ("s3://a/x", "s3", "0", '{"bucket": "s3://a"}')


def test_an_unknown_name_at_run_time_is_an_error():
    with pytest.raises(TemplateError, match="`nope` does not exist"):
        render("{{ nope }}")


@given(
    st.lists(
        st.sampled_from(
            ["{{ lr }}", "{{text}}", "{{ params.map.value }}", "{{ globals.uuid }}", " ", "x-", "{x"]
        ),
        min_size=1,
    )
)
def test_the_short_way_and_jinja_agree(pieces):
    text = "".join(pieces)
    if not is_templated(text):
        return
    assert render(text) == render(text.replace("}}", "| default('') }}"))


TOKENS = [
    "lr",
    "text",
    "map",
    "1",
    "1e400",
    "'a'",
    "[",
    ":",
    "]",
    "(",
    ")",
    "*",
    "-",
    ",",
    ".a",
    "|upper",
    ">",
]


@given(
    st.text(st.sampled_from(list("{}%|.()[]+*~'ax1 lr#-:e")), max_size=30)
    | st.lists(st.sampled_from(TOKENS), max_size=10).map(lambda tokens: "{{ " + "".join(tokens) + " }}")
)
def test_any_template_is_checked_without_an_exception(text):
    check(text, SCOPE)
    try:
        render(text)
    except TemplateError:
        return


def test_simple_templates_do_without_jinja():
    code = (
        "import sys; from polyflow_shared.language.expressions.templates import Scope, check, is_templated;"
        "assert is_templated('{{ x }}') and not check('{{ x }}', Scope(frozenset('x')));"
        "assert 'jinja2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
