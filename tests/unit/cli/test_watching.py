"""The lines that are printed while a run goes on, where the output is no terminal."""

import re
from datetime import UTC, datetime

import pytest

from polyflow.cli.starting.watching import Lines
from polyflow.events.progress import Progress
from polyflow_topics.events import OperationChanged, OperationInGraph, RunChanged, RunPlanned
from polyflow_topics.names import RunId
from polyflow_topics.status import Status

RUN = RunId("run-1")
AT = datetime(2026, 1, 1, tzinfo=UTC)


def operation_is(status: Status, **more: object) -> OperationChanged:
    return OperationChanged(run=RUN, sequence=1, at=AT, operation="d.a", index=0, status=status, **more)


CASES = {
    "a start": (operation_is(Status.RUNNING), "d.a running"),
    "an attempt after the first": (operation_is(Status.RUNNING, attempt=2), "d.a running (attempt 2)"),
    "a failure, with the first line of its message": (
        operation_is(Status.FAILED, reason="Error", message="exit code 1\nits log ends:\nboom"),
        "d.a failed  Error: exit code 1",
    ),
    "the run": (RunChanged(run=RUN, sequence=1, at=AT, status=Status.SUCCEEDED), "run run-1 succeeded"),
}


@pytest.mark.parametrize(("event", "text"), CASES.values(), ids=CASES)
def test_a_change_is_a_line(event, text, capsys):
    Lines().show(Progress(RUN), [event])
    time, _, rest = capsys.readouterr().out.partition(" ")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", time)
    assert rest == f"{text}\n"


def test_what_passes_at_once_has_no_line(capsys):
    graph = RunPlanned(run=RUN, sequence=1, at=AT, operations=(OperationInGraph(index=0, name="a"),))
    Lines().show(Progress(RUN), [graph, operation_is(Status.SCHEDULED)])
    assert capsys.readouterr().out == ""


def test_what_is_told_goes_to_standard_error(capsys):
    Lines().tell("stopping")
    assert capsys.readouterr() == ("", "stopping\n")
