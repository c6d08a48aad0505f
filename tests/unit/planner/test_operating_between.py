"""Requests about runs that are between two things: held, paused and stopped, resumed, between two attempts."""

from polyflow_topics.events import RequestAnswered, RunChanged
from polyflow_topics.plan import Backoff
from tests.unit.planner.plan_builder import Op, asked, dag, plan, report, stop
from tests.unit.planner.resumed import going_on
from tests.unit.planner.world import World

CHAIN = dag(a="", b="a", c="b")


def test_of_a_run_that_is_skipped_what_waits_for_its_next_attempt_is_stopped() -> None:
    later = Backoff(kind="fixed", delay=60)
    world = World(patient=True).take(*plan(dag(a=Op(retries=1, backoff=later), b="a")))
    world.take(report(world.launch("a"), "failed"), asked("skip"))
    ends = "a retrying|run stopping|a stopped|b skipped|run skipped"
    assert world.story() == ["launch a#0", *ends.split("|")]


def test_what_has_not_begun_since_its_run_was_resumed_is_skipped() -> None:
    world = World().take(*plan(CHAIN))
    world.take(report(world.launch("a"), "failed"), *going_on(CHAIN, set()))
    world.said.clear()
    world.take(asked("skip", "b"))
    assert world.story() == ["b skipped", "launch c#1"]


def test_a_pause_that_comes_alone_and_late_pauses_the_resumed_run_and_says_so() -> None:
    world = World().take(*plan(CHAIN))
    world.take(report(world.launch("a"), "failed"), *going_on(CHAIN, set()))
    world.take(asked("pause"), report(world.launch("a"), "succeeded"))
    assert world.story()[-2:] == ["a succeeded", "b queued"]
    paused = world.of(RunChanged)[-1]
    assert (paused.generation, paused.status, paused.reason) == (1, "running", "Paused")
    assert world.of(RequestAnswered)[-1].accepted
    world.take(asked("unpause"))
    assert world.launch("b").attempt == 1


def test_a_run_that_was_stopped_while_it_was_paused_launches_nothing_when_it_is_unpaused() -> None:
    world = World().take(asked("pause"), *plan(CHAIN))
    world.take(stop(), asked("unpause"))
    assert not world.launches()
    assert world.story()[-1] == "run stopped"


def test_a_plan_that_comes_again_while_its_run_is_held_changes_nothing() -> None:
    world = World().take(*plan(CHAIN, approval=True))
    before = list(world.said)
    world.take(*plan(CHAIN, approval=True))
    assert world.said == before


def test_what_is_skipped_in_a_dag_that_has_not_begun_starts_nothing_in_it() -> None:
    world = World().take(*plan(dag(a="", n=Op("a", inner=dag(x="", y="x", z="y")))))
    world.take(asked("skip", "n.x"))
    assert world.story() == ["launch a#0", "n.x skipped"]
    world.take(report(world.launch("a"), "succeeded"))
    assert world.story()[-1] == "launch n.y#0"


def test_what_waits_for_it_goes_on_as_soon_as_the_dag_has_come_so_far() -> None:
    world = World().take(*plan(dag(a="", n=Op("a", inner=dag(x="", y="x", z="y")))))
    world.take(asked("skip", "n.y"), report(world.launch("a"), "succeeded"))
    assert world.story()[-1] == "launch n.x#0"
    world.take(report(world.launch("n.x"), "succeeded"))
    assert world.story()[-1] == "launch n.z#0"
