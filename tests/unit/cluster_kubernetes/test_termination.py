"""What is read from termination messages."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.cluster.kubernetes.pods.objects import report_of
from polyflow_shared.cluster.kubernetes.pods.termination import LastWord, last_word
from polyflow_topics.status import PodStatus
from tests.unit.cluster_kubernetes.pods import ended, pod

COUNTS = {"outputs": 3, "metrics": 12}
CASES = {
    "nothing": ("", LastWord()),
    "outputs of any program": ('{"accuracy": 0, "note": ""}', LastWord(outputs={"accuracy": 0, "note": ""})),
    "no outputs": ("{}", LastWord()),
    "small outputs and counts": (
        json.dumps({"polyflow": 1, "outputs": {"a": 1}, "acknowledged": COUNTS}),
        LastWord(outputs={"a": 1}),
    ),
    "outputs that did not fit": (
        json.dumps({"polyflow": 1, "acknowledged": COUNTS}), LastWord(awaited=3),
    ),
    "counts that are none": (
        json.dumps({"polyflow": 1, "acknowledged": {"outputs": -1, "metrics": True}}), LastWord(),
    ),
    "counts of another form": (json.dumps({"polyflow": 1, "acknowledged": [3]}), LastWord()),
    "an output that is called polyflow": ('{"polyflow": "x"}', LastWord(outputs={"polyflow": "x"})),
    "one that is as our version": (
        '{"polyflow": 1, "loss": 0.5}', LastWord(outputs={"polyflow": 1, "loss": 0.5}),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("message", "said"), CASES.values(), ids=CASES)
def test_a_message_says(message, said):
    assert last_word(message) == said


NO_OUTPUTS = {
    "a word": ("done", "not JSON"),
    "a line's end": ("\n", "not JSON"),
    "a list": ("[1]", "not a JSON object but a list"),
    "a number": ("7", "not a JSON object but a number"),
    "NaN, which JSON does not know": ('{"loss": NaN}', "not JSON"),
    "the end of what was longer": (json.dumps({"a": "x" * 5000})[-4096:], "larger than 4 KiB"),
    "the beginning of it, in a pod of many containers": (
        json.dumps({"a": "x" * 5000})[:3072],
        "more than 4 KiB",
    ),
    "a later version": ('{"polyflow": 2, "acknowledged": {}}', "upgrade"),
}


@pytest.mark.parametrize("name", NO_OUTPUTS)
def test_what_is_no_outputs_says_why_and_what_to_write(name):
    message, why = NO_OUTPUTS[name]
    said = last_word(message)
    assert (said.outputs, said.awaited) == ({}, 0)
    assert why in said.invalid
    assert "$POLYFLOW_OUTPUTS" in said.invalid or "upgrade" in said.invalid


@pytest.mark.parametrize("message", ["a traceback", "[1]", '{"loss": 1'])
def test_a_container_that_has_failed_may_say_anything(message):
    assert last_word(message, failed=True) == LastWord(text=message)


@given(st.text(max_size=200))
def test_whatever_stands_there_is_read(text):
    assert last_word(text).awaited == 0


@pytest.mark.parametrize(
    ("message", "outputs"), [('{"loss": 2}', {}), ('{"polyflow": 1, "outputs": {"loss": 2}}', {"loss": 2})]
)
def test_the_end_of_a_log_is_no_outputs_of_a_container_that_has_failed(message, outputs):
    assert last_word(message, failed=True).outputs == outputs


def reported(code, message):
    there = pod("Failed" if code else "Succeeded", main=ended(code, message=message))
    labels = {"polyflow.io/run": "r1", "polyflow.io/index": "0", "polyflow.io/attempt": "0"}
    there["metadata"].update(labels=labels, annotations={"polyflow.io/operation": "train"})
    return report_of(there)


def test_a_report_says_what_is_still_on_its_way():
    report = reported(0, json.dumps({"polyflow": 1, "acknowledged": COUNTS}))
    assert (report.status, report.awaited, report.outputs) == (PodStatus.SUCCEEDED, 3, {})


@pytest.mark.parametrize("message", ["done", json.dumps({"a": "x" * 5000})[-4096:]])
def test_a_success_whose_outputs_cannot_be_read_is_a_failure_as_on_this_machine(message):
    report = reported(0, message)
    assert (report.status, report.reason, report.exit_code) == (PodStatus.FAILED, "OutputsInvalid", 0)
    assert "write one JSON object" in report.message


def test_a_failure_keeps_its_own_reason_whatever_it_wrote():
    assert (reported(3, "no such column").reason, reported(0, "").status) == ("Error", PodStatus.SUCCEEDED)
