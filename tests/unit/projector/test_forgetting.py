"""What is old leaves the read model: whole runs that have ended, a bounded part at a time."""

import asyncio
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from polyflow_services.projector.act import FORGET_EVERY, Forgetting, Projector
from polyflow_services.projector.answering import answer
from polyflow_services.projector.core import generations, project
from polyflow_shared.broker.port import Record
from polyflow_shared.clock import FakeClock
from polyflow_shared.read_model import forgetting, schema
from polyflow_shared.read_model.forgetting import LOGS, ROWS, RUNS
from polyflow_shared.read_model.search import Search
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics.events import (
    OperationChanged,
    OperationInGraph,
    Problem,
    RequestAccepted,
    RequestRejected,
    RunChanged,
    RunPlanned,
)
from polyflow_topics.logs import LogTailSaved
from polyflow_topics.message import Message
from polyflow_topics.metrics import MetricsLogged
from polyflow_topics.names import OperationName, RunId
from polyflow_topics.origins import Origin
from polyflow_topics.queries import Question, RunsQueried
from polyflow_topics.status import FINAL, Status

MANY = ROWS + 100
"""Operations of which not all are removed at once."""
NOW = datetime(2026, 6, 1, tzinfo=UTC)
TABLES = ("runs", "operations", "edges", "statuses", "events", "metrics", "logs", "requests", "forgotten")


def a_run(
    number: int, days: float, status: Status = Status.SUCCEEDED, operations: int = 2, **more: object
) -> list[Message]:
    """Return all that is said of a run which came to this status so many days ago, the last event last."""
    run = RunId(f"0a1b2c3d-0000-5000-8000-{number:012d}")
    at = NOW - timedelta(days=days)
    about = {"run": run, "name": f"run{number}", "at": at}
    names = [OperationName(f"op{index}") for index in range(operations)]
    nodes = tuple(OperationInGraph(index=index, name=name) for index, name in enumerate(names))
    edges = tuple((index, index + 1) for index in range(operations - 1))
    moves = [
        OperationChanged(**about, sequence=3 + index, index=index, operation=name, status=Status.SUCCEEDED)
        for index, name in enumerate(names)
    ]
    logs = [
        LogTailSaved(run=run, index=index, operation=name, attempt=0, container="main", text="log", at=at)
        for index, name in enumerate(names)
    ]
    measured = [
        MetricsLogged(run=run, operation=name, attempt=0, line=0, values={"loss": 0.5}, at=at)
        for name in names
    ]
    last = RunChanged(**about, sequence=3 + operations, status=status, specification="s", **more)
    return [
        RequestAccepted(run=run, specification="s", body="{}", at=at),
        RunChanged(**about, sequence=1, status=Status.CREATED, specification="s", **more),
        RunPlanned(**about, sequence=2, operations=nodes, edges=edges),
        *moves,
        *logs,
        *measured,
        last,
    ]


@pytest.fixture
def model(tmp_path: Path) -> Iterator[SqliteReadModel]:
    opened = SqliteReadModel.open(tmp_path / "history.db")
    yield opened
    opened.close()


def told(model: SqliteReadModel, *stories: list[Message]) -> None:
    for together in generations(message for story in stories for message in story):
        model.apply(project(together))


def names(model: SqliteReadModel, query: str = "") -> list[str]:
    return sorted(entry.name for entry in model.search(Search(query=query, runs_only=True)))


def rows(path: Path) -> dict[str, int]:
    connection = sqlite3.connect(path / "history.db")
    found = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}
    connection.close()
    return found


async def nobody_asks(messages: object) -> None:
    raise AssertionError(messages)


def forget(model: SqliteReadModel, runs_kept: float | None = 30, requests_kept: float = 30) -> Forgetting:
    made = Forgetting(model, FakeClock(NOW), requests_kept=requests_kept, runs_kept=runs_kept)
    made.step()
    return made


def test_a_run_that_ended_long_ago_goes_with_everything_of_it(model: SqliteReadModel, tmp_path: Path) -> None:
    told(model, a_run(2, days=29))
    one = rows(tmp_path)
    told(model, a_run(1, days=31))
    assert rows(tmp_path) == {table: 2 * count for table, count in one.items()}
    forget(model)
    assert rows(tmp_path) == one
    assert names(model) == ["run2"]


@pytest.mark.parametrize("status", [status for status in Status if status not in FINAL])
def test_a_run_that_goes_on_stays_however_old_it_is(model: SqliteReadModel, status: Status) -> None:
    told(model, a_run(1, days=1000, status=status))
    forget(model, requests_kept=2000)
    assert names(model) == ["run1"]
    assert model.request(RunId("0a1b2c3d-0000-5000-8000-000000000001")) == "{}"


def test_a_run_that_was_resumed_goes_on(model: SqliteReadModel) -> None:
    old = a_run(1, days=1000, status=Status.FAILED)
    again = old[-1].model_copy(update={"sequence": 9, "status": Status.CREATED, "generation": 1})
    told(model, old, [again])
    forget(model)
    assert names(model) == ["run1"]


def test_a_run_that_is_resumed_while_it_is_removed_is_there(model: SqliteReadModel) -> None:
    told(model, a_run(1, days=1000, status=Status.FAILED, operations=MANY))
    removing = forget(model)
    assert names(model) == []
    again = a_run(1, days=0)[-1].model_copy(
        update={"sequence": 9000, "status": Status.CREATED, "generation": 1}
    )
    plan = a_run(1, days=0)[2].model_copy(update={"sequence": 9001})
    told(model, [again, plan])
    for _ in range(10):
        removing.step()
    view = model.run(RunId("0a1b2c3d-0000-5000-8000-000000000001"))
    assert view is not None
    assert list(view.operations) == ["op0", "op1"]


def test_a_refused_request_goes_as_well(model: SqliteReadModel, tmp_path: Path) -> None:
    problem = Problem(code="PF2001", message="no such field")
    for number, days in ((1, 31), (2, 29)):
        run = RunId(f"0a1b2c3d-0000-5000-8000-{number:012d}")
        rejected = RequestRejected(run=run, problems=(problem,), at=NOW - timedelta(days=days))
        told(model, [rejected])
    forget(model)
    assert (rows(tmp_path)["runs"], rows(tmp_path)["events"]) == (1, 1)


def test_runs_stay_where_nothing_says_how_long(model: SqliteReadModel) -> None:
    told(model, a_run(1, days=1000))
    forget(model, runs_kept=None)
    assert names(model) == ["run1"]
    assert model.request(RunId("0a1b2c3d-0000-5000-8000-000000000001")) is None


def test_what_comes_from_a_removed_run_stays_as_it_is(model: SqliteReadModel) -> None:
    told(model, a_run(1, days=31))
    first = RunId("0a1b2c3d-0000-5000-8000-000000000001")
    for number, kind in ((2, "rerun"), (3, "hook")):
        told(model, a_run(number, days=1, origin=Origin(run=first, kind=kind)))
    forget(model)
    assert names(model) == names(model, f"original: {first}") == ["run2", "run3"]
    view = model.run(RunId("0a1b2c3d-0000-5000-8000-000000000003"))
    assert view is not None
    assert view.origin == Origin(run=first, kind="hook")


def test_a_join_finds_what_is_left(model: SqliteReadModel) -> None:
    told(model, a_run(1, days=31), a_run(2, days=1))
    forget(model)
    asked = RunsQueried(
        run=RunId("0a1b2c3d-0000-5000-8000-000000000002"),
        index=0,
        at=NOW,
        project="default",
        owner="default",
        questions=(
            Question(query="name: run%", entries=("globals.name",)),
            Question(run="0a1b2c3d-0000-5000-8000-000000000001", entries=("globals.name",)),
        ),
    )
    found = answer(model, asked).answers
    assert found[0].values == (("run2",),)
    assert found[1].reason == "RunNotFound"


def test_a_part_at_a_time_and_nobody_sees_half_a_run(model: SqliteReadModel, tmp_path: Path) -> None:
    told(model, a_run(999, days=1))
    left = rows(tmp_path)
    told(model, *[a_run(number, days=31) for number in range(2 * RUNS)], a_run(998, days=31, operations=MANY))
    removing, before = Forgetting(model, FakeClock(NOW), runs_kept=30), rows(tmp_path)
    for _ in range(50):
        removing.step()
        after = rows(tmp_path)
        gone = {table: before[table] - after[table] for table in TABLES}
        assert gone["runs"] <= RUNS
        assert gone["logs"] <= LOGS
        assert max(gone.values()) <= ROWS
        views = [model.run(entry.run) for entry in model.search(Search(runs_only=True))]
        assert {len(view.operations) for view in views if view} <= {2, MANY}
        before = after
    assert names(model) == ["run999"]
    assert before == left


def test_removing_goes_on_after_a_crash(model: SqliteReadModel, tmp_path: Path) -> None:
    told(model, a_run(1, days=31, operations=MANY))
    forget(model)
    assert rows(tmp_path)["events"]
    for _ in range(MANY // LOGS + 1):
        forget(model)
    assert set(rows(tmp_path).values()) == {0}


class _Counting:
    """Counts how often it is asked to forget, and says that there is more so often."""

    def __init__(self, more: int = 0) -> None:
        self.asked, self.more = 0, more

    def apply(self, changes: object) -> None:
        raise AssertionError(changes)

    def forget(self, requests: str, runs: str | None) -> bool:
        self.asked += 1
        return self.asked <= self.more


async def test_it_is_looked_for_once_an_hour_and_with_each_batch_while_there_is_more(
    model: SqliteReadModel,
) -> None:
    clock, counted = FakeClock(NOW), _Counting(more=2)
    projector = Projector(model, nobody_asks, Forgetting(counted, clock, runs_kept=30).step)
    event, record = a_run(1, days=0)[0], Record("t", 0, 0, "", b"", (), NOW)
    for _ in range(10):
        await projector.act([(event, record)])
    assert counted.asked == 3
    await clock.move(FORGET_EVERY)
    for _ in range(10):
        await projector.act([(event, record)])
    assert counted.asked == 4


def test_one_message_with_a_wrong_date_removes_nothing(model: SqliteReadModel) -> None:
    told(model, a_run(1, days=1))
    projector = Projector(model, nobody_asks, Forgetting(model, FakeClock(NOW), runs_kept=30).step)
    late = Record("t", 0, 0, "", b"", (), NOW + timedelta(days=10_000))
    asyncio.run(projector.act([(a_run(2, days=-10_000)[1], late)]))
    assert names(model) == ["run1", "run2"]


@pytest.mark.parametrize("operations", [2, MANY])
def test_one_run_is_removed_with_all_that_is_kept_of_it(
    model: SqliteReadModel, tmp_path: Path, operations: int
) -> None:
    told(model, a_run(1, days=1, operations=operations))
    alone = rows(tmp_path)
    told(model, a_run(2, days=400, operations=operations))
    second = a_run(2, days=400)[0].key()
    model.remove(RunId(second))
    assert (names(model), rows(tmp_path)) == (["run1"], alone)
    model.remove(RunId(second))
    assert rows(tmp_path) == alone


def test_no_look_reads_whole_tables() -> None:
    connection = sqlite3.connect(":memory:")
    statements = list[str]()
    for step in [*schema.CREATE.split(";"), *schema.STEPS]:
        connection.execute(step)
    connection.set_trace_callback(statements.append)
    forgetting.forget(connection, "2026", "2026")
    connection.set_trace_callback(None)
    plans = [
        str(row[3])
        for statement in statements
        if not statement.startswith("BEGIN")
        for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
    assert [plan for plan in plans if plan.startswith("SCAN") and "forgotten" not in plan] == []
    connection.close()
