"""What DAGs hand down and layers change, and what is told of each: tests named after rows of the features."""

from typing import Any

from tests.e2e.command import CommandLine
from tests.e2e.test_how_runs_behave import statuses
from tests.e2e.test_pods import CATALOGUE
from tests.e2e.test_run import dag, job

TEAM = "env: [{name: TEAM, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['team']\"}}}]"
MOUNTED = "volumeMounts: [{name: scratch, mountPath: /scratch}]"
SHARED = """
run:
  kind: dag
  environment: {labels: {team: blue}}
  connections: [digits]
  volumes: [{name: scratch, emptyDir: {}}]
  operations:
  - name: a
    run: {kind: job, container: {command: [sh, -c, 'echo $TEAM $SPLIT {{ connections.digits.mountPath }};
      test -d $POLYFLOW_VOLUME_SCRATCH'], TEAM, MOUNTED}}
  - name: b
    run: {kind: job, environment: {labels: {team: red}}, container: {command: [sh, -c, 'echo $TEAM'], TEAM}}
  - name: n
    component: {run: {kind: dag, operations: [{name: c,
      run: {kind: job, container: {command: [sh, -c, 'echo $TEAM $SPLIT'], TEAM}}}]}}
""".replace("TEAM, MOUNTED", f"{TEAM}, {MOUNTED}").replace("], TEAM}", f"], {TEAM}}}")


def log(polyflow: CommandLine, operation: str) -> str:
    return polyflow("logs", "latest", operation).stdout


def attempts(view: dict[str, Any]) -> dict[str, int]:
    return {name: one["attempts"] for name, one in view["operations"].items()}


def test_53_dag_environment_connections_volumes(polyflow: CommandLine) -> None:
    polyflow.home.mkdir(parents=True)
    (polyflow.home / "connections.yaml").write_text(CATALOGUE)
    view = polyflow.json("run", polyflow.file(SHARED), "--project", "vision")
    assert view["status"] == "succeeded", view
    assert log(polyflow, "a") == "blue train /data\n"
    assert log(polyflow, "b") == "red\n", "the operation's own label comes first"
    assert log(polyflow, "n.c") == "blue train\n", "a DAG inside hands on what it was handed"


def test_53_connections_are_for_the_projects_that_may_use_them(polyflow: CommandLine) -> None:
    polyflow.home.mkdir(parents=True)
    (polyflow.home / "connections.yaml").write_text(CATALOGUE)
    done = polyflow("run", polyflow.file(SHARED))
    assert done.returncode == 2
    assert "project `default` has no access to the connection `digits`" in done.stderr


def test_54_inherited_termination(polyflow: CommandLine) -> None:
    text = dag(
        job("a", "exit 1"),
        job("b", "exit 1", ", termination: {maxRetries: 2}"),
        f"{{name: n, component: {{run: {{kind: dag, operations: [{job('c', 'exit 1')}]}}}}}}",
    )
    text += "termination: {maxRetries: 1, backoff: {delay: 0}}\n"
    tried = attempts(polyflow.json("run", polyflow.file(text)))
    assert (tried["a"], tried["b"], tried["n.c"]) == (2, 3, 2)


def test_54_presets_and_patches_come_over_what_is_inherited(polyflow: CommandLine) -> None:
    patched = job("b", "exit 1", ", presets: [twice]")
    text = dag(job("a", "exit 1"), patched) + "termination: {maxRetries: 0, backoff: {delay: 0}}\n"
    (polyflow.home / "presets").mkdir(parents=True)
    preset = "isPreset: true\ntermination: {maxRetries: 1}\n"
    (polyflow.home / "presets" / "twice.yaml").write_text(preset)
    assert attempts(polyflow.json("run", polyflow.file(text))) == {"a": 1, "b": 2}
    over = polyflow.file("isPreset: true\ntermination: {maxRetries: 2}\n", "over.yaml")
    assert attempts(polyflow.json("run", polyflow.file(text), "-f", over)) == {"a": 3, "b": 2}


def test_54_inherited_cache(polyflow: CommandLine) -> None:
    text = dag(job("a", "true"), job("b", "true", ", cache: {disable: true}")) + "cache: {}\n"
    polyflow.json("run", polyflow.file(text))
    again = polyflow.json("run", polyflow.file(text))
    reasons = {name: one["reason"] for name, one in again["operations"].items()}
    assert reasons == {"a": "CacheHit", "b": ""}


def test_54_inherited_queue(polyflow: CommandLine) -> None:
    polyflow.home.mkdir(parents=True)
    (polyflow.home / "queues.yaml").write_text("queues: [{name: narrow, limit: 1}]\n")
    text = dag(job("a", "sleep 0.2"), job("b", "sleep 0.2")) + "queue: narrow\n"
    view = polyflow.json("run", polyflow.file(text))
    told = {change["reason"] for one in view["operations"].values() for change in one["statuses"]}
    assert (view["status"], "QueueLimit" in told) == ("succeeded", True)
    unknown = polyflow("run", polyflow.file(text.replace("narrow", "narow")))
    assert (unknown.returncode, "narow" in unknown.stderr) == (2, True)


def test_118_status_history(polyflow: CommandLine) -> None:
    retry = ", termination: {maxRetries: 1, backoff: {delay: 0}}"
    flaky = job("a", "test $POLYFLOW_ATTEMPT = 1", retry)
    view = polyflow.json("run", polyflow.file(dag(flaky, job("b", "true", ", conditions: 'false'"))))
    history = view["operations"]["a"]["statuses"]
    assert [change["status"] for change in history] == [
        *("scheduled", "running", "retrying"),
        *("scheduled", "running", "succeeded"),
    ]
    assert [change["attempt"] for change in history] == [0, 0, 0, 1, 1, 1]
    assert [change["at"] for change in history] == sorted(change["at"] for change in history)
    assert history[2]["reason"] == "Error"
    assert "exit code 1" in history[2]["message"]
    (skipped,) = view["operations"]["b"]["statuses"]
    assert (skipped["status"], skipped["reason"]) == ("skipped", "ConditionFalse")
    assert [change["status"] for change in view["statuses"]] == ["created", "running", "succeeded"]
    shown = polyflow("show", "latest", "--history").stdout
    assert "ConditionFalse" in shown
    assert "retrying" in shown


KINDS = """
inputs:
- {name: count, type: int}
- {name: rate, type: float, value: 0}
- {name: good, type: bool, isFlag: true}
- {name: word, type: str, value: ''}
- {name: parts, type: 'List[int]', value: []}
- {name: options, type: dict, value: {}}
- {name: day, type: date, value: 2026-03-14}
- {name: mode, type: str, value: full, options: [full, fast]}
- {name: nothing, type: str, isOptional: true}
run:
  kind: dag
  operations:
  - name: a
    params: {all: {ref: dag, value: inputs}, count: {ref: dag, value: inputs.count, toEnv: COUNT},
      good: {ref: dag, value: inputs.good}}
    inputs: [{name: all, type: dict}, {name: count, type: int}, {name: good, type: bool, isFlag: true}]
    run: {kind: job, container: {command: [sh, -c, 'echo "$COUNT {{ params.count.as_arg }} {{ params.good.as_arg }}"']}}
  - name: b
    params: {io: {ref: ops.a, value: io}, ins: {ref: ops.a, value: inputs}, outs: {ref: ops.a, value: outputs}}
    run: {kind: job, container: {command: ['true']}}
"""


def test_45_inputs_of_all_kinds_are_read_whole(polyflow: CommandLine) -> None:
    file = polyflow.file(KINDS)
    view = polyflow.json("run", file, "-P", "count=0", "-P", "good=true", "-P", "parts=[1, 2]")
    assert view["status"] == "succeeded", view
    read = view["operations"]["a"]["params"]["all"]
    expected = {"count": 0, "rate": 0.0, "good": True, "word": "", "parts": [1, 2], "options": {}}
    assert {name: read[name] for name in expected} == expected
    assert (read["day"], read["mode"]) == ("2026-03-14", "full")
    assert log(polyflow, "a") == "0 --count=0 --good\n"
    b = view["operations"]["b"]["params"]
    assert b["ins"]["count"] == 0
    assert b["io"] == {"inputs": b["ins"], "outputs": {}}
    assert (b["outs"], statuses(view)["b"]) == ({}, "succeeded")


def test_45_values_that_do_not_fit_are_refused_together(polyflow: CommandLine) -> None:
    wrong = ("-P", "count=1.5", "-P", "good=perhaps", "-P", "mode=slow", "-P", "parts=[a]")
    done = polyflow("run", polyflow.file(KINDS), *wrong)
    assert done.returncode == 2
    for name in ("count", "good", "mode", "parts"):
        assert f"params.{name}" in done.stderr, name
