"""`no` where text is meant: what is read, what becomes of it, and what to write."""

import pytest

from polyflow_services.spec_validator.checked import check

JOB = "kind: component\nrun:\n  kind: job\n  container:\n    image: busybox\n    command: [echo]\n"
TYPED = "kind: operation\nparams: {{p: {{value: {}}}}}\ncomponent:\n  inputs: [{{name: p, type: {}}}]\n  run: {{kind: job, container: {{image: busybox}}}}\n"

WRONG = {
    "a name": ("name: no\n" + JOB, 7, 1, '`no` is read as false; write "no"'),
    "a tag": ("tags: [x, On]\n" + JOB, 11, 1, '`On` is read as true; write "On"'),
    "a version": ("name: 3.10\n" + JOB, 7, 1, '`3.10` is read as 3.1; write "3.10"'),
    "an octal number": ("name: 0777\n" + JOB, 7, 1, '`0777` is read as 511; write "0777"'),
    "an image": (JOB.replace("busybox", "off"), 12, 5, '`off` is read as false; write "off"'),
    "a word that JSON has as well": ("name: true\n" + JOB, 7, 1, "write it in quotes"),
    "a number that JSON has as well": ("name: 12\n" + JOB, 7, 1, "write it in quotes"),
}


@pytest.mark.parametrize(("text", "column", "line", "hint"), WRONG.values(), ids=WRONG)
def test_a_word_where_text_is_wanted_is_shown_as_it_was_written(text, column, line, hint):
    (error,) = check(text, file="a.yaml").errors
    assert (error.line, error.column, error.hint) == (line, column, hint)


BECOMES_TEXT = {
    "an argument": (JOB + "    args: [a, NO]\n", "`args` is given the text `false`", '`NO` is read as false; write "NO"'),
    "an argument without a list": (JOB + "    args: 1.50\n", "`args` is given the text `1.5`", '`1.50` is read as 1.5; write "1.50"'),
    "a variable": (JOB + "    env: [{name: COUNTRY, value: no}]\n", "`COUNTRY` is given the text `false`", '`no` is read as false; write "no"'),
    "a param of type text": (TYPED.format("yes", "str"), "`p` is given the text `true`", '`yes` is read as true; write "yes"'),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message", "hint"), BECOMES_TEXT.values(), ids=BECOMES_TEXT)
def test_what_becomes_a_text_by_the_way_is_a_warning(text, message, hint):
    checked = check(text, file="a.yaml")
    assert [(one.code, one.message, one.hint) for one in checked.warnings] == [("PF1015", message, hint)]
    assert not checked.errors


SILENT = {
    "a quoted word": JOB + '    args: ["no"]\n',
    "a word that JSON writes alike": JOB + "    args: [true, 1, 1.5]\n",
    "a boolean param": TYPED.format("yes", "bool"),
    "a number param": TYPED.format("1.50", "float"),
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_what_is_read_as_it_was_written_is_not_mentioned(text):
    checked = check(text, file="a.yaml")
    assert not checked.errors
    assert not checked.warnings


HINTS = {
    "a placeholder for a list": (JOB.replace("command: [echo]", "command: [echo]\n  init: ..."), "`...` stands for something that was left out; write it, or remove the dots"),
    "a leading zero": (JOB + "termination: {maxRetries: 08}\n", "a leading zero means octal; write 8"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "hint"), HINTS.values(), ids=HINTS)
def test_a_wrong_type_says_what_to_write(text, hint):
    assert [error.hint for error in check(text, file="a.yaml").errors] == [hint]
