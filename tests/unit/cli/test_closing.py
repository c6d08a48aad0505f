"""What is said when a run has ended."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from polyflow.cli.starting.closing import FAILURES, TAIL_BYTES, closing_lines
from polyflow.cli.starting.ending import exit_status
from polyflow.events.hooks import HookView
from polyflow.events.progress import Progress
from polyflow_shared.machine.home import RunFolder
from polyflow_shared.read_model.views import OperationView, RunView
from polyflow_topics.events import IN_REQUEST, Problem, RequestRejected
from polyflow_topics.names import RunId

RUN = RunId("run-1")
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


def ended(*operations: OperationView, status: str = "succeeded", **more: Any) -> RunView:
    return RunView(
        id=RUN,
        status=status,
        created_at=START,
        finished_at=START + timedelta(seconds=2),
        operations={one.name: one for one in operations},
        **more,
    )


def failed(index: int, **more: object) -> OperationView:
    why = {"reason": "Error", "message": "exit code 3\nx"} | more
    return OperationView(index=index, name=f"op-{index}", status="failed", **why)


def log(folder: RunFolder, name: str, attempt: int, text: bytes) -> None:
    path = folder.attempt(name, attempt) / "log.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(text)


def test_a_run_without_outputs_says_how_it_ended_and_where_things_are(folder):
    assert list(closing_lines(ended(), folder)) == [
        "",
        "run run-1 succeeded in 2.00s",
        f"  logs and artifacts  {folder.path / 'operations'}",
        "  details             polyflow show run-1",
    ]


def test_a_run_that_left_nothing_on_this_machine_names_the_commands_that_show_it():
    assert list(closing_lines(ended(failed(0, attempts=1), status="failed"), None, kafka="k:9092")) == [
        "",
        "op-0 failed: Error: exit code 3",
        "run run-1 failed in 2.00s",
        "  logs                polyflow logs run-1 OPERATION, where the projector runs",
        "  details             polyflow show run-1, there as well; here polyflow explain run-1 --kafka k:9092",
    ]


def test_the_runs_reason_is_told(folder):
    text = list(closing_lines(ended(status="stopped", reason="Stopped", message="Ctrl-C"), folder))
    assert "run run-1 stopped in 2.00s (Stopped: Ctrl-C)" in text


def test_outputs_are_one_line_each_and_falsy_ones_are_outputs(folder):
    operation = OperationView(
        index=0, name="a", outputs={"n": 0, "no": False, "empty": "", "long": "x\n" * 500}
    )
    text = list(closing_lines(ended(operation), folder))
    assert text[1:5] == ["outputs", "  a.n = 0", "  a.no = false", '  a.empty = ""']
    assert (len(text[5]), text[5][-1], "\n" in text[5]) == (120, "…", False)


def test_a_failure_is_told_with_the_end_of_its_last_attempts_log(folder):
    log(folder, "op-0", 0, b"first attempt\n")
    log(folder, "op-0", 1, b"\n".join(b"line %d" % n for n in range(5000)) + b"\nnot utf-8: \xff\n")
    text = list(closing_lines(ended(failed(0, attempts=2), status="failed"), folder))
    assert text[1] == "op-0 failed: Error: exit code 3"
    assert text[2:12] == [*(f"  | line {n}" for n in range(4991, 5000)), "  | not utf-8: \ufffd"]


def test_a_failure_without_a_log_is_told_all_the_same(folder):
    text = list(closing_lines(ended(failed(0, attempts=1), failed(1), status="failed"), folder))
    assert text[1:3] == ["op-0 failed: Error: exit code 3", "op-1 failed: Error: exit code 3"]


def test_of_many_failures_the_first_are_told(folder):
    many = [failed(n) for n in range(FAILURES + 3)]
    text = list(closing_lines(ended(*many, status="failed"), folder))
    assert text[1 + FAILURES] == "… and 3 more; see: polyflow show run-1"


def test_a_dag_that_failed_is_not_told_beside_its_operations(folder):
    dag = failed(0, dag=True, reason="OperationsFailed")
    text = list(closing_lines(ended(dag, failed(1), status="failed"), folder))
    assert [line for line in text if "failed:" in line] == ["op-1 failed: Error: exit code 3"]


STATUSES = {("succeeded", False): 0, ("failed", False): 1, ("stopped", False): 1, ("stopped", True): 130}


@pytest.mark.parametrize(("case", "status"), STATUSES.items())
def test_the_exit_status(case, status):
    ended_as, interrupted = case
    assert exit_status(Progress(RUN, status=ended_as), file=None, interrupted=interrupted) == status


def test_a_rejection_is_status_2_with_its_problems_on_standard_error(tmp_path, capsys):
    file = tmp_path / "p.yaml"
    file.write_bytes(b"name: \xff")
    problems = (Problem(code="PF1", message="bad", line=1, column=7),)
    progress = Progress(RUN, rejected=RequestRejected(run=RUN, problems=problems, at=START))
    assert exit_status(progress, file=file, interrupted=False) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"{file}:1:7: bad [PF1]"


def test_what_is_wrong_with_a_python_specification_has_no_place_in_a_text(tmp_path, capsys):
    file = tmp_path / "flow.py"
    file.write_text("dag = 1\n")
    found = Problem(
        code="PF1", message="bad", path="specification.run.x", file=IN_REQUEST, line=1, column=291
    )
    progress = Progress(RUN, rejected=RequestRejected(run=RUN, problems=(found,), at=START))
    for shown in (file, tmp_path / "module"):
        exit_status(progress, file=shown, interrupted=False)
        assert capsys.readouterr().err.splitlines()[:-1] == [f"{shown}: bad (at run.x) [PF1]"]


def hook(name: str, status: str, operation: str = "", run: str | None = "run-2", **more: Any) -> HookView:
    return HookView(name, operation, run and RunId(run), status, **{"ended": True, **more})


def test_hooks_that_failed_or_were_refused_are_told_in_a_line_each(folder):
    hooks = [
        hook("fine", "succeeded"),
        hook("bad", "failed", "a", reason="Error", message="exit code 3\nx"),
        hook("gone", "rejected", run="run-3", reason="RequestRejected", message="no such field"),
        hook("odd", "rejected", run="run-4", reason="ConditionInvalid", message="no `x`"),
        hook("other", "skipped", run=None, reason="ConditionFalse", message="`x` is false"),
    ]
    text = list(closing_lines(ended(), folder, hooks))
    assert text[2:-2] == [
        "  hook bad of a failed: Error: exit code 3; see: polyflow show run-2",
        "  hook gone was refused: RequestRejected: no such field; see: polyflow show run-3",
        "  hook odd was refused: ConditionInvalid: no `x`; see: polyflow show run-4",
    ]


def test_hooks_that_failed_before_the_run_was_resumed_are_not_told_again(folder):
    hooks = [hook("old", "failed", reason="Error"), hook("new", "failed", reason="Error", generation=1)]
    text = list(closing_lines(ended(generation=1), folder, hooks))
    assert text[2:-2] == ["  hook new failed: Error; see: polyflow show run-2"]


def test_of_many_hooks_that_failed_the_first_are_told(folder):
    text = list(closing_lines(ended(), folder, [hook("bad", "failed")] * (FAILURES + 2)))
    assert text[2 + FAILURES] == "  … and 2 more hooks; see: polyflow explain run-1"


def test_hooks_that_go_on_are_told_with_the_command_that_tells_more_of_them():
    hooks = [
        hook("late", "requested", ended=False),
        hook("slow", "running", "a", ended=False),
        hook("held", "created", ended=False, reason="ApprovalAwaited", message="polyflow approve run-2"),
        hook("bad", "failed", reason="Error"),
    ]
    see = "; see: polyflow explain run-2 --kafka k:9092"
    text = list(closing_lines(ended(), None, hooks, kafka="k:9092"))
    assert text[2:-2] == [
        f"  hook bad failed: Error{see}",
        f"  hook late has not begun{see}",
        f"  hook slow of a is still running{see}",
        f"  hook held is still created: ApprovalAwaited: polyflow approve run-2{see}",
    ]
    many = list(closing_lines(ended(), None, hooks * 2, kafka="k:9092"))
    assert many[2 + FAILURES] == "  … and 3 more hooks; see: polyflow explain run-1 --kafka k:9092"


def test_what_a_run_on_kafka_has_left_on_this_machine_is_shown_here(folder):
    text = list(closing_lines(ended(), folder, [hook("bad", "failed")], kafka="k:9092"))
    assert text[2] == "  hook bad failed; see: polyflow show run-2"


def test_a_dag_that_failed_for_a_reason_of_its_own_is_told(folder):
    dag = failed(0, dag=True, reason="ConditionInvalid", message="`x` is not known")
    text = list(closing_lines(ended(dag, status="failed"), folder))
    assert [line for line in text if "failed:" in line] == ["op-0 failed: ConditionInvalid: `x` is not known"]


def test_the_end_of_a_long_log_begins_with_a_whole_character(folder):
    log(folder, "op-0", 0, "é".encode() * TAIL_BYTES + b"x")
    assert all("\ufffd" not in line for line in closing_lines(ended(failed(0, attempts=1)), folder))
