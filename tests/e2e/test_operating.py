"""Operating a run that goes on: each test is named after a row of the list of features.

A run goes on in one terminal; from another one it is asked to stop, to skip, to wait or to go on.
"""

import subprocess
from typing import Any

import pytest

from tests.e2e.command import CommandLine, rest_of, wait_for
from tests.e2e.test_how_runs_behave import UNTIL_DONE, statuses, why
from tests.e2e.test_run import dag, job

WAITS = ", isApproved: false"


def begin(polyflow: CommandLine, text: str, *options: str) -> subprocess.Popen[str]:
    return polyflow.begin("run", polyflow.file(text), *options)


def show(polyflow: CommandLine) -> dict[str, Any]:
    view: dict[str, Any] = polyflow.json("show", "latest")
    return view


def ended(polyflow: CommandLine, run: subprocess.Popen[str]) -> dict[str, Any]:
    rest_of(run)
    return show(polyflow)


def test_65_manual_approval(polyflow: CommandLine) -> None:
    run = begin(polyflow, dag(job("a", "true")) + "isApproved: false\n")
    wait_for(run, "ApprovalAwaited")
    view = show(polyflow)
    assert (view["status"], view["pending"], statuses(view)) == ("created", "approval", {"a": "created"})
    assert "created, pending approval" in polyflow("ls").stdout
    assert polyflow("approve", "latest").stdout.endswith(": approve accepted\n")
    view = ended(polyflow, run)
    assert (view["status"], view["pending"], statuses(view)) == ("succeeded", None, {"a": "succeeded"})


def test_65_manual_approval_of_an_operation(polyflow: CommandLine) -> None:
    run = begin(
        polyflow,
        dag(
            job("a", "true"),
            job("b", "true", f", dependencies: [a]{WAITS}"),
            job("c", "true", f", dependencies: [b]{WAITS}"),
        ),
    )
    wait_for(run, "ApprovalAwaited")
    view = show(polyflow)
    assert (view["status"], view["operations"]["b"]["pending"]) == ("running", "approval")
    assert f"polyflow approve {view['id']} b" in why(view, "b")[1]
    assert polyflow("approve", "latest", "c").returncode == 0
    refused = polyflow("approve", "latest", "a")
    assert (refused.returncode, "needs no approval" in refused.stderr) == (2, True)
    assert show(polyflow)["operations"]["c"]["status"] == "created"
    assert polyflow("approve", "latest", "b").returncode == 0
    assert set(statuses(ended(polyflow, run)).values()) == {"succeeded"}


def test_65_manual_approval_of_a_nested_dag(polyflow: CommandLine) -> None:
    inner = job("x", "true")
    run = begin(polyflow, dag(f"{{name: n{WAITS}, run: {{kind: dag, operations: [{inner}]}}}}"))
    wait_for(run, "ApprovalAwaited")
    assert statuses(show(polyflow)) == {"n": "created", "n.x": "created"}
    polyflow("approve", "latest", "n")
    assert statuses(ended(polyflow, run)) == {"n": "succeeded", "n.x": "succeeded"}


def test_66_approval_from_the_command_line(polyflow: CommandLine) -> None:
    held, free = dag(job("a", "true")) + "isApproved: false\n", dag(job("a", "true"))
    assert polyflow.json("run", polyflow.file(held), "--approved")["status"] == "succeeded"
    run = begin(polyflow, free, "--no-approved")
    wait_for(run, "ApprovalAwaited")
    polyflow("stop", "latest")
    view = ended(polyflow, run)
    assert (view["status"], statuses(view)) == ("stopped", {"a": "stopped"})


def test_66_approval_from_a_preset(polyflow: CommandLine) -> None:
    held = polyflow.file(dag(job("a", "true")) + "isApproved: false\n")
    preset = polyflow.file("isPreset: true\nisApproved: true\n", "preset.yaml")
    assert polyflow.json("run", held, "-f", preset)["status"] == "succeeded"


def test_114_stop(polyflow: CommandLine) -> None:
    run = begin(polyflow, dag(job("a", "sleep 60"), job("b", "true", ", dependencies: [a]")))
    wait_for(run, "a running")
    assert polyflow("stop", "latest").returncode == 0
    view = ended(polyflow, run)
    assert (view["status"], statuses(view)) == ("stopped", {"a": "stopped", "b": "stopped"})


def test_114_stop_of_one_operation(polyflow: CommandLine) -> None:
    inner = ", ".join((job("x", "sleep 60"), job("y", "true", ", dependencies: [x]")))
    run = begin(
        polyflow,
        dag(
            job("a", "sleep 60"),
            job("b", "true", ", dependencies: [a]"),
            f"{{name: n, run: {{kind: dag, operations: [{inner}]}}}}",
            job("apart", UNTIL_DONE),
            job("last", "true", ", dependencies: [a, n], trigger: all_done"),
        ),
    )
    wait_for(run, "n.x running")
    assert polyflow("stop", "latest", "n").stdout.endswith(": stop accepted\n")
    assert polyflow("stop", "latest", "a", "--reason", "TooSlow").returncode == 0
    unknown = polyflow("stop", "latest", "nobody")
    assert (unknown.returncode, "no operation 'nobody'" in unknown.stderr) == (2, True)
    (polyflow.folder / "done").touch()
    view = ended(polyflow, run)
    assert statuses(view) == {
        "a": "stopped",
        "b": "upstream_failed",
        "n": "stopped",
        "n.x": "stopped",
        "n.y": "stopped",
        "apart": "succeeded",
        "last": "succeeded",
    }
    stopping = next(
        change for change in view["operations"]["a"]["statuses"] if change["status"] == "stopping"
    )
    assert (stopping["reason"], stopping["message"]) == ("TooSlow", "asked by polyflow stop")
    assert why(view, "a") == ("TooSlow", "asked by polyflow stop")


@pytest.mark.parametrize("reason", ["two words", "", "lower", "Über", "X" * 65])
def test_114_a_reason_is_a_word(polyflow: CommandLine, reason: str) -> None:
    for command in ("stop", "skip"):
        done = polyflow(command, "latest", "--reason", reason)
        assert (done.returncode, "is no word in CamelCase" in done.stderr) == (2, True)


def test_115_skip(polyflow: CommandLine) -> None:
    run = begin(
        polyflow,
        dag(
            job("a", UNTIL_DONE),
            job("b", "false", ", dependencies: [a]"),
            job("c", "true", ", dependencies: [b]"),
        ),
    )
    wait_for(run, "a running")
    refused = polyflow("skip", "latest", "a")
    assert refused.returncode == 2
    assert "operation 'a' has begun: it is running; to end it, stop it" in refused.stderr
    assert polyflow("skip", "latest", "b", "--reason", "NotTonight").returncode == 0
    (polyflow.folder / "done").touch()
    view = ended(polyflow, run)
    assert (view["status"], statuses(view)) == (
        "succeeded",
        {"a": "succeeded", "b": "skipped", "c": "succeeded"},
    )
    assert why(view, "b") == ("NotTonight", "asked by polyflow skip")


def test_115_skip_of_a_dag_names_it_for_all_that_is_in_it(polyflow: CommandLine) -> None:
    inner = f"{{name: n, dependencies: [a], run: {{kind: dag, operations: [{job('x', 'true')}]}}}}"
    run = begin(polyflow, dag(job("a", UNTIL_DONE), inner))
    wait_for(run, "a running")
    assert polyflow("skip", "latest", "n").returncode == 0
    (polyflow.folder / "done").touch()
    assert why(ended(polyflow, run), "n.x") == ("ScopeSkipped", "the DAG 'n' was skipped")


def test_115_skip_of_a_run_that_waits(polyflow: CommandLine) -> None:
    run = begin(polyflow, dag(job("a", "true")) + "isApproved: false\n")
    wait_for(run, "ApprovalAwaited")
    assert polyflow("skip", "latest").returncode == 0
    view = ended(polyflow, run)
    assert (view["status"], statuses(view)) == ("skipped", {"a": "skipped"})


def test_118_status_history(polyflow: CommandLine) -> None:
    run = begin(polyflow, dag(job("a", "true", WAITS), job("b", "exit 3", ", dependencies: [a]")))
    wait_for(run, "ApprovalAwaited")
    polyflow("approve", "latest", "a")
    view = ended(polyflow, run)
    history = {name: one["statuses"] for name, one in view["operations"].items()}
    assert [change["status"] for change in view["statuses"]] == ["created", "running", "failed"]
    assert [change["status"] for change in history["a"]] == ["created", "scheduled", "running", "succeeded"]
    assert [(change["status"], change["reason"]) for change in history["b"]][-1] == ("failed", "Error")
    moments = [change["at"] for change in history["a"] + history["b"]]
    assert moments == sorted(moments)
    text = polyflow("show", "latest", "--history").stdout
    assert "created  ApprovalAwaited: it starts once it is approved" in text
    assert "failed  Error: " in text


def test_127_change_concurrency_live(polyflow: CommandLine) -> None:
    names = [f"o{number}" for number in range(4)]
    text = dag(*(job(name, UNTIL_DONE) for name in names)).replace("kind: dag", "kind: dag\n  concurrency: 1")
    run = begin(polyflow, text)
    wait_for(run, "o0 running")
    assert statuses(show(polyflow)) == {"o0": "running", "o1": "queued", "o2": "queued", "o3": "queued"}
    assert polyflow("set", "latest", "--concurrency", "3").stdout.endswith(": set accepted\n")
    wait_for(run, "o2 running")
    assert polyflow("set", "latest", "--concurrency", "1").returncode == 0
    assert statuses(show(polyflow)) == {"o0": "running", "o1": "running", "o2": "running", "o3": "queued"}
    wrong = polyflow("set", "latest", "--concurrency", "0")
    assert (wrong.returncode, "pause the run" in wrong.stderr) == (2, True)
    (polyflow.folder / "done").touch()
    view = ended(polyflow, run)
    assert set(statuses(view).values()) == {"succeeded"}
    begun = view["operations"]["o3"]["started_at"]
    assert all(view["operations"][name]["finished_at"] <= begun for name in names[:3])


def test_a_run_is_paused_and_goes_on(polyflow: CommandLine) -> None:
    run = begin(polyflow, dag(job("a", UNTIL_DONE), job("b", "true", ", dependencies: [a]")))
    wait_for(run, "a running")
    assert polyflow("pause", "latest").stdout.endswith(": pause accepted\n")
    assert (
        "running (Paused: nothing more is launched until it is unpaused)" in polyflow("show", "latest").stdout
    )
    (polyflow.folder / "done").touch()
    wait_for(run, "b queued")
    assert why(show(polyflow), "b") == ("Paused", "nothing more is launched until it is unpaused")
    assert polyflow("unpause", "latest").returncode == 0
    assert statuses(ended(polyflow, run)) == {"a": "succeeded", "b": "succeeded"}
