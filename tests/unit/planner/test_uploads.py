"""A run that waits for its files: what opens it, what does not, and what else may be asked of it meanwhile."""

from datetime import timedelta

import pytest

from polyflow_services.planner.rows import timers
from polyflow_services.planner.starts.beginning import UPLOAD_WAITS
from polyflow_topics.events import RequestAnswered, RunChanged
from polyflow_topics.inbox import TimerFired
from polyflow_topics.status import Pending, Status
from tests.unit.planner.plan_builder import RUN, START, asked, dag, plan, stop
from tests.unit.planner.world import World

CHAIN = dag(a="", b="a")
ARRIVED = asked("upload")
FAILED = asked("upload", request="first", reason="UploadFailed", message="disk full")


def waiting(**planned) -> World:
    return World().take(*plan(CHAIN, upload=True, **planned))


def told(world: World) -> list[tuple[Status, Pending | None, str]]:
    return [(event.status, event.pending, event.reason) for event in world.of(RunChanged)]


def test_nothing_starts_before_the_files_are_there() -> None:
    world = waiting()
    assert told(world)[-1] == (Status.CREATED, Pending.UPLOAD, "UploadAwaited")
    assert f"polyflow upload {RUN} PATH" in world.of(RunChanged)[-1].message
    assert not world.launches()
    world.take(ARRIVED)
    assert told(world)[-1] == (Status.RUNNING, None, "")
    assert [launch.operation for launch in world.launches()] == ["a"]
    assert not [key for key, _ in world.rows.items() if key.endswith(f"timer/{timers.UPLOAD}")]


def test_an_upload_that_failed_is_told_and_the_run_goes_on_waiting() -> None:
    world = waiting().take(FAILED)
    assert told(world)[-1] == (Status.CREATED, Pending.UPLOAD, "UploadFailed")
    assert world.of(RunChanged)[-1].message == f"disk full; to try again: polyflow upload {RUN} PATH"
    assert not world.launches()
    world.take(ARRIVED)
    assert told(world)[-1] == (Status.RUNNING, None, "")


@pytest.mark.parametrize("early", [[ARRIVED], [FAILED, ARRIVED]], ids=["arrived", "failed first"])
def test_what_is_said_before_the_run_exists_is_taken_up_when_it_begins(early) -> None:
    world = World().take(*early, *early, *plan(CHAIN, upload=True))
    assert [launch.operation for launch in world.launches()] == ["a"]


def test_every_message_twice_starts_the_run_once() -> None:
    world = World(deliveries=2).take(*plan(CHAIN, upload=True), ARRIVED, asked("upload", request="another"))
    assert [status for status, _, _ in told(world)].count(Status.RUNNING) == 1
    assert [answer.reason for answer in world.of(RequestAnswered)] == ["", "AlreadyUploaded"]


def test_what_was_kept_for_a_run_whose_files_never_came_is_answered() -> None:
    world = waiting().take(asked("skip", "a"))
    assert world.of(RequestAnswered)[-1].reason == "Kept"
    world.later(seconds=UPLOAD_WAITS.total_seconds())
    world.take(TimerFired(run=RUN, name=timers.UPLOAD, due=world.now))
    assert len(world.of(RequestAnswered)) == 2
    assert not [key for key, _ in world.rows.items() if "/early/" in key]


def test_a_run_that_waits_for_no_files_refuses_them() -> None:
    answer = World().take(*plan(CHAIN), ARRIVED).of(RequestAnswered)[-1]
    assert (answer.accepted, answer.reason) == (False, "NoUploadAwaited")


def test_files_come_before_the_approval_of_who_looks_at_them() -> None:
    world = waiting(approval=True)
    assert told(world)[-1][1] is Pending.UPLOAD
    world.take(ARRIVED)
    assert told(world)[-1][1] is Pending.APPROVAL
    world.take(asked("approve"))
    assert told(world)[-1][0] is Status.RUNNING


def test_an_approval_before_the_files_is_remembered_and_starts_nothing() -> None:
    world = waiting(approval=True).take(asked("approve"))
    assert (told(world)[-1][1], world.launches()) == (Pending.UPLOAD, [])
    world.take(ARRIVED)
    assert told(world)[-1][0] is Status.RUNNING


@pytest.mark.parametrize(("request_", "status"), [(stop(), "stopped"), (asked("skip"), "skipped")])
def test_a_run_that_waits_for_files_can_be_ended(request_, status) -> None:
    world = waiting().take(request_)
    assert told(world)[-1][0] == status
    left = {key.partition("/")[2] for key, _ in world.rows.items()}
    assert {key for key in left if not key.startswith("answered/")} == {"stub", "timer/stub"}


def test_a_run_whose_files_never_come_fails() -> None:
    world = waiting()
    world.later(hours=2).take(TimerFired(run=RUN, name=timers.UPLOAD, due=START + UPLOAD_WAITS))
    assert told(world)[-1][0] is Status.FAILED
    assert "StaleUpload" in {reason for _, _, reason in told(world)}


def test_each_attempt_to_bring_them_begins_the_time_anew() -> None:
    world = waiting()
    world.later(hours=1).take(FAILED)
    world.later(hours=1).take(TimerFired(run=RUN, name=timers.UPLOAD, due=START + UPLOAD_WAITS))
    assert told(world)[-1] == (Status.CREATED, Pending.UPLOAD, "UploadFailed")
    due = START + timedelta(hours=1) + UPLOAD_WAITS
    world.later(hours=1).take(TimerFired(run=RUN, name=timers.UPLOAD, due=due))
    assert told(world)[-1][0] is Status.FAILED
