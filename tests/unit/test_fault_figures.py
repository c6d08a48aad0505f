"""The figures of fault tests, and services that end by themselves."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.figures import Figures, table
from tests.testbed.processes import is_running
from tests.testbed.services import Services

ONE = Figures("one", 10, 20, 1234, Counter({"planner killed": 2, "pod deleted": 1}), 1, 0)


def test_a_scenario_is_told_in_a_line():
    assert str(ONE) == (
        "one: 10 runs, 20 pods, 1234 messages, 2 × planner killed, 1 × pod deleted, "
        "1 services ended by themselves: 0 violations"
    )


def test_the_table_ends_with_the_sums():
    lines = [line.split() for line in table([ONE, ONE])]
    assert lines[0] == ["scenario", "runs", "pods", "messages", "faults", "ends", "violations"]
    assert lines[1:] == [
        ["one", "10", "20", "1,234", "3", "1", "0"],
        ["one", "10", "20", "1,234", "3", "1", "0"],
        ["all", "20", "40", "2,468", "6", "2", "0"],
    ]


@pytest.fixture
def services(tmp_path: Path) -> Services:
    """Services whose command ends as soon as it has begun."""
    stand_in = tmp_path / "polyflow"
    stand_in.write_text(f"#!{sys.executable}\nprint('one line')\nprint('I have a bug')\n")
    stand_in.chmod(0o755)
    return Services(tmp_path, dict(os.environ), "", polyflow=stand_in)


def test_a_service_that_ends_by_itself_is_told_and_started_again(services: Services):
    services.start("planner")
    first = services.pids["planner-0"]
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    services.revive()
    assert services.ends == ["planner-0: I have a bug"]
    assert services.pids["planner-0"] != first
    services.stop()


def test_a_service_that_was_killed_has_not_ended_by_itself(services: Services):
    with subprocess.Popen(["sleep", "60"]) as process:
        services.pids["planner-0"] = process.pid
        services.kill("planner-0")
    services.revive()
    assert not is_running(process.pid, "sleep")
    assert (services.ends, services.kills) == ([], {"planner": 1})
