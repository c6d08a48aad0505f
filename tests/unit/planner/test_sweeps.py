"""When the planner asks again about what the cluster does not answer, and whose clock counts."""

from polyflow_services.planner.core import recovered
from polyflow_services.planner.rows import keys
from polyflow_services.planner.walks.sweeps import A_MOMENT
from polyflow_shared.deciding.rows import TimerRow
from polyflow_topics.commands import VerifyOperation
from polyflow_topics.inbox import TimerFired
from tests.unit.planner.plan_builder import RUN, dag, plan, report, stop
from tests.unit.planner.world import World


def test_however_often_the_planner_was_restarted_a_launch_is_sent_again_within_the_hour() -> None:
    world = World().take(*plan(dag(a="")))
    for _ in range(8):
        world.later(seconds=A_MOMENT).take(*recovered(key for key, _ in world.rows.items()))
    sent = len(world.launches())
    for _ in range(13):
        timer = world.rows.get(keys.timer_key(RUN, "recheck"))
        assert isinstance(timer, TimerRow)
        world.now = timer.due
        world.take(TimerFired(run=RUN, name="recheck", due=timer.due))
    assert len(world.launches()) == sent + 1


def test_a_planner_that_starts_again_and_again_sends_nothing_again_and_again() -> None:
    world = World().take(*plan(dag(a="", b="")))
    world.take(report(world.launch("b"), "running"))
    begins = recovered(key for key, _ in world.rows.items())
    for number in range(3 * A_MOMENT):
        world.take(*begins * 10).later(seconds=1)
        if (timer := world.rows.get(keys.timer_key(RUN, "recover"))) and timer.due <= world.now:
            world.take(TimerFired(run=RUN, name="recover", due=timer.due))
        told = (number + 1) // A_MOMENT + 1
        assert [verify.operation for verify in world.of(VerifyOperation)] == ["b"] * told
        assert len(world.launches()) == 2 + told


def test_what_was_started_between_two_starts_of_a_planner_is_asked_about_in_a_moment() -> None:
    world = World().take(*plan(dag(a="")))
    begins = recovered(key for key, _ in world.rows.items())
    world.take(*begins, report(world.launch("a"), "running")).later(seconds=1).take(*begins)
    assert world.of(VerifyOperation) == []
    timer = world.rows.get(keys.timer_key(RUN, "recover"))
    world.later(seconds=A_MOMENT).take(TimerFired(run=RUN, name="recover", due=timer.due))
    assert [verify.operation for verify in world.of(VerifyOperation)] == ["a"]
    assert world.rows.get(keys.timer_key(RUN, "recover")) is None


def test_a_timer_that_a_wrong_clock_fires_an_hour_early_is_set_again() -> None:
    world = World().take(stop())
    timer = world.rows.get(keys.timer_key(RUN, "stop"))
    assert isinstance(timer, TimerRow)
    world.take(TimerFired(run=RUN, name="stop", due=timer.due))
    assert world.rows.get(keys.timer_key(RUN, "stop")) == timer
    world.take(*plan(dag(a="")))
    assert world.story()[-1] == "run stopped"


def test_a_restart_while_a_plan_is_on_its_way_asks_about_nothing() -> None:
    begun, part, ended = plan(dag(a=""))
    world = World().take(begun)
    world.take(*recovered(key for key, _ in world.rows.items()))
    assert world.story() == []
    world.take(begun, part, ended)
    assert world.story() == ["launch a#0"]
