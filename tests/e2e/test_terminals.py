"""A second terminal, and what becomes of a run whose process was killed."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from polyflow_shared.machine.home import Home
from polyflow_topics.names import RunId
from tests.e2e.command import CommandLine, alive, interrupt, rest_of, wait_for
from tests.e2e.test_run import dag, job

SLOW = "echo begun; sleep 60"


def test_another_terminal_sees_follows_and_stops_a_run(polyflow: CommandLine) -> None:
    first = polyflow.begin("run", polyflow.file(dag(job("a", SLOW), job("b", "true", ", dependencies: [a]"))))
    wait_for(first, " a running")
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
    wait_for(first, " b running")
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


def test_a_run_that_is_taken_up_says_how_it_stands(polyflow: CommandLine) -> None:
    waiting = job("gate", "true", ", isApproved: false")
    first = polyflow.begin("run", polyflow.file(dag(job("done", "true"), waiting)))
    wait_for(first, "ApprovalAwaited")
    run = polyflow.json("show", "latest")["id"]
    assert polyflow("pause", run).returncode == 0
    os.kill(first.pid, signal.SIGKILL)
    rest_of(first)
    second = polyflow.begin("resume", run)
    said = wait_for(second, f"run {run} running  Paused: nothing more is launched")
    assert ("gate created, pending approval" in said[0], len(said)) == (True, 2), said
    for word in ("unpause", "approve"):
        assert polyflow(word, run, *(["gate"] if word == "approve" else [])).returncode == 0
    assert (" gate succeeded" in rest_of(second), second.wait()) == (True, 0)


def test_a_killed_run_can_be_stopped_and_leaves_no_process_behind(polyflow: CommandLine) -> None:
    slow = "echo $$$$ > pid; exec sleep 60"
    text = dag(job("a", slow), job("b", "echo > b-ran", ", dependencies: [a]"))
    first = polyflow.begin("run", polyflow.file(text))
    wait_for(first, " a running")
    os.kill(first.pid, signal.SIGKILL)
    rest_of(first)
    done = polyflow("stop", "latest", "--reason", "Enough")
    assert (done.returncode, "it was interrupted" in done.stdout) == (0, True), done.stdout + done.stderr
    view = polyflow.json("show", "latest")
    assert (view["status"], view["reason"]) == ("stopped", "Enough")
    assert view["operations"]["a"]["attempts"] == 1
    assert not alive(int((polyflow.folder / "pid").read_text()))
    assert not (polyflow.folder / "b-ran").exists()


def test_a_killed_run_that_had_ended_is_not_said_to_be_stopped(polyflow: CommandLine) -> None:
    first = polyflow.begin("run", polyflow.file(dag(job("a", "sleep 1; exit 3"))))
    wait_for(first, " a running")
    os.kill(first.pid, signal.SIGKILL)
    rest_of(first)
    run = polyflow.json("show", "latest")["id"]
    with known_so_far(polyflow, run):
        assert polyflow("resume", run).returncode == 1
    assert polyflow.json("show", run)["status"] == "interrupted"
    done = polyflow("stop", run)
    told = f"polyflow: the run {run} was taken up, and is not stopped: it is failed\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)


@contextmanager
def known_so_far(polyflow: CommandLine, run: str) -> Iterator[None]:
    """Leave the history as an engine does that is killed before it has noted what comes meanwhile."""
    home = Home(polyflow.home)
    before = {path: path.read_bytes() for path in home.history.parent.glob(f"{home.history.name}*")}
    yield
    for path in home.history.parent.glob(f"{home.history.name}*"):
        path.unlink()
    for path, content in before.items():
        path.write_bytes(content)
    journal = home.run(RunId(run)).journal
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(line for line in lines if b"polyflow-projector" not in line))


def test_of_a_run_that_has_succeeded_nothing_is_left_to_resume(polyflow: CommandLine) -> None:
    polyflow("run", polyflow.file(dag(job("a", "echo x >> ran"))))
    done = polyflow("resume", "latest")
    assert (done.returncode, "nothing of run" in done.stderr) == (2, True), done.stderr
    run = polyflow.json("show", "latest")["id"]
    assert f"`polyflow restart {run}`, or a part of it: `polyflow rerun {run} --from" in done.stderr
    assert (polyflow.folder / "ran").read_text() == "x\n"
    assert [run["status"] for run in polyflow.json("ls")] == ["succeeded"]


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


def test_a_run_that_goes_on_is_neither_resumed_nor_begun_again(polyflow: CommandLine) -> None:
    file = polyflow.file(dag(job("a", "echo x >> ran; echo begun; sleep 60")))
    first = polyflow.begin("run", file, "--id", "one")
    wait_for(first, " a running")
    resumed = polyflow("resume", "latest")
    assert (resumed.returncode, "is running; what goes on need not be resumed" in resumed.stderr) == (2, True)
    other = polyflow("run", polyflow.file(dag(job("b", "true")), "other.yaml"), "--id", "one")
    assert (other.returncode, "goes on in another process" in other.stderr) == (2, True)
    polyflow("stop", "latest")
    rest_of(first)
    assert (polyflow.folder / "ran").read_text() == "x\n"


def test_the_same_request_from_another_terminal_shows_the_run_that_goes_on(polyflow: CommandLine) -> None:
    file = polyflow.file(dag(job("a", "until test -e go; do sleep 0.05; done; echo x >> ran")))
    first = polyflow.begin("run", file, "--id", "one")
    wait_for(first, " a running")
    seen, left = polyflow.begin("run", file, "--id", "one"), polyflow.begin("run", file, "--id", "one")
    assert "this request runs in another process" in "".join(wait_for(seen, " a running"))
    wait_for(left, " a running")
    interrupt(left)
    rest_of(left)
    (polyflow.folder / "go").touch()
    ends = [rest_of(one).splitlines()[-1].split() for one in (first, seen)]
    assert ends[0] == ends[1]
    assert [one.returncode for one in (first, seen, left)] == [0, 0, 130]
    assert (polyflow.folder / "ran").read_text() == "x\n"


def test_what_is_shown_from_another_terminal_ends_when_its_engine_is_killed(polyflow: CommandLine) -> None:
    file = polyflow.file(dag(job("a", SLOW)))
    first = polyflow.begin("run", file, "--id", "one")
    wait_for(first, " a running")
    seen = polyflow.begin("run", file, "--id", "one")
    wait_for(seen, " a running")
    first.kill()
    rest_of(first)
    assert "this request was interrupted; it goes on with: polyflow resume" in rest_of(seen)
    assert seen.returncode == 2
    polyflow("stop", "latest")


def test_an_interrupted_run_is_not_waited_for_and_tells_how_to_go_on(polyflow: CommandLine) -> None:
    file = polyflow.file(dag(job("a", "echo $$$$ > pid; echo begun; test -e go || exec sleep 60")))
    first = polyflow.begin("run", file, "--id", "one")
    wait_for(first, " a running")
    following = polyflow.begin("logs", "latest", "a", "-f")
    wait_for(following, "begun")
    os.kill(first.pid, signal.SIGKILL)
    rest_of(first)
    assert (rest_of(following), following.returncode) == ("", 0)
    run = polyflow.json("show", "latest")["id"]
    assert polyflow("logs", "latest", "a", "-f").stdout == "begun\n"
    assert "a  running" in polyflow("events", "latest", "-f").stdout
    for command in (["pause", "latest"], ["run", file, "--id", "one"]):
        done = polyflow(*command)
        assert (done.returncode, f"polyflow resume {run}" in done.stderr) == (2, True), done
    left = int((polyflow.folder / "pid").read_text())
    (polyflow.folder / "go").touch()
    assert polyflow("resume", run).returncode == 0
    assert not alive(left)


def test_a_request_to_terminate_stops_the_run(polyflow: CommandLine) -> None:
    running = polyflow.begin("run", polyflow.file(dag(job("a", "echo $$$$ > pid; exec sleep 60"))))
    wait_for(running, " a running")
    running.terminate()
    rest_of(running)
    assert running.returncode == 130
    assert polyflow.json("show", "latest")["status"] == "stopped"
    assert not alive(int((polyflow.folder / "pid").read_text()))


def test_a_run_is_resumed_as_often_as_it_is_interrupted(polyflow: CommandLine) -> None:
    script = "echo $POLYFLOW_ATTEMPT >> attempts; test $POLYFLOW_ATTEMPT = 3 || exec sleep 60"
    words: tuple[object, ...] = ("run", polyflow.file(dag(job("a", script))))
    for attempt in ("", " (attempt 1)", " (attempt 2)"):
        running = polyflow.begin(*words)
        wait_for(running, f"a running{attempt}")
        os.kill(running.pid, signal.SIGKILL)
        rest_of(running)
        words = ("resume", "latest")
    done = polyflow("resume", "latest")
    assert done.returncode == 0, done.stdout + done.stderr
    assert polyflow.json("show", "latest")["operations"]["a"]["attempts"] == 4


@pytest.mark.parametrize("words", ["run pipeline.yaml", "plan pipeline.yaml"])
def test_ctrl_c_before_anything_has_begun_ends_with_its_own_status(polyflow: CommandLine, words: str) -> None:
    pipe = polyflow.folder / "pipeline.yaml"
    os.mkfifo(pipe)  # the command waits for its text
    command = polyflow.begin(*words.split())
    writer = os.open(pipe, os.O_WRONLY)
    try:
        time.sleep(0.3)
        interrupt(command)
        assert (rest_of(command), command.returncode) == ("", 130)
    finally:
        os.close(writer)
