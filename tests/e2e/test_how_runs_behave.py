"""How operations start, are skipped, and end: each test is named after a row of the list of features.

What a user types is `polyflow run FILE`; what they see is the run as `--format json` prints it.
"""

import json
from typing import Any

from tests.e2e.command import CommandLine
from tests.e2e.test_run import dag, job

WRITE_LOSS = """echo '{"loss": 0}' > $POLYFLOW_OUTPUTS"""
LOSS = ", outputs: [{name: loss, type: int}]"
UNTIL_DONE = "until [ -e done ]; do sleep 0.05; done"
READ_LOSS = "params: {loss: {ref: ops.a, value: outputs.loss}}, inputs: [{name: loss, type: int}]"


def run(polyflow: CommandLine, *operations: str) -> dict[str, Any]:
    """Run a DAG and return what became of it."""
    view: dict[str, Any] = polyflow.json("run", polyflow.file(dag(*operations)))
    return view


def statuses(view: dict[str, Any]) -> dict[str, str]:
    return {name: operation["status"] for name, operation in view["operations"].items()}


def why(view: dict[str, Any], operation: str) -> tuple[str, str]:
    return view["operations"][operation]["reason"], view["operations"][operation]["message"]


def started(view: dict[str, Any], operation: str) -> str:
    return next(
        change["at"]
        for change in view["operations"][operation]["statuses"]
        if change["status"] == "scheduled"
    )


def test_28_conditions(polyflow: CommandLine) -> None:
    text = (
        "name: test\ninputs: [{name: a, type: int}]\nconditions: '{{ a > 1 }}'\n"
        "run: {kind: job, container: {command: [sh, -c, 'exit 0']}}\n"
    )
    skipped = polyflow.json("run", polyflow.file(text), "-P", "a=0")
    assert (skipped["status"], skipped["reason"]) == ("skipped", "ConditionFalse")
    assert skipped["message"] == "condition `{{ a > 1 }}` is false"
    assert polyflow.json("run", polyflow.file(text), "-P", "a=2")["status"] == "succeeded"


def test_28_conditions_of_an_operation_see_outputs(polyflow: CommandLine) -> None:
    view = run(
        polyflow,
        job("a", WRITE_LOSS, LOSS),
        job("met", "true", f", {READ_LOSS}, conditions: loss == 0"),
        job("unmet", "true", f", {READ_LOSS}, conditions: loss > 0"),
        job("neither", "true", f", {READ_LOSS}, conditions: loss > 'a'"),
    )
    assert statuses(view) == {"a": "succeeded", "met": "succeeded", "unmet": "skipped", "neither": "failed"}
    assert why(view, "unmet") == ("ConditionFalse", "condition `{{ loss > 0 }}` is false")
    assert why(view, "neither")[1].startswith("condition `{{ loss > 'a' }}` cannot be evaluated")


def test_28_conditions_of_a_whole_pipeline(polyflow: CommandLine) -> None:
    text = dag(job("a", "true")) + "inputs: [{name: go, type: bool}]\nconditions: go\n"
    view = polyflow.json("run", polyflow.file(text), "-P", "go=false")
    assert (view["status"], statuses(view)) == ("skipped", {"a": "skipped"})


def test_30_dag_runtime(polyflow: CommandLine) -> None:
    view = run(
        polyflow,
        job("c", "true", ", dependencies: [b]"),
        job("b", "true", ", dependencies: [a]"),
        job("a", "true"),
    )
    assert statuses(view) == dict.fromkeys("abc", "succeeded")
    assert started(view, "a") < started(view, "b") < started(view, "c")


def test_31_dependencies(polyflow: CommandLine) -> None:
    view = run(polyflow, job("a", "true"), job("b", "true", ", dependencies: [a]"))
    assert view["operations"]["a"]["finished_at"] <= started(view, "b")


def test_32_implicit_edges_from_params(polyflow: CommandLine) -> None:
    view = run(polyflow, job("b", "true", f", {READ_LOSS}"), job("a", WRITE_LOSS, LOSS))
    assert view["operations"]["b"]["upstreams"] == ["a"]
    assert view["operations"]["a"]["finished_at"] <= started(view, "b")


def test_35_trigger_all_succeeded(polyflow: CommandLine) -> None:
    view = run(polyflow, job("a", "true"), job("b", "exit 1"), job("c", "true", ", dependencies: [a, b]"))
    assert statuses(view)["c"] == "upstream_failed"
    assert why(view, "c") == ("TriggerNotMet", "trigger all_succeeded cannot be met: upstream 'b' failed")


def test_36_trigger_all_failed(polyflow: CommandLine) -> None:
    view = run(
        polyflow,
        job("good", "true"),
        job("bad", "exit 1"),
        job("worse", "true", ", dependencies: [bad]"),
        job("both", "true", ", dependencies: [bad, worse], trigger: all_failed"),
        job("mixed", "true", ", dependencies: [good, bad], trigger: all_failed"),
    )
    assert statuses(view)["both"] == "succeeded"
    assert statuses(view)["mixed"] == "upstream_failed"


def test_37_trigger_all_done(polyflow: CommandLine) -> None:
    view = run(
        polyflow,
        job("failed", "exit 1"),
        job("skipped", "true", ", conditions: 'false'"),
        job("unreached", "true", ", dependencies: [failed]"),
        job("cleanup", "true", ", dependencies: [failed, skipped, unreached], trigger: all_done"),
    )
    assert statuses(view)["cleanup"] == "succeeded"


def test_38_trigger_one_succeeded(polyflow: CommandLine) -> None:
    view = run(
        polyflow,
        job("quick", "true"),
        job("slow", UNTIL_DONE),
        job("next", "touch done", ", dependencies: [quick, slow], trigger: one_succeeded"),
    )
    assert statuses(view)["next"] == "succeeded"
    assert started(view, "next") < view["operations"]["slow"]["finished_at"]


def test_39_trigger_one_failed(polyflow: CommandLine) -> None:
    view = run(
        polyflow,
        job("quick", "exit 1"),
        job("slow", UNTIL_DONE),
        job("next", "touch done", ", dependencies: [quick, slow], trigger: one_failed"),
        job("never", "true", ", dependencies: [next, slow], trigger: one_failed"),
    )
    assert statuses(view)["next"] == "succeeded"
    assert started(view, "next") < view["operations"]["slow"]["finished_at"]
    assert statuses(view)["never"] == "upstream_failed"
    assert "no upstream failed; the last one" in why(view, "never")[1]


def test_40_trigger_one_done(polyflow: CommandLine) -> None:
    view = run(
        polyflow,
        job("quick", "exit 1"),
        job("slow", UNTIL_DONE),
        job("next", "touch done", ", dependencies: [quick, slow], trigger: one_done"),
    )
    assert statuses(view) == {"quick": "failed", "slow": "succeeded", "next": "succeeded"}
    assert started(view, "next") < view["operations"]["slow"]["finished_at"]


def test_41_skip_on_upstream_skip(polyflow: CommandLine) -> None:
    view = run(
        polyflow,
        job("a", WRITE_LOSS, f"{LOSS}, conditions: 'false'"),
        job("b", "true", ", dependencies: [a], skipOnUpstreamSkip: true"),
        job("c", "true", ", dependencies: [a]"),
        job("d", "true", f", {READ_LOSS}"),
    )
    assert statuses(view) == {"a": "skipped", "b": "skipped", "c": "succeeded", "d": "skipped"}
    assert why(view, "b") == ("UpstreamSkipped", "upstream 'a' was skipped")
    assert why(view, "d")[1] == "param 'loss' needs output 'loss' of upstream 'a', which was skipped"
    assert view["status"] == "succeeded"


def test_42_upstream_failure_propagation(polyflow: CommandLine) -> None:
    view = run(
        polyflow,
        job("a", "exit 1"),
        job("b", "true", ", dependencies: [a]"),
        job("c", "true", ", dependencies: [b]"),
        job("apart", "true"),
    )
    assert statuses(view) == {
        "a": "failed",
        "b": "upstream_failed",
        "c": "upstream_failed",
        "apart": "succeeded",
    }
    assert view["status"] == "failed"


def test_43_outputs_to_inputs(polyflow: CommandLine) -> None:
    script = json.dumps(["sh", "-c", "echo the loss is {{ loss }}"])
    reads = f"{{name: b, {READ_LOSS}, run: {{kind: job, container: {{command: {script}}}}}}}"
    view = run(polyflow, job("a", WRITE_LOSS, LOSS), reads)
    assert view["operations"]["b"]["params"] == {"loss": 0}
    assert polyflow("logs", "latest", "b").stdout == "the loss is 0\n"


def test_101_retries(polyflow: CommandLine) -> None:
    termination = ", termination: {maxRetries: 3, backoff: {delay: 0.2}}"
    view = run(polyflow, job("a", "test $POLYFLOW_ATTEMPT = 2 || exit 7", termination))
    history = view["operations"]["a"]["statuses"]
    assert (view["status"], view["operations"]["a"]["attempts"]) == ("succeeded", 3)
    again = [change for change in history if change["status"] == "retrying"]
    assert [change["attempt"] for change in again] == [0, 1]
    assert "(retry 1 of 3)" in again[0]["message"]
    assert "exit code 7" in again[0]["message"]
    assert "retrying" in polyflow("show", "latest", "--history").stdout
    assert "(retry 2 of 3)" in polyflow("events", "latest").stdout


def test_105_pod_failure_policy(polyflow: CommandLine) -> None:
    rules = (
        "[{action: Ignore, onExitCodes: {operator: In, values: [143]}},"
        " {action: FailJob, onExitCodes: {operator: In, values: [2]}}]"
    )
    termination = (
        f", termination: {{maxRetries: 1, backoff: {{delay: 0}}, podFailurePolicy: {{rules: {rules}}}}}"
    )
    view = run(
        polyflow,
        job("ignored", "test $POLYFLOW_ATTEMPT = 3 && exit 0; exit 143", termination),
        job("hopeless", "exit 2", termination),
        job("counted", "exit 3", termination),
    )
    attempts = {name: operation["attempts"] for name, operation in view["operations"].items()}
    assert attempts == {"ignored": 4, "hopeless": 1, "counted": 2}
    assert statuses(view) == {"ignored": "succeeded", "hopeless": "failed", "counted": "failed"}
