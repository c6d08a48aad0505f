"""What the live table has room for, and what it says."""

import time
from datetime import UTC, datetime

import pytest

from polyflow.cli.starting.live import ALL_LINES, shown_lines
from polyflow.events.progress import Line, Progress, counts_text
from polyflow_topics.events import OperationChanged, OperationInGraph, RunChanged, RunPlanned
from polyflow_topics.names import RunId
from polyflow_topics.status import Status

RUN = RunId("run")
AT = datetime(2026, 1, 1, tzinfo=UTC)


def many(*statuses: str) -> Progress:
    return Progress(
        RUN, lines={index: Line(f"op-{index}", status=status) for index, status in enumerate(statuses)}
    )


def names(lines: list[Line]) -> list[str]:
    return [line.name for line in lines]


def test_few_operations_are_all_shown_in_the_order_of_the_plan():
    told = Progress(RUN, lines={1: Line("b", status="running"), 0: Line("a", status="created")})
    assert names(shown_lines(told)) == ["a", "b"]


def test_of_many_the_failed_come_first_and_then_the_active():
    told = many(*["succeeded"] * 40, "running", "failed", "retrying", "queued", "scheduled", "stopping")
    assert names(shown_lines(told)) == ["op-41", "op-40", "op-42", "op-44", "op-45"]


def test_failures_leave_room_for_what_is_active():
    told = many(*["failed"] * 40, *["running"] * 40)
    shown = [line.status for line in shown_lines(told)]
    assert (len(shown), shown.count("running")) == (ALL_LINES, ALL_LINES // 2)


@pytest.mark.parametrize("room", [1, 2, 5])
def test_no_more_lines_than_there_is_room_for(room):
    assert len(shown_lines(many(*["failed"] * 3, *["running"] * 7), room=room)) == room


def test_a_nested_dag_takes_no_room_where_there_is_little():
    told = many(*["created"] * 40)
    told.lines[40] = Line("outer", dag=True, status="running")
    assert shown_lines(told) == []


def test_lines_of_ten_thousand_operations_are_chosen_in_a_frame():
    told = many(*["succeeded"] * 9_000, *["running"] * 1_000)
    began = time.perf_counter()
    assert len(shown_lines(told)) == ALL_LINES
    assert time.perf_counter() - began < 0.125, "a frame"


def test_progress_counts_operations_and_not_dags():
    told = Progress(RUN)
    graph = (OperationInGraph(index=0, name="d", dag=True), OperationInGraph(index=1, name="d.a"))
    told.take(
        [
            RunPlanned(run=RUN, sequence=1, at=AT, operations=graph),
            OperationChanged(run=RUN, sequence=2, at=AT, operation="d", index=0, status=Status.RUNNING),
            OperationChanged(run=RUN, sequence=3, at=AT, operation="d.a", index=1, status=Status.RUNNING),
        ]
    )
    assert counts_text(told.counts) == "1 running"


def test_an_event_that_comes_twice_counts_once():
    told = Progress(RUN)
    graph = (OperationInGraph(index=0, name="a"),)
    planned = RunPlanned(run=RUN, sequence=1, at=AT, operations=graph)
    moved = OperationChanged(
        run=RUN, sequence=2, at=AT, operation="a", index=0, attempt=1, status=Status.SCHEDULED
    )
    assert told.take([planned, moved, moved, planned]) == [planned, moved]
    assert told.counts == {"created": 0, "scheduled": 1}
    assert (told.lines[0].attempts, told.lines[0].started_at) == (2, AT)


def test_a_run_of_another_body_is_not_the_one_that_is_followed():
    told = Progress(RUN, wanted="mine")
    told.take([RunChanged(run=RUN, sequence=1, at=AT, status=Status.SUCCEEDED, specification="theirs")])
    assert not told.over
    mine = Progress(RUN, wanted="mine")
    mine.take([RunChanged(run=RUN, sequence=1, at=AT, status=Status.SUCCEEDED, specification="mine")])
    assert mine.over


def test_counts_are_told_in_the_same_order_whatever_came_first():
    assert counts_text({"failed": 1, "running": 0, "succeeded": 2}) == "2 succeeded, 1 failed"
    assert counts_text({}) == ""
