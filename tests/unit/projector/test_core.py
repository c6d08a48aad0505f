"""The projector's core and the SQLite read model together: events in, what users read out."""

import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from polyflow_services.planner.rows import state
from polyflow_services.projector.core import project
from polyflow_shared.read_model import schema
from polyflow_shared.read_model.port import ReadModelUnavailableError, ReadModelVersionError
from polyflow_shared.read_model.search import Search
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_shared.read_model.views import REJECTED, StoredLog, run_json
from polyflow_topics.events import (
    OperationChanged,
    OperationInGraph,
    Problem,
    RequestAnswered,
    RequestRejected,
    RunChanged,
    RunPlanned,
)
from polyflow_topics.logs import LogTailSaved
from polyflow_topics.message import Message
from polyflow_topics.names import OperationName, RunId
from polyflow_topics.origins import Origin
from polyflow_topics.status import FINAL, Pending, Status

RUN = RunId("0a1b2c3d-0000-5000-8000-000000000001")
START = datetime(2026, 1, 1, tzinfo=UTC)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def run_is(sequence: int, status: Status, **more: object) -> RunChanged:
    return RunChanged(run=RUN, sequence=sequence, at=at(sequence), status=status, name="digits", **more)


def planned(sequence: int, *names: str, edges: tuple[tuple[int, int], ...] = ()) -> RunPlanned:
    operations = tuple(OperationInGraph(index=index, name=name) for index, name in enumerate(names))
    return RunPlanned(run=RUN, sequence=sequence, at=at(sequence), operations=operations, edges=edges)


def operation_is(sequence: int, index: int, status: Status, **more: object) -> OperationChanged:
    return OperationChanged(
        run=RUN,
        sequence=sequence,
        at=at(sequence),
        operation=f"op{index}",
        index=index,
        status=status,
        **more,
    )


def rejected(run: RunId = RUN, origin: Origin | None = None) -> RequestRejected:
    problems = (
        Problem(code="PF2001", message="no such field", line=3),
        Problem(code="PF3001", message="cycle"),
    )
    return RequestRejected(run=run, problems=problems, at=at(0), origin=origin)


STORY: tuple[Message, ...] = (
    run_is(1, Status.CREATED, params={"lr": 0}),
    planned(2, "op0", "op1", edges=((0, 1),)),
    run_is(3, Status.RUNNING, params={"lr": 0}),
    operation_is(4, 0, Status.SCHEDULED, params={"x": False}),
    operation_is(5, 0, Status.RUNNING),
    operation_is(6, 0, Status.RETRYING, reason="Error", exit_code=3),
    operation_is(7, 0, Status.SCHEDULED, attempt=1),
    operation_is(8, 0, Status.RUNNING, attempt=1),
    operation_is(9, 0, Status.SUCCEEDED, attempt=1, outputs={"zero": 0, "no": False, "empty": ""}),
    operation_is(10, 1, Status.SKIPPED, reason="Skipped"),
    run_is(11, Status.SUCCEEDED, params={"lr": 0}),
)


@pytest.fixture
def model(tmp_path: Path) -> Iterator[SqliteReadModel]:
    opened = SqliteReadModel.open(tmp_path / "new" / "history.db")
    yield opened
    opened.close()


def test_a_run_is_read_as_it_stands(model: SqliteReadModel) -> None:
    model.apply(project(STORY))
    view = model.run(RUN)
    assert view is not None
    assert (view.status, view.params, view.created_at, view.started_at, view.finished_at) == (
        "succeeded",
        {"lr": 0},
        at(1),
        at(3),
        at(11),
    )
    first, second = view.operations.values()
    assert (first.status, first.attempts, first.started_at, first.finished_at) == (
        "succeeded",
        2,
        at(5),
        at(9),
    )
    assert first.params == {"x": False}
    assert first.outputs == {"zero": 0, "no": False, "empty": ""}
    assert (second.status, second.attempts, second.started_at) == ("skipped", 0, None)
    assert second.upstreams == ("op0",)
    assert [change.status for change in first.statuses] == [
        "scheduled",
        "running",
        "retrying",
        "scheduled",
        "running",
        "succeeded",
    ]


def test_what_holds_a_run_or_an_operation_is_read_until_it_moves_on(model: SqliteReadModel) -> None:
    held = run_is(1, Status.CREATED, pending=Pending.APPROVAL)
    model.apply(project([held, planned(2, "op0", "op1"), operation_is(3, 0, "created", pending="cache")]))
    view = model.run(RUN)
    assert view is not None
    assert (view.pending, view.operations[OperationName("op0")].pending) == ("approval", "cache")
    assert [entry.pending for entry in model.search(Search())] == ["approval", "cache", ""]
    said = run_json(view)
    assert (said["pending"], said["operations"]["op1"]["pending"]) == ("approval", None)
    model.apply(project([run_is(4, Status.RUNNING), operation_is(5, 0, Status.SUCCEEDED)]))
    view = model.run(RUN)
    assert view is not None
    assert (view.pending, view.operations[OperationName("op0")].pending) == ("", "")


def test_answers_are_no_part_of_a_runs_history(model: SqliteReadModel) -> None:
    model.apply(
        project([*STORY[:3], RequestAnswered(run=RUN, sequence=0, at=at(4), kind="stop", accepted=True)])
    )
    assert RequestAnswered.WIRE not in [event.type for event in model.events(RUN)]


def test_events_that_come_again_change_nothing(model: SqliteReadModel) -> None:
    model.apply(project(STORY))
    before = model.run(RUN)
    rng = random.Random(7)
    for _ in range(20):
        start = rng.randrange(len(STORY))
        model.apply(project(STORY[start:]))
        model.apply(project([rng.choice(STORY)]))
        assert model.run(RUN) == before
    assert [event.sequence for event in model.events(RUN)] == list(range(1, 12))


@pytest.mark.parametrize("size", [1, 2, 5])
def test_batches_of_any_size_come_to_the_same(model: SqliteReadModel, tmp_path: Path, size: int) -> None:
    for start in range(0, len(STORY), size):
        model.apply(project(STORY[start : start + size]))
    whole = SqliteReadModel.open(tmp_path / "whole.db")
    whole.apply(project(STORY))
    assert model.run(RUN) == whole.run(RUN)
    whole.close()


def test_a_rejection_is_a_run_only_if_there_is_none(model: SqliteReadModel) -> None:
    other = RunId("ffffffff-0000-5000-8000-000000000001")
    model.apply(project([*STORY, rejected(), rejected(other), rejected(other)]))
    kept, refused = model.run(RUN), model.run(other)
    assert kept is not None
    assert refused is not None
    assert kept.status == "succeeded"
    assert refused.status == REJECTED
    assert [problem.line for problem in refused.problems] == [3, None]
    assert "and 1 more" in refused.message


def test_a_refused_run_is_found_by_the_run_that_it_would_have_followed(model: SqliteReadModel) -> None:
    origin, other = Origin(run=RUN, kind="hook", operation="op0"), RunId("f" + RUN[1:])
    model.apply(project([*STORY, rejected(other, origin)]))
    (found,) = model.search(Search(query=f"original: {RUN}, cloning_kind: hook"))
    assert (found.id, found.status, found.origin) == (other, REJECTED, origin)


def test_a_request_that_is_mended_under_the_same_id_replaces_its_rejection(model: SqliteReadModel) -> None:
    model.apply(project([rejected()]))
    model.apply(project(STORY))
    view = model.run(RUN)
    assert view is not None
    assert (view.status, view.problems) == ("succeeded", ())


def test_runs_are_listed_newest_first_and_found_by_the_beginning_of_their_id(model: SqliteReadModel) -> None:
    for second, name in enumerate("abc"):
        event = RunChanged(
            run=RunId(name * 8), sequence=1, at=at(second), status=Status.CREATED, project=name
        )
        model.apply(project([event]))
    found = {
        "all": Search(),
        "of a project": Search(project="b", statuses={"created"}),
        "failed": Search(statuses={"failed"}),
        "one": Search(limit=1),
        "the next": Search(limit=1, offset=1),
    }
    assert {name: "".join(run.id[0] for run in model.search(one)) for name, one in found.items()} == {
        "all": "cba",
        "of a project": "b",
        "failed": "",
        "one": "c",
        "the next": "b",
    }
    assert model.matching("bb") == ["b" * 8]
    assert model.matching("%") == []


def test_the_json_of_a_run_has_the_keys_that_are_documented(model: SqliteReadModel) -> None:
    model.apply(project(STORY))
    view = model.run(RUN)
    assert view is not None
    shown = run_json(view)
    assert {"id", "name", "status", "reason", "message", "operations"} <= shown.keys()
    documented = {"status", "reason", "message", "started_at", "finished_at", "attempts", "outputs"}
    assert documented <= shown["operations"]["op0"].keys()
    assert shown["operations"]["op0"]["started_at"] == "2026-01-01T00:00:05.000Z"


def test_final_here_is_final_in_the_planners_table() -> None:
    assert {status for status in Status if state.final(status)} == FINAL


def test_the_end_of_a_log_is_kept_and_what_was_read_is_not_lost_again(model: SqliteReadModel) -> None:
    missing = LogTailSaved(
        run=RUN,
        operation=OperationName("a"),
        index=0,
        attempt=1,
        container="main",
        text="",
        missing="away",
        at=at(1),
    )
    read = missing.model_copy(update={"text": "a line\n", "missing": "", "cut": True})
    side = read.model_copy(update={"container": "side"})
    for one in (missing, read, side, missing):
        model.apply(project([one]))
    assert model.logs(RUN, 0, 1) == [
        StoredLog("main", "a line\n", 1, ""),
        StoredLog("side", "a line\n", 1, ""),
    ]
    assert model.logs(RUN, 0, 0) == []


def test_two_connections_write_the_same_file(model: SqliteReadModel, tmp_path: Path) -> None:
    other = SqliteReadModel.open(tmp_path / "new" / "history.db")
    model.apply(project(STORY[:3]))
    other.apply(project(STORY[3:]))
    assert model.run(RUN) == other.run(RUN)
    other.close()


def test_a_full_disk_is_told_as_such_and_nothing_is_half_written(model: SqliteReadModel) -> None:
    pages = model._connection.execute("PRAGMA page_count").fetchone()[0]
    model._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    long = operation_is(3, 0, Status.SUCCEEDED, outputs={"text": "x" * 65_536})
    with pytest.raises(ReadModelUnavailableError, match="full"):
        model.apply(project([*STORY[:2], long]))
    assert model.run(RUN) is None
    model._connection.execute("PRAGMA max_page_count = 10000")
    model.apply(project([*STORY[:2], long]))
    assert model.run(RUN) is not None


def test_a_history_of_a_newer_release_is_refused(model: SqliteReadModel, tmp_path: Path) -> None:
    model._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ReadModelVersionError, match="99"):
        SqliteReadModel.open(tmp_path / "new" / "history.db")


def test_a_history_of_an_older_release_is_brought_up_to_date(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "old.db")
    for statement in schema.CREATE.split(";"):  # the tables of the first release
        old.execute(statement)
    old.execute("PRAGMA user_version = 1")
    old.execute(
        "INSERT INTO runs VALUES ('1', 1, 'n', 'p', 'o', '[]', '[]', '{}', '', 'created', '', '', 0, '[]', ?, "
        "NULL, NULL)",
        (START.isoformat(),),
    )
    old.commit()
    old.close()
    for _ in range(2):
        model = SqliteReadModel.open(tmp_path / "old.db")
        view = model.run(RunId("1"))
        model.close()
        assert view is not None
        assert (view.name, view.description) == ("n", "")


def test_a_file_that_is_no_history_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "history.db").write_bytes(b"no database " * 100)
    with pytest.raises(ReadModelUnavailableError, match="history"):
        SqliteReadModel.open(tmp_path / "history.db")
