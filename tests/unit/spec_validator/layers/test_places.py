"""Where the parts of an operation stand: in the layer that had the last word on them."""

import pytest

from tests.unit.spec_validator.layers.layered import layered

OPERATION = {
    "queue": "own",
    "tags": ["own"],
    "params": {"a": 1},
    "outputs": [{"name": "o"}],
    "cmd": ["own"],
    "env": {"OWN": "1"},
    "run": {"connections": ["own"]},
    "runPatch": {"container": {"workingDir": "/own"}},
    "component": {
        "namespace": "base",
        "tags": ["base"],
        "params": {"b": {"value": 1}},
        "inputs": [{"name": "a"}, {"name": "b", "isOptional": True}],
        "run": {
            "kind": "service",
            "ports": [80],
            "rewritePath": True,
            "container": {
                "image": "base",
                "command": ["base"],
                "env": [{"name": "BASE", "value": "1"}],
                "resources": {"limits": {"cpu": "1"}},
            },
        },
    },
}
RUN = ("component", "run")

FIELDS = {
    "queue": ("queue",),
    "namespace": ("component", "namespace"),
    "tags": ("tags",),
    "connections": ("run", "connections"),
    "ports": (*RUN, "ports"),
    "rewritePath": (*RUN, "rewritePath"),
    "replicas": (*RUN, "replicas"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields(name):
    assert layered(OPERATION).place(name) == FIELDS[name]


PARTS = {
    "of a base": (("container", "image"), (*RUN, "container", "image")),
    "of a patch": (("container", "workingDir"), ("runPatch", "container", "workingDir")),
    "of a script": (("container", "command", 0), ("cmd",)),
    "within a script": (("container", "args", 0), ("cmd",)),
    "a variable of a base": (
        ("container", "env", 0, "value"),
        (*RUN, "container", "env", 0, "value"),
    ),
    "a variable of a layer": (("container", "env", 1, "value"), ("env", "OWN")),
    "far below": (
        ("container", "resources", "limits", "cpu"),
        (*RUN, "container", "resources", "limits", "cpu"),
    ),
    "of no container": (("connections", 0), ("run", "connections", 0)),
}


@pytest.mark.parametrize("case", PARTS)
def test_parts_of_a_run(case):
    path, expected = PARTS[case]
    assert layered(OPERATION).place_in_run(path) == expected


def test_inputs_outputs_and_params():
    made = layered(OPERATION)
    assert {name: path for name, (_, path) in made.inputs.items()} == {
        "a": ("component", "inputs", 0),
        "b": ("component", "inputs", 1),
    }
    assert {name: path for name, (_, path) in made.outputs.items()} == {"o": ("outputs", 0)}
    assert {name: path for name, (_, path) in made.params.items()} == {
        "a": ("params", "a"),
        "b": ("component", "params", "b"),
    }


def test_a_layer_that_only_fills_in_does_not_have_the_last_word():
    component = {"queue": "base", "run": {"kind": "job", "container": {"image": "base"}}}
    made = layered(
        {
            "queue": "own",
            "container": {"image": "own", "command": ["own"]},
            "patchStrategy": "pre_merge",
            "component": component,
        }
    )
    assert made.place("queue") == ("component", "queue")
    assert made.place_in_run(("container", "image")) == ("component", "run", "container", "image")
    assert made.place_in_run(("container", "command", 0)) == ("container", "command", 0)


def test_the_same_input_twice_is_the_later_one():
    inputs = [{"name": "a", "type": "int"}, {"name": "a", "type": "str"}]
    made = layered({"run": {"kind": "job"}, "inputs": inputs})
    value, path = made.inputs["a"]
    assert (value.type, path) == ("str", ("inputs", 1))


def test_the_operations_of_a_dag_stand_where_they_were_written():
    base = {"run": {"kind": "dag", "operations": [{"name": "a", "cmd": "a"}]}}
    made = layered(
        {
            "component": base,
            "run": {"operations": [{"name": "b", "cmd": "b"}]},
            "runPatch": {"operations": [{"name": "c", "cmd": "c"}]},
        }
    )
    assert {layer.operation.name: layer.path for layer in made.listed("operations")} == {
        "a": ("component", "run", "operations", 0),
        "b": ("run", "operations", 0),
        "c": ("runPatch", "operations", 0),
    }
