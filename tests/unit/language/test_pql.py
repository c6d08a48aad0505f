"""Queries over runs: what they say, and what is wrong with them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.language.pql import (
    All,
    Any,
    Condition,
    Opaque,
    Operator,
    Order,
    PqlError,
    parse,
    parse_sort,
)

ONE = {
    "status: succeeded": Condition("status", Operator.IN, ("succeeded",)),
    "status:failed|stopped": Condition("status", Operator.IN, ("failed", "stopped")),
    "status: ~failed": Condition("status", Operator.IN, ("failed",), negated=True),
    "metrics.loss: <= 0.08": Condition("metrics.loss", Operator.LE, ("0.08",)),
    "in.lr: 0.1..0.5": Condition("params.lr", Operator.RANGE, ("0.1", "0.5")),
    "name: %digits%": Condition("name", Operator.LIKE, ("%digits%",)),
    "name: '100%'": Condition("name", Operator.IN, ("100%",)),
    "name: 'it''s'": Condition("name", Operator.IN, ("it's",)),
    'name: ""|"say ""hi"""': Condition("name", Operator.IN, ("", 'say "hi"')),
    "finished_at: nil": Condition("finished_at", Operator.NIL),
    "finished_at: ~nil": Condition("finished_at", Operator.NIL, (), negated=True),
    "created_at: 2024-01-01 10:30..2024-01-02": Condition(
        "created_at", Operator.RANGE, ("2024-01-01 10:30", "2024-01-02")
    ),
    "pipeline: {{ ops.a.uuid }}": Condition("pipeline", Operator.IN, ("{{ ops.a.uuid }}",)),
    "metrics.loss: > {{ 'a' if b else {'c': 1}.c }}": Condition(
        "metrics.loss", Operator.GT, ("{{ 'a' if b else {'c': 1}.c }}",)
    ),
    "name: a-{{ b }}-c": Condition("name", Operator.IN, ("a-{{ b }}-c",)),
    "metrics.{{ name }}: 1": Condition("metrics.{{ name }}", Operator.IN, ("1",)),
    "{{ query }}": Opaque("{{ query }}"),
    "uid: a": Condition("uuid", Operator.IN, ("a",)),
    "created_at: > 2024-01-01T10:30:00Z": Condition("created_at", Operator.GT, ("2024-01-01T10:30:00Z",)),
}


@pytest.mark.parametrize(("text", "wanted"), ONE.items(), ids=ONE)
def test_a_condition_is_read(text, wanted):
    assert parse(text) == wanted


def test_and_binds_more_tightly_than_or():
    a, b, c = (Condition("name", Operator.IN, (name,)) for name in "abc")
    assert parse("name: a, name: b OR name: c") == Any((All((a, b)), c))
    assert parse("name: a AND (name: b or name: c)") == All((a, Any((b, c))))


def test_what_runs_are_ordered_by():
    assert parse_sort("-metrics.loss, name") == [Order("metrics.loss", descending=True), Order("name")]


@pytest.mark.parametrize(("text", "column"), [("", 1), ("-", 1), ("name, ", 7), ("metrics.loss desc", 1)])
def test_what_is_no_field_orders_nothing(text, column):
    with pytest.raises(PqlError) as error:
        parse_sort(text)
    assert error.value.column == column


WRONG = {
    "": (1, "a field is expected, and the query ends here"),
    "stauts: failed": (1, "there is no field `stauts`"),
    "status failed": (8, "`status` needs a `:` and a value"),
    "status:": (8, "a value for `status` is missing"),
    "(status: failed": (1, "this parenthesis is never closed"),
    "status: (failed": (9, "this parenthesis is never closed"),
    "status: (failed|stopped)": (9, "a value for `status` is expected, not `(`"),
    "name: 'jn": (7, "this quote is never closed"),
    'name: a|"jn': (9, "this quote is never closed"),
    "name: a ^": (9, "`^` is left over"),
    "status: failed)": (15, "`)` is left over"),
    "status: failed, ": (17, "a field is expected, and the query ends here"),
    "pipeline: {{ a }}, stauts: failed": (20, "there is no field `stauts`"),
    "in.: 3": (1, "`in.` needs a name behind it"),
    "metrics: < ": (12, "a value for `metrics` is missing"),
}


@pytest.mark.parametrize(("text", "wanted"), WRONG.items(), ids=WRONG)
def test_what_is_wrong_is_said_with_its_column(text, wanted):
    with pytest.raises(PqlError) as error:
        parse(text)
    assert (error.value.column, str(error.value).partition(" (column")[0]) == wanted


@pytest.mark.parametrize("value", [">failed", "<= failed", "~>=failed", "created..failed"])
def test_statuses_and_kinds_have_no_order(value):
    for field, some in (("status", "created, queued"), ("kind", "job, service, dag, matrix")):
        with pytest.raises(PqlError, match=f"`{field}` is a word, which `.*` cannot compare") as error:
            parse(f"name: a, {field}: {value}")
        assert error.value.hint.startswith(f"write `{field}: a|b` with some of {some}")


def test_a_misspelt_field_has_a_suggestion():
    with pytest.raises(PqlError) as error:
        parse("stauts: failed")
    assert error.value.hint == "did you mean `status`?"


def test_braces_without_an_end_are_read_in_no_time():
    with pytest.raises(PqlError):
        parse("{{a" * 3300)


@given(st.text(alphabet="{}status: ~|,()<>.%'\"ANDOR01", max_size=60))
def test_any_text_is_read_or_refused(text):
    with suppress(PqlError):
        parse(text)
