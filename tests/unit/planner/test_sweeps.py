"""How often the planner asks again about what the cluster does not answer."""

from polyflow_services.planner import state
from polyflow_services.planner.core import recovered
from polyflow_shared.rows import TimerRow
from polyflow_topics.inbox import TimerFired
from tests.unit.planner.plan_builder import RUN, dag, plan
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
