"""Attempts that wait for their image, and for other things."""

from datetime import timedelta

import pytest

from polyflow_services.planner.attempts import patience
from polyflow_services.planner.rows import keys
from polyflow_topics.commands import StopOperation
from polyflow_topics.events import OperationChanged
from polyflow_topics.inbox import TimerFired
from tests.unit.planner.plan_builder import RUN, START, dag, plan, report, stop
from tests.unit.planner.world import World

PULLING = {"reason": "ImagePullBackOff", "message": "the image train:1 is not there"}


def waiting(reason: str = "ImagePullBackOff") -> World:
    world = World().take(*plan(dag(a="")))
    return world.take(report(world.launch("a"), "pending", reason=reason))


def timer(world: World) -> TimerFired:
    row = world.rows.get(keys.timer_key(RUN, "image/0"))
    return TimerFired(run=RUN, name=row.name, due=row.due)


def wait(world: World) -> World:
    fired = timer(world)
    world.now = fired.due
    return world.take(fired, fired)


@pytest.mark.parametrize("reason", sorted(patience.IMAGE))
def test_an_attempt_whose_image_is_not_pulled_for_ten_minutes_is_replaced(reason: str) -> None:
    world = waiting(reason)
    assert timer(world).due == START + timedelta(minutes=10)
    wait(world)
    [asked] = world.of(StopOperation)
    assert (asked.attempt, asked.reason) == (0, reason)
    world.take(report(asked, "stopped", reason=asked.reason))
    assert world.story() == ["launch a#0", "stop a#0", "a retrying", "launch a#1"]


def test_it_fails_when_the_infrastructures_budget_is_used_up_and_says_why() -> None:
    world = World().take(*plan(dag(a="")))
    for _ in range(4):
        world.take(report(world.launch("a"), "pending", **PULLING))
        wait(world)
        world.take(report(world.launch("a"), "stopped", reason="ImagePullBackOff"))
    event = world.of(OperationChanged)[-1]
    assert (event.status, event.reason) == ("failed", "ImagePullBackOff")
    assert event.message.startswith(
        "its image could not be pulled; given up: attempts that the infrastructure lost: 4"
    )
    assert world.story()[-1] == "run failed"


def test_another_word_for_the_same_wait_does_not_begin_anew() -> None:
    world = waiting()
    due = timer(world).due
    world.later(minutes=5).take(report(world.launch("a"), "pending", reason="RegistryUnavailable"))
    assert timer(world).due == due


def test_what_has_begun_meanwhile_is_left_alone() -> None:
    world = waiting()
    fired = timer(world)
    world.take(report(world.launch("a"), "running"))
    assert world.rows.get(keys.timer_key(RUN, "image/0")) is None
    world.now = fired.due
    assert not world.take(fired).of(StopOperation)


def test_what_waits_for_room_may_wait_for_ever() -> None:
    world = waiting("Unschedulable")
    assert world.rows.get(keys.timer_key(RUN, "image/0")) is None


def test_the_timer_goes_with_the_attempt() -> None:
    for happens in ("succeeded", "lost", "stop"):
        world = waiting()
        world.take(stop() if happens == "stop" else report(world.launch("a"), happens))
        assert world.rows.get(keys.timer_key(RUN, "image/0")) is None
