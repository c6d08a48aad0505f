"""Services and namespaces, from the text to the plan."""

import pytest

from polyflow_services.spec_validator.checked import check

DAG = """\
kind: component
run:
  kind: dag
  operations:
  - name: server
    component: {run: {kind: service, ports: [80], container: {command: [serve]}}}
  - name: ask
    params: {a: {ref: ops.server, value: outputs.PLACE}}
    component: {inputs: [{name: a, type: KIND}], run: {kind: job, container: {command: [ask]}}}
"""
JOB = "kind: component\nnamespace: PLACE\nrun: {kind: RUN}\n"
SERVICE = "run: {kind: service, ports: PORTS, container: {command: [serve]}}\n"


def codes(text):
    checked = check(text, file="a.yaml")
    return [(one.code, one.path) for one in (*checked.errors, *checked.warnings)]


@pytest.mark.parametrize(("place", "kind"), [("host", "str"), ("port", "int"), ("url", "str")])
def test_where_a_service_is_can_be_read_from_it(place, kind):
    assert codes(DAG.replace("PLACE", place).replace("KIND", kind)) == []


@pytest.mark.parametrize("ports", ["[80]", "[80, 65535]"])
def test_ports_that_there_are(ports):
    assert codes(SERVICE.replace("PORTS", ports)) == []


@pytest.mark.parametrize(
    ("ports", "code"), [("[]", "PF2005"), ("[65536]", "PF6003"), ("[0]", "PF6003"), ('"{{ a }}"', "PF2005")]
)
def test_ports_that_there_are_not(ports, code):
    assert code in [found for found, _ in codes(SERVICE.replace("PORTS", ports))]


RUNS = {
    "of a job": ("blue", "job, container: {command: [a]}", None),
    "that is none": ("Blue_1", "job, container: {command: [a]}", "PF2004"),
    "of a DAG": ("blue", "dag, operations: [{name: a, component: {run: {kind: job, container: {command: [a]}}}}]", "PF2005"),
}  # fmt: skip


@pytest.mark.parametrize(("place", "run", "code"), RUNS.values(), ids=RUNS)
def test_a_namespace(place, run, code):
    found = codes(JOB.replace("PLACE", place).replace("RUN", run))
    assert [each for each, _ in found] == ([code] if code else [])
