"""Rules for values: each one kept and broken, item by item, and in linear time."""

import pytest

from polyflow_shared.language.values.validation import broken

CASES = {
    "gt": (0, 1, 0, "0 is not above 0"),
    "ge": (1, 1, 0, "0 is below 1"),
    "lt": (1, 0.5, 1, "1 is not below 1"),
    "le": (1, 1, 2, "2 is above 1"),
    "multipleOf": (0.1, 0.3, 0.25, "0.25 is not a multiple of 0.1"),
    "minDigits": (2, 10, 1, "1 has fewer than 2 digits"),
    "maxDigits": (2, 99, 100, "100 has more than 2 digits"),
    "decimalPlaces": (1, 0.5, 0.25, "0.25 has more than 1 decimals"),
    "regex": ("a+b", "aab!", "b", '"b" does not match "a+b"'),
    "minLength": (2, "ab", "a", '"a" is shorter than 2'),
    "maxLength": (2, "ab", "abc", '"abc" is longer than 2'),
    "contains": (1, [1, 2], [2], "[2] does not contain 1"),
    "excludes": ("x", "abc", "axc", '"axc" contains "x"'),
    "options": ([1, 2], 1, 3, "3 is none of [1, 2]"),
    "minItems": (2, [1, 2], [1], "[1] has fewer than 2 items"),
    "maxItems": (1, {"a": 1}, {"a": 1, "b": 2}, "{'a': 1, 'b': 2} has more than 1 items"),
    "keys": (["a"], {"a": 1}, {"b": 1}, "{'b': 1} does not have exactly the keys ['a']"),
    "containsKeys": (["a"], {"a": 1, "b": 2}, {"b": 1}, "{'b': 1} lacks some of the keys ['a']"),
    "excludesKeys": (["a"], {"b": 1}, {"a": 1}, "{'a': 1} has some of the keys ['a']"),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_is_kept_or_broken(rule):
    argument, good, bad, said = CASES[rule]
    assert list(broken({rule: argument}, good)) == []
    assert list(broken({rule: argument}, bad)) == [said]


def test_rules_for_single_values_are_for_each_item():
    assert list(broken({"ge": 1}, [1, 2, 0, -1])) == ["0 is below 1"]
    assert list(broken({"maxLength": 1}, {"a": "x", "b": "yy"})) == ['"yy" is longer than 1']


def test_a_value_of_another_type_breaks_the_rule():
    assert list(broken({"gt": 1}, "a")) == ['"a" is not above 1']


def test_nothing_and_templates_break_no_rule():
    assert list(broken({"gt": 1}, None)) == []
    assert list(broken({"gt": "{{ x }}", "le": None}, 0)) == []


@pytest.mark.timeout(30)
def test_a_pattern_cannot_hold_anybody_up():
    assert list(broken({"regex": "(a+)+$"}, "a" * 5000 + "b")) != []


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"(a)\1"])
def test_a_pattern_that_cannot_be_used_is_named(pattern):
    (said,) = broken({"regex": pattern}, "a")
    assert said.endswith("looks around or back, or is malformed")


OF_ANOTHER_TYPE = {
    "a number in a text": ("contains", 8, "a8", True),
    "a number kept out of a text": ("excludes", 8, "a8", False),
    "a list as a key": ("contains", [1], {"a": 1}, True),
    "a number as all keys": ("keys", 8, {"a": 1}, True),
    "a number as keys kept out": ("excludesKeys", 8, {"a": 1}, False),
}


@pytest.mark.parametrize(
    ("rule", "argument", "value", "breaks"), OF_ANOTHER_TYPE.values(), ids=OF_ANOTHER_TYPE
)
def test_what_cannot_be_in_a_value_is_not_in_it(rule, argument, value, breaks):
    assert bool(list(broken({rule: argument}, value))) is breaks


IN_LISTS = {
    "an item": ("contains", "a", ["a", "b"], False),
    "a part of each item": ("contains", "oo", ["foo", "boo"], False),
    "a part of one item": ("contains", "oo", ["foo", "bar"], True),
    "no item at all": ("contains", "oo", [], True),
    "no item is it": ("excludes", "a", ["b", 1], False),
    "an item has it": ("excludes", "oo", ["bar", "foo"], True),
    "a key is it": ("excludes", "a", {"a": 1}, True),
}


@pytest.mark.parametrize(("rule", "argument", "value", "breaks"), IN_LISTS.values(), ids=IN_LISTS)
def test_what_is_in_a_list_is_an_item_or_a_part_of_its_texts(rule, argument, value, breaks):
    assert bool(list(broken({rule: argument}, value))) is breaks
