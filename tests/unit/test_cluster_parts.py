"""`make test-cluster`: what its table says, and when it fails."""

import re

import pytest

from tests.cluster import PARTS, MissingError, Part, Result, outcome, run, status, summary, table
from tests.contract.test_shape import ROOT
from tests.testbed.processes import TestbedError

SUMMARIES = {
    "quiet": (["....", "12 passed, 3 deselected in 4.51s"], "12 passed, 3 deselected"),
    "with rules": (["====== 1 failed, 2 passed in 71.01s (0:01:11) ======"], "1 failed, 2 passed"),
    "an error at the end": (["E  boom", "2 errors in 1.00s", ""], "2 errors"),
    "no count": (["ERROR: file or directory not found: x", ""], "ERROR: file or directory not found: x"),
    "nothing": ([], "it printed nothing"),
}


@pytest.mark.parametrize(("lines", "says"), SUMMARIES.values(), ids=SUMMARIES)
def test_a_part_is_summed_up_by_the_last_line_of_its_tests(lines, says):
    assert summary(lines) == says


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [(["passed"], 0), (["passed", "left out"], 0), (["passed", "failed", "passed"], 1)],
)
def test_one_part_that_fails_is_enough(outcomes, expected):
    assert status([Result("one", outcome, 1.0, "") for outcome in outcomes]) == expected


def test_the_table_has_a_line_for_each_part():
    lines = list(table([Result("kafka", "passed", 83.4, "9 passed"), Result("compose", "left out", 0, "no")]))
    assert [line.split() for line in lines[1:]] == [
        ["kafka", "passed", "1:23", "9", "passed"],
        ["compose", "left", "out", "0:00", "no"],
    ]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(TestbedError("install Go\nand more"), "failed"), (MissingError("install Go"), "left out")],
)
def test_what_is_missing_is_said_in_one_line(error, outcome):
    def prepare():
        raise error

    result = run(Part("one", ("nowhere",), "kafka", prepare))
    assert (result.outcome, result.says) == (outcome, "install Go")


@pytest.mark.parametrize(
    ("code", "says", "expected"),
    [
        (0, "12 passed, 3 skipped", "passed"),
        (1, "1 failed, 2 passed", "failed"),
        (0, "14 skipped, 3 deselected", "failed"),
        (5, "3 deselected", "failed"),
        (0, "it printed nothing", "failed"),
    ],
)
def test_a_part_without_a_test_that_has_passed_is_not_passed(code, says, expected):
    assert outcome(code, says) == expected


def test_what_tests_on_real_servers_need_is_got_in_one_place():
    text = (ROOT / "Makefile").read_text()
    does = dict(re.findall(r"^([a-z-]+): setup .*\n\t\$\(BIN\)/python -m tests\.cluster (\w+)\n", text, re.M))
    assert does == {
        "test-kafka": "kafka",
        "test-kubernetes": "kubernetes",
        "test-faults": "faults",
        "deploy-check": "deploy",
        "test-compose": "compose",
    }
    assert sorted(does.values()) == sorted(part.name for part in PARTS)


def test_tests_that_cannot_run_are_a_failure():
    result = run(Part("one", ("tests/no-such-folder",), "kafka", lambda: None))
    assert result.outcome == "failed"
    assert "no-such-folder" in result.says
