"""Runs as users name them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from polyflow.history import History, UnknownOperationError, UnknownRunError, operation_of
from polyflow_services.projector.core import project
from polyflow_shared.machine.home import Home
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_shared.read_model.views import OperationView, RunView
from polyflow_topics.events import RunChanged
from polyflow_topics.names import RunId, run_id
from polyflow_topics.origins import Origin
from polyflow_topics.status import Status

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWN = run_id("test", "own")


def event(run: RunId, number: int, origin: Origin | None = None) -> RunChanged:
    at = START + timedelta(seconds=number)
    return RunChanged(run=run, name="r", sequence=1, at=at, status=Status.SUCCEEDED, origin=origin)


def test_the_latest_is_found_behind_any_number_of_runs_of_hooks(
    model: SqliteReadModel, tmp_path: Path
) -> None:
    history = History(Home(tmp_path), model)
    with pytest.raises(UnknownRunError, match="nothing has run yet"):
        history.find("latest")
    origin = Origin(run=OWN, kind="hook")
    hooks = [event(run_id("hook", str(number)), number, origin) for number in range(1, 250)]
    model.apply(project([event(run_id("test", "before"), -1), event(OWN, 0), *hooks]))
    assert history.find("latest") == OWN


def test_a_run_that_was_removed_since_it_was_found_is_told_so(model: SqliteReadModel, tmp_path: Path) -> None:
    history = History(Home(tmp_path), model)
    with pytest.raises(UnknownRunError, match=f"the run {OWN} was removed meanwhile"):
        history.view(OWN)
    model.apply(project([event(OWN, 0)]))
    assert history.view(OWN).id == OWN


def view(*names: str) -> RunView:
    operations = {name: OperationView(index=index, name=name) for index, name in enumerate(names)}
    return RunView(id=OWN, status="rejected", operations=operations)


@pytest.mark.parametrize(
    ("run", "named", "said"),
    [
        (view("train", "a.b"), "trian", "did you mean `train`"),
        (view("x", "y"), "train", "it has x, y"),
        (view(), "train", "the run has no operations: it is rejected"),
    ],
)
def test_an_operation_that_there_is_not_is_answered_with_those_that_there_are(
    run: RunView, named: str, said: str
) -> None:
    with pytest.raises(UnknownOperationError, match=said):
        operation_of(run, named)
