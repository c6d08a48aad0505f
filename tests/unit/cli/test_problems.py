"""A rejected request, as it is printed."""

import io

import click
import pytest

from polyflow.cli.terminal.paint import coloured, painter, plain
from polyflow.cli.terminal.problems import lines, report
from polyflow_topics.events import IN_REQUEST, Problem

SOURCE = "name: a\nrun:\n\tkind: jobb\n"

CASES = {
    "a problem shows its line with a caret and a hint": (
        Problem(code="PF2", message="no kind `jobb`", path="run.kind", line=3, column=8, hint="`job`?"),
        [
            "p.yaml:3:8: no kind `jobb` (at run.kind) [PF2]",
            "    3 |  kind: jobb",
            "      |        ^",
            "  hint: `job`?",
        ],
    ),
    "a position without a column has no caret": (
        Problem(code="PF2", message="m", line=1),
        ["p.yaml:1: m [PF2]", "    1 | name: a"],
    ),
    "a problem of the whole has no excerpt": (Problem(code="PF2", message="m"), ["p.yaml: m [PF2]"]),
    "a line beyond the text has no excerpt": (
        Problem(code="PF2", message="m", line=9, column=1),
        ["p.yaml:9:1: m [PF2]"],
    ),
    "a column beyond the line is shown at its end": (
        Problem(code="PF2", message="m", line=1, column=99),
        ["p.yaml:1:99: m [PF2]", "    1 | name: a", "      |        ^"],
    ),
    "another file is named, and is not quoted from this one": (
        Problem(code="PF2", message="m", file="c.yaml", line=1, column=1),
        ["c.yaml:1:1: m [PF2]"],
    ),
    "the fields around the specification have no lines that the user knows": (
        Problem(code="PF3010", message="no input `x`", path="params.x", file=IN_REQUEST, line=1, column=60),
        ["request: no input `x` (at params.x) [PF3010]"],
    ),
}


@pytest.mark.parametrize(("problem", "text"), CASES.values(), ids=CASES)
def test_a_problem_is_printed(problem, text):
    assert list(lines(problem, file="p.yaml", source=SOURCE)) == text


def test_without_a_file_a_problem_begins_with_its_message():
    assert list(lines(Problem(code="PF2", message="m"), file="", source="")) == ["m [PF2]"]


def test_a_report_is_in_the_order_of_the_text_and_counts():
    problems = [Problem(code="B", message="b", line=2), Problem(code="A", message="a", line=1)]
    text = list(report(problems, file="f", source=""))
    assert text == ["f:1: a [A]", "f:2: b [B]", "2 problems; nothing was run"]
    assert list(report(problems[:1], file="f", source=""))[-1] == "1 problem; nothing was run"


def excerpt(line, column):
    return list(lines(Problem(code="PF2", message="m", line=1, column=column), file="f", source=line))[1:]


EXCERPTS = {
    "wide characters take two columns": ("日本: x", 5, ["    1 | 日本: x", "      |       ^"]),
    "accents on a letter take none": ("e\u0301: x", 5, ["    1 | e\u0301: x", "      |    ^"]),
    "what steers a terminal is written out": (
        "a: \x1b[31mb",
        9,
        ["    1 | a: \\x1b[31mb", "      |            ^"],
    ),
    "only editors' line ends end a line": ("a\u2028b: c", 5, ["    1 | a\\u2028b: c", "      |          ^"]),
    "a line ends without its line end": ("a: b\r\nc", 4, ["    1 | a: b", "      |    ^"]),
}


@pytest.mark.parametrize(("line", "column", "text"), EXCERPTS.values(), ids=EXCERPTS)
def test_the_caret_is_below_what_it_means(line, column, text):
    assert excerpt(line, column) == text


@pytest.mark.parametrize("column", [1, 40, 200, 399, 400])
def test_a_long_line_is_cut_around_the_caret(column):
    line = "".join(chr(ord("a") + number % 26) for number in range(400))
    shown, caret = excerpt(line, column)
    assert len(shown) <= len("    1 | ") + 162
    assert shown[caret.index("^")] == line[column - 1]


def test_a_message_is_one_line_that_steers_no_terminal():
    problem = Problem(code="PF2", message="not `a\nb\x1b[1m`", hint="c\x07")
    assert list(lines(problem, file="f", source="")) == ["f: not `a\\nb\\x1b[1m` [PF2]", "  hint: c\\x07"]


def test_the_line_of_another_file_is_shown_where_its_text_is_known():
    problem = Problem(code="PF2", message="m", file="b.yaml", line=2, column=1)
    shown = list(lines(problem, file="a.yaml", source="x\ny", others={"b.yaml": "v\nw"}))
    assert shown == ["b.yaml:2:1: m [PF2]", "    2 | w", "      | ^"]


def test_colours_are_beside_the_text_and_change_nothing_of_it():
    problem = Problem(code="PF2", severity="warning", message="m", line=1, column=1, hint="h")
    plain = list(lines(problem, file="a.yaml", source="x"))
    bright = list(lines(problem, file="a.yaml", source="x", paint=coloured))
    assert [click.unstyle(line) for line in bright] == plain
    assert all("\x1b[" in line for line in bright)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "expected"),
    [
        (Terminal(), {}, coloured),
        (Terminal(), {"NO_COLOR": ""}, coloured),
        (Terminal(), {"NO_COLOR": "1"}, plain),
        (Terminal(), {"TERM": "dumb"}, plain),
        (io.StringIO(), {}, plain),
    ],
)
def test_colours_are_for_terminals_that_want_them(stream, environment, expected, monkeypatch):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert painter(stream) is expected
