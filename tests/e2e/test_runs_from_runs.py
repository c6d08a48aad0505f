"""Restart, copy, resume, rerun: each test is named after a row of the list of features."""

import sys
from typing import Any

import pytest

from tests.e2e.command import CommandLine
from tests.e2e.test_run import dag, job
from tests.testbed.processes import free_ports

MAKE = """echo '{"x": 0}' > $POLYFLOW_OUTPUTS; echo made > $POLYFLOW_ARTIFACTS_PATH/model"""
INPUT = "inputs: [{name: lr, type: float, value: 0.1}]\n"
OUTPUT = ", outputs: [{name: x, type: int}]"
READS = ", params: {x: {ref: ops.a, value: outputs.x}}, inputs: [{name: x, type: int}]"


@pytest.fixture
def failed(polyflow: CommandLine) -> str:
    """Run a pipeline that fails until there is a file `ok`, and return its id."""
    text = INPUT + dag(
        job("a", MAKE, OUTPUT),
        job("b", "test -e ok", READS),
        job("c", "true", ", dependencies: [b]"),
    )
    run: str = polyflow.json("run", polyflow.file(text))["id"]
    return run


def last(polyflow: CommandLine, *words: object) -> dict[str, Any]:
    """Do what a command does, and return what became of the newest run."""
    polyflow(*words, "--quiet")
    view: dict[str, Any] = polyflow.json("show", "latest")
    return view


def reasons(view: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {name: (one["status"], one["reason"]) for name, one in view["operations"].items()}


def test_116_restart(polyflow: CommandLine, failed: str) -> None:
    polyflow.file("", "ok")
    view = last(polyflow, "restart", failed, "-P", "lr=0.5", "--tag", "second")
    assert view["id"] != failed
    assert (view["origin"]["run"], view["origin"]["kind"]) == (failed, "restart")
    assert (view["status"], view["params"]["lr"], view["tags"]) == ("succeeded", 0.5, ["second"])
    assert set(reasons(view).values()) == {("succeeded", "")}
    assert f"restart of run {failed}" in polyflow("show", "latest").stdout
    assert [run["id"] for run in polyflow.json("ls", "-q", f"original: {failed}")] == [view["id"]]


def test_116_restart_with_a_preset(polyflow: CommandLine, failed: str) -> None:
    preset = polyflow.file("isPreset: true\ntags: [from-preset]\nname: other\n", "preset.yaml")
    view = last(polyflow, "restart", failed, "-f", preset)
    assert (view["name"], view["tags"]) == ("other", ["from-preset"])


@pytest.mark.parametrize("words", [("restart",), ("copy",), ("rerun", "--from", "a")])
def test_116_a_refused_one_names_the_run_that_can_be_repeated(
    polyflow: CommandLine, failed: str, words: tuple[str, ...]
) -> None:
    kind, *begin = words
    assert polyflow(kind, "latest", *begin, "-P", "lr=much").returncode == 2
    done = polyflow(kind, "latest", *begin, "-P", "lr=0.5")
    way_back = f"it was a {kind} of another one: polyflow {' '.join([kind, failed, *begin])}"
    assert (done.returncode, way_back in done.stderr) == (2, True), done.stderr
    explained = polyflow("explain", "latest", "a")
    assert f"it is rejected; it was to be a {kind} of run {failed}" in explained.stderr
    words_back = done.stderr.rpartition(": polyflow ")[2].split()
    assert polyflow(*words_back, "-P", "lr=0.5").returncode == 1, "b fails as it did"


def test_116_copy(polyflow: CommandLine, failed: str) -> None:
    polyflow.file("", "ok")
    view = last(polyflow, "copy", failed)
    assert (view["id"] != failed, view["origin"]["kind"]) == (True, "copy")
    for run in (failed, view["id"]):
        kept = polyflow.home / "runs" / run / "operations" / "a" / "0" / "artifacts" / "model"
        assert kept.read_text() == "made\n"


def test_116_copy_brings_what_an_operation_would_not_make_again(polyflow: CommandLine) -> None:
    script = (
        "test -e $POLYFLOW_ARTIFACTS_PATH/model && exit 0; echo m > $POLYFLOW_ARTIFACTS_PATH/model; exit 1"
    )
    polyflow("run", polyflow.file(dag(job("a", script))), "--quiet")
    assert last(polyflow, "restart", "latest")["status"] == "failed"
    assert last(polyflow, "copy", "latest")["status"] == "succeeded"


def test_116_resume(polyflow: CommandLine, failed: str) -> None:
    polyflow.file("", "ok")
    view = last(polyflow, "resume", failed)
    assert (view["id"], view["status"], view["generation"]) == (failed, "succeeded", 1)
    assert reasons(view) == {"a": ("succeeded", "Kept"), "b": ("succeeded", ""), "c": ("succeeded", "")}
    assert view["operations"]["a"]["outputs"] == {"x": 0}
    assert "resumed; operations kept: 1" in polyflow("events", failed).stdout
    folders = polyflow.home / "runs" / failed / "operations"
    assert sorted(path.name for path in folders.joinpath("b").iterdir()) == ["0", "1"]
    assert sorted(path.name for path in folders.joinpath("a").iterdir()) == ["0"]


def test_116_resume_with_another_definition_says_what_is_not_kept_and_why(
    polyflow: CommandLine, failed: str
) -> None:
    polyflow.file("", "ok")
    text = INPUT + dag(job("a", f"{MAKE}; true", OUTPUT), job("b", "true", READS))
    view = last(polyflow, "resume", failed, "--recompile", "-f", polyflow.file(text, "new.yaml"))
    assert reasons(view) == {"a": ("succeeded", ""), "b": ("succeeded", "")}
    assert (
        "anew though they had ended well: a (its definition has changed)" in view["statuses"][-3]["message"]
    )
    more = INPUT + dag(job("a", MAKE, OUTPUT), job("b", "false", READS), job("new", "true"))
    kept = last(
        polyflow, "resume", failed, "--keep-changed", "--recompile", "-f", polyflow.file(more, "more.yaml")
    )
    assert reasons(kept) == {"a": ("succeeded", "Kept"), "b": ("succeeded", "Kept"), "new": ("succeeded", "")}


def test_116_a_run_with_nothing_left_to_do_is_not_resumed(polyflow: CommandLine) -> None:
    polyflow("run", polyflow.file(INPUT + dag(job("a", "true"), job("b", "true", ", conditions: 1 > 2"))))
    before = polyflow.json("show", "latest")
    done = polyflow("resume", "latest")
    assert done.returncode == 2
    assert f"nothing of run {before['id']} is left to do" in done.stdout + done.stderr
    assert f"polyflow restart {before['id']}" in done.stdout + done.stderr
    assert polyflow.json("show", "latest") == before


def test_116_a_run_whose_service_has_failed_is_resumed(polyflow: CommandLine) -> None:
    (port,) = free_ports(1)
    script = f"test -e ok || exit 3; exec {sys.executable} -m http.server {port} --bind 127.0.0.1"
    service = (
        f"{{name: db, run: {{kind: service, ports: [{port}], container: {{command: [sh, -c, '{script}']}}}}}}"
    )
    after = job("a", "true", ", dependencies: [db], trigger: all_done")
    before = polyflow.json("run", polyflow.file(dag(service, after)))
    assert (before["status"], before["operations"]["a"]["status"]) == ("failed", "succeeded")
    polyflow.file("", "ok")
    view = last(polyflow, "resume", before["id"])
    assert (view["id"], view["status"], view["generation"]) == (before["id"], "succeeded", 1)
    assert view["operations"]["a"]["reason"] == "Kept"


def test_116_what_goes_on_is_not_resumed(polyflow: CommandLine) -> None:
    going = polyflow.begin("run", polyflow.file(dag(job("a", "touch begun; sleep 60"))))
    while not (polyflow.folder / "begun").exists():
        assert going.poll() is None
    done = polyflow("resume", "latest")
    assert (done.returncode, "what goes on need not be resumed" in done.stderr) == (2, True)
    polyflow("stop", "latest")
    going.communicate(timeout=30)


def test_117_recompile(polyflow: CommandLine, failed: str) -> None:
    new = polyflow.file(INPUT + dag(job("only", "true")), "new.yaml")
    view = last(polyflow, "restart", failed, "--recompile", "-f", new)
    assert reasons(view) == {"only": ("succeeded", "")}
    assert view["origin"]["run"] == failed


SEARCH = """
run:
  kind: dag
  operations:
  - name: search
    matrix: {kind: mapping, values: [{lr: 0.5}, {lr: 0.1}]}
    cache: {disable: %s}
    component:
      inputs: [{name: lr, type: float}]
      outputs: [{name: loss, type: float}]
      run:
        kind: job
        container: {command: [sh, -c, 'echo "{\\"loss\\": {{ lr }}}" > $POLYFLOW_OUTPUTS']}
  - name: best
    dependencies: [search]
    joins:
    - {ref: ops.search, query: 'params.lr: <1', sort: inputs.lr, params: {rates: {value: inputs.lr}}}
    component:
      inputs: [{name: rates, type: float, isList: true}]
      run: {kind: job, container: {command: ['true']}}
"""


def test_a_join_over_kept_trials_has_their_params(polyflow: CommandLine) -> None:
    before = polyflow.json("run", polyflow.file(SEARCH % "true"))
    view = last(polyflow, "rerun", before["id"], "--from", "best")
    assert reasons(view)["search.0"] == ("succeeded", "Kept")
    assert view["operations"]["best"]["params"] == {"rates": [0.1, 0.5]}


def test_a_join_over_cached_trials_has_their_params(polyflow: CommandLine) -> None:
    text = polyflow.file((SEARCH % "false").replace("{disable: false}", "{}"))
    polyflow.json("run", text)
    view = polyflow.json("run", text)
    assert reasons(view)["search.0"] == ("succeeded", "CacheHit")
    assert view["operations"]["best"]["params"] == {"rates": [0.1, 0.5]}


def test_what_has_succeeded_stays_though_others_read_how_it_stands(polyflow: CommandLine) -> None:
    read = ", trigger: all_done, params: {was: {ref: ops.a, value: globals.status, contextOnly: true}}"
    text = polyflow.file(dag(job("a", "true"), job("b", "test -e ok", read)))
    assert polyflow("run", text).returncode == 1
    polyflow.file("", "ok")
    view = last(polyflow, "resume", "latest")
    assert reasons(view) == {"a": ("succeeded", "Kept"), "b": ("succeeded", "")}


def test_rerun_from_an_operation(polyflow: CommandLine, failed: str) -> None:
    polyflow.file("", "ok")
    polyflow("resume", failed, "--quiet")
    view = last(polyflow, "rerun", failed, "--from", "c")
    assert reasons(view) == {"a": ("succeeded", "Kept"), "b": ("succeeded", "Kept"), "c": ("succeeded", "")}
    assert (view["id"] != failed, view["origin"]["operation"]) == (True, "c")
    done = polyflow("rerun", failed, "--from", "x")
    assert (done.returncode, "has no operation 'x'; it has a, b, c" in done.stderr) == (2, True)
