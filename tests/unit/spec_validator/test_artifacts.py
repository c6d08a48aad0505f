"""Artifacts that operations read: what is planned for them, and where that is refused."""

import json

import pytest

from polyflow_services.spec_validator.core import Installation
from polyflow_shared.declared.connections.catalogue import read
from tests.unit.spec_validator.requests import plan, problems, record, validate

CATALOGUE = read(
    """
connections:
- {name: shared, kind: volume_claim, schema: {volumeClaim: runs, mountPath: /polyflow/artifacts/}}
- {name: data, kind: volume_claim, schema: {volumeClaim: data, mountPath: /data}}
""",
    "connections.yaml",
)
THERE = Installation(frozenset({"local", "gpu", "cpu"}), CATALOGUE)
TEXT = """
run:
  kind: dag
  operations:
  - {{name: a, queue: {0}, run: {{kind: job, connections: [{1}], container: {{image: a, command: [a]}}}}}}
  - name: b
    queue: {2}
    params: {{x: {{ref: ops.a, value: {4}}}}}
    run: {{kind: job, connections: [{3}], container: {{image: b, command: [b]}}}}
"""


def ask(*fields):
    return validate(record(json.dumps({"specification": TEXT.format(*fields)}).encode()), installation=THERE)


READABLE = {
    "on this machine": ("local", "", "local", ""),
    "by a connection of both": ("gpu", "data, shared", "gpu", "shared"),
}
UNREADABLE = {
    "one on this machine": ("local", "", "gpu", "shared"),
    "in two clusters": ("gpu", "shared", "cpu", "shared"),
    "without a connection": ("gpu", "", "gpu", ""),
    "with another connection": ("gpu", "shared", "gpu", "data"),
}


@pytest.mark.parametrize("name", READABLE)
def test_artifacts_are_read_where_there_is_a_common_folder(name):
    _, operations, *_ = plan(ask(*READABLE[name], "artifacts.model"))
    (param,) = operations["b"].params
    assert (param.source.of, param.source.output) == ("artifacts", "model")
    assert operations["b"].upstreams == 1


@pytest.mark.parametrize("name", UNREADABLE)
def test_they_are_refused_by_name_where_there_is_none(name):
    (problem,) = problems(ask(*UNREADABLE[name], "artifacts.model"))
    assert (problem.code, problem.path) == ("PF2005", "run.operations[1].params.x")
    assert problem.message == "`b` cannot see the artifacts of `a`: they share no folder"
    assert "a connection that is mounted at `/polyflow/artifacts`" in problem.hint


def test_what_joins_find_lies_on_this_machine():
    text = TEXT.format("local", "", "gpu", "", "outputs").replace(
        "params: {x: {ref: ops.a, value: outputs}}",
        "joins: [{query: 'name: a', params: {x: {value: artifacts}}}]",
    )
    body = json.dumps({"specification": text}).encode()
    (problem,) = problems(validate(record(body), installation=THERE))
    assert problem.message == "artifacts of other runs cannot be read in the cluster `gpu` yet"


def test_copies_are_made_before_all_other_steps_with_the_image_of_the_operation():
    text = """
run:
  kind: dag
  operations:
  - {name: a, run: {kind: job, container: {command: [a]}}}
  - name: b
    params: {my_data: {ref: ops.a, value: {files: [x, [y, z$]]}, toInit: true}}
    run:
      kind: job
      init: [{artifacts: {files: [u]}, path: here}, {container: {command: [own]}}]
      container: {image: torch, command: [b]}
"""
    _, operations, *_ = plan(validate(record(json.dumps({"specification": text}).encode())))
    steps = operations["b"].parts.init
    assert [step["name"] for step in steps] == ["to-init-my-data", "init-0", "init-1"]
    assert [step.get("image") for step in steps] == ["torch", "torch", None]
    assert steps[0]["command"][4:] == [
        "$(POLYFLOW_ARTIFACTS_PATH)",
        "$(POLYFLOW_ARTIFACTS_PATH)",
        "{{ my_data.files[0] }}",
        "",
        "{{ my_data.files[1][0] }}",
        "z$$",
    ]
    assert steps[1]["command"][5:] == ["$(POLYFLOW_ARTIFACTS_PATH)/here", "u", ""]
    assert operations["b"].templated
