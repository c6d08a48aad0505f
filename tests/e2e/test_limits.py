"""Limits of queues and of the whole installation: each test is named after a row of the list of features."""

import json
from pathlib import Path
from typing import Any

from tests.e2e.command import CommandLine, rest_of, wait_for
from tests.e2e.test_run import dag, job

QUEUES = """
queues:
  - {name: low, limit: 1}
  - {name: high, priority: 10}
  - {name: closed, projects: [vision]}
"""


def started(view: dict[str, Any]) -> list[str]:
    """Return operations in the order in which they were launched."""
    at = {
        name: next(one["at"] for one in operation["statuses"] if one["status"] == "scheduled")
        for name, operation in view["operations"].items()
    }
    return sorted(at, key=lambda name: at[name])


def reasons(view: dict[str, Any], operation: str) -> list[tuple[str, str]]:
    return [
        (one["reason"], one["message"])
        for one in view["operations"][operation]["statuses"]
        if one["status"] == "queued"
    ]


def with_queues(polyflow: CommandLine, limit: str = "") -> CommandLine:
    polyflow.home.mkdir()
    (polyflow.home / "queues.yaml").write_text(QUEUES)
    polyflow.environment["POLYFLOW_MAX_CONCURRENCY"] = limit
    return polyflow


def test_109_queues_limit(polyflow: CommandLine) -> None:
    text = dag(*(job(name, "sleep 0.1", ", queue: low") for name in "abc"))
    view = with_queues(polyflow).json("run", polyflow.file(text))
    assert (view["status"], started(view)) == ("succeeded", ["a", "b", "c"])
    assert reasons(view, "c") == [("QueueLimit", "queue 'low' runs 1 operation at once")]
    ends = [view["operations"][name]["finished_at"] for name in "abc"]
    assert ends == sorted(ends)


def test_109_queues_priority(polyflow: CommandLine) -> None:
    text = dag(
        job("first", "sleep 0.3"),
        job("low", "true", ", queue: low"),
        job("high", "true", ", queue: local/high"),
    )
    view = with_queues(polyflow, "1").json("run", polyflow.file(text))
    assert started(view) == ["first", "high", "low"]


def test_109_queues_are_listed_with_those_that_run_and_wait(polyflow: CommandLine) -> None:
    go = polyflow.folder / "go"
    text = dag(*(job(name, holds(go), ", queue: low") for name in "abc"), job("d", holds(go)))
    going = with_queues(polyflow, "5").begin("run", polyflow.file(text))
    wait_for(going, "a running")
    wait_for(going, "d running")
    lines = [line.split() for line in polyflow("queues").stdout.splitlines()]
    assert lines[0] == ["QUEUE", "CLUSTER", "PRIORITY", "LIMIT", "ACTIVE", "WAITING"]
    assert lines[1:] == [
        ["high", "local", "10", "-", "0", "0"],
        ["closed", "local", "0", "-", "0", "0"],
        ["default", "-", "0", "-", "1", "0"],
        ["low", "local", "0", "1", "1", "2"],
        ["in", "all", "-", "-", "5", "2", "2"],
    ]
    told = polyflow.json("queues")
    assert (told["limit"], told["active"], told["waiting"], len(told["queues"])) == (5, 2, 2, 4)
    going.kill()
    rest_of(going)
    assert (polyflow.json("queues")["active"], polyflow.json("queues")["waiting"]) == (0, 0)


def test_109_queues_have_presets(polyflow: CommandLine) -> None:
    presets = polyflow.home / "presets"
    presets.mkdir(parents=True)
    (presets / "patient.yaml").write_text(
        "{isPreset: true, termination: {maxRetries: 1, backoff: {delay: 0}}}"
    )
    (polyflow.home / "queues.yaml").write_text("queues: [{name: patient, presets: [patient]}]")
    fails_once = "[ -e once ] || { touch once; exit 1; }"
    own = ", queue: patient, termination: {maxRetries: 0}"
    refused = polyflow.json("run", polyflow.file(dag(job("a", "false", own))))
    assert refused["operations"]["a"]["attempts"] == 1
    view = polyflow.json("run", polyflow.file(dag(job("a", fails_once, ", queue: patient"))))
    assert (view["status"], view["operations"]["a"]["attempts"]) == ("succeeded", 2)


def test_109_queues_of_other_projects_are_refused(polyflow: CommandLine) -> None:
    file = polyflow.file(dag(job("a", "true", ", queue: closed")))
    refused = with_queues(polyflow)("run", file)
    assert refused.returncode == 2
    assert "project `default` has no access to the queue `closed`" in refused.stderr
    assert polyflow("run", file, "--project", "vision").returncode == 0


def test_109_a_queue_that_there_is_not(polyflow: CommandLine) -> None:
    refused = with_queues(polyflow)("run", polyflow.file(dag(job("a", "true", ", queue: hihg"))))
    assert refused.returncode == 2
    assert "did you mean `high`" in refused.stderr


def holds(path: Path) -> str:
    return f"until [ -e {path.name} ]; do sleep 0.05; done"


def test_111_global_concurrency(polyflow: CommandLine) -> None:
    polyflow.environment["POLYFLOW_MAX_CONCURRENCY"] = "1"
    go = polyflow.folder / "go"
    file = polyflow.file(dag(job("a", holds(go))))
    first = polyflow.begin("run", file)
    wait_for(first, "a running")
    second = polyflow.begin("run", file)
    wait_for(second, "InstallationLimit: the installation runs 1 operation at once")
    go.touch()
    rest_of(first), rest_of(second)
    assert (first.returncode, second.returncode) == (0, 0)
    runs = json.loads(polyflow("ls", "--format", "json").stdout)
    views = [polyflow.json("show", run["id"]) for run in runs]
    (later, earlier) = sorted(views, key=lambda view: view["operations"]["a"]["finished_at"], reverse=True)
    begun = next(one["at"] for one in later["operations"]["a"]["statuses"] if one["status"] == "scheduled")
    assert earlier["operations"]["a"]["finished_at"] <= begun


def test_111_the_limit_is_raised_while_somebody_waits(polyflow: CommandLine) -> None:
    polyflow.home.mkdir()
    catalogue = polyflow.home / "queues.yaml"
    catalogue.write_text("maxConcurrency: 1")
    go = polyflow.folder / "go"
    going = polyflow.begin("run", polyflow.file(dag(job("a", holds(go)), job("b", holds(go)))))
    wait_for(going, "InstallationLimit: the installation runs 1 operation at once")
    catalogue.write_text("maxConcurrency: 2")
    wait_for(going, "b running")
    go.touch()
    rest_of(going)
    assert going.returncode == 0


def test_111_a_process_that_is_gone_keeps_no_slot(polyflow: CommandLine) -> None:
    polyflow.environment["POLYFLOW_MAX_CONCURRENCY"] = "1"
    first = polyflow.begin("run", polyflow.file(dag(job("a", holds(polyflow.folder / "go"))), "first.yaml"))
    wait_for(first, "a running")
    second = polyflow.begin("run", polyflow.file(dag(job("b", "true")), "second.yaml"))
    wait_for(second, "InstallationLimit")
    first.kill()
    rest_of(first)
    assert "b succeeded" in rest_of(second)
