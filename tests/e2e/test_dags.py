"""DAGs: what they hand down, how they nest; each test is named after a row of the list of features."""

from typing import Any

from tests.e2e.command import CommandLine
from tests.e2e.test_run import dag, job

X = "inputs: [{name: x, type: int}]"


def most_at_once(view: dict[str, Any]) -> int:
    """Return how many operations ran at one moment, at most."""
    spans = [(one["started_at"], one["finished_at"]) for one in view["operations"].values()]
    return max(sum(begin <= start < end for begin, end in spans) for start, _ in spans)


def test_row_45_all_outputs_of_an_upstream(polyflow: CommandLine) -> None:
    text = dag(
        job("a", """echo '{"loss": 0, "name": "b"}' > $POLYFLOW_OUTPUTS"""),
        job("b", "echo '{{ all }}'", ", params: {all: {ref: ops.a, value: outputs}}"),
    )
    view = polyflow.json("run", polyflow.file(text))
    assert view["operations"]["b"]["params"] == {"all": {"loss": 0, "name": "b"}}


def test_row_47_refs_to_inputs_of_the_dag(polyflow: CommandLine) -> None:
    text = dag(job("a", "true", f", {X}, params: {{x: {{ref: dag, value: inputs.x}}}}")) + f"{X}\n"
    for given in (1, 2):
        view = polyflow.json("run", polyflow.file(text), "-P", f"x={given}")
        assert view["operations"]["a"]["params"] == {"x": given}


def test_row_50_dag_concurrency(polyflow: CommandLine) -> None:
    text = dag(*(job(f"o{number}", "sleep 0.1") for number in range(6)), more="\n  concurrency: 2")
    view = polyflow.json("run", polyflow.file(text))
    assert view["status"] == "succeeded"
    assert most_at_once(view) == 2


def test_row_51_nested_dag(polyflow: CommandLine) -> None:
    inner = "{name: inner, run: {kind: dag, operations: [" + job("one", "true") + ", "
    inner += job("two", "true", ", dependencies: [one]") + "]}}"
    view = polyflow.json("run", polyflow.file(dag(inner, job("last", "true", ", dependencies: [inner]"))))
    operations = view["operations"]
    assert list(operations) == ["inner", "inner.one", "inner.two", "last"]
    assert operations["inner"]["finished_at"] >= operations["inner.two"]["finished_at"]
    assert operations["last"]["started_at"] >= operations["inner"]["finished_at"]


def test_row_57_one_dag_used_twice(polyflow: CommandLine) -> None:
    polyflow.file(
        dag(job("a", "true", f", {X}, params: {{x: {{ref: dag, value: inputs.x}}}}")) + f"{X}\n",
        "reused.yaml",
    )
    text = dag(*(f"{{name: n{x}, pathRef: reused.yaml, params: {{x: {x}}}}}" for x in (1, 2)))
    operations = polyflow.json("run", polyflow.file(text))["operations"]
    assert {name: one["params"] for name, one in operations.items() if "." in name} == {
        "n1.a": {"x": 1},
        "n2.a": {"x": 2},
    }
