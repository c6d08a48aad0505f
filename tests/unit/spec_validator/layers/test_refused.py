"""What layers cannot make a run of, as the one who wrote them is told."""

import json

import pytest

from polyflow_services.spec_validator.checked import check

JOB = {"kind": "job", "container": {"image": "i", "command": ["a"]}}
DAG = {"kind": "dag", "operations": [{"name": "a", "run": JOB}]}

CASES = {
    "nothing to run": ({"inputs": []}, "reject", ("PF3004", "")),
    "a run without a kind": ({"run": {"container": {}}}, "reject", ("PF2006", "run")),
    "a reference that was not collected, though there is a run": (
        {"run": JOB, "hubRef": "x"},
        "reject",
        ("PF7002", "hubRef"),
    ),
    "a component of no DAG": ({"dagRef": "x"}, "reject", ("PF3005", "dagRef")),
    "a sandbox in a job": (
        {"component": {"run": JOB, "plugins": {"sandbox": True}}},
        "reject",
        ("PF3018", "component.plugins.sandbox"),
    ),
    "a way in to a job": ({"run": JOB, "plugins": {"ssh": True}}, "reject", ("PF3018", "plugins.ssh")),
    "an image for a DAG, which only a run refuses": (
        {"component": {"run": DAG, "build": {"hubRef": "x"}}},
        "accept",
        ("PF3019", "component.build"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_refused(case):
    given, compiled, expected = CASES[case]
    checked = check(json.dumps(given), file="a.yaml")
    assert [(error.code, error.path) for error in checked.errors] == [expected]
    assert (checked.schema, checked.compile, checked.run_ready) == ("accept", compiled, "reject")


def test_a_component_beside_a_reference_is_what_it_led_to():
    assert check(json.dumps({"hubRef": "x", "component": {"run": JOB}}), file="a.yaml").accepted


def test_a_dag_over_a_dag_has_the_operations_of_both():
    given = {
        "component": {"run": DAG},
        "run": {"operations": [{"name": "b", "cmd": "b", "dependencies": ["a"]}]},
    }
    assert check(json.dumps(given), file="a.yaml").upstream == {"a": [], "b": ["a"]}
