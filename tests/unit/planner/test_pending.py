"""What the planner makes of pods that have not begun."""

from polyflow_services.planner.rows import keys
from polyflow_topics.events import OperationChanged
from tests.unit.planner.plan_builder import RUN, dag, plan, report
from tests.unit.planner.world import World


def test_why_a_pod_is_pending_is_told_once_for_each_reason() -> None:
    world = World().take(*plan(dag(a="")))
    launch = world.launch("a")
    pending = report(launch, "pending")
    no_room = pending.model_copy(update={"reason": "Unschedulable", "message": "no node has 8 GPUs"})
    no_image = pending.model_copy(update={"reason": "ImagePullBackOff", "message": "there is no such image"})
    world.take(pending, pending, no_room, no_room, no_image, report(launch, "running"), no_room)
    told = [(event.status, event.reason) for event in world.of(OperationChanged)]
    assert told == [
        ("scheduled", ""),
        ("scheduled", "Unschedulable"),
        ("scheduled", "ImagePullBackOff"),
        ("running", ""),
    ]


def test_a_pending_pod_counts_as_seen() -> None:
    world = World().take(*plan(dag(a="")))
    assert world.rows.get(keys.run_key(RUN)).unseen == 1
    world.take(report(world.launch("a"), "pending"))
    assert world.rows.get(keys.run_key(RUN)).unseen == 0


def test_a_pending_pod_of_an_unknown_run_is_stopped() -> None:
    launch = World().take(*plan(dag(a=""))).launch("a")
    assert World().take(report(launch, "pending")).story() == ["stop a#0"]
