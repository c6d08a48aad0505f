"""What operations read of each other, of the run, and of earlier runs: each test is named after a row."""

import json
from typing import Any

from tests.e2e.command import CommandLine
from tests.e2e.test_run import dag, job

OUTPUTS = """echo '{"loss": 0, "good": false, "text": "", "steps": 3}' > $POLYFLOW_OUTPUTS"""
DECLARED = (
    ", outputs: [{name: loss, type: int}, {name: good, type: bool}, {name: text, type: str}, "
    "{name: steps, type: int}]"
)


def params(view: dict[str, Any], operation: str) -> dict[str, Any]:
    """Return the params that an operation was started with."""
    found: dict[str, Any] = view["operations"][operation]["params"]
    return found


def run(polyflow: CommandLine, *operations: str, more: str = "") -> dict[str, Any]:
    view: dict[str, Any] = polyflow.json("run", polyflow.file(dag(*operations) + more))
    return view


def test_43_outputs_to_inputs(polyflow: CommandLine) -> None:
    reads = ", ".join(
        f"{{name: {name}, type: {kind}}}"
        for name, kind in (("loss", "int"), ("good", "bool"), ("text", "str"))
    )
    given = ", ".join(f"{name}: {{ref: ops.a, value: outputs.{name}}}" for name in ("loss", "good", "text"))
    view = run(
        polyflow, job("a", OUTPUTS, DECLARED), job("b", "true", f", inputs: [{reads}], params: {{{given}}}")
    )
    assert params(view, "b") == {"loss": 0, "good": False, "text": ""}


def test_45_whole_map_refs(polyflow: CommandLine) -> None:
    whole = "params: {outs: {ref: ops.a, value: outputs}, ins: {ref: ops.a, value: inputs}, all: {ref: ops.a, value: io}}"
    view = run(
        polyflow,
        job("a", OUTPUTS, DECLARED + ", inputs: [{name: lr, type: float}], params: {lr: 0.5}"),
        job("b", "echo {{ params.outs.as_str }} > outs.json", f", {whole}"),
    )
    outputs = {"loss": 0, "good": False, "text": "", "steps": 3}
    assert view["status"] == "succeeded", view
    assert params(view, "b")["outs"] == outputs
    assert params(view, "b")["ins"]["lr"] == 0.5
    assert params(view, "b")["all"] == {"inputs": params(view, "b")["ins"], "outputs": outputs}


SAID = "$(TOKEN) $$ $x $(POLYFLOW_RUN) $$(TOKEN) $(POLYFLOW_OUTPUTS_PATH) {{ name }} $("
SAY = """
import json, os, sys
said = {"args": sys.argv[1:], "env": [os.environ[name] for name in ("GIVEN", "SET")]}
open(os.environ["POLYFLOW_OUTPUTS"], "w").write(json.dumps(said))
"""


def test_43_a_value_reaches_the_process_as_it_is(polyflow: CommandLine) -> None:
    args = [
        "{{ said }}",
        "$(TOKEN)={{ said }}",
        "${{ said }}",
        "{{ said | string }}",
        "{{ params.said.as_arg }}",
    ]
    step = {"command": ["sh", "-c", 'printf %s "$1" > $POLYFLOW_ARTIFACTS_PATH/copy', "say", "{{ said }}"]}
    container = {
        "command": ["python", "-c", SAY],
        "args": args,
        "env": [{"name": "TOKEN", "value": "secret"}, {"name": "SET", "value": "$(TOKEN)={{ said }}"}],
    }
    say = {
        "name": "say",
        "params": {"said": {"ref": "ops.a", "value": "outputs.said", "toEnv": "GIVEN"}},
        "run": {"kind": "job", "init": [{"container": step}], "container": container},
    }
    outputs = polyflow.file(json.dumps({"said": SAID}), "outputs.json")
    same = 'test "$(cat {{ x }})" = "$(cat $SAID)"'
    read = ", params: {x: {ref: ops.say, value: artifacts.copy}, said: {ref: ops.a, value: artifacts.said, toEnv: SAID}}"
    leave = f"cp {outputs} $POLYFLOW_OUTPUTS; cp {polyflow.file(SAID, 'said')} $POLYFLOW_ARTIFACTS_PATH/said"
    view = run(polyflow, job("a", leave), json.dumps(say), job("same", same, read))
    assert view["status"] == "succeeded", view
    assert view["operations"]["say"]["params"] == {"said": SAID}
    given = view["operations"]["say"]["outputs"]
    assert given["args"] == [SAID, f"secret={SAID}", f"${SAID}", SAID, f"--said={SAID}"]
    assert given["env"] == [SAID, f"secret={SAID}"]


def test_46_upstream_metadata(polyflow: CommandLine) -> None:
    names = ("status", "uuid", "name", "duration", "started_at", "finished_at", "project_name", "owner_name")
    given = ", ".join(f"{name}: {{ref: ops.a, value: globals.{name}}}" for name in names)
    view = run(
        polyflow,
        job("a", "sleep 0.1; exit 3"),
        job("b", "true", f", trigger: all_done, params: {{{given}}}"),
    )
    found, a = params(view, "b"), view["operations"]["a"]
    assert (found["status"], found["name"]) == ("failed", "a")
    assert (found["project_name"], found["owner_name"]) == ("default", "default")
    assert 0 < found["duration"] < 30
    assert found["started_at"] < found["finished_at"]
    assert found["finished_at"][:19] == a["finished_at"][:19]
    inside = polyflow.json("ls", "-q", f"uuid: {found['uuid']}, pipeline: ~nil")
    assert [entry["name"] for entry in inside] == ["a"]


def test_46_metadata_that_there_is_not_is_a_reason(polyflow: CommandLine) -> None:
    reads = "params: {took: {ref: ops.b, value: globals.duration}}, inputs: [{name: took, type: str}]"
    view = run(
        polyflow,
        job("a", "exit 1"),
        job("b", "true", ", dependencies: [a]"),
        job("c", "true", f", trigger: all_done, {reads}"),
    )
    assert view["operations"]["c"]["status"] == "failed"
    assert "'b' has no global 'duration'" in view["operations"]["c"]["message"]


def test_47_refs_to_dag_inputs(polyflow: CommandLine) -> None:
    text = dag(
        job(
            "a",
            "true",
            ", params: {x: {ref: dag, value: inputs.x}, all: {ref: dag, value: inputs}, "
            "of: {ref: dag, value: globals.name}}, inputs: [{name: x, type: int}]",
        )
    )
    text += "inputs: [{name: x, type: int}]\n"
    for x in (1, 0):
        view = polyflow.json("run", polyflow.file(text), "-P", f"x={x}")
        assert params(view, "a") == {"x": x, "all": {"x": x}, "of": "test"}


def test_48_refs_to_any_run(polyflow: CommandLine) -> None:
    old = polyflow.json("run", polyflow.file(single("train", OUTPUTS, DECLARED)))
    ref = f"{{ref: runs.{old['id'].replace('-', '')}, value: outputs.loss}}"
    text = single("use", "true", f", params: {{loss: {ref}}}, inputs: [{{name: loss, type: int}}]")
    view = polyflow.json("run", polyflow.file(text))
    assert (view["status"], params(view, "use")) == ("succeeded", {"loss": 0})

    other = polyflow.json("run", polyflow.file(text), "--project", "speech")
    assert (other["status"], other["operations"]["use"]["reason"]) == ("failed", "RunOfOtherProject")
    assert "is not of the project `speech`" in other["operations"]["use"]["message"]

    missing = polyflow.json("run", polyflow.file(text.replace("outputs.loss", "outputs.accuracy")))
    assert missing["operations"]["use"]["message"].endswith("has no outputs.accuracy")
    unknown = polyflow.json("run", polyflow.file(text.replace(ref[11:19], "00000000")))
    assert unknown["operations"]["use"]["reason"] == "RunNotFound"


def test_49_type_check_of_refs(polyflow: CommandLine) -> None:
    done = polyflow(
        "run",
        polyflow.file(
            dag(
                job("a", OUTPUTS, ", outputs: [{name: loss, type: float}]"),
                job(
                    "b",
                    "true",
                    ", params: {loss: {ref: ops.a, value: outputs.loss}}, inputs: [{name: loss, type: int}]",
                ),
            )
        ),
    )
    assert done.returncode == 2
    assert "`loss` is `int`, and what it reads is `float`" in done.stderr


def single(name: str, script: str, more: str = "") -> str:
    """Return a specification of one job."""
    return job(name, script, more)


def test_93_joins_over_earlier_runs(polyflow: CommandLine) -> None:
    for lr in (0.3, 0.1, 0.2):
        train = single(
            "train",
            f"""echo '{{"loss": {lr}}}' > $POLYFLOW_OUTPUTS""",
            ", outputs: [{name: loss, type: float}], tags: [nightly]",
        )
        assert polyflow.json("run", polyflow.file(train))["status"] == "succeeded"
    assert (
        polyflow.json("run", polyflow.file(single("train", "true", ", tags: [nightly]")))["status"]
        == "succeeded"
    )
    join = (
        "joins: [{query: 'tags: {{ tag }}, status: succeeded', sort: metrics.loss, limit: 4, "
        "params: {losses: {value: outputs.loss, toEnv: LOSSES}, who: {value: globals.name}}}]"
    )
    pick = single(
        "pick",
        """echo "{\\"best\\": $(echo $LOSSES | cut -c2-4)}" > $POLYFLOW_OUTPUTS""",
        f", {join}, inputs: [{{name: losses, type: 'List[float]'}}, {{name: tag, value: nightly, type: str}}]",
    )
    view = polyflow.json("run", polyflow.file(pick))
    assert view["status"] == "succeeded", view
    found = params(view, "pick")
    assert found["losses"] == [0.1, 0.2, 0.3, None]
    assert found["who"] == ["train"] * 4
    assert view["operations"]["pick"]["outputs"] == {"best": 0.1}


def test_93_joins_over_the_trials_of_a_matrix(polyflow: CommandLine) -> None:
    sweep = job(
        "sweep",
        """test {{ lr }} != 2 && echo "{\\"loss\\": {{ 10 - lr }}}" > $POLYFLOW_OUTPUTS""",
        ", matrix: {kind: grid, params: {lr: {kind: choice, value: [1, 2, 3, 4]}}}, "
        "inputs: [{name: lr, type: int}], outputs: [{name: loss, type: float}]",
    )
    reads = "params: {of: {ref: ops.sweep, value: globals.uuid}}, trigger: all_done"
    by_uuid = job(
        "by-uuid",
        "true",
        f", {reads}, joins: [{{query: 'pipeline: {{{{ of }}}}, status: succeeded', sort: -metrics.loss, "
        "params: {losses: {value: outputs.loss}, rates: {value: inputs.lr}}}]",
    )
    by_ref = job(
        "by-ref",
        "true",
        ", dependencies: [sweep], trigger: all_done, joins: [{ref: ops.sweep, query: 'status: ~running', "
        "offset: 1, limit: 2, params: {losses: {value: outputs.loss}}}]",
    )
    view = run(polyflow, sweep, by_uuid, by_ref)
    assert params(view, "by-uuid")["losses"] == [9, 7, 6], view["operations"]["by-uuid"]
    assert params(view, "by-uuid")["rates"] == [1, 3, 4]
    assert params(view, "by-ref")["losses"] == [None, 7]


TRAIN = (
    "name: train\ntags: [nightly]\nmatrix: {kind: mapping, values: [{lr: 0.3}, {lr: 0.1}, {lr: 0.2}]}\n"
    "inputs: [{name: lr, type: float}]\noutputs: [{name: loss, type: float}]\n"
    "run: {kind: job, container: {command: "
    """[sh, -c, 'echo "{\\"loss\\": {{ lr }}}" > $POLYFLOW_OUTPUTS']}}\n"""
)
OF_THE_BEST = (
    "joins: [{query: 'tags: {{ tag }}, kind: job, status: succeeded', sort: metrics.loss, limit: '{{ n }}', "
    "params: {losses: {value: outputs.loss}}}]\n"
    "inputs: [{name: losses, type: 'List[float]'}, {name: tag, type: str, value: nightly}, "
    "{name: n, type: int, value: 2}]\n"
)
READS = ", params: {x: {ref: dag, value: inputs.losses}}"


def test_93_joins_of_a_dag_at_the_top(polyflow: CommandLine) -> None:
    trained = polyflow.json("run", polyflow.file(TRAIN))
    assert trained["status"] == "succeeded", trained
    pick = job(
        "pick",
        """echo '{"best": {{ x[0] }}}' > $POLYFLOW_OUTPUTS""",
        f"{READS}, outputs: [{{name: best, type: float}}]",
    )
    use = job("use", "test -e ok", ", params: {best: {ref: ops.pick, value: outputs.best}}")
    text = polyflow.file(OF_THE_BEST + dag(pick, use))
    view = polyflow.json("run", text)
    assert view["params"] == {"tag": "nightly", "n": 2, "losses": [0.1, 0.2]}
    assert params(view, "pick") == {"x": [0.1, 0.2]}
    assert params(view, "use") == {"best": 0.1}
    assert list(view["operations"]) == ["pick", "use"]
    polyflow.file("", "ok")
    polyflow("resume", "latest", "--quiet")
    resumed = polyflow.json("show", "latest")
    assert (resumed["id"], resumed["status"]) == (view["id"], "succeeded")
    polyflow("rerun", "latest", "--from", "use", "-P", "n=1", "--keep-changed", "--quiet")
    again = polyflow.json("show", "latest")
    assert (again["params"]["losses"], again["operations"]["pick"]["reason"]) == ([0.1], "Kept")


def test_93_a_condition_at_the_top_sees_what_joins_have_found(polyflow: CommandLine) -> None:
    assert polyflow.json("run", polyflow.file(TRAIN))["status"] == "succeeded"
    few, enough = ("conditions: '{{ losses | length > 2 }}'\n", "conditions: '{{ losses | length == 2 }}'\n")
    alone = 'name: alone\nrun: {kind: job, container: {command: [echo, "{{ losses }}"]}}\n'
    matrix = "matrix: {kind: grid, params: {m: {kind: choice, value: [1, 2]}}}\n"
    made = {
        "pick": dag(job("pick", "echo {{ x }}", READS)),
        "alone": alone,
        "alone.1": matrix + alone,
        "test.1.pick": matrix + dag(job("pick", "echo {{ x }}", READS)),
    }
    for operation, text in made.items():
        skipped = polyflow.json("run", polyflow.file(OF_THE_BEST + few + text))
        assert (skipped["status"], skipped["reason"]) == ("skipped", "ConditionFalse"), skipped
        view = polyflow.json("run", polyflow.file(OF_THE_BEST + enough + text))
        assert view["status"] == "succeeded", view
        assert polyflow("logs", "latest", operation).stdout == "[0.1, 0.2]\n"


def test_93_a_join_of_a_dag_that_cannot_be_carried_out_fails_the_run(polyflow: CommandLine) -> None:
    text = OF_THE_BEST.replace("tags: {{ tag }}", "created_at: > {{ tag }}")
    view = polyflow.json("run", polyflow.file(text + dag(job("a", "true"), job("b", "true"))))
    assert (view["status"], view["reason"]) == ("failed", "QueryInvalid")
    assert "`nightly` is no day or time (column 1 of the query)" in view["message"]
    assert view["operations"]["a"]["status"] == "upstream_failed"


def test_93_a_join_that_cannot_be_carried_out_says_so(polyflow: CommandLine) -> None:
    text = single(
        "pick",
        "true",
        ", joins: [{query: 'created_at: > {{ day }}', params: {losses: {value: outputs.loss}}}], "
        "inputs: [{name: day, type: str, value: soon}]",
    )
    view = polyflow.json("run", polyflow.file(text))
    assert view["operations"]["pick"]["reason"] == "QueryInvalid"
    assert "`soon` is no day or time (column 1 of the query)" in view["operations"]["pick"]["message"]
