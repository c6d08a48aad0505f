"""How runs are found: each test is named after a row of the list of features."""

import json

import pytest

from tests.e2e.command import CommandLine
from tests.e2e.test_run import dag, job

TRAIN = (
    "name: train\ntags: [{tag}]\ndescription: a try\ninputs: [{{name: lr, type: float}}]\n"
    "outputs: [{{name: loss, type: float}}]\nrun: {{kind: job, container: {{command: "
    """[sh, -c, 'echo "{{\\"loss\\": {{{{ lr }}}}}}" > $POLYFLOW_OUTPUTS']}}}}\n"""
)


def train(polyflow: CommandLine, lr: float, *words: str, tag: str = "nightly") -> str:
    """Run a job whose loss is its learning rate; return the run's id."""
    file = polyflow.file(TRAIN.format(tag=tag))
    view = polyflow.json("run", file, "-P", f"lr={lr}", *words)
    assert view["operations"]["train"]["outputs"] == {"loss": lr}
    return str(view["id"])


def found(polyflow: CommandLine, *words: str) -> list[str]:
    return [run["id"] for run in polyflow.json("ls", *words)]


def test_29_tags_description_name(polyflow: CommandLine) -> None:
    nightly = train(polyflow, 0.5)
    other = train(polyflow, 0.5, "--tag", "gpu", tag="weekly")
    assert found(polyflow, "-q", "tags: nightly") == [nightly]
    assert found(polyflow, "--tag", "gpu", "--tag", "weekly") == [other]
    assert found(polyflow, "-q", "description: %try%, name: train") == [other, nightly]


def test_95_pql(polyflow: CommandLine) -> None:
    low, high = train(polyflow, 0.05), train(polyflow, 0.5)
    failed = polyflow.json(
        "run", polyflow.file("name: broken\nrun: {kind: job, container: {command: ['false']}}")
    )
    assert found(polyflow, "-q", "metrics.loss: <0.1, status: succeeded") == [low]
    assert found(polyflow, "-q", "status: failed") == [failed["id"]]
    assert found(polyflow, "-q", "status: ~failed", "-s", "-metrics.loss") == [high, low]
    assert found(polyflow, "-q", "in.lr: 0.4..0.6 OR status: failed", "-s", "name") == [failed["id"], high]


def test_95_pql_says_where_a_query_is_wrong(polyflow: CommandLine) -> None:
    done = polyflow("ls", "-q", "status: failed, stats: failed")
    assert done.returncode == 2
    assert "there is no field `stats` (column 17 of the query); did you mean `status`?" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-q", "name: x, status: fialed"), "no `status` is `fialed` (column 10 of the query); did you mean `failed`"),
        (("-q", "kind: ~dagg"), "did you mean `dag`?"),
        (("-q", "cloning_kind: foo"), "it is one of restart, copy, resume, rerun, hook"),
        (("-q", "status: interrupted"), "such runs are found by `--status interrupted`"),
        (("--status", "fialed"), "no status is `fialed`; did you mean `failed`?"),
    ],
)  # fmt: skip
def test_95_pql_refuses_words_by_which_nothing_can_be_found(
    polyflow: CommandLine, words: tuple[str, ...], told: str
) -> None:
    done = polyflow("ls", *words)
    assert (done.returncode, told in done.stderr) == (2, True), done.stderr


def test_95_pql_finds_operations_of_a_pipeline(polyflow: CommandLine) -> None:
    view = polyflow.json("run", polyflow.file(dag(job("a", "true"), job("b", "exit 1"))))
    inside = polyflow.json("ls", "-q", f"pipeline: {view['id']}, status: failed")
    assert [entry["name"] for entry in inside] == ["b"]
    assert found(polyflow, "-q", f"pipeline: {view['id'][:8]}%, status: failed") == [inside[0]["id"]]
    assert found(polyflow) == [view["id"]]
    assert "`latest` is no id in a query" in polyflow("ls", "-q", "pipeline: latest").stderr


def test_124_search_and_list(polyflow: CommandLine) -> None:
    runs = {lr: train(polyflow, lr) for lr in (0.3, 0.1, 0.2)}
    ordered = [runs[lr] for lr in (0.1, 0.2, 0.3)]
    assert found(polyflow, "-s", "metrics.loss") == ordered
    assert found(polyflow, "-s", "metrics.loss", "-l", "1", "-o", "1") == ordered[1:2]
    table = polyflow("ls", "-s", "-in.lr").stdout.splitlines()
    assert [line.split()[0] for line in table[1:]] == ordered[::-1]


def test_142_projects_and_owners(polyflow: CommandLine) -> None:
    vision = train(polyflow, 0.1, "--project", "vision", "--owner", "ann")
    speech = train(polyflow, 0.1, "--project", "speech")
    assert found(polyflow, "--project", "vision") == [vision]
    assert found(polyflow, "--owner", "ann") == [vision]
    assert found(polyflow, "-q", "project: speech") == [speech]
    assert found(polyflow, "--project", "vision", "--owner", "default") == []
    event = json.loads(polyflow("events", vision, "--format", "json").stdout.splitlines()[0])
    assert (event["data"]["project"], event["data"]["owner"]) == ("vision", "ann")


MEASURE = """echo '{"values": {"loss": %s}}' >> $POLYFLOW_METRICS"""


def test_95_pql_finds_by_metrics_that_were_only_measured(polyflow: CommandLine) -> None:
    ids = {}
    for last in ("0.5", "0.05"):
        script = f"{MEASURE % 9}; {MEASURE % last}"
        ids[last] = polyflow.json("run", polyflow.file(dag(job("a", script), job("b", "true"))))["id"]
    assert found(polyflow, "-q", "metrics.loss: <0.1, status: succeeded") == [ids["0.05"]]
    assert found(polyflow, "-q", "metrics.loss: 0.1..1") == [ids["0.5"]]
    assert found(polyflow, "-s", "metrics.loss") == [ids["0.05"], ids["0.5"]]
    inside = polyflow.json("ls", "-q", f"pipeline: {ids['0.5']}, metrics.loss: ~nil")
    assert [entry["name"] for entry in inside] == ["a"]


def test_124_columns_and_csv(polyflow: CommandLine) -> None:
    low, high = train(polyflow, 0.1), train(polyflow, 0.2)
    columns = ("--columns", "uuid, params.lr,metrics.loss,outputs.none", "-s", "in.lr")
    expected = f"uuid,params.lr,metrics.loss,outputs.none\n{low},0.1,0.1,\n{high},0.2,0.2,\n"
    assert polyflow("ls", *columns, "--format", "csv").stdout == expected
    rows = polyflow.json("ls", *columns)
    assert rows[0] == {"uuid": low, "params.lr": "0.1", "metrics.loss": "0.1", "outputs.none": ""}
    assert polyflow("ls", "-c", "name,status").stdout.split() == [
        "NAME",
        "STATUS",
        *["train", "succeeded"] * 2,
    ]
    assert polyflow("ls", "--format", "csv").stdout.startswith("uuid,name,project,owner,kind,status")
    wrong = polyflow("ls", "-c", "nmae")
    assert (wrong.returncode, "nmae" in wrong.stderr) == (2, True)
    wrong = polyflow("ls", "-c", "zzz")
    assert "`zzz` is not kept (among the columns); kept are cloning_kind" in wrong.stderr
    assert all(one in wrong.stderr for one in ("reason", "message", "params.NAME"))
    assert "there is no field `zzz` (column 7 of the sort)" in polyflow("ls", "-s", "name, zzz").stderr
