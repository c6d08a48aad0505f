"""A run, as `polyflow show` prints it."""

from datetime import UTC, datetime, timedelta

from polyflow.cli.runs.show import text_lines
from polyflow_shared.read_model.views import OperationView, RunView, StatusChange
from polyflow_topics.events import Problem
from polyflow_topics.names import RunId

START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(seconds=2)


def view(*operations: OperationView, status: str = "succeeded", **more: object) -> RunView:
    about = {"name": "digits", "project": "p", "owner": "o", "created_at": START, "finished_at": END}
    return RunView(
        id=RunId("run-1"), status=status, operations={one.name: one for one in operations}, **about | more
    )


def operation(name: str, **more: object) -> OperationView:
    return OperationView(index=0, name=name, **{"status": "succeeded", "attempts": 1} | more)


def shown(run: RunView, *, with_history: bool = False) -> str:
    return "\n".join(text_lines(run, with_history=with_history))


def test_a_run_is_shown_with_who_asked_for_it():
    text = shown(view(tags=("a", "b"), params={"lr": 0}, description="Reads\n digits"))
    assert "digits  run-1" in text
    assert "project   p    owner o    tags a, b" in text
    assert "about     Reads digits" in text
    assert 'params    {"lr": 0}' in text
    assert "time 2.00s" in text


def test_operations_of_a_scope_stand_under_it():
    text = shown(view(operation("outer", dag=True), operation("outer.inner")))
    assert "\nouter " in text
    assert "\n  outer.inner " in text


def test_why_an_operation_failed_is_told_in_full():
    bad = operation("a", status="failed", reason="Error", message="exit code 3\nits log ends:\nboom")
    assert "a: exit code 3\nits log ends:\nboom" in shown(view(bad, status="failed"))


def test_params_and_outputs_are_shown_even_when_falsy():
    text = shown(view(operation("a", params={"n": 0}, outputs={"ok": False, "s": ""})))
    assert "params of a\n  n = 0" in text
    assert 'outputs of a\n  ok = false\n  s = ""' in text


def test_history_has_every_status_with_its_attempt():
    changes = (
        StatusChange(status="running", at=START),
        StatusChange(status="failed", at=END, attempt=1, reason="Error"),
    )
    one = operation("a", statuses=changes)
    assert "failed (attempt 1)  Error" not in shown(view(one))
    assert "failed (attempt 1)  Error" in shown(view(one), with_history=True)


def test_history_has_messages_to_their_end():
    message = f"{'tried again, ' * 20}as its node is gone"
    one = operation(
        "a", statuses=(StatusChange(status="retrying", at=START, reason="Lost", message=message),)
    )
    assert f"retrying  Lost: {message}" in shown(view(one), with_history=True)


def test_a_rejected_request_is_shown_with_its_problems():
    text = shown(view(status="rejected", problems=(Problem(code="PF1", message="bad", line=2, column=3),)))
    assert "2:3: bad [PF1]" in text


def test_a_refused_run_has_taken_no_time():
    text = shown(view(status="rejected", finished_at=None))
    assert [line.rstrip() for line in text.splitlines() if "created" in line] == [
        line for line in text.splitlines() if "created" in line
    ]
    assert " time" not in text
