"""What a user asks of a run that is over, or goes on: its messages, and why it stands as it does."""

import json
from pathlib import Path

from tests.e2e.command import CommandLine, rest_of, wait_for
from tests.e2e.test_how_runs_behave import UNTIL_DONE
from tests.e2e.test_run import dag, job

WAITS = ", isApproved: false"


def test_a_recorded_run_is_played_again(polyflow: CommandLine, tmp_path: Path) -> None:
    polyflow(
        "run", polyflow.file(dag(job("a", "exit 1", ", termination: {maxRetries: 1}"), job("b", "true")))
    )
    recorded = polyflow("record", "latest").stdout
    path = tmp_path / "run.jsonl"
    path.write_text(recorded)
    done = polyflow("replay", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" compared: 0 differences\n")

    lines = recorded.splitlines()
    launch = next(n for n, line in enumerate(lines) if "polyflow.operation.launch.v1" in line)
    changed = json.loads(lines[launch])
    changed["value"]["timeout"] = 5
    path.write_text("\n".join([*lines[:launch], json.dumps(changed), *lines[launch + 1 :]]))
    done = polyflow("replay", path)
    assert done.returncode == 1
    assert done.stdout.startswith("said otherwise: polyflow.operation.launch.v1")
    assert '"timeout": 5' in done.stdout.splitlines()[1]
    assert '"timeout": null' in done.stdout.splitlines()[2]


def test_what_is_no_recording_is_said(polyflow: CommandLine) -> None:
    done = polyflow("replay", polyflow.file("name: a"))
    assert done.returncode == 2
    assert "pipeline.yaml:1: not a record" in done.stderr


def test_explain_asks_the_planner_of_a_run_that_goes_on(polyflow: CommandLine) -> None:
    going = polyflow.begin(
        "run",
        polyflow.file(
            dag(
                job("a", UNTIL_DONE),
                job("b", "true"),
                job("c", "true", ", dependencies: [a]"),
                job("d", "true", f", dependencies: [b]{WAITS}"),
                more="\n  concurrency: 1",
            )
        ),
    )
    wait_for(going, "a running")
    of_run = polyflow("explain", "latest").stdout.splitlines()
    assert of_run[0] == "the run is running: 4 of 4 operations have not ended"
    assert any(line.startswith("a is running: the cluster 'local' was last heard of it") for line in of_run)
    assert any(line.startswith("b is queued: it waits at place 1 for a slot of the run") for line in of_run)
    of_c = polyflow("explain", "latest", "c").stdout.splitlines()
    assert of_c == [
        "c is created",
        "trigger all_succeeded is not met: of 1 upstreams 0 succeeded, 0 failed, 1 not ended",
        "  upstream a: running",
    ]
    (polyflow.folder / "done").touch()
    wait_for(going, "ApprovalAwaited")
    assert "it waits for: approval" in polyflow("explain", "latest", "d").stdout
    polyflow("approve", "latest", "d")
    rest_of(going)


def test_explain_says_why_what_is_tried_again_has_failed(polyflow: CommandLine) -> None:
    more = ", termination: {maxRetries: 3, backoff: {kind: fixed, delay: 60}}"
    going = polyflow.begin("run", polyflow.file(dag(job("r", "exit 4", more))))
    wait_for(going, "r retrying")
    of_r = polyflow("explain", "latest", "r").stdout
    assert of_r.startswith("r is retrying\nattempt 1 begins at ")
    assert "  running\n" in of_r
    assert "retry 1 of 3" in of_r
    assert "exit code 4" in of_r
    polyflow("stop", "latest")
    rest_of(going)


def test_explain_says_by_its_events_why_a_run_has_ended(polyflow: CommandLine) -> None:
    operations = (
        job("a", "exit 3", ", termination: {maxRetries: 1, backoff: {delay: 0}}"),
        job("b", "true", ", dependencies: [a]"),
        job("c", "true", ", conditions: 1 > 2"),
        job("d", "true"),
    )
    polyflow("run", polyflow.file(dag(*operations)))
    of_run = polyflow("explain", "latest").stdout
    assert of_run.splitlines() == [
        "the run failed: OperationsFailed: 1 of 4 operations failed",
        "a failed: Error: exit code 3",
        "b upstream_failed: TriggerNotMet: trigger all_succeeded cannot be met: upstream 'a' failed",
        "c skipped: ConditionFalse: condition `{{ 1 > 2 }}` is false",
    ]
    of_b = polyflow("explain", "latest", "b").stdout.splitlines()
    assert of_b[0].startswith("b upstream_failed: TriggerNotMet")
    assert of_b[-1] == "  upstream a: failed  Error: exit code 3"
    assert "retry 1 of 1" in polyflow("explain", "latest", "a").stdout
    missing = polyflow("explain", "latest", "bb")
    assert (missing.returncode, "did you mean `b`?" in missing.stderr) == (2, True)


def test_explain_and_show_tell_of_a_refused_run_with_its_lines(polyflow: CommandLine) -> None:
    polyflow("run", polyflow.file("name: a\nrun: {kind: jobb}\n"))
    (refused,) = polyflow.json("ls")
    shown = polyflow("show", refused["id"]).stdout
    assert all(line == line.rstrip() for line in shown.splitlines())
    problem = next(line for line in shown.splitlines() if "pipeline.yaml:2:" in line)
    assert problem in polyflow("explain", refused["id"]).stdout.splitlines()


def test_a_dag_that_is_itself_the_cause_is_told_of(polyflow: CommandLine) -> None:
    inner = "run: {kind: dag, operations: [{name: b, run: {kind: job, container: {command: ['true']}}}]}"
    given = 'conditions: "st > 1", params: {st: {ref: ops.a, value: globals.status}}'
    bad = f"{{name: bad, {given}, component: {{inputs: [{{name: st, type: str}}], {inner}}}}}"
    done = polyflow("run", polyflow.file(dag(job("a", "true"), bad)))
    cause = "bad failed: ConditionInvalid: condition `{{ st > 1 }}` cannot be evaluated"
    assert any(line.startswith(cause) for line in done.stdout.splitlines()), done.stdout
    told = polyflow("explain", "latest").stdout.splitlines()
    assert any(line.startswith(cause) for line in told), told


def test_of_a_refused_run_the_problem_is_told_whatever_is_asked(polyflow: CommandLine) -> None:
    polyflow("run", polyflow.file("run: {kind: job, container: {image: 7}}"))
    done = polyflow("explain", "latest", "a")
    assert (done.returncode, "it is rejected; " in done.stderr) == (2, True), done.stderr
