"""What the planner makes of launches that the cluster does not take now."""

from polyflow_services.planner.core import recovered
from polyflow_services.planner.rows import keys, state
from polyflow_shared.deciding.rows import TimerRow
from polyflow_topics.commands import LaunchOperation, VerifyOperation
from polyflow_topics.events import OperationChanged
from polyflow_topics.inbox import SweepContinued, TimerFired
from tests.unit.planner.plan_builder import RUN, asked, dag, plan, report, stop
from tests.unit.planner.world import World


def no_quota(world: World):
    refused = report(world.launch("a"), "refused")
    return refused.model_copy(update={"reason": "QuotaExceeded", "message": "4 of 4 pods are used"})


def timer(world: World) -> TimerRow | None:
    return world.rows.get(keys.timer_key(RUN, "launch/0"))


def fire(world: World) -> None:
    row = timer(world)
    assert row is not None
    world.now = row.due
    world.take(TimerFired(run=RUN, name="launch/0", due=row.due))


def test_a_launch_that_is_refused_is_asked_for_again_after_longer_and_longer_waits() -> None:
    world = World().take(*plan(dag(a="")))
    waits = []
    for _ in range(6):
        world.take(no_quota(world))
        waits.append((timer(world).due - world.now).total_seconds())
        fire(world)
    assert waits == [5, 10, 20, 40, 60, 60]
    assert [launch.attempt for launch in world.of(LaunchOperation)] == [0] * 7


def test_why_it_waits_is_told_once() -> None:
    world = World().take(*plan(dag(a="")))
    world.take(no_quota(world), no_quota(world))
    fire(world)
    world.take(no_quota(world))
    told = [(event.status, event.reason) for event in world.of(OperationChanged)]
    assert told == [("scheduled", ""), ("scheduled", "QuotaExceeded")]


def test_a_pod_that_was_taken_at_last_is_no_retry() -> None:
    world = World().take(*plan(dag(a="")))
    world.take(no_quota(world))
    fire(world)
    world.take(report(world.launch("a"), "pending"), report(world.launch("a"), "succeeded"))
    assert world.story() == ["launch a#0", "launch a#0", "a succeeded", "run succeeded"]


def test_a_refusal_that_comes_late_changes_nothing() -> None:
    world = World().take(*plan(dag(a="")))
    refused = no_quota(world)
    world.take(report(world.launch("a"), "running"), refused)
    assert timer(world) is None
    assert world.story() == ["launch a#0"]


def test_a_stop_ends_the_waiting() -> None:
    world = World().take(*plan(dag(a="")))
    world.take(no_quota(world), stop())
    assert world.story() == ["launch a#0", "run stopping", "a stopping", "stop a#0"]
    world.take(report(world.launch("a"), "absent"))
    assert world.story()[-2:] == ["a stopped", "run stopped"]
    assert timer(world) is None


def test_a_restart_asks_for_it_again_and_never_takes_it_for_lost() -> None:
    world = World().take(*plan(dag(a="")))
    world.take(no_quota(world))
    world.take(*recovered([keys.run_key(RUN)]))
    assert world.of(VerifyOperation) == []
    assert len(world.of(LaunchOperation)) == 2


def test_while_the_cluster_is_full_it_counts_as_unseen() -> None:
    world = World().take(*plan(dag(a="")))
    world.take(no_quota(world))
    assert world.rows.get(keys.run_key(RUN)).unseen == 1


def test_a_launch_that_expired_says_so_and_is_sent_again_after_a_while_once() -> None:
    world = World().take(*plan(dag(a="")))
    expired = report(world.launch("a"), "expired")
    world.take(expired, expired)  # a planner that was killed takes in what it had answered
    assert [one.reason for one in world.of(OperationChanged)] == ["", "LaunchExpired"]
    row = timer(world)
    assert row is not None
    assert 0 < (row.due - world.now).total_seconds() <= 60
    fire(world)
    assert world.story() == ["launch a#0"] * 2


def test_a_launch_that_came_through_after_all_is_not_asked_for_again() -> None:
    world = World().take(*plan(dag(a="")))
    world.take(report(world.launch("a"), "expired"))
    launch = world.launch("a")
    world.take(report(launch, "pending"), report(launch, "running"))
    assert timer(world) is None


def test_of_a_paused_run_nothing_is_asked_for_again() -> None:
    world = World().take(*plan(dag(a="")))
    world.take(no_quota(world), asked("pause"))
    fire(world)
    world.later(minutes=10).take(
        SweepContinued(run=RUN, sweep="recheck", cursor=0), *recovered([keys.run_key(RUN)])
    )
    assert world.story().count("launch a#0") == 1
    world.take(asked("unpause"))
    fire(world)
    assert world.story().count("launch a#0") == 2


def test_a_timer_of_a_run_that_was_forgotten_is_let_go() -> None:
    world = World().take(*plan(dag(a="")))
    world.take(report(world.launch("a"), "succeeded"))
    assert world.rows.get(keys.operation_key(RUN, 0)) is None
    world.rows.put(keys.timer_key(RUN, "launch/0"), state.CODEC.encode(TimerRow(RUN, "launch/0", world.now)))
    world.take(TimerFired(run=RUN, name="launch/0", due=world.now))
    assert timer(world) is None
