"""A check says that a file is ready to be run where it knows nothing for which a run of it is refused."""

import pytest

from polyflow_services.spec_validator.checked import check
from polyflow_topics.events import RequestRejected
from tests.contract.errors import EXAMPLES
from tests.unit.spec_validator.requests import JOB, ask, problems

FULL = "run: {kind: job, container: {image: i, command: [a]}}"
LISTS = ", ".join(f"p{number}: {{kind: range, value: [0, 100, 1]}}" for number in range(6))


def dag(*operations):
    return "run:\n  kind: dag\n  operations:\n" + "".join(f"  - {{{one}}}\n" for one in operations)


REFUSED = {
    "a grid of a million million trials": (
        f"matrix: {{kind: grid, params: {{{LISTS}}}}}\n{FULL}", "PF3017", "error", "reject"
    ),
    "a value that a matrix does not have": (
        dag(
            f"name: a, outputs: [{{name: o, type: float}}], matrix: {{kind: mapping, values: [{{x: 1}}]}}, {JOB}",
            f"name: b, params: {{p: {{ref: ops.a, value: outputs.o}}}}, {JOB}",
        ),
        "PF3012", "error", "reject",
    ),
    "artifacts of a DAG": (
        dag(
            f"name: a, run: {{kind: dag, operations: [{{name: c, {JOB}}}]}}",
            f"name: b, params: {{p: {{ref: ops.a, value: artifacts}}}}, {JOB}",
        ),
        "PF3012", "error", "reject",
    ),
    "what this release cannot run": (
        f"schedule: {{kind: interval, frequency: 60}}\n{FULL}", "PF2005", "note", "reject"
    ),
    "a nested DAG that would never end": (
        dag(
            f"name: a, {JOB}",
            "name: b, run: {kind: dag, operations: [{name: s, run: {kind: service, ports: [80], "
            "container: {image: i, command: [a]}}}]}",
        ),
        "PF2005", "note", "reject",
    ),
    "a template for a connection": (
        "run: {kind: job, connections: ['{{ globals.uuid }}'], container: {image: i, command: [a]}}",
        "PF2005", "note", "reject",
    ),
    "a specification to be edited": (f"template: {{enabled: true}}\n{FULL}", "PF3021", "note", "reject"),
    "a cluster that is not here": (f"queue: gpu/fast\n{FULL}", "PF3016", "warning", "n/a"),
    "a preset that is not here": (f"presets: [slow]\n{FULL}", "PF7002", "warning", "n/a"),
    "a component of a hook that is in no hub here": (f"hooks: [{{hubRef: nowhere}}]\n{FULL}", "PF7002", "warning", "n/a"),
    "both of these": (
        f"queue: gpu\nschedule: {{kind: interval, frequency: 60}}\n{FULL}", "PF2005", "note", "reject"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code", "severity", "ready"), REFUSED.values(), ids=REFUSED)
def test_what_a_run_is_refused_for_is_not_ready_to_be_run(text, code, severity, ready):
    checked = check(text, file="a.yaml")
    told = [(one.code, one.severity) for one in (*checked.errors, *checked.warnings)]
    assert (code, severity) in told
    assert (checked.schema, checked.compile, checked.run_ready) == ("accept", "accept", ready)
    assert checked.accepted is (severity != "error")
    assert problems(ask(text))


@pytest.mark.parametrize("text", EXAMPLES.values(), ids=[code.name for code in EXAMPLES])
def test_what_is_ready_to_be_run_is_not_refused(text):
    refused = isinstance(ask(text)[0], RequestRejected)
    assert (check(text, file="a.yaml").run_ready == "accept") is not refused


def test_a_warning_alone_leaves_a_file_ready_to_be_run():
    text = dag(f"name: a, trigger: one_failed, {JOB}")
    checked = check(text, file="a.yaml")
    assert ([one.severity for one in checked.warnings], checked.run_ready) == (["warning"], "accept")
