"""Every example, as its comments say."""

import json
from pathlib import Path

from tests.e2e.command import EXAMPLES, CommandLine


def statuses(view: dict) -> dict[str, str]:
    return {name: operation["status"] for name, operation in view["operations"].items()}


def test_hello_greets(polyflow: CommandLine) -> None:
    done = polyflow("run", EXAMPLES / "01_hello.yaml", "-P", "name=Ana")
    assert done.returncode == 0, done.stderr
    assert polyflow("logs", "latest", "hello").stdout == "hello Ana\n"


def test_outputs_reach_what_is_downstream(polyflow: CommandLine) -> None:
    view = polyflow.json("run", EXAMPLES / "02_outputs.yaml")
    assert view["status"] == "succeeded"
    assert view["operations"]["halve"]["outputs"]["points"] == 3


def test_a_nested_dag_is_a_scope_of_the_run(polyflow: CommandLine) -> None:
    view = polyflow.json("run", EXAMPLES / "03_nested.yaml")
    assert view["status"] == "succeeded"
    assert any("." in name for name in view["operations"])
    assert set(statuses(view).values()) == {"succeeded"}


def test_retries_and_triggers_do_what_the_file_says(polyflow: CommandLine) -> None:
    view = polyflow.json("run", EXAMPLES / "04_retries_and_triggers.yaml")
    assert max(operation["attempts"] for operation in view["operations"].values()) > 1
    assert view["status"] in {"succeeded", "failed"}


def test_a_service_is_asked_and_ends(polyflow: CommandLine) -> None:
    view = polyflow.json("run", EXAMPLES / "08_service.yaml")
    assert statuses(view) == {"files": "succeeded", "ask": "succeeded"}
    assert polyflow("logs", "latest", "ask").stdout == "200\n"


def test_a_grid_is_searched_and_the_best_trial_chosen(polyflow: CommandLine) -> None:
    view = polyflow.json("run", EXAMPLES / "09_matrix.yaml")
    assert len([name for name in view["operations"] if name.startswith("train.")]) == 6
    assert set(statuses(view).values()) == {"succeeded"}
    assert polyflow("logs", "latest", "choose").stdout == "a loss of 2.0 at a rate of 0.2\n"


def test_what_waits_for_an_event_starts_meanwhile_or_not_at_all(polyflow: CommandLine) -> None:
    view = polyflow.json("run", EXAMPLES / "10_events.yaml")
    assert {name: one["status"] for name, one in view["operations"].items()} == {
        "train": "succeeded", "watch": "succeeded", "alarm": "upstream_failed",
    }  # fmt: skip
    assert view["operations"]["watch"]["finished_at"] < view["operations"]["train"]["finished_at"]


def test_conditions_decide_what_is_run(polyflow: CommandLine) -> None:
    file = EXAMPLES / "07_conditions.yaml"
    assert set(statuses(polyflow.json("run", file)).values()) == {"succeeded"}
    assert polyflow("logs", "latest", "publish").stdout == "published with a loss of 0.25\n"
    assert statuses(polyflow.json("run", file, "-P", "good_enough=0")) == {
        "train": "succeeded",
        "publish": "skipped",
        "announce": "skipped",
        "report": "succeeded",
    }
    skipped = polyflow.json("run", file, "-P", "enabled=false")
    assert (skipped["status"], skipped["reason"]) == ("skipped", "ConditionFalse")


def test_a_metric_that_is_good_enough_stops_the_search(polyflow: CommandLine) -> None:
    view = polyflow.json("run", EXAMPLES / "05_early_stopping.yaml")
    assert view["status"] == "succeeded"
    assert "MetricEarlyStopping" in {operation["reason"] for operation in view["operations"].values()}
    stopped = [one for one in view["operations"].values() if one["status"] == "stopped"]
    assert stopped
    assert all(one["reason"] == "MetricEarlyStopping" for one in stopped)


def test_digits_trains_chooses_evaluates_and_reports(polyflow: CommandLine) -> None:
    done = polyflow("run", EXAMPLES / "digits" / "pipeline.yaml", "-P", "epochs=3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "succeeded in" in done.stdout.splitlines()[-3]
    view = polyflow.json("show", "latest")
    evaluated = view["operations"]["evaluate"]["outputs"]
    assert evaluated["accuracy"] > 0.8
    assert sum(map(sum, evaluated["confusion"])) == 360
    report = Path(view["operations"]["report"]["outputs"]["report"])
    assert "accuracy" in report.read_text().lower()
    assert list(report.parent.glob("*.png"))
    metrics = report.parents[2] / ".." / "wide" / "0" / "metrics.jsonl"
    assert len([json.loads(line) for line in metrics.read_text().splitlines()]) == 3
