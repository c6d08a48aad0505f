"""Presets of queues: what they say for operations that do not say it themselves."""

import json

import pytest

from polyflow_services.spec_validator.core import Installation
from polyflow_shared.declared.queues import read
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding
from tests.unit.spec_validator.requests import plan, problems, record, validate

QUEUES = """
queues:
- {name: gpu, cluster: far, presets: [gpu-nodes, patient]}
- {name: broken, presets: wrong}
- {name: lacking, presets: gone}
- {name: plain}
"""
PRESETS = {
    "gpu-nodes": "isPreset: true\nenvironment: {nodeSelector: {gpu: a100}, labels: {team: vision}}",
    "patient": "isPreset: true\ntermination: {maxRetries: 3}\nenvironment: {nodeSelector: {gpu: none, b: c}}",
    "wrong": "isPreset: true\ntermination: {maxRetries: many}",
}
JOB = "run: {kind: job, container: {image: a, command: [a]}}"
DAG = "run:\n  kind: dag\n  operations:\n  - {name: a, "


def fetch(reference):
    text = PRESETS.get(reference.name)
    return Finding(Code.REFERENCE_MISSING, f"there is no preset `{reference.name}`") if text is None else text


def ask(specification):
    installation = Installation(frozenset({"local", "far"}), queues=read(QUEUES, "queues.yaml"))
    body = json.dumps({"specification": specification}).encode()
    return validate(record(body), installation=installation, fetch=fetch)


def only(specification):
    _, operations, *_ = plan(ask(specification))
    return operations


def test_what_an_operation_does_not_say_its_queue_says():
    main = only(f"queue: gpu\n{JOB}")["main"]
    assert main.parts.spec["nodeSelector"] == {"gpu": "a100", "b": "c"}
    assert (main.parts.labels, main.max_retries, main.cluster) == ({"team": "vision"}, 3, "far")


def test_without_a_catalogue_an_unknown_queue_says_where_queues_are_declared():
    body = json.dumps({"specification": f"queue: gpu\n{JOB}"}).encode()
    (problem,) = problems(validate(record(body), fetch=fetch))
    assert problem.message == "there is no queue or cluster `gpu`"
    assert "`$POLYFLOW_HOME/queues.yaml`" in problem.hint


def test_what_an_operation_says_holds():
    own = "termination: {maxRetries: 0}\nenvironment: {nodeSelector: {gpu: h100}}"
    main = only(f"queue: gpu\n{own}\n{JOB}")["main"]
    assert (main.parts.spec["nodeSelector"], main.max_retries) == ({"gpu": "h100", "b": "c"}, 0)


def test_the_queue_of_a_dag_says_it_for_what_is_in_it():
    main = only(f"queue: gpu\n{DAG}{JOB}}}\n  - {{name: b, queue: plain, {JOB}}}")
    assert (main["a"].parts.labels, main["a"].max_retries) == ({"team": "vision"}, 3)
    assert (main["b"].parts, main["b"].max_retries) == (None, 0)


SAID = {
    "broken": "the preset `wrong` of the queue cannot be used: `maxRetries`: ",
    "lacking": "there is no preset `gone`",
}


@pytest.mark.parametrize("queue", SAID)
def test_a_preset_that_cannot_be_used_refuses_who_needs_it_and_nobody_else(queue):
    found = problems(ask(f"queue: {queue}\n{JOB}"))
    assert [one.path for one in found] == ["queue"]
    assert SAID[queue] in found[0].message
