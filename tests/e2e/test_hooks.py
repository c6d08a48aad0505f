"""Runs that follow the end of runs and operations: each test is named after a row of the list of features."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import CommandLine
from tests.e2e.test_run import dag, job

LOSS = ", outputs: [{name: loss, type: float}]"
WRITE = """echo '{"loss": 0.5}' > $POLYFLOW_OUTPUTS"""


@pytest.fixture
def hub(polyflow: CommandLine) -> Path:
    """Put a component into the hub that writes down what it is told."""
    component = polyflow.home / "hub" / "say" / "latest.yaml"
    component.parent.mkdir(parents=True)
    said = polyflow.folder / "said"
    component.write_text(
        "inputs: [{name: word, type: str, value: hook}]\n"
        f"run: {{kind: job, container: {{command: [sh, -c, 'echo {{{{ word }}}} {{{{ name }}}} {{{{ status }}}} >> {said}']}}}}\n"
    )
    return said


def lines(said: Path) -> list[str]:
    return sorted(said.read_text().splitlines()) if said.exists() else []


def hub_file(polyflow: CommandLine, component: str) -> Path:
    """Return the file of a component of the hub; it is not there yet."""
    file = polyflow.home / "hub" / component / "latest.yaml"
    file.parent.mkdir(parents=True)
    return file


def hooks_of(polyflow: CommandLine, run: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = polyflow.json("ls", "-q", f"original: {run}, cloning_kind: hook")
    return found


def test_61_hooks(polyflow: CommandLine, hub: Path) -> None:
    hooks = "hooks: [{hubRef: say, trigger: failed}, {hubRef: say, trigger: succeeded}]\n"
    failed = polyflow.json("run", polyflow.file(hooks + dag(job("a", "exit 1"))))
    assert (failed["status"], lines(hub)) == ("failed", ["hook test failed"])
    (followed,) = hooks_of(polyflow, failed["id"])
    assert followed["status"] == "succeeded"
    assert "hook of run" in polyflow("show", followed["id"]).stdout


def test_61_hooks_of_operations_that_were_stopped_or_never_ran(polyflow: CommandLine, hub: Path) -> None:
    more = ", hooks: [{hubRef: say}]"
    polyflow(
        "run", polyflow.file(dag(job("a", "exit 1", more), job("b", "true", f", dependencies: [a]{more}")))
    )
    assert lines(hub) == ["hook a failed", "hook b upstream_failed"]


def test_61_a_hook_that_fails_changes_nothing(polyflow: CommandLine, hub: Path) -> None:
    hub_file(polyflow, "bad").write_text("run: {kind: job, container: {command: [sh, -c, exit 3]}}\n")
    done = polyflow("run", polyflow.file("hooks: [{hubRef: bad}]\n" + dag(job("a", "true"))))
    assert done.returncode == 0
    view = polyflow.json("show", "latest")
    assert view["status"] == "succeeded"
    (followed,) = hooks_of(polyflow, view["id"])
    assert followed["status"] == "failed"
    assert "  hook bad #1 failed: OperationsFailed" in done.stdout
    assert f"; see: polyflow show {followed['id']}\n" in done.stdout


@pytest.mark.parametrize(
    ("limits", "component"),
    [
        pytest.param("maxConcurrency: 1\n", "", id="a slot of the installation"),
        pytest.param("queues: []\n", "cache: {disable: false}\n", id="the cache"),
    ],
)
def test_61_a_hook_waits_for_what_all_runs_share(
    polyflow: CommandLine, hub: Path, limits: str, component: str
) -> None:
    (polyflow.home / "queues.yaml").write_text(limits)
    asking = hub_file(polyflow, "asking")
    asking.write_text(
        f"{component}run: {{kind: job, container: {{command: [sh, -c, echo asked >> {hub}]}}}}\n"
    )
    done = polyflow("run", polyflow.file("hooks: [{hubRef: asking}]\n" + dag(job("a", "true"))))
    assert (done.returncode, lines(hub)) == (0, ["asked"])
    assert polyflow.json("queues")["active"] == 0


def test_62_hook_conditions(polyflow: CommandLine, hub: Path) -> None:
    hooks = (
        ", hooks: [{hubRef: say, conditions: outputs.loss > 1, params: {word: {value: high}}},"
        " {hubRef: say, conditions: outputs.loss < 1, params: {word: {value: low}}}]"
    )
    polyflow("run", polyflow.file(dag(job("a", WRITE, LOSS + hooks))))
    assert lines(hub) == ["low a succeeded"]


def test_62_a_condition_without_an_answer_is_told_as_a_refused_run(polyflow: CommandLine, hub: Path) -> None:
    hooks = ", hooks: [{hubRef: say, conditions: outputs.none > 1}]"
    view = polyflow.json("run", polyflow.file(dag(job("a", "true", hooks))))
    (refused,) = polyflow.json("ls", "--status", "rejected")
    assert (view["status"], lines(hub)) == ("succeeded", [])
    assert "the hook's condition `{{ outputs.none > 1 }}` cannot be evaluated" in refused["message"]
    assert [one["id"] for one in hooks_of(polyflow, view["id"])] == [refused["id"]]
    assert f"hook of run {view['id']} of a" in polyflow("show", refused["id"]).stdout
    (shown,) = polyflow.json("show", view["id"])["hooks"]
    assert (shown["run"], shown["status"]) == (refused["id"], "rejected")


def test_63_hook_default_context(polyflow: CommandLine, hub: Path) -> None:
    told = polyflow.home / "hub" / "all" / "latest.yaml"
    told.parent.mkdir()
    told.write_text(
        f"run: {{kind: job, container: {{command: [sh, -c, 'echo {{{{ inputs.lr }}}} {{{{ outputs.loss }}}} {{{{ kind }}}} {{{{ condition.type }}}} >> {hub}']}}}}\n"
    )
    text = (
        "name: main\ninputs: [{name: lr, type: float}]\noutputs: [{name: loss, type: float}]\n"
        "hooks: [{hubRef: all}]\n"
        "run: {kind: job, container: {command: [sh, -c, 'echo {\\\"loss\\\": 0} > $POLYFLOW_OUTPUTS']}}\n"
    )
    polyflow("run", polyflow.file(text), "-P", "lr=0.1")
    assert lines(hub) == ["0.1 0 job succeeded"]


def test_63_a_hook_reads_the_inputs_of_a_nested_dag(polyflow: CommandLine, hub: Path) -> None:
    hook = "hooks: [{hubRef: say, params: {word: {ref: dag, value: inputs.k}}}]"
    text = (
        "run:\n  kind: dag\n  operations:\n"
        "  - name: d\n    matrix: {kind: mapping, values: [{k: one}, {k: two}]}\n"
        f"    component:\n      inputs: [{{name: k, type: str}}]\n      run: {{kind: dag, operations: ["
        f"{{name: b, {hook}, run: {{kind: job, container: {{command: ['true']}}}}}}]}}\n"
        "  - name: e\n    component:\n      inputs: [{name: k, type: str, value: here}]\n"
        f"      {hook}\n      run: {{kind: dag, operations: ["
        "{name: b, run: {kind: job, container: {command: ['true']}}}]}\n"
    )
    done = polyflow("run", polyflow.file(text))
    assert done.returncode == 0, done.stdout + done.stderr
    assert lines(hub) == ["here e succeeded", "one d.0.b succeeded", "two d.1.b succeeded"]


def test_63_a_hook_without_the_defaults_is_checked_without_them(polyflow: CommandLine, hub: Path) -> None:
    text = "hooks:\n- hubRef: say\n  disableDefaults: true\n" + dag(job("a", "true"))
    for command in ("check", "run"):
        done = polyflow(command, polyflow.file(text))
        assert (done.returncode != 0, lines(hub)) == (True, [])
        said = done.stdout + done.stderr
        assert "pipeline.yaml:3:3: `disableDefaults` leaves out what `say` needs: `name` is not" in said


def test_61_a_mistake_in_a_hook_is_refused_with_its_line(polyflow: CommandLine, hub: Path) -> None:
    text = "hooks:\n- hubRef: say\n  params: {wrod: {value: x}}\n- hubRef: sya\n" + dag(job("a", "true"))
    done = polyflow("run", polyflow.file(text))
    assert done.returncode == 2
    assert "pipeline.yaml:4:11" in done.stderr
    assert lines(hub) == []


def test_61_a_hook_is_recorded_with_what_it_follows(polyflow: CommandLine, hub: Path) -> None:
    polyflow("run", polyflow.file("hooks: [{hubRef: say}]\n" + dag(job("a", "true"))))
    [hook] = polyflow.json("show", "latest")["hooks"]
    run = polyflow.json("show", "latest")["id"]
    said = polyflow("record", hook["run"])
    assert (said.returncode, said.stderr) == (
        2,
        f"polyflow: the run {hook['run']} is a hook's; it is recorded with the run that it follows: "
        f"polyflow record {run}\n",
    )
    assert hook["run"] in polyflow("record", run).stdout


def test_a_record_of_a_refused_request_says_so_when_it_is_replayed(polyflow: CommandLine) -> None:
    polyflow("run", polyflow.file("run: {kind: dag}"))
    file = polyflow.file(polyflow("record", "latest").stdout, "refused.jsonl")
    done = polyflow("replay", file)
    assert done.returncode == 2
    assert done.stderr.endswith(
        "has no records that the planner reads: the request was refused, and no run came of it\n"
    )
