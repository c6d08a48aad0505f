"""Requests about runs that are between two things: held, paused and stopped, resumed, between two attempts."""

import pytest

from polyflow_services.planner.core import decide
from polyflow_services.planner.rows import keys
from polyflow_topics.events import RequestAnswered, RunChanged
from polyflow_topics.inbox import Release, ReleaseContinued, TimerFired
from polyflow_topics.message import Message
from polyflow_topics.plan import Backoff
from tests.unit.planner.plan_builder import RUN, Op, asked, dag, plan, report, stop
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


def resumed(*requests: Message) -> World:
    """Return a world whose run heard these requests before it failed, and was resumed."""
    world = World().take(*plan(CHAIN), *requests)
    return world.take(report(world.launch("a"), "failed"), *going_on(CHAIN, set()))


STOP = stop().model_copy(update={"request": "one"})
AGAIN = {
    "pause": [asked("pause"), asked("unpause")],
    "skip": [asked("skip", "c")],
    "stop of an operation": [asked("stop", "a")],
    "stop": [STOP],
}


@pytest.mark.parametrize("requests", AGAIN.values(), ids=AGAIN)
def test_what_was_asked_before_a_run_was_resumed_and_comes_again_changes_nothing(requests) -> None:
    assert_changes_nothing(resumed(*requests), requests[0])


def assert_changes_nothing(world: World, request: Message) -> None:
    said, rows = list(world.said), dict(world.rows.items())
    world.take(request, request)
    assert (world.said, dict(world.rows.items())) == (said, rows)
    world.take(report(world.launch("a"), "succeeded"))
    assert world.story()[-1].startswith("launch b#")


BEFORE = {"the plan": 0, "its operations": 1, "its end": -1}


@pytest.mark.parametrize("place", BEFORE.values(), ids=BEFORE)
def test_a_stop_from_before_a_run_begins_that_comes_again_after_a_resume_changes_nothing(place) -> None:
    begins = plan(CHAIN)
    world = World().take(*begins[:place], STOP, *begins[place:])
    assert world.story()[-1] == "run stopped"
    assert_changes_nothing(world.take(*going_on(CHAIN, set())), STOP)
    world.take(stop(), report(world.launch("b"), "stopped"))
    assert_it_can_be_forgotten(world)


@pytest.mark.parametrize("request_", [STOP, asked("skip")], ids=["stop", "skip"])
def test_what_was_refused_for_the_end_of_a_run_is_not_done_when_it_comes_again_after_a_resume(
    request_,
) -> None:
    world = World().take(*plan(CHAIN))
    world.take(report(world.launch("a"), "failed"), request_, *going_on(CHAIN, set()))
    assert [one.reason for one in world.of(RequestAnswered)] == ["RunEnded"]
    assert_changes_nothing(world, request_)


def test_what_is_remembered_of_requests_goes_with_the_last_trace_of_the_run() -> None:
    world = resumed(*AGAIN["pause"]).take(asked("skip", "c"))
    world.take(report(world.launch("a"), "failed"), asked("pause"), asked("stop"))
    assert len([key for key, _ in world.rows.items() if "/answered/" in key]) == 1 + 4
    assert_it_can_be_forgotten(world)


def assert_it_can_be_forgotten(world: World) -> None:
    world.later(days=30)
    while (timer := world.rows.get(keys.timer_key(RUN, "stub"))) is not None:
        decision = decide(world.rows, TimerFired(run=RUN, name="stub", due=timer.due), world.now)
        assert len(decision.writes) < 300
        world.save(decision.writes)
        world.later(seconds=1)
    assert not list(world.rows.items())


def test_thousands_of_requests_about_a_run_that_has_ended_are_forgotten_in_steps() -> None:
    world = resumed().take(report(World().take(*plan(CHAIN)).launch("a"), "running"), stop())
    world.take(report(world.launch("a"), "stopped"))
    world.take(*(asked("pause", request=str(number)) for number in range(1000)))
    assert len(list(world.rows.items())) > 1000
    assert_it_can_be_forgotten(world)


def test_two_stops_from_before_a_run_are_both_over_when_they_come_again_after_a_resume() -> None:
    other = STOP.model_copy(update={"request": "two"})
    for again in (STOP, other):
        world = World().take(STOP, other, *plan(CHAIN))
        assert_changes_nothing(world.take(*going_on(CHAIN, set())), again)


def test_a_stop_of_an_unknown_run_is_kept_for_an_hour_and_refused_then() -> None:
    world = World().take(STOP, STOP.model_copy(update={"request": "two"}), STOP)
    assert [(one.request, one.reason) for one in world.of(RequestAnswered)] == [
        ("one", "Kept"),
        ("two", "Kept"),
    ]
    world.said.clear()
    world.later(hours=1)
    while (timer := world.rows.get(keys.timer_key(RUN, "stop"))) is not None:
        world.take(TimerFired(run=RUN, name="stop", due=timer.due)).later(seconds=1)
    answers = {(one.request, one.accepted, one.reason) for one in world.of(RequestAnswered)}
    assert answers == {("one", False, "UnknownRun"), ("two", False, "UnknownRun")}
    assert not list(world.rows.items())


def test_a_stop_waits_for_longer_than_an_hour_where_the_plan_of_its_run_has_begun() -> None:
    begins = plan(CHAIN)
    world = World().take(*begins[:-1], STOP).later(hours=1)
    world.take(TimerFired(run=RUN, name="stop", due=world.rows.get(keys.timer_key(RUN, "stop")).due))
    assert world.take(begins[-1]).story()[-1] == "run stopped"


def test_a_policy_that_was_met_before_the_run_was_resumed_stops_nothing_in_it() -> None:
    world = resumed().later(minutes=1)
    policy = stop(by_policy=True)
    before = policy.model_copy(update={"attempt": 0})
    said = list(world.said)
    assert world.take(before).said == said
    world.take(policy.model_copy(update={"attempt": 1}))
    assert "run stopping" in world.story()


def test_what_a_run_has_said_to_itself_before_it_was_resumed_changes_nothing_while_its_plan_arrives() -> None:
    world = World().take(*plan(CHAIN))
    world.take(report(world.launch("a"), "failed"))
    begins = going_on(CHAIN, set())
    late = ReleaseContinued(run=RUN, releases=(Release(source=0, opening=True, chunk=0),))
    for message in begins:
        world.take(message, late)
    assert world.story()[-1] == "launch a#1"


SERVED = dag(x="", server=Op(service=True))
ENDS = (("server", "running"), ("x", "succeeded"))


@pytest.mark.parametrize(
    ("graph", "inside", "request_"),
    [
        pytest.param(SERVED, "", STOP, id="a run"),
        pytest.param(dag(n=Op(inner=SERVED)), "n.", asked("stop", "n"), id="a DAG"),
    ],
)
def test_a_stop_of_what_ends_only_its_services_is_refused(graph, inside, request_) -> None:
    world = World(patient=True).take(*plan(graph))
    up, done = (report(world.launch(f"{inside}{name}"), status) for name, status in ENDS)
    answer = world.take(up, done, request_).of(RequestAnswered)[-1]
    assert (answer.accepted, answer.reason) == (False, "AlreadyEnding")


OVER = dag(n=Op(condition="false", inner=dag(x="")))


@pytest.mark.parametrize("request_", [STOP, asked("pause"), asked("skip")], ids=["stop", "pause", "skip"])
def test_a_run_whose_operations_have_ended_and_only_what_never_opened_has_not_is_ending(request_) -> None:
    world = World().take(*plan(OVER), request_)
    answer = world.of(RequestAnswered)[-1]
    assert (answer.accepted, answer.reason) == (False, "AlreadyEnding")
    assert world.story() == ["n skipped", "n.x skipped", "run succeeded"]


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
