"""A rejected request, as it is printed."""

import pytest

from polyflow.cli.problems import lines, report
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
