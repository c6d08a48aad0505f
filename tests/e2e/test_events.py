"""Operations that wait for an event of another one: each test is named after a row of the list of features."""

import json

from tests.e2e.command import CommandLine, interrupt, rest_of, wait_for
from tests.e2e.test_how_runs_behave import UNTIL_DONE, run, started, statuses, why
from tests.e2e.test_run import dag, job


def on(upstream: str, *kinds: str) -> str:
    return f", events: [{{kinds: [{', '.join(kinds)}], ref: ops.{upstream}}}]"


RUNS = on("a", "run_status_running")


def test_33_implicit_edges_from_events(polyflow: CommandLine) -> None:
    path = polyflow.file(dag(job("b", "touch done", RUNS), job("a", UNTIL_DONE)))
    assert "b (job)  ← a (event running)" in polyflow("plan", path).stdout
    view = polyflow.json("run", path)
    assert statuses(view) == {"a": "succeeded", "b": "succeeded"}
    assert view["operations"]["b"]["upstreams"] == ["a"]
    assert started(view, "b") < view["operations"]["a"]["finished_at"]


def test_33_events_of_operations_that_wait_for_each_other_are_a_cycle(polyflow: CommandLine) -> None:
    text = dag(job("a", "true", on("b", "run_status_running")), job("b", "true", RUNS))
    done = polyflow("run", polyflow.file(text))
    assert done.returncode == 2
    assert "operations wait for each other" in done.stderr


def test_59_run_status_event_triggers(polyflow: CommandLine) -> None:
    view = run(
        polyflow,
        job("a", f"{UNTIL_DONE}; exit 1"),
        job("running", "touch done", RUNS),
        job("failed", "true", on("a", "run_status_failed", "run_status_stopped")),
        job("both", "true", f", dependencies: [a], trigger: all_done{RUNS}"),
        job("retried", "true", on("a", "run_status_retrying")),
    )
    assert started(view, "running") < view["operations"]["a"]["finished_at"] <= started(view, "failed")
    assert view["operations"]["a"]["finished_at"] <= started(view, "both")
    assert statuses(view) == {
        "a": "failed", "running": "succeeded", "failed": "succeeded", "both": "succeeded",
        "retried": "upstream_failed",
    }  # fmt: skip
    assert why(view, "retried") == (
        "EventMissed",
        "trigger all_succeeded cannot be met: upstream 'a' failed without run_status_retrying",
    )


def test_59_an_event_of_a_second_attempt(polyflow: CommandLine) -> None:
    view = run(
        polyflow,
        job("a", "test $POLYFLOW_ATTEMPT = 1", ", termination: {maxRetries: 1, backoff: {delay: 0}}"),
        job("b", "true", on("a", "run_status_retrying")),
    )
    assert statuses(view) == {"a": "succeeded", "b": "succeeded"}


def test_59_explain_names_the_event_that_is_waited_for(polyflow: CommandLine) -> None:
    text = dag(job("a", "sleep 60"), job("b", "true", on("a", "run_status_retrying", "run_status_failed")))
    going = polyflow.begin("run", polyflow.file(text))
    wait_for(going, "a running")
    told = polyflow("explain", "latest", "b").stdout
    assert "it waits for run_status_retrying or run_status_failed of 'a', which is running" in told
    interrupt(going)
    assert "b stopped" in rest_of(going)


def test_59_events_that_cannot_be_seen_are_refused_with_what_to_write(polyflow: CommandLine) -> None:
    text = dag(
        job("a", "true"),
        job("b", "true", on("a", "run_status_starting", "run_new_artifacts")),
        job("c", "true", ", events: [{kinds: [connection_git_commit], ref: connections.code}]"),
    )
    path = polyflow.file(text)
    done = polyflow("run", path)
    assert done.returncode == 2
    for said in (
        "events of kind `run_status_starting` are not supported yet",
        "did you mean `run_status_running`?",
        "events of kind `run_new_artifacts` are not supported yet",
        "operations can wait for `run_status_queued`",
        "events of `connections.code` are not supported yet",
    ):
        assert said in done.stderr
    assert polyflow("check", path).returncode == 0
    whole = f"events: [{{kinds: [run_status_done], ref: ops.a}}]\n{dag(job('a', 'true'))}"
    assert (
        "events that start a whole run are not supported yet" in polyflow("run", polyflow.file(whole)).stderr
    )


def test_67_image_build_before_run(polyflow: CommandLine) -> None:
    build = ", build: {hubRef: builder, params: {destination: {value: 'app:1'}, fails: {value: %s}}}"
    path = polyflow.file(dag(job("load", "true"), job("train", "true", ", dependencies: [load]" + build % 0)))
    hub = path.parent / "hub"
    (hub / "builder").mkdir(parents=True)
    command = json.dumps(["sh", "-c", "exit {{ fails }}"])
    (hub / "builder" / "latest.yaml").write_text(
        "inputs: [{name: destination, type: str}, {name: fails, type: int}]\n"
        f"run: {{kind: job, container: {{command: {command}}}}}"
    )
    view = polyflow.json("run", path, "--hub", hub)
    assert statuses(view) == dict.fromkeys(("load", "train", "train-build"), "succeeded")
    first = view["operations"]["train"]["statuses"][0]
    assert (first["status"], first["reason"]) == ("created", "BuildAwaited")
    assert first["message"] == "its image is built by 'train-build'"
    assert view["operations"]["load"]["finished_at"] <= first["at"] <= started(view, "train-build")
    assert view["operations"]["train-build"]["finished_at"] <= started(view, "train")
    lines = polyflow("events", "latest", "--format", "json").stdout.splitlines()
    pending = [json.loads(line)["data"].get("pending") for line in lines]
    assert [one for one in pending if one] == ["build"]

    text = dag(job("train", "true", build % 1))
    view = polyflow.json("run", polyflow.file(text), "--hub", hub)
    assert statuses(view) == {"train": "upstream_failed", "train-build": "failed"}
