"""Hooks: what is wrong with them is told with the file that has them."""

import json

import pytest

from polyflow_topics.events import RequestRejected
from tests.unit.spec_validator.requests import record, validate

SAY = """
inputs: [{name: word, type: any, value: hi}]
run: {kind: job, container: {command: [echo, "{{ word }}", "{{ name }}"]}}
"""
MUTE = SAY.replace(', "{{ name }}"', "")
NEEDS = "inputs: [{name: status, type: str}]\nrun: {kind: job, container: {command: [a]}}"
JOB = "run: {kind: job, container: {command: [a]}}"
OFF = "disableDefaults: true"


def told(text):
    """Return code, path and message of each problem; nothing where a plan was made."""
    sent = [
        {"name": f"hubRef {name}:latest", "text": component}
        for name, component in (("say", SAY), ("mute", MUTE), ("needs", NEEDS))
    ]
    messages = validate(record(json.dumps({"specification": text, "references": sent}).encode()))
    if not isinstance(messages[0], RequestRejected):
        return []
    return [(one.code, one.path, one.message) for one in messages[0].problems]


def top(hook):
    return f"hooks: [{{{hook}}}]\n{JOB}"


NAMES = "`name` is not a name that a template knows here"
WITHOUT = {
    "a component that names one": ("hubRef: say", [("PF5002", "`say` needs: " + NAMES)]),
    "an input that would get one": (
        "hubRef: needs",
        [("PF3009", "`needs` needs: input `status` needs a value")],
    ),
    "none is needed": ("hubRef: mute", []),
}


@pytest.mark.parametrize(("hook", "wrong"), WITHOUT.values(), ids=WITHOUT)
def test_what_goes_without_the_defaults_is_checked_without_them(hook, wrong):
    assert told(top(hook)) == []
    assert told(top(f"{hook}, {OFF}")) == [
        (code, "hooks[0].disableDefaults", f"`disableDefaults` leaves out what {message}")
        for code, message in wrong
    ]


def reads(value):
    return f"hooks: [{{hubRef: say, params: {{word: {{ref: dag, value: {value}}}}}}}]"


INPUTS = "inputs: [{name: lr, type: float, value: 1}]\n"
INNER = (
    "component: {inputs: [{name: k, type: int, value: 1}], "
    "run: {kind: dag, operations: [{name: b, %s, " + JOB + "}]}}"
)
REF = "params.word"
DAGS = {
    "an input of the run": (
        f"{INPUTS}{reads('inputs.lr')}\nrun: {{kind: dag, operations: [{{name: a, {JOB}}}]}}",
        [],
    ),
    "a global": (f"run: {{kind: dag, operations: [{{name: a, {reads('globals.name')}, {JOB}}}]}}", []),
    "an input of the DAG around": (
        f"{INPUTS}run: {{kind: dag, operations: [{{name: a, {reads('inputs.lr')}, {JOB}}}]}}",
        [],
    ),
    "an input of a nested DAG": (
        f"run: {{kind: dag, operations: [{{name: d, {INNER % reads('inputs.k')}}}]}}",
        [],
    ),
    "an input that a nested DAG does not have": (
        f"run: {{kind: dag, operations: [{{name: d, {INNER % reads('inputs.l')}}}]}}",
        [("PF3013", "value", "the DAG has no input `l`")],
    ),
    "a global of a nested DAG": (
        f"run: {{kind: dag, operations: [{{name: d, {INNER % reads('globals.status')}}}]}}",
        [],
    ),
    "an input that the DAG does not have": (
        f"{INPUTS}run: {{kind: dag, operations: [{{name: a, {reads('inputs.l')}, {JOB}}}]}}",
        [("PF3013", "value", "the DAG has no input `l`")],
    ),
    "outputs": (
        f"run: {{kind: dag, operations: [{{name: a, {reads('outputs.x')}, {JOB}}}]}}",
        [("PF3012", "value", "a DAG has no `outputs`")],
    ),
    "no DAG": (
        f"{INPUTS}{reads('inputs.lr')}\n{JOB}",
        [("PF3012", "ref", "there is no DAG that this hook can read from")],
    ),
    "a matrix of DAGs": (
        f"{INPUTS}matrix: {{kind: mapping, values: [{{lr: 1}}]}}\n{reads('inputs.lr')}\n"
        f"run: {{kind: dag, operations: [{{name: a, {JOB}}}]}}",
        [("PF3012", "ref", "there is no DAG that this hook can read from")],
    ),
}


@pytest.mark.parametrize(("text", "wrong"), DAGS.values(), ids=DAGS)
def test_what_a_hook_reads_of_the_dag_is_checked(text, wrong):
    found = [(code, path.rpartition(".")[2], message) for code, path, message in told(text)]
    assert found == wrong
