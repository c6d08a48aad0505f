"""Files that operations leave for others: each test is named after a row of the list of features."""

from typing import Any

from tests.e2e.command import CommandLine
from tests.e2e.test_how_runs_behave import statuses, why
from tests.e2e.test_run import dag, job

MAKE = "cd $POLYFLOW_ARTIFACTS_PATH; echo weights > model.bin; mkdir -p data/raw; echo rows > data/raw/x.csv"


def run(polyflow: CommandLine, *operations: str, more: str = "") -> dict[str, Any]:
    view: dict[str, Any] = polyflow.json("run", polyflow.file(dag(*operations) + more))
    return view


def log(polyflow: CommandLine, operation: str) -> str:
    return polyflow("logs", "latest", operation).stdout


def reads(value: str, kind: str = "path", more: str = "") -> str:
    return f", params: {{x: {{ref: ops.a, value: {value}{more}}}}}, inputs: [{{name: x, type: {kind}}}]"


def test_44_artifacts_to_next_op(polyflow: CommandLine) -> None:
    several = "params: {x: {ref: ops.a, value: {files: [model.bin], dirs: [data]}}}"
    view = run(
        polyflow,
        job("a", MAKE),
        job("whole", "cat {{ x }}/model.bin", reads("artifacts", "str")),
        job("one", "cat {{ x }}", reads("artifacts.model.bin")),
        job("variable", "cat $X/raw/x.csv", reads("artifacts.data", more=", toEnv: X")),
        job("several", "cat {{ x.files[0] }} {{ x.dirs[0] }}/raw/x.csv", f", {several}"),
        job("undeclared", "cat {{ x }}", ", params: {x: {ref: ops.a, value: artifacts.model.bin}}"),
    )
    assert view["status"] == "succeeded", view
    assert view["operations"]["one"]["upstreams"] == ["a"]
    expected = {"whole": "weights\n", "one": "weights\n", "variable": "rows\n"}
    expected |= {"several": "weights\nrows\n", "undeclared": "weights\n"}
    assert {name: log(polyflow, name) for name in expected} == expected


def test_44_artifacts_are_copied_by_init(polyflow: CommandLine) -> None:
    own = "cd $POLYFLOW_ARTIFACTS_PATH; ls; cat"
    view = run(
        polyflow,
        job("a", MAKE),
        job("one", f"{own} model.bin", reads("artifacts.model.bin", more=", toInit: true")),
        job(
            "several",
            f"{own} data/raw/x.csv in/weights",
            reads("{files: [[model.bin, in/weights]], dirs: [data]}", "artifacts", ", toInit: true"),
        ),
        "{name: step, params: {x: {ref: ops.a, value: artifacts.data}}, run: {kind: job, "
        "init: [{artifacts: {dirs: [['{{ x }}', input]]}, path: here}], container: {command: "
        "[sh, -c, 'cat $POLYFLOW_ARTIFACTS_PATH/here/input/raw/x.csv']}}}",
    )
    assert view["status"] == "succeeded", view
    assert log(polyflow, "one") == "model.bin\nweights\n"
    assert log(polyflow, "several") == "data\nin\nrows\nweights\n"
    assert log(polyflow, "step") == "rows\n"


def test_44_the_last_attempt_counts(polyflow: CommandLine) -> None:
    flaky = "echo $POLYFLOW_ATTEMPT > $POLYFLOW_ARTIFACTS_PATH/n; test $POLYFLOW_ATTEMPT = 1"
    retry = ", termination: {maxRetries: 1, backoff: {delay: 0}}"
    run(polyflow, job("a", flaky, retry), job("b", "cat {{ x }}", reads("artifacts.n")))
    assert log(polyflow, "b") == "1\n"


def test_44_artifacts_that_there_are_not(polyflow: CommandLine) -> None:
    view = run(
        polyflow,
        job("a", MAKE),
        job("b", "true", reads("artifacts.modle.bin")),
        job("skipped", MAKE, ", conditions: 'false'"),
        job("c", "true", reads("artifacts.model.bin").replace("ops.a", "ops.skipped")),
        job("init", "true", reads("{files: [nope]}", "artifacts", ", toInit: true")),
    )
    message = "operation 'a' has no 'modle.bin' among its artifacts; there is: data, model.bin"
    assert why(view, "b") == ("ArtifactNotFound", message)
    assert why(view, "init")[0] == "ArtifactNotFound"
    assert statuses(view)["c"] == "skipped"
    skipped = "param 'x' needs artifact 'model.bin' of upstream 'skipped', which was skipped"
    assert why(view, "c")[1] == skipped


def test_44_what_cannot_be_read_is_refused_by_name(polyflow: CommandLine) -> None:
    nested = f"{{name: n, component: {{run: {{kind: dag, operations: [{job('inner', MAKE)}]}}}}}}"
    matrix = job("m", MAKE, ", matrix: {kind: mapping, values: [{lr: 1}]}")
    file = polyflow.file(
        dag(
            nested,
            matrix,
            job("a", MAKE),
            job("b", "true", reads("artifacts.x").replace("ops.a", "ops.n")),
            job("c", "true", reads("artifacts.x").replace("ops.a", "ops.m")),
            job("d", "true", reads("{files: [/etc/passwd]}", "artifacts")),
            job("e", "true", ", params: {x: {value: 1, toInit: true}}"),
        )
    )
    said = polyflow("run", file).stderr
    assert "`n` is a DAG, and what is in it has artifacts, not the DAG itself" in said
    assert "`m` is a matrix: each of its trials has `artifacts.x`" in said
    assert "`files` of artifacts is a list of relative paths, or of `[from, to]`, not `/etc/passwd`" in said
    assert "`toInit` of `x` is not supported yet: it names no artifacts" in said


def test_44_an_operation_whose_artifacts_are_read_is_executed(polyflow: CommandLine) -> None:
    operations = (job("a", MAKE, ", cache: {}"), job("b", "cat {{ x }}", reads("artifacts.model.bin")))
    for _ in range(2):
        view = run(polyflow, *operations)
        assert (statuses(view)["a"], view["operations"]["a"]["reason"]) == ("succeeded", "")
        assert log(polyflow, "b") == "weights\n"


def test_44_a_run_that_goes_on_reads_what_was_left_and_a_new_one_makes_it_again(
    polyflow: CommandLine,
) -> None:
    reader = job("b", "cat {{ x }}; test -e ok", reads("artifacts.model.bin"))
    failed = polyflow.json("run", polyflow.file(dag(job("a", MAKE), reader)))
    polyflow.file("", "ok")
    resumed = polyflow.json("resume", failed["id"], "--quiet")
    assert (resumed["status"], resumed["operations"]["a"]["reason"]) == ("succeeded", "Kept")
    again = polyflow.json("rerun", failed["id"], "--from", "b", "--quiet")
    assert (again["status"], again["operations"]["a"]["reason"]) == ("succeeded", "")


SEARCH = (
    "{name: search, matrix: {kind: mapping, values: [{n: 1}, {n: 2}]}, inputs: [{name: n, type: int}], "
    "run: {kind: job, container: {command: [sh, -c, 'mkdir $POLYFLOW_ARTIFACTS_PATH/model; "
    "echo {{ n }} > $POLYFLOW_ARTIFACTS_PATH/model/n']}}}"
)


def test_94_join_artifacts(polyflow: CommandLine) -> None:
    join = "joins: [{query: 'status: succeeded', ref: ops.search, sort: name, params: {models: %s}}]"
    listed = join % "{value: artifacts.model}"
    copied = join % "{value: {dirs: [model], files: [model/n]}, toInit: true}"
    pull = "cd $POLYFLOW_ARTIFACTS_PATH/models; find . -type f | sort"
    view = run(
        polyflow,
        SEARCH,
        job("paths", "cat {{ models[0] }}/n {{ models[1] }}/n", f", dependencies: [search], {listed}"),
        job("pulled", pull, f", dependencies: [search], {copied}"),
    )
    assert view["status"] == "succeeded", view
    assert log(polyflow, "paths") == "1\n2\n"
    assert log(polyflow, "pulled") == "./0/model/n\n./1/model/n\n./2/n\n./3/n\n"


def test_94_a_dag_joins_artifacts_for_what_is_in_it(polyflow: CommandLine) -> None:
    assert polyflow.json("run", polyflow.file(dag(SEARCH)))["status"] == "succeeded"
    join = (
        "joins: [{query: 'kind: job, status: succeeded', sort: name, limit: 2, params: "
        "{models: {value: {dirs: [model]}}}}]\ninputs: [{name: models, type: artifacts}]\n"
    )
    given = ", params: {models: {ref: dag, value: inputs.models%s}}"
    inner = job("in", "cat {{ models.files[1] }}/n", given % "")
    nested = f"{{name: deep{given % ''}, run: {{kind: dag, operations: [{inner}]}}}}"
    pulled = job("pulled", "cd $POLYFLOW_ARTIFACTS_PATH; cat models/*/model/n", given % ", toInit: true")
    view = polyflow.json("run", polyflow.file(join + dag(nested, pulled)))
    assert view["status"] == "succeeded", view
    assert (log(polyflow, "deep.in"), log(polyflow, "pulled")) == ("2\n", "1\n2\n")


def test_94_artifacts_of_one_earlier_run(polyflow: CommandLine) -> None:
    single = "name: one\nrun: {kind: job, container: {command: [sh, -c, '%s']}}\n"
    old = polyflow.json("run", polyflow.file(single % MAKE))
    text = f"params: {{x: {{ref: runs.{old['id'].replace('-', '')}, value: artifacts.%s}}}}\n" + single
    view = polyflow.json("run", polyflow.file(text % ("model.bin", "cat {{ x }}")))
    assert (view["status"], log(polyflow, "one")) == ("succeeded", "weights\n")
    gone = polyflow.json("run", polyflow.file(text % ("model", "cat {{ x }}")))
    assert gone["operations"]["one"]["reason"] == "ArtifactNotFound"
