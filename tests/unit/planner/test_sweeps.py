"""When the planner asks again about what the cluster does not answer, and whose clock counts."""

from polyflow_services.planner.core import recovered
from polyflow_services.planner.rows import state
from polyflow_shared.rows import TimerRow
from polyflow_topics.inbox import TimerFired
from tests.unit.planner.plan_builder import RUN, dag, plan, stop
from tests.unit.planner.world import World


def test_however_often_the_planner_was_restarted_a_launch_is_sent_again_within_the_hour() -> None:
    world = World().take(*plan(dag(a="")))
    for _ in range(8):
        world.later(seconds=1).take(*recovered(key for key, _ in world.rows.items()))
    sent = len(world.launches())
    for _ in range(13):
        timer = world.rows.get(state.timer_key(RUN, "recheck"))
        assert isinstance(timer, TimerRow)
        world.now = timer.due
        world.take(TimerFired(run=RUN, name="recheck", due=timer.due))
    assert len(world.launches()) == sent + 1


def test_a_timer_that_a_wrong_clock_fires_an_hour_early_is_set_again() -> None:
    world = World().take(stop())
    timer = world.rows.get(state.timer_key(RUN, "stop"))
    assert isinstance(timer, TimerRow)
    world.take(TimerFired(run=RUN, name="stop", due=timer.due))
    assert world.rows.get(state.timer_key(RUN, "stop")) == timer
    world.take(*plan(dag(a="")))
    assert world.story()[-1] == "run stopped"


def test_a_restart_while_a_plan_is_on_its_way_asks_about_nothing() -> None:
    begun, part, ended = plan(dag(a=""))
    world = World().take(begun)
    world.take(*recovered(key for key, _ in world.rows.items()))
    assert world.story() == []
    world.take(begun, part, ended)
    assert world.story() == ["launch a#0"]
