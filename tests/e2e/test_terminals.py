"""A second terminal, and what becomes of a run whose process was killed."""

import os
import signal

from tests.e2e.command import CommandLine, alive, rest_of, wait_for
from tests.e2e.test_run import dag, job

SLOW = "echo begun; sleep 60"


def test_another_terminal_sees_follows_and_stops_a_run(polyflow: CommandLine) -> None:
    first = polyflow.begin("run", polyflow.file(dag(job("a", SLOW), job("b", "true", ", dependencies: [a]"))))
    wait_for(first, "a running")
    assert [run["status"] for run in polyflow.json("ls")] == ["running"]
    assert polyflow.json("show", "latest")["operations"]["a"]["status"] == "running"
    log = polyflow.begin("logs", "latest", "a", "-f")
    events = polyflow.begin("events", "latest", "-f")
    wait_for(log, "begun")
    wait_for(events, "a  running")
    assert polyflow("stop", "latest").returncode == 0
    assert "stopped" in rest_of(events)
    rest_of(log)
    rest_of(first)
    assert (first.returncode, polyflow.json("show", "latest")["status"]) == (1, "stopped")
    assert polyflow("stop", "latest").returncode == 2


def test_a_killed_run_is_interrupted_and_goes_on_from_what_had_succeeded(polyflow: CommandLine) -> None:
    once = "echo x >> a-ran; echo '{\"n\": 1}' > $POLYFLOW_OUTPUTS"
    slow = "echo $$$$ >> pids; test -e go || exec sleep 60"
    text = dag(
        job("a", once, ", outputs: [{name: n, type: int}]"),
        job("b", slow, ", dependencies: [a]"),
        job(
            "c",
            "test {{ n }} = 1",
            ", inputs: [{name: n, type: int}], params: {n: {ref: ops.a, value: outputs.n}}, dependencies: [b]",
        ),
    )
    first = polyflow.begin("run", polyflow.file(text))
    wait_for(first, "b running")
    os.kill(first.pid, signal.SIGKILL)
    rest_of(first)
    view = polyflow.json("show", "latest")
    assert (view["status"], view["operations"]["a"]["status"]) == ("interrupted", "succeeded")
    assert [run["status"] for run in polyflow.json("ls")] == ["interrupted"]
    (polyflow.folder / "go").touch()
    done = polyflow("resume", "latest")
    assert done.returncode == 0, done.stdout + done.stderr
    view = polyflow.json("show", "latest")
    assert {name: one["status"] for name, one in view["operations"].items()} == dict.fromkeys(
        "abc", "succeeded"
    )
    assert (polyflow.folder / "a-ran").read_text() == "x\n"
    assert view["operations"]["b"]["attempts"] == 2
    pids = (polyflow.folder / "pids").read_text().split()
    assert not any(alive(int(pid)) for pid in pids)


def test_only_an_interrupted_run_can_be_resumed(polyflow: CommandLine) -> None:
    polyflow("run", polyflow.file(dag(job("a", "true"))))
    done = polyflow("resume", "latest")
    assert done.returncode == 2
    assert "succeeded" in done.stderr


def test_the_same_request_again_is_the_same_run(polyflow: CommandLine) -> None:
    file = polyflow.file(dag(job("a", "echo x >> ran")))
    assert polyflow("run", file, "--id", "one").returncode == 0
    again = polyflow("run", file, "--id", "one")
    assert again.returncode == 0, again.stderr
    assert (polyflow.folder / "ran").read_text() == "x\n"
    other = polyflow("run", polyflow.file(dag(job("b", "true"))), "--id", "one")
    assert other.returncode == 2
    assert "exists already" in other.stderr
    assert [run["status"] for run in polyflow.json("ls")] == ["succeeded"]
