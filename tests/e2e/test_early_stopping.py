"""DAGs that are stopped early: each test is named after a row of the list of features."""

from tests.e2e.command import CommandLine
from tests.e2e.test_how_runs_behave import statuses, why
from tests.e2e.test_run import dag, job


def test_55_dag_early_stopping(polyflow: CommandLine) -> None:
    text = dag(
        job("bad", "exit 1"),
        job("worse", "exit 1"),
        job("going", "sleep 60"),
        job("later", "true", ", dependencies: [going]"),
    ).replace("kind: dag", "kind: dag\n  earlyStopping: [{kind: failure_early_stopping, percent: 50}]")
    view = polyflow.json("run", polyflow.file(text))
    assert (view["status"], view["reason"]) == ("failed", "FailureEarlyStopping")
    assert view["message"] == "2 of 4 operations failed; the limit is 50 %"
    assert statuses(view) == {"bad": "failed", "worse": "failed", "going": "stopped", "later": "stopped"}
    assert why(view, "later")[0] == "FailureEarlyStopping"
