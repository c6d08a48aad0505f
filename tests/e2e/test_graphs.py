"""What is wrong with a graph is said before anything runs: named after a row of the list of features."""

import pytest

from tests.e2e.command import CommandLine
from tests.e2e.test_run import dag, job

WRONG = {
    "no operations": ("name: a\nrun: {kind: dag, operations: []}\n", "a DAG needs `operations`"),
    "no name": (
        dag("{run: {kind: job, container: {command: [x]}}}"),
        "each operation of a DAG needs a `name`",
    ),
    "one name twice": (dag(job("a", "x"), job("a", "x")), "there is another operation `a` in this DAG"),
    "an upstream that there is not": (
        dag(job("a", "x"), job("b", "x", ", dependencies: [aa]")),
        "there is no operation `aa` in this DAG",
    ),
    "a cycle": (
        dag(job("a", "x", ", dependencies: [b]"), job("b", "x", ", dependencies: [a]")),
        "operations wait for each other: ",
    ),
    "itself": (dag(job("a", "x", ", dependencies: [a]")), "operations wait for each other: a -> a"),
    "nothing to run": (dag("{name: a}"), "`a` runs nothing"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_34_graph_validation(polyflow: CommandLine, text: str, message: str) -> None:
    done = polyflow("run", polyflow.file(text))
    assert done.returncode == 2
    assert message in done.stderr
    assert "pipeline.yaml:" in done.stderr
    assert [run["status"] for run in polyflow.json("ls")] == ["rejected"]
