"""Which runs go: all that are meant, each behind the runs of its hooks."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from polyflow.history import History
from polyflow.removing import NotRemovedError, found, named, remove
from polyflow_services.projector.core import project
from polyflow_shared.machine.home import Home
from polyflow_shared.read_model.search import MAX_FOUND, Search
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics.names import run_id
from polyflow_topics.origins import Origin
from tests.unit.client.test_history import event

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN, HOOK, OTHER = (run_id("test", name) for name in ("run", "hook", "other"))
OF_RUN = Origin(run=RUN, kind="hook")


@pytest.fixture
def history(model: SqliteReadModel, tmp_path: Path) -> History:
    return History(Home(tmp_path), model)


def test_a_run_goes_after_the_runs_of_its_hooks(model: SqliteReadModel, history: History) -> None:
    model.apply(project([event(RUN, 0), event(HOOK, 1, OF_RUN), event(OTHER, 2)]))
    assert [run.id for run in named(history, [RUN], interrupted=False).runs] == [HOOK, RUN]
    assert [run.id for run in named(history, [HOOK], interrupted=False).runs] == [HOOK]
    assert [run.id for run in named(history, [RUN, RUN, HOOK], interrupted=False).runs] == [HOOK, RUN]


def test_all_that_a_query_finds_is_meant_however_much_it_is(model: SqliteReadModel, history: History) -> None:
    many = [event(run_id("test", str(number)), number) for number in range(MAX_FOUND + 1)]
    model.apply(project([event(RUN, -1), event(HOOK, -2, OF_RUN), *many]))
    meant = found(history, Search(query="name: r, uuid: ~" + OTHER), interrupted=False)
    assert (len(meant.runs), len({run.id for run in meant.runs}), meant.staying) == (MAX_FOUND + 3,) * 2 + (
        [],
    )


def test_what_has_a_file_that_cannot_be_removed_is_still_known(
    model: SqliteReadModel, history: History, tmp_path: Path
) -> None:
    model.apply(project([event(RUN, 0)]))
    (tmp_path / "runs").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "runs" / RUN).symlink_to(tmp_path / "elsewhere")
    (run,) = named(history, [RUN], interrupted=False).runs
    with pytest.raises(NotRemovedError, match=r"is not removed: .*symbolic link"):
        remove(history, run)
    assert history.summary(RUN) is not None
