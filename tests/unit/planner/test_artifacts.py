"""Artifacts as the values of params, and what a pod is told of those that it reads."""

from polyflow_services.planner.values.artifacts import as_type, of_upstream, with_artifacts
from polyflow_services.planner.values.params import Upstream, fill
from polyflow_topics.names import OperationName
from polyflow_topics.plan import Container, Found, OutputOf, PlannedOperation, PlannedParam
from polyflow_topics.pods import PodParts
from polyflow_topics.queries import Question
from polyflow_topics.status import Status

FOLDER = "$(POLYFLOW_ARTIFACTS_OF_search.fit)"


def read(output: str, status: Status = Status.SUCCEEDED, **files):
    source = OutputOf(operation=0, output=output, of="artifacts", files=files)
    return of_upstream("search.fit", status, source)


def test_an_artifact_is_a_path_below_the_folder_of_its_operation():
    assert read("model.bin") == {"model.bin": f"{FOLDER}/model.bin"}
    assert read(".") == {".": FOLDER}
    assert read(".", files=["a", ["b", "c"]], dirs=["d"]) == {
        ".": {"files": [f"{FOLDER}/a", [f"{FOLDER}/b", "c"]], "dirs": [f"{FOLDER}/d"]}
    }


def test_what_failed_may_have_left_something_and_what_never_ran_has_not():
    assert read("log", Status.FAILED) is not None
    assert read("log", Status.SKIPPED) is None
    assert read("log", Status.UPSTREAM_FAILED) is None


def test_a_path_is_a_map_where_the_type_is_one():
    assert as_type("artifacts", "x") == {"files": ["x"]}
    assert as_type("artifacts", ["x", None, "y"]) == {"files": ["x", "y"]}
    assert as_type("artifacts", {"dirs": ["x"]}) == {"dirs": ["x"]}
    assert as_type("str", "x") == "x"


def test_a_pod_is_told_which_paths_have_to_be_there():
    found = PlannedParam(name="found", found=(Found(question=0, entry=1),))
    other = PlannedParam(name="other", found=(Found(question=0, entry=0),))
    one, several = PlannedParam(name="one"), PlannedParam(name="several")
    planned = PlannedOperation(
        index=1,
        name=OperationName("b"),
        params=(one, several, found, other),
        questions=(Question(query="q", entries=("outputs.x", "artifacts.y")),),
    )
    values = {
        "one": f"{FOLDER}/model",
        "several": {"files": [[f"{FOLDER}/a", "to"]], "dirs": [f"{FOLDER}/d"]},
        "found": ["$(POLYFLOW_RUNS_PATH)/r/operations/a/0/artifacts/y", None],
        "other": ["$(POLYFLOW_RUNS_PATH)/not/one"],
    }
    names = {"one": "search.fit", "several": "search.fit"}
    parts = with_artifacts(PodParts(namespace="n"), planned, values, names)
    assert parts == PodParts(
        namespace="n",
        artifacts={"search.fit": ("model", "a", "d"), "": ("r/operations/a/0/artifacts/y",)},
    )


def filled(output: str, kind: str | None, **files):
    """Return the arguments and the variable of an operation that reads artifacts and an output."""
    source = OutputOf(operation=0, output=output, of="artifacts", files=files)
    planned = PlannedOperation(
        index=1,
        name=OperationName("b"),
        params=(
            PlannedParam(name="x", kind=kind, source=source, env="X"),
            PlannedParam(name="same", source=OutputOf(operation=0, output="said"), env="SAME"),
        ),
        container=Container(args=("{{ x }}", "<{{ x }}>{{ x | string | trim }}", "{{ same }}")),
        templated=True,
    )

    def upstream(asked: OutputOf) -> Upstream:
        found = of_upstream("search.fit", Status.SUCCEEDED, asked) if asked.of == "artifacts" else OUTPUTS
        return Upstream("search.fit", Status.SUCCEEDED, found)

    return fill(planned, upstream, {})


OUTPUTS = {"said": f"{FOLDER}/$(HOME)"}
KEPT = FOLDER.replace("$", "$$") + "/$$(HOME)"


def test_the_folder_of_an_operation_is_filled_in_and_a_value_that_looks_like_it_is_not():
    one = filled("a$(B)", None)
    path = f"{FOLDER}/a$$(B)"
    assert one.container.args == (path, f"<{path}>{path}", KEPT)
    assert one.container.env == {"X": path, "SAME": KEPT}
    assert one.params == {"x": f"{FOLDER}/a$(B)", "same": OUTPUTS["said"]}
    assert one.parts == PodParts(artifacts={"search.fit": ("a$(B)",)})


def test_so_it_is_in_a_map_of_paths():
    several = filled(".", "artifacts", files=["a", ["b", "$(C)"]])
    text = f'{{"files": ["{FOLDER}/a", ["{FOLDER}/b", "$$(C)"]]}}'
    assert several.container.args == (text, f"<{text}>{text}", KEPT)
    assert several.container.env["X"] == text.replace(" ", "")


def test_of_what_reads_none_nothing_is_told():
    planned = PlannedOperation(index=1, name=OperationName("b"), params=(PlannedParam(name="x", value=1),))
    assert with_artifacts(None, planned, {"x": 1}, {}) is None
