"""Operations whose image is built first: while it is, they are pending."""

import pytest

from polyflow_topics.events import OperationChanged, RequestAnswered
from tests.unit.planner.plan_builder import Dag, Op, asked, dag, report
from tests.unit.planner.world import World, played


def building(**more) -> Dag:
    operations = {"load": Op(), "build": Op("load", builds="train"), "train": Op("build", skips=True, **more)}
    return dag(**operations)


def told(world: World) -> list[tuple[str, str | None, str]]:
    every = [event for event in world.of(OperationChanged) if event.operation == "train"]
    return [(event.status, event.pending, event.reason) for event in every]


HELD = ("created", "build", "BuildAwaited")


@pytest.mark.parametrize("deliveries", [1, 2])
def test_it_is_pending_from_when_its_builder_starts(deliveries: int) -> None:
    world = played(building(), deliveries=deliveries)
    assert told(world) == []
    world.take(*[report(world.launch("load"), "succeeded")] * deliveries)
    assert told(world) == [HELD]
    world.take(*[report(world.launch("build"), "succeeded")] * deliveries)
    assert told(world) == [HELD, ("scheduled", None, "")]


def test_a_builder_that_is_tried_again_holds_it_once() -> None:
    operations = {"build": Op(builds="train", retries=1), "train": Op("build")}
    world = played(dag(**operations), [("build", "failed"), ("build", "succeeded")])
    assert told(world) == [HELD, ("scheduled", None, "")]


def test_a_builder_that_fails_ends_it() -> None:
    world = played(building(), [("load", "succeeded"), ("build", "failed")])
    assert told(world) == [HELD, ("upstream_failed", None, "TriggerNotMet")]


def test_an_approval_comes_after_the_image() -> None:
    world = played(building(approval=True), [("load", "succeeded"), ("build", "succeeded")])
    assert told(world) == [HELD, ("created", "approval", "ApprovalAwaited")]
    world.take(asked("approve", "train"))
    assert told(world)[-1] == ("scheduled", None, "")


def test_one_that_is_stopped_meanwhile_is_not_started_by_its_image() -> None:
    world = played(building(), [("load", "succeeded")])
    world.take(asked("stop", "train"), report(world.launch("build"), "succeeded"))
    assert told(world) == [HELD, ("stopped", None, "Stop")]


def test_who_asks_what_holds_the_run_up_is_told_of_the_builder_alone() -> None:
    world = played(building(), [("load", "succeeded")])
    world.take(asked("explain"))
    message = world.of(RequestAnswered)[-1].message
    assert "build is scheduled" in message
    assert "train is created" not in message
