"""The run that another one is to come from: by the history of this machine, or by its events elsewhere."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from polyflow.again.earlier import NotRepeatableError
from polyflow.repeating import Earlier, How, earlier_run, order_again
from polyflow_services.projector.core import project
from polyflow_shared.machine.home import Home
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_shared.read_model.views import RunView
from polyflow_topics.events import RequestAccepted, RunChanged
from polyflow_topics.message import Message
from polyflow_topics.names import RunId, run_id
from polyflow_topics.origins import OriginKind
from polyflow_topics.status import Status

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = run_id("test", "one")
ACCEPTED = RequestAccepted(run=RUN, specification="s", body='{"specification": "x"}', at=AT)


def changed(sequence: int, status: Status) -> RunChanged:
    return RunChanged(run=RUN, sequence=sequence, at=AT, status=status, specification="s")


BEGUN = (ACCEPTED, changed(1, Status.CREATED), changed(2, Status.RUNNING))
ENDED = (*BEGUN, changed(3, Status.FAILED))


class Events:
    """A broker that has kept some events."""

    address = "there:9092"

    def __init__(self, *kept: Message) -> None:
        self._kept = kept

    async def so_far(self, run: RunId) -> Sequence[Message]:
        return self._kept if run == RUN else ()


@pytest.fixture
def at(tmp_path: Path) -> Home:
    """A home folder whose history knows of a run that goes on."""
    at = Home(tmp_path)
    with closing(SqliteReadModel.open(at.history)) as model:
        model.apply(project(BEGUN))
    return at


async def found(at: Home, kind: OriginKind, *kept: Message) -> Earlier:
    return await earlier_run(RUN[:8], kind, at, Events(*kept))


async def test_whoever_resumes_faster_than_the_history_learns_of_an_end_asks_for_it(at: Home) -> None:
    before = await found(at, "resume", *ENDED)
    assert (before.view.status, before.body) == ("failed", {"specification": "x"})


@pytest.mark.parametrize("kept", [(), ENDED[1:]])
async def test_what_is_not_kept_any_more_is_as_the_history_knows_it(
    at: Home, kept: Sequence[Message]
) -> None:
    assert (await found(at, "resume", *kept)).view.status == "running"


async def test_a_restart_needs_no_end_to_be_known(at: Home) -> None:
    assert (await found(at, "restart", *ENDED)).view.status == "running"


async def test_a_run_that_nobody_knows_is_told_with_the_name_of_the_broker(tmp_path: Path) -> None:
    with pytest.raises(NotRepeatableError, match="the broker there:9092 has no events of a run nope"):
        await earlier_run("nope", "restart", Home(tmp_path), Events(*ENDED))


async def test_a_run_that_the_history_lacks_is_found_by_its_whole_id(tmp_path: Path) -> None:
    before = await earlier_run(RUN, "restart", Home(tmp_path), Events(*ENDED))
    assert (before.run, before.view.status) == (RUN, "failed")


@pytest.mark.parametrize(
    ("kind", "here", "begun", "waits"),
    [
        pytest.param("restart", True, True, False, id="here they are brought along"),
        pytest.param("resume", True, True, False, id="here a resumed run has them"),
        pytest.param("resume", False, True, False, id="on Kafka a resumed run has them"),
        pytest.param("resume", False, False, True, id="on Kafka, one for which they never came"),
        pytest.param("restart", False, True, True, id="on Kafka nobody brings them along"),
    ],
)
def test_what_was_uploaded_is_waited_for_where_it_is_not(
    at: Home, kind: OriginKind, here: bool, begun: bool, waits: bool
) -> None:
    folder = at.run(RUN)
    folder.artifacts.mkdir(parents=True)
    folder.journal.touch()
    view = RunView(id=RUN, status="failed", started_at=AT if begun else None)
    before = Earlier(view, {"specification": "x", "upload": True})
    order = order_again(before, How(kind), {}, at, here=here)
    assert ("upload" in order.about) == waits
