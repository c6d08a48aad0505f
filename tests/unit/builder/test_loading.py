import pytest

from polyflow.specifications.loading import NotLoadedError, load
from polyflow_shared.language import schema

EXAMPLE = """
from polyflow.schemas import V1Dag, V1Component, V1Environment, V1Operation
from polyflow import k8s
from polyflow.schemas import V1IO, V1Job, V1Param
dag = V1Dag(
    operations=[
        V1Operation(name="job1", dag_ref="component1", params={"url": V1Param(value="gs://bucket/a.txt")}),
        V1Operation(name="job2", dag_ref="component2", params={"size": V1Param(ref="ops.job1", value="outputs.size")}),
    ],
    components=[
        V1Component(
            name="component1",
            inputs=[V1IO(name="url", type="url")],
            outputs=[V1IO(name="size", type="int")],
            run=V1Job(container=k8s.V1Container(image="busybox", command=["sh", "-c", "echo {{ url }}"])),
        ),
        V1Component(
            name="component2",
            inputs=[V1IO(name="size", type="int")],
            run=V1Job(container=k8s.V1Container(image="busybox", command=["echo"], args=["{{ size }}"])),
        ),
    ],
    environment=V1Environment(labels={"key1": "label1"}),
    connections=["connection-name1"],
    volumes=[k8s.V1Volume(name="volume1", persistent_volume_claim=k8s.V1PersistentVolumeClaimVolumeSource(claim_name="pvc1"))],
)
"""
"""The example of a DAG in Python, with only its imports changed and what it leaves out filled in."""


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a file and returns its path."""

    def write(text, name="flow.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_the_example_is_a_component_with_the_name_of_its_file(written):
    found = load(f"{written(EXAMPLE, 'my flow.py')}:dag")
    assert (found["kind"], found["name"], found["run"]["kind"]) == ("component", "my-flow", "dag")
    assert found["run"]["volumes"] == [{"name": "volume1", "persistentVolumeClaim": {"claimName": "pvc1"}}]
    assert found["run"]["operations"][1]["params"] == {"size": {"value": "outputs.size", "ref": "ops.job1"}}
    assert found["run"]["components"][1]["run"]["container"]["args"] == ["{{ size }}"]


def test_the_example_is_a_specification(written):
    read = schema.read(load(f"{written(EXAMPLE)}:dag"))
    assert read.findings == []
    assert [operation.name for operation in read.operation.run.operations] == ["job1", "job2"]


WHOLE = {
    "an operation": ("from polyflow.schemas import V1Operation\nmain = V1Operation(hub_ref='a')", "", {"kind": "operation", "hubRef": "a"}),
    "a component": ("from polyflow.schemas import V1Component\nc = V1Component(name='a')", ":c", {"kind": "component", "name": "a"}),
    "a kind that is written": ("from polyflow.schemas import V1Operation\nmain = V1Operation(kind='component')", "", {"kind": "component"}),
    "an attribute of an attribute": (
        "from polyflow.schemas import V1Job\nclass Flows:\n    train = V1Job()",
        ":Flows.train",
        {"kind": "component", "name": "flow", "run": {"kind": "job"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "name", "found"), WHOLE.values(), ids=WHOLE)
def test_what_is_defined_is_found(written, text, name, found):
    assert load(f"{written(text)}{name}") == found


def test_a_module_is_imported_with_those_beside_it(written, tmp_path, monkeypatch):
    written("from polyflow.schemas import V1Job\njob = V1Job()", "parts_of_a_flow.py")
    written("from parts_of_a_flow import job as main", "flow_of_parts.py")
    monkeypatch.chdir(tmp_path)
    assert load("flow_of_parts:main") == load("flow_of_parts") == load("flow_of_parts.py")
    assert load("flow_of_parts:main")["name"] == "flow_of_parts"


WRONG = {
    "no attribute of that name": (
        "from polyflow.schemas import V1Dag\npipeline = V1Dag()",
        "pipelin",
        "{file} defines no `pipelin`; did you mean `pipeline`?",
    ),
    "no attribute near that name": (
        "from polyflow.schemas import V1Dag\npipeline = V1Dag()",
        "x",
        "{file} defines no `x`; there are `pipeline`",
    ),
    "nothing there at all": ("", "x", "{file} defines no `x`"),
    "something else": (
        "dag = {'kind': 'dag'}",
        "dag",
        "`dag` of {file} is a dict; expected was an operation, a component or a run, such as V1Operation, V1Component, V1Dag or V1Job",
    ),
    "an exception, at the user's line": ("def f():\n    return 1 / 0\n\nf()", "x", "{file}:2: ZeroDivisionError: division by zero"),
    "an exception in a library, at the user's line": ("import json\n\njson.loads('{')", "x", "{file}:3: JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    "text that is not Python": ("a = (1,", "x", "{file}:1: SyntaxError: '(' was never closed"),
    "a module that is not installed": ("\nimport flowz", "x", "{file}:2: ModuleNotFoundError: No module named 'flowz'"),
    "a file that ends Python": ("import sys\nsys.exit(3)", "x", "{file}:2: SystemExit: 3"),
    "a field that does not exist": (
        "from polyflow.schemas import V1Operation\nV1Operation(\n    names='a')",
        "x",
        "{file}:2: ValidationError: V1Operation.names: unknown field (did you mean `name`?)",
    ),
    "values that fields do not take, as for a file": (
        "from polyflow.schemas import V1Operation\nV1Operation(name=3, trigger='all_dne', run={'kind': 'jobb'}, inputs=[{}], cmd=' ')",
        "x",
        "{file}:2: ValidationError: "
        "V1Operation.name: this should be a text, not `3` (write it in quotes); "
        "V1Operation.trigger: this should be `all_succeeded`, `all_failed`, `all_done`, `one_succeeded`, `one_failed` or `one_done`, not `all_dne` (did you mean `all_done`?); "
        "V1Operation.inputs[0].name: field is required; "
        "V1Operation.run: there is no kind `jobb` (did you mean `job`?); "
        "V1Operation.cmd: `cmd` must not be empty, and no line of it blank",
    ),
    "a field of an object of Kubernetes": (
        "from polyflow import k8s\nk8s.V1Container(\n    imag='a')",
        "x",
        "{file}:2: TypeError: V1Container has no field `imag`; did you mean `image`?",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "name", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_where_it_is(written, text, name, message):
    path = written(text)
    with pytest.raises(NotLoadedError) as caught:
        load(f"{path}:{name}")
    assert str(caught.value) == message.format(file=path)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("nowhere.py:dag", "nowhere.py: there is no such file"),
        ("nowhere:dag", "nowhere: ModuleNotFoundError: No module named 'nowhere'"),
    ],
)
def test_a_place_that_does_not_exist_is_told(reference, message):
    with pytest.raises(NotLoadedError, match=f"^{message}$"):
        load(reference)
