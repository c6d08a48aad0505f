"""Queries over runs, on SQLite: what is found, in which order, and what is refused."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_services.projector.core import project
from polyflow_shared.language import pql
from polyflow_shared.language.pql import PqlError
from polyflow_shared.read_model.dialects import SQLITE, Sql
from polyflow_shared.read_model.search import Search, check
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics.events import OperationChanged, OperationInGraph, RunChanged, RunPlanned
from polyflow_topics.message import Message
from polyflow_topics.names import OperationName, RunId, ScopeName, operation_id
from polyflow_topics.status import Status

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SWEEP = RunId("0a1b2c3d-0000-5000-8000-000000000009")


def a_job(
    number: int, *, status: Status = Status.SUCCEEDED, loss: object = None, **more: object
) -> list[Message]:
    """Return the events of a run of one job, called `job0` and so on; each is a day older than the one before."""
    run = RunId(f"0a1b2c3d-0000-5000-8000-00000000000{number}")
    at = START - timedelta(days=number)
    about = {"run": run, "name": f"job{number}", "project": "vision", **more}
    said = {"operation": "main", "index": 0, "outputs": {} if loss is None else {"loss": loss}}
    return [
        RunChanged(**about, sequence=1, at=at, status=Status.CREATED, kind="job", params={"lr": number / 10}),
        RunPlanned(**about, sequence=2, at=at, operations=(OperationInGraph(index=0, name="main"),)),
        OperationChanged(**about, **said, sequence=3, at=at, status=status),
        RunChanged(
            **about, sequence=4, at=at + timedelta(seconds=number), status=status, kind="job",
            params={"lr": number / 10},
        ),
    ]  # fmt: skip


def a_sweep() -> list[Message]:
    names = ["sweep", "sweep.0", "sweep.1", "sweep.2"]
    nodes = tuple(
        OperationInGraph(
            index=index, name=OperationName(name), scope=ScopeName(name.partition(".")[0] if index else "")
        )
        for index, name in enumerate(names)
    )
    about = {"run": SWEEP, "name": "tune", "project": "vision", "at": START - timedelta(days=9)}
    made: list[Message] = [
        RunChanged(**about, sequence=1, status=Status.RUNNING, kind="dag"),
        RunPlanned(**about, sequence=2, operations=nodes),
    ]
    for index, loss in enumerate((0.5, 0.25, None), start=1):
        made.append(
            OperationChanged(
                **about, sequence=index + 2, operation=names[index], index=index,
                status=Status.FAILED if loss is None else Status.SUCCEEDED,
                outputs=None if loss is None else {"loss": loss}, params={"lr": index},
            )
        )  # fmt: skip
    return made


STORY = [
    *a_job(0, loss=0.5, tags=("nightly",), owner="ann"),
    *a_job(1, loss=0.05, tags=("nightly", "gpu")),
    *a_job(2, loss=0, status=Status.FAILED, project="speech"),
    *a_job(3, loss="nan"),
    *a_job(4, loss=False),
    *a_job(5),
    *a_sweep(),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteReadModel]:
    made = SqliteReadModel.open(Path(tmp_path_factory.mktemp("history")) / "history.db")
    made.apply(project(STORY))
    yield made
    made.close()


FOUND = {
    "": "job0 job1 job2 job3 job4 job5 tune",
    "status: failed": "job2",
    "status: failed|running": "job2 tune",
    "status: ~succeeded": "job2 tune",
    "name: job1": "job1",
    "name: %ob%": "job0 job1 job2 job3 job4 job5",
    "kind: dag": "tune",
    "project: speech": "job2",
    "project.name: ~vision": "job2",
    "owner: ann": "job0",
    "user: ann": "job0",
    "tags: nightly": "job0 job1",
    "tags: gpu|weekly": "job1",
    "tags: ~nightly": "job2 job3 job4 job5 tune",
    "tags: nil": "job2 job3 job4 job5 tune",
    "tags: night%": "job0 job1",
    "metrics.loss: <0.1": "job1 job2",
    "metrics.loss: 0": "job2",
    "outputs.loss: false": "job4",
    "outputs.loss: nan": "job3",
    "outputs.loss: nil": "job5 tune",
    "outputs.loss: ~nil, status: succeeded": "job0 job1 job3 job4",
    "metrics.loss: ~<0.1": "job0 job3 job4 job5 tune",
    "metrics.loss: 0.01..0.5": "job0 job1",
    "metrics.loss: 0.5|0.05": "job0 job1",
    "in.lr: >= 0.4": "job4 job5",
    "name: job0 OR name: job1, status: failed": "job0",
    "(name: job0 OR name: job2), status: failed": "job2",
    "created_at: 2026-02-28": "job1",
    "created_at: >= 2026-02-28": "job0 job1",
    "created_at: > 2026-02-28": "job0",
    "created_at: 2026-02-26..2026-02-27": "job2 job3",
    "created_at: 2026-02-28T13:00:00+01:00": "job1",
    "created_at: 2026-02-28..2026-02-28": "job1",
    "finished_at: 2026-02-27..2026-02-27": "job2",
    "created_at: 20260228": "job1",
    "created_at: 2026-02-28|2026-02-27T12:00": "job1 job2",
    "created_at: ~2026-02-28, kind: job": "job0 job2 job3 job4 job5",
    "created_at: > 20260228": "job0",
    "created_at: 2026-02-2%": "job1 job2 job3 job4 job5 tune",
    "name: job_": "",
    "name: j_b%": "",
    "name: J%": "",
    "name: jo[b]%|j?b%|%ne": "tune",
    "uuid: 0A1B2C3D-%9": "tune",
    "finished_at: nil": "tune",
    "pending: nil, name: job1": "job1",
    "pending: approval": "",
    "uuid: 0a1b2c3d000050008000000000000001": "job1",
    "is_independent: true": "job0 job1 job2 job3 job4 job5 tune",
    f"pipeline: {operation_id(SWEEP, 'sweep')}": "sweep.0 sweep.1 sweep.2",
    f"pipeline: {operation_id(SWEEP, 'sweep')}, metrics.loss: ~nil": "sweep.0 sweep.1",
    f"pipeline: {SWEEP}": "sweep",
}


@pytest.mark.parametrize(("query", "names"), FOUND.items(), ids=FOUND)
def test_a_query_finds(model: SqliteReadModel, query: str, names: str) -> None:
    search = Search(query=query, runs_only=True)
    assert " ".join(entry.name for entry in model.search(search)) == names


SORTED = {
    "metrics.loss": "job2 job1 job0 job4 job3 job5 tune",
    "-metrics.loss": "job0 job1 job2 job3 job4 job5 tune",
    "name": "job0 job1 job2 job3 job4 job5 tune",
    "-name": "tune job5 job4 job3 job2 job1 job0",
    "project, -created_at": "job2 job0 job1 job3 job4 job5 tune",
    "created_at": "tune job5 job4 job3 job2 job1 job0",
}


@pytest.mark.parametrize(("sort", "names"), SORTED.items(), ids=SORTED)
def test_what_is_found_has_the_order_that_is_asked_for(model: SqliteReadModel, sort: str, names: str) -> None:
    assert " ".join(entry.name for entry in model.search(Search(sort=sort, runs_only=True))) == names


REFUSED = {
    "state: 1": "the field `state` is not kept (column 1 of the query)",
    "status: failed, agent: x": "the field `agent` is not kept (column 17 of the query)",
    "stats: failed": "there is no field `stats` (column 1 of the query)",
    "created_at: > soon": "`soon` is no day or time (column 1 of the query)",
    "duration: > long": "`duration` is compared with a number, not with `long` (column 1 of the query)",
    "name: 'job0' OR 1=1": "there is no field `1=1` (column 17 of the query)",
    "created_at: 22.11.2026": "`22.11.2026` is no day or time (column 1 of the query)",
    "finished_at: ~22.11.2026": "`22.11.2026` is no day or time (column 1 of the query)",
    "created_at: 2026-03-01|abcdefghij": "`abcdefghij` is no day or time (column 1 of the query)",
    "created_at: 0001-01-01T00:00+05:00": "`0001-01-01T00:00+05:00` is no day or time (column 1 of the query)",
    "params.lr: 5..1": "nothing lies in `5..1` (column 1 of the query)",
    "metrics.loss: ~nan..1": "nothing lies in `nan..1` (column 1 of the query)",
    "name: a, duration: 90..9": "nothing lies in `90..9` (column 10 of the query)",
    "name: b..a": "nothing lies in `b..a` (column 1 of the query)",
    "created_at: 2026-03-02..2026-03-01": "nothing lies in `2026-03-02..2026-03-01` (column 1 of the query)",
    "{{ query }}": "`{{ query }}` is a template, which only joins have (column 1 of the query)",
}


@pytest.mark.parametrize(("query", "message"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_looked_for_is_refused_with_its_place(query: str, message: str) -> None:
    with pytest.raises(PqlError) as refused:
        check(query)
    assert str(refused.value) == message


HINTS = {
    "stats: failed": "did you mean `status`?",
    "stat: failed": "did you mean `status`?",
    "state: failed": "did you mean `status`?",
    "param.lr: 1": "did you mean `params.`?",
    "artifact.x: 1": "",
    "created_at: 22.11.2026": "write 2026-03-14, or 2026-03-14T09:30",
    "params.lr: 5..1": "write the smaller end first: `params.lr: 1..5`",
    "metrics.loss: nan..1": "",
}


@pytest.mark.parametrize(("query", "hint"), HINTS.items(), ids=HINTS)
def test_what_is_refused_has_a_hint_that_leads_on(query: str, hint: str) -> None:
    with pytest.raises(PqlError) as refused:
        check(query)
    assert refused.value.hint == hint


VALUES = {"created_at": "2026-03-01", "duration": "1", "is_independent": "true"}


def test_runs_are_found_and_ordered_by_all_fields_that_are_suggested() -> None:
    fields = {*pql.KEPT, *(f"{group}.x" for group in pql.KEPT_GROUPS)}
    for name in fields:
        kind = "created_at" if name.endswith("_at") else "duration" if name == "wait_time" else name
        check(f"{name}: {VALUES.get(kind, 'x')}")
    for name in fields - pql.UNORDERED:
        check("", name)
    for name in pql.FIELDS - pql.KEPT:
        with pytest.raises(PqlError, match="is not kept"):
            check(f"{name}: x")


@pytest.mark.parametrize("sort", ["tags", "-is_independent"])
def test_what_has_no_order_is_not_suggested_for_a_sort(sort: str) -> None:
    with pytest.raises(PqlError, match="gives no order"):
        check("", sort)
    with pytest.raises(PqlError, match="there is no field") as refused:
        check("", f"{sort[:-1]}")
    assert "tags" not in refused.value.hint
    assert "is_independent" not in refused.value.hint


@given(
    st.lists(st.sampled_from(["%", "_", "?", "*", "[", "]", "^", "\\", "ä", "Ä", "a", "A", "日"]), max_size=6)
)
def test_only_a_percent_sign_stands_for_other_text(signs: list[str]) -> None:
    for name in ("a", "A", "Ä日", "_[a]*?\\", "^a", *map("".join, permutations(signs[:3]))):
        with closing(sqlite3.connect(":memory:")) as connection:
            made = SQLITE.like(Sql("?", (name,)), "".join(signs))
            found = connection.execute(f"SELECT {made.text}", made.parameters).fetchone()[0]
        wanted = ".*".join(re.escape(part) for part in "".join(signs).split("%"))
        assert bool(found) == bool(re.fullmatch(wanted, name, re.DOTALL))


texts = st.text(st.characters(exclude_characters='"', exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(texts)
def test_a_value_is_never_read_as_sql(model: SqliteReadModel, value: str) -> None:
    for name in ("name", "tags", "outputs.loss", "pipeline", "uuid"):
        assert list(model.search(Search(query=f'{name}: "x{value}x"'))) == []
    assert len(list(model.search(Search(query=f'name: ~"x{value}x"', runs_only=True)))) == 7


@given(st.floats(-1, 1, allow_nan=False), st.sampled_from(["<", "<=", ">", ">="]))
def test_numbers_are_compared_as_python_does(model: SqliteReadModel, bound: float, sign: str) -> None:
    losses = {"job0": 0.5, "job1": 0.05, "job2": 0}
    compare = {"<": float.__lt__, "<=": float.__le__, ">": float.__gt__, ">=": float.__ge__}[sign]
    found = model.search(Search(query=f"metrics.loss: {sign} {bound!r}", runs_only=True))
    assert {entry.name for entry in found} == {n for n, loss in losses.items() if compare(float(loss), bound)}


def test_more_than_the_limit_is_never_found(model: SqliteReadModel) -> None:
    assert [entry.name for entry in model.search(Search(limit=2, offset=1, runs_only=True))] == [
        "job1",
        "job2",
    ]


@pytest.mark.parametrize("query", ["pipeline: latest", "uuid: ~latest", "original: a|latest"])
def test_what_commands_call_the_latest_run_is_no_id(query: str) -> None:
    with pytest.raises(PqlError, match="`latest` is no id in a query") as refused:
        check(query)
    assert refused.value.hint == "write the id; `polyflow ls` shows it"


@pytest.mark.parametrize("milliseconds", [1, 99, 1001, 86_400_007])
def test_time_spans_are_whole_milliseconds(milliseconds: int) -> None:
    about = {"run": SWEEP, "name": "tune"}
    end = START + timedelta(milliseconds=milliseconds)
    moves = [(Status.CREATED, START), (Status.RUNNING, START), (Status.SUCCEEDED, end)]
    told = [RunChanged(**about, sequence=n, status=to, at=at) for n, (to, at) in enumerate(moves, start=1)]
    with closing(SqliteReadModel.open(Path(":memory:"))) as model:
        model.apply(project(told))
        (entry,) = model.search(Search(columns=["duration"]))
    assert entry.shown == (str(milliseconds / 1000),)
