"""What is read from termination messages."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.cluster.kubernetes.objects import report_of
from polyflow_shared.cluster.kubernetes.termination import LastWord, last_word
from polyflow_topics.status import PodStatus
from tests.unit.cluster_kubernetes.pods import ended, pod

COUNTS = {"outputs": 3, "metrics": 12}
CASES = {
    "nothing": ("", LastWord()),
    "a word for the user": ("no such file", LastWord(text="no such file")),
    "outputs of any program": ('{"accuracy": 0, "note": ""}', LastWord(outputs={"accuracy": 0, "note": ""})),
    "no outputs": ("{}", LastWord()),
    "a list": ("[1]", LastWord(text="[1]")),
    "a number": ("7", LastWord(text="7")),
    "NaN, which JSON does not know": ('{"loss": NaN}', LastWord(text='{"loss": NaN}')),
    "half an object": ('{"loss": 1', LastWord(text='{"loss": 1')),
    "small outputs and counts": (
        json.dumps({"polyflow": 1, "outputs": {"a": 1}, "acknowledged": COUNTS}),
        LastWord(outputs={"a": 1}, metrics=12),
    ),
    "outputs that did not fit": (
        json.dumps({"polyflow": 1, "acknowledged": COUNTS}), LastWord(awaited=3, metrics=12),
    ),
    "counts that are none": (
        json.dumps({"polyflow": 1, "acknowledged": {"outputs": -1, "metrics": True}}), LastWord(),
    ),
    "counts of another form": (json.dumps({"polyflow": 1, "acknowledged": [3]}), LastWord()),
    "an output that is called polyflow": ('{"polyflow": "x"}', LastWord(outputs={"polyflow": "x"})),
    "a later version": (
        '{"polyflow": 2, "acknowledged": {}}', LastWord(text='{"polyflow": 2, "acknowledged": {}}'),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("message", "said"), CASES.values(), ids=CASES)
def test_a_message_says(message, said):
    assert last_word(message) == said


@given(st.text(max_size=200))
def test_whatever_stands_there_is_read(text):
    assert last_word(text).awaited == 0


@pytest.mark.parametrize(
    ("message", "outputs"), [('{"loss": 2}', {}), ('{"polyflow": 1, "outputs": {"loss": 2}}', {"loss": 2})]
)
def test_the_end_of_a_log_is_no_outputs_of_a_container_that_has_failed(message, outputs):
    assert last_word(message, failed=True).outputs == outputs


def test_a_report_says_what_is_still_on_its_way():
    message = json.dumps({"polyflow": 1, "acknowledged": COUNTS})
    there = pod("Succeeded", main=ended(0, message=message))
    labels = {"polyflow.io/run": "r", "polyflow.io/index": "0", "polyflow.io/attempt": "0"}
    there["metadata"]["labels"] = {**there["metadata"].get("labels", {}), **labels}
    report = report_of(there)
    assert (report.status, report.awaited, report.outputs) == (PodStatus.SUCCEEDED, 3, {})
