"""Hints with the nearest name, also among thousands of names."""

from polyflow_shared.language.findings import Quote, did_you_mean


def test_of_words_that_are_equally_near_a_name_is_meant():
    known = ["project_uuid", "project_name", "project_unique_name"]
    assert did_you_mean("project", known) == "did you mean `project_name`?"


def test_the_nearest_of_a_few_names_is_meant():
    assert did_you_mean("imgae", ["name", "image", "run"]) == "did you mean `image`?"


def test_nothing_is_near():
    assert did_you_mean("xyz", ["name", "image"]) == ""


def test_of_thousands_of_names_one_that_begins_alike_is_meant():
    names = {f"operation-{number}" for number in range(4000)}
    assert did_you_mean("operation-12x", names).startswith("did you mean `operation-12")


def test_a_hint_to_quote_says_how_the_value_was_written_and_read():
    assert Quote(False).spelled("no") == '`no` is read as false; write "no"'
    assert Quote(False).spelled(None) == str(Quote(False)) == "write it in quotes"


def test_an_answer_is_quoted_as_it_is_read():
    assert Quote(False, answer=True).spelled("no") == '`no` is read as false; write "false"'
