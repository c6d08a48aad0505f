"""What has become of the hooks of a run, by what is kept of it."""

from datetime import UTC, datetime
from pathlib import Path

from polyflow.events.hooks import Following, hooks_of, open_hooks
from polyflow_services.projector.core import generations, project
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics.events import Problem, RequestRejected, RunChanged
from polyflow_topics.hooks import HookRequested, HookSkipped
from polyflow_topics.names import run_id
from polyflow_topics.status import Status

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN, FIRST, REFUSED = (run_id("test", name) for name in ("own", "first", "refused"))


def said(sequence: int) -> dict[str, object]:
    return {"run": RUN, "name": "r", "sequence": sequence, "at": AT}


def test_each_hook_is_of_the_generation_that_it_follows(tmp_path: Path) -> None:
    events = [
        RunChanged(**said(1), status=Status.CREATED),
        HookRequested(**said(2), status=Status.FAILED, hook=FIRST, hub="say"),
        RunChanged(**said(3), status=Status.FAILED),
        RunChanged(**said(4), status=Status.CREATED, generation=1),
        HookSkipped(**said(5), status=Status.SUCCEEDED, hub="say", reason="TriggerNotMet"),
        HookSkipped(**said(6), status=Status.SUCCEEDED, hub="say", reason="ConditionInvalid", hook=REFUSED),
        RunChanged(**said(7), status=Status.SUCCEEDED, generation=1),
    ]
    model = SqliteReadModel.open(tmp_path / "history.db")
    for together in generations(events):
        model.apply(project(together))
    found = [(one.run, one.status, one.generation) for one in hooks_of(model, RUN)]
    model.close()
    assert found == [(FIRST, "requested", 0), (None, "skipped", 1), (REFUSED, "rejected", 1)]


def test_runs_of_hooks_are_open_until_they_have_ended_or_were_refused(tmp_path: Path) -> None:
    requested = [
        HookRequested(**said(number), status=Status.FAILED, hook=hook, hub="say")
        for number, hook in enumerate((FIRST, REFUSED), start=1)
    ]
    following = Following()
    following.note([*requested, RunChanged(**said(3), status=Status.FAILED)])
    assert list(following.open) == [FIRST, REFUSED]
    ends = [
        RunChanged(run=FIRST, sequence=1, at=AT, status=Status.RUNNING),
        RequestRejected(run=REFUSED, problems=(Problem(code="PF1", message="no"),), at=AT),
        RunChanged(run=FIRST, sequence=2, at=AT, status=Status.FAILED),
    ]
    model = SqliteReadModel.open(tmp_path / "history.db")
    still = []
    for event in [RunChanged(**said(0), status=Status.CREATED), *requested, *ends]:
        model.apply(project([event]))
        following.note([event])
        still.append((list(following.open), open_hooks(model, RUN)))
    model.close()
    both, first = ([FIRST, REFUSED],) * 2, ([FIRST],) * 2
    assert still[2:] == [both, both, first, ([], [])]
