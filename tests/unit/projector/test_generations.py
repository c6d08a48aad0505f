"""Runs that come from runs, in the read model: the plan of a resumed run takes the place of the one before."""

import asyncio
from datetime import timedelta

import pytest

from polyflow_services.projector.act import Forgetting, Projector
from polyflow_services.projector.core import generations, project
from polyflow_shared.broker.port import Record
from polyflow_shared.clock import FakeClock
from polyflow_shared.read_model.search import Search
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics.events import RequestAccepted
from polyflow_topics.names import RunId
from polyflow_topics.origins import Origin
from polyflow_topics.status import Status
from tests.unit.projector.test_core import RUN, at, operation_is, planned, run_is

RESUMED = Origin(run=RUN, kind="resume")
FIRST = [
    run_is(1, Status.CREATED),
    planned(2, "a", "b", "c", edges=((0, 1), (1, 2))),
    run_is(3, Status.RUNNING),
    operation_is(4, 0, Status.SCHEDULED, params={"lr": 1}).model_copy(update={"operation": "a"}),
    operation_is(5, 0, Status.SUCCEEDED, outputs={"x": 0}).model_copy(update={"operation": "a"}),
    run_is(6, Status.FAILED),
]
AGAIN = [
    run_is(7, Status.CREATED, generation=1, origin=RESUMED),
    planned(8, "a", "z", edges=((0, 1),)),
    run_is(9, Status.RUNNING, generation=1, origin=RESUMED),
    operation_is(10, 0, Status.SUCCEEDED, reason="Kept").model_copy(update={"operation": "a"}),
]


@pytest.fixture
def model(tmp_path):
    found = SqliteReadModel.open(tmp_path / "history.db")
    yield found
    found.close()


def told(model, *events):
    for together in generations(events):
        model.apply(project(together))
    return model.run(RUN)


@pytest.mark.parametrize(
    "events",
    [[*FIRST, *AGAIN], [*FIRST, *AGAIN, *FIRST, *AGAIN], [*FIRST, *AGAIN[:2], *AGAIN]],
    ids=["once", "twice", "the graph twice"],
)
def test_the_operations_are_those_of_the_last_plan(model, events):
    view = told(model, *events)
    assert list(view.operations) == ["a", "z"]
    assert view.operations["z"].upstreams == ("a",)
    assert (view.operations["a"].status, view.operations["a"].reason) == ("succeeded", "Kept")
    assert (view.generation, view.origin, view.status) == (1, RESUMED, "running")


def test_attempts_and_params_of_what_has_the_same_name_stay(model):
    a = told(model, *FIRST, *AGAIN).operations["a"]
    assert (a.attempts, a.params, a.outputs) == (1, {"lr": 1}, {})


def test_a_history_is_kept_by_name(model):
    view = told(model, *FIRST, *AGAIN)
    assert [change.status for change in view.operations["a"].statuses] == [
        "scheduled",
        "succeeded",
        "succeeded",
    ]
    assert view.operations["z"].statuses == ()


def test_queries_find_runs_by_where_they_come_from(model):
    other = RunId("0a1b2c3d-0000-5000-8000-000000000002")
    copied = run_is(1, Status.CREATED, origin=Origin(run=other, kind="copy"))
    model.apply(project([copied]))
    for query, found in ((f"original: {other}", 1), ("cloning_kind: copy", 1), ("cloning_kind: rerun", 0)):
        assert len(list(model.search(Search(query=query)))) == found


def accepted(body: str, specification: str = "s", days: float = 0) -> RequestAccepted:
    return RequestAccepted(run=RUN, specification=specification, body=body, at=at(0) + timedelta(days=days))


def test_the_request_is_that_of_the_plan_that_holds(model):
    events = [accepted("first"), run_is(1, Status.CREATED, specification="s"), accepted("refused", "other")]
    told(model, *events)
    assert model.request(RUN) == "first"
    told(model, accepted("second", "t"), run_is(2, Status.CREATED, specification="t", generation=1))
    assert model.request(RUN) == "second"


async def nobody_asks(messages):
    raise AssertionError(messages)


def test_requests_are_kept_for_so_many_days(model):
    clock = FakeClock(at(0) + timedelta(days=9))
    projector = Projector(model, nobody_asks, Forgetting(model, clock, requests_kept=10).step)
    told(model, run_is(1, Status.CREATED, specification="s"))
    record = Record("t", 0, 0, "", b"", (), at(0))
    asyncio.run(projector.act([(accepted("old"), record)]))
    assert model.request(RUN) == "old"
    asyncio.run(clock.move(2 * 86_400))
    asyncio.run(projector.act([(accepted("new", "t", days=11), record)]))
    assert model.request(RUN) is None
