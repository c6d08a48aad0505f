"""How runs leave this machine: with all that is kept of them, and no other."""

import os
import signal
from pathlib import Path

import pytest

from tests.e2e.command import CommandLine, interrupt, rest_of, wait_for
from tests.e2e.test_caching import cached
from tests.e2e.test_hooks import hub
from tests.e2e.test_run import dag, job

__all__ = ["hub"]
LEAVES = "echo kept > $POLYFLOW_ARTIFACTS_PATH/file"


def a_run(polyflow: CommandLine, script: str = LEAVES) -> str:
    return str(polyflow.json("run", polyflow.file(dag(job("a", script))))["id"])


def listed(polyflow: CommandLine) -> list[str]:
    return [run["id"] for run in polyflow.json("ls")]


def folders(polyflow: CommandLine) -> list[str]:
    return sorted(folder.name for folder in (polyflow.home / "runs").iterdir())


def test_128_delete(polyflow: CommandLine) -> None:
    first, second = a_run(polyflow), a_run(polyflow)
    done = polyflow("rm", first)
    assert done.returncode == 0, done.stderr
    assert (done.stdout.startswith("removed 1 run, "), done.stderr) == (True, "")
    assert (listed(polyflow), folders(polyflow)) == ([second], [second])
    assert "there is no run" in polyflow("show", first).stderr
    assert polyflow.json("show", second)["status"] == "succeeded"


def test_128_delete_what_a_query_finds(polyflow: CommandLine) -> None:
    fine, failed = a_run(polyflow), a_run(polyflow, "exit 3")
    words = ("rm", "-q", "status: failed")
    assert failed in polyflow(*words, "--dry-run").stdout
    refused = polyflow(*words)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "1 run would be removed; --yes says" in refused.stderr
    assert set(listed(polyflow)) == {fine, failed}
    assert polyflow(*words, "--yes").returncode == 0
    assert (listed(polyflow), folders(polyflow)) == ([fine], [fine])
    nothing = polyflow(*words, "--yes")
    assert (nothing.returncode, nothing.stderr) == (0, "No run that has ended is found by this.\n")


def test_the_runs_of_its_hooks_go_with_a_run(polyflow: CommandLine, hub: Path) -> None:
    run = polyflow.json("run", polyflow.file("hooks: [{hubRef: say}]\n" + dag(job("a", "true"))))["id"]
    assert (len(listed(polyflow)), hub.exists()) == (2, True)
    assert polyflow("rm", run).stdout.startswith("removed 2 runs, ")
    assert (listed(polyflow), folders(polyflow)) == ([], [])


def test_what_goes_on_stays(polyflow: CommandLine) -> None:
    ended = a_run(polyflow)
    running = polyflow.begin("run", polyflow.file(dag(job("a", "sleep 60"))))
    wait_for(running, " a running")
    refused = polyflow("rm", "latest", ended)
    assert (refused.returncode, len(listed(polyflow))) == (2, 2)
    assert "goes on; to end it: polyflow stop" in refused.stderr
    some = polyflow("rm", "-q", "name: test", "--yes")
    assert (some.returncode, some.stderr.splitlines()[0]) == (0, "1 of them goes on and stays")
    assert len(listed(polyflow)) == 1
    interrupt(running)
    rest_of(running)
    assert polyflow("rm", "latest").returncode == 0
    assert listed(polyflow) == []


def test_what_was_interrupted_goes_only_where_that_is_said(polyflow: CommandLine) -> None:
    running = polyflow.begin("run", polyflow.file(dag(job("a", "echo $$$$ > pid; exec sleep 60"))))
    wait_for(running, " a running")
    running.send_signal(signal.SIGKILL)
    rest_of(running)
    os.kill(int((polyflow.folder / "pid").read_text()), signal.SIGKILL)
    refused = polyflow("rm", "latest")
    assert refused.returncode == 2
    assert "is interrupted: polyflow resume" in refused.stderr
    some = polyflow("rm", "-q", "name: test", "--yes")
    assert "1 of them is interrupted and stays (--interrupted removes such runs)" in some.stderr
    assert polyflow("rm", "latest", "--interrupted").returncode == 0
    assert (listed(polyflow), folders(polyflow)) == ([], [])


def test_cached_results_stay(polyflow: CommandLine) -> None:
    first = polyflow.json("run", polyflow.file(cached()))["id"]
    assert polyflow("rm", first).returncode == 0
    again = polyflow.json("run", polyflow.file(cached()))
    assert (again["status"], again["operations"]["train"]["reason"]) == ("succeeded", "CacheHit")
    assert (polyflow.folder / "executed").read_text() == ".\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "give either RUNs or --query"),
        (("latest", "-q", "name: a"), "give either RUNs or --query"),
        (("-q", "nam: a"), "did you mean `name`?"),
        (("-q", "pipeline: %"), "goes with its run"),
        (("zzz",), "there is no run 'zzz'"),
    ],
)
def test_a_mistake_removes_nothing(polyflow: CommandLine, words: tuple[str, ...], told: str) -> None:
    run = a_run(polyflow)
    done = polyflow("rm", *words)
    assert (done.returncode, told in done.stderr) == (2, True), done.stderr
    assert listed(polyflow) == [run]
