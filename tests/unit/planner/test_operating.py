"""What people ask of a run that goes on: stories, answers, and what comes too early, too late or twice."""

from datetime import timedelta

import pytest

from polyflow_services.planner.rows import keys
from polyflow_services.planner.walks.finding import STEP
from polyflow_topics.commands import StopOperation
from polyflow_topics.events import OperationChanged, RequestAnswered, RunChanged
from polyflow_topics.inbox import OperatingRequested, SweepContinued, TimerFired
from polyflow_topics.message import Message
from polyflow_topics.status import Pending, Status
from tests.unit.planner.plan_builder import RUN, START, Op, asked, dag, plan, report, stop
from tests.unit.planner.world import World

OK = "succeeded"
CHAIN = dag(a="", b="a", c="b")
NESTED = dag(n=Op(inner=dag(1, x="", y="")), z="n")
HELD = dag(a=Op(approval=True), b="a")

# name: (DAG, [a request, or an operation whose pod ends and how], the story)
STORIES = {
    "a stopped operation takes what waits for it along": (
        CHAIN,
        [asked("stop", "a"), ("a", "stopped")],
        "launch a#0|a stopping|stop a#0|a stopped|b upstream_failed|c upstream_failed|run succeeded",
    ),
    "what has not started is stopped at once": (
        CHAIN,
        [asked("stop", "b"), ("a", OK)],
        "launch a#0|b stopped|c upstream_failed|a succeeded|run succeeded",
    ),
    "a stopped operation that has a retry gets no further attempt": (
        dag(a=Op(retries=2)),
        [asked("stop", "a"), ("a", "failed")],
        "launch a#0|a stopping|stop a#0|a stopped|run stopped",
    ),
    "a stop of a nested DAG ends all that is in it, and nothing else": (
        dag(n=Op(inner=dag(1, x="", y="")), a=""),
        [asked("stop", "n"), ("n.x", "stopped"), ("a", OK)],
        "launch a#0|launch n.x#0|n.y queued|n stopping|n.x stopping|stop n.x#0|n.y stopped|n.x stopped"
        "|n stopped|a succeeded|run succeeded",
    ),
    "a nested DAG is stopped before it opens": (
        dag(a="", n=Op("a", inner=dag(x=""))),
        [asked("stop", "n"), ("a", OK)],
        "launch a#0|n stopped|n.x stopped|a succeeded|run succeeded",
    ),
    "a skipped operation counts as succeeded": (
        CHAIN,
        [asked("skip", "b"), ("a", OK), ("c", OK)],
        "launch a#0|b skipped|launch c#0|a succeeded|c succeeded|run succeeded",
    ),
    "what is on a cluster is not skipped": (CHAIN, [asked("skip", "a")], "launch a#0"),
    "what waits for a slot is skipped, and the next one takes it": (
        dag(1, None, a="", b="", c=""),
        [asked("skip", "b"), ("a", OK), ("c", OK)],
        "launch a#0|b queued|c queued|b skipped|a succeeded|launch c#0|c succeeded|run succeeded",
    ),
    "of a nested DAG that is skipped, what runs is stopped and the rest skipped": (
        NESTED,
        [asked("skip", "n"), ("n.x", "stopped"), ("z", OK)],
        "launch n.x#0|n.y queued|n stopping|n.x stopping|stop n.x#0|n.y skipped|n.x stopped|n skipped"
        "|launch z#0|z succeeded|run succeeded",
    ),
    "of a run that is skipped, too": (
        dag(1, None, a="", b=""),
        [asked("skip"), ("a", "stopped")],
        "launch a#0|b queued|run stopping|a stopping|stop a#0|b skipped|a stopped|run skipped",
    ),
    "an operation waits for its approval": (
        HELD,
        [asked("approve", "a"), ("a", OK), ("b", OK)],
        "a created|launch a#0|a succeeded|launch b#0|b succeeded|run succeeded",
    ),
    "an approval before its turn is remembered, and starts nothing": (
        dag(a="", b=Op("a", approval=True)),
        [asked("approve", "b"), ("a", OK), ("b", OK)],
        "launch a#0|a succeeded|launch b#0|b succeeded|run succeeded",
    ),
    "an approval does not change what the trigger says": (
        dag(a="", b=Op("a", approval=True)),
        [asked("approve", "b"), ("a", "failed")],
        "launch a#0|a failed|b upstream_failed|run failed",
    ),
    "a condition is looked at before anybody is asked": (
        dag(a=Op(approval=True, condition="false")),
        [],
        "a skipped|run succeeded",
    ),
    "what waits for an approval is stopped with its run": (
        HELD,
        [stop()],
        "a created|run stopping|a stopped|b stopped|run stopped",
    ),
    "what waits for an approval can be skipped": (
        HELD,
        [asked("skip", "a"), ("b", OK)],
        "a created|a skipped|launch b#0|b succeeded|run succeeded",
    ),
    "a nested DAG waits for its approval as a whole": (
        dag(n=Op(inner=dag(x=""), approval=True)),
        [asked("approve", "n"), ("n.x", OK)],
        "n created|launch n.x#0|n.x succeeded|n succeeded|run succeeded",
    ),
    "one upstream is enough, and a second one asks nobody again": (
        dag(a="", b="", c=Op("a b", trigger="one_succeeded", approval=True)),
        [("a", OK), ("b", OK), asked("approve", "c"), ("c", OK)],
        "launch a#0|launch b#0|a succeeded|c created|b succeeded|launch c#0|c succeeded|run succeeded",
    ),
    "of a paused run nothing more is launched": (
        CHAIN,
        [asked("pause"), ("a", OK), asked("unpause"), ("b", OK), ("c", OK)],
        "launch a#0|a succeeded|b queued|launch b#0|b succeeded|launch c#0|c succeeded|run succeeded",
    ),
    "a paused run can be stopped": (
        CHAIN,
        [asked("pause"), ("a", OK), stop()],
        "launch a#0|a succeeded|b queued|run stopping|b stopped|c stopped|run stopped",
    ),
    "no further attempt is launched of a paused run": (
        dag(a=Op(retries=1)),
        [asked("pause"), ("a", "failed"), asked("unpause"), ("a", OK)],
        "launch a#0|a retrying|a queued|launch a#1|a succeeded|run succeeded",
    ),
    "a higher limit starts more at once": (
        dag(1, None, a="", b="", c="", d=""),
        [asked("limit", concurrency=3)],
        "launch a#0|b queued|c queued|d queued|launch b#0|launch c#0",
    ),
    "a lower limit drains": (
        dag(2, None, a="", b="", c="", d=""),
        [asked("limit", concurrency=1), ("a", OK), ("b", OK), ("c", OK)],
        "launch a#0|launch b#0|c queued|d queued|a succeeded|b succeeded|launch c#0|c succeeded|launch d#0",
    ),
    "a limit is lifted": (
        dag(1, None, a="", b="", c=""),
        [asked("limit", concurrency=None)],
        "launch a#0|b queued|c queued|launch b#0|launch c#0",
    ),
    "a limit is about one scope": (
        NESTED,
        [asked("limit", "n", concurrency=2)],
        "launch n.x#0|n.y queued|launch n.y#0",
    ),
    "a limit comes where there was none": (
        dag(a="", b="a", c="a"),
        [asked("limit", concurrency=1), ("a", OK)],
        "launch a#0|a succeeded|launch b#0|c queued",
    ),
}


def play(graph, steps, *, twice: bool = False, **planned) -> World:
    world = World(deliveries=1 + twice)
    times = 1 + twice
    for message in plan(graph, **planned):
        world.take(*[message] * times)
    for step in steps:
        message = step if isinstance(step, Message) else report(world.launch(step[0]), step[1])
        world.take(*[message] * times)
    return world


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    graph, steps, story = STORIES[name]
    assert play(graph, steps).story() == story.split("|")


@pytest.mark.parametrize("name", STORIES)
def test_every_message_twice_tells_the_same_story(name: str) -> None:
    graph, steps, story = STORIES[name]
    commands: list[str] = []
    for word in play(graph, steps, twice=True).story():
        if word not in commands:
            commands.append(word)
    assert commands == list(dict.fromkeys(story.split("|")))


# name: (DAG, steps before, request, accepted, reason)
ANSWERS = {
    "stop: what runs": (CHAIN, [], asked("stop", "a"), True, ""),
    "stop: what is stopping": (CHAIN, [asked("stop", "a")], asked("stop", "a"), True, ""),
    "stop: what was stopped": (CHAIN, [asked("stop", "b")], asked("stop", "b"), True, "AlreadyEnded"),
    "stop: what has ended": (CHAIN, [("a", OK)], asked("stop", "a"), False, "AlreadyEnded"),
    "stop: what is not there": (CHAIN, [], asked("stop", "x"), False, "UnknownOperation"),
    "stop: what is in no DAG": (CHAIN, [], asked("stop", "a.x"), False, "UnknownOperation"),
    "skip: what runs": (CHAIN, [], asked("skip", "a"), False, "AlreadyBegun"),
    "skip: what has failed once": (
        dag(1, None, a=Op(retries=1), b=""),
        [("a", "failed")],
        asked("skip", "a"),
        False,
        "AlreadyBegun",
    ),
    "skip: what was skipped": (CHAIN, [asked("skip", "b")], asked("skip", "b"), True, "AlreadyEnded"),
    "skip: what has ended": (CHAIN, [("a", OK)], asked("skip", "a"), False, "AlreadyEnded"),
    "skip: a DAG that is skipped": (NESTED, [asked("skip", "n")], asked("skip", "n"), True, ""),
    "skip: a DAG that is stopped": (NESTED, [asked("stop", "n")], asked("skip", "n"), False, "AlreadyBegun"),
    "skip: a DAG in which nothing but a service is left": (
        dag(n=Op(inner=dag(x="", server=Op(service=True)))),
        [("n.server", "running"), ("n.x", "failed")],
        asked("skip", "n"),
        False,
        "AlreadyEnding",
    ),
    "skip: a run that is stopped": (CHAIN, [stop()], asked("skip"), False, "AlreadyEnding"),
    "approve: twice": (HELD, [asked("approve", "a")], asked("approve", "a"), True, "AlreadyApproved"),
    "approve: what needs none": (HELD, [], asked("approve", "b"), False, "NoApprovalNeeded"),
    "approve: a run that needs none": (HELD, [], asked("approve"), False, "NoApprovalNeeded"),
    "approve: what was skipped": (HELD, [asked("skip", "a")], asked("approve", "a"), False, "AlreadyEnded"),
    "pause: twice": (CHAIN, [asked("pause")], asked("pause"), True, "AlreadyPaused"),
    "pause: a run that is ending": (CHAIN, [stop()], asked("pause"), False, "AlreadyEnding"),
    "pause: an operation": (CHAIN, [], asked("pause", "a"), False, "NotOfOperation"),
    "unpause: what is not paused": (CHAIN, [], asked("unpause"), True, "NotPaused"),
    "limit: an operation": (CHAIN, [], asked("limit", "a", concurrency=1), False, "UnknownOperation"),
    "any: a run that has ended": (dag(a=""), [("a", OK)], asked("pause"), False, "RunEnded"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_request_is_answered(name: str) -> None:
    graph, steps, request, accepted, reason = ANSWERS[name]
    request = request.model_copy(update={"request": "another"})
    answer = play(graph, [*steps, request]).of(RequestAnswered)[-1]
    assert (answer.accepted, answer.reason) == (accepted, reason)
    assert (answer.request, answer.kind, answer.operation) == (
        request.request,
        request.kind,
        request.operation,
    )
    assert accepted or answer.message


def test_a_stop_of_the_run_is_answered_if_it_has_an_id() -> None:
    wish = stop().model_copy(update={"request": "one"})
    world = play(CHAIN, [stop(), wish, wish])
    assert [(answer.request, answer.accepted) for answer in world.of(RequestAnswered)] == [("one", True)]
    other = wish.model_copy(update={"request": "two"})
    world.take(report(world.launch("a"), "stopped"), wish, other)
    assert world.of(RequestAnswered)[-1].reason == "RunEnded"
    assert world.of(RequestAnswered)[-1].sequence == 0


def test_a_run_that_is_to_be_approved_starts_nothing_before() -> None:
    world = play(CHAIN, [], approval=True, twice=True)
    assert not world.launches()
    held = world.of(RunChanged)[-1]
    assert (held.status, held.pending, held.reason) == (Status.CREATED, Pending.APPROVAL, "ApprovalAwaited")
    world.take(asked("approve"), asked("approve"), asked("approve", request="another"))
    assert [launch.operation for launch in world.launches()] == ["a"]
    assert [(event.status, event.pending) for event in world.of(RunChanged)][-1] == (Status.RUNNING, None)
    assert [answer.reason for answer in world.of(RequestAnswered)] == ["", "AlreadyApproved"]


# what is asked of a run that waits for its approval: the story
OF_A_HELD_RUN = {
    "stop": ([stop()], "a stopped|b stopped|c stopped|run stopped"),
    "skip": ([asked("skip")], "a skipped|b skipped|c skipped|run skipped"),
    "stop of an operation": ([asked("stop", "b"), stop()], "b stopped|a stopped|c stopped|run stopped"),
    "skip of an operation": (
        [asked("skip", "a"), asked("approve"), ("b", OK), ("c", OK)],
        "a skipped|launch b#0|b succeeded|launch c#0|c succeeded|run succeeded",
    ),
    "pause": ([asked("pause"), asked("approve")], "a queued"),
    "nothing": ([], ""),
}


@pytest.mark.parametrize("name", OF_A_HELD_RUN)
def test_a_run_that_waits_for_its_approval(name: str) -> None:
    steps, story = OF_A_HELD_RUN[name]
    world = play(CHAIN, steps, approval=True)
    assert sorted(world.story()) == sorted(story.split("|") if story else [])
    if "run" in story:
        left = {key.partition("/")[2] for key, _ in world.rows.items()}
        assert {key for key in left if not key.startswith("answered/")} == {"stub", "timer/stub"}


def test_what_is_asked_before_the_run_exists_is_done_when_it_begins() -> None:
    early = [asked("skip", "b"), asked("approve", "a"), asked("limit", concurrency=1), asked("approve")]
    world = World().take(*early, *early)
    assert {answer.reason for answer in world.of(RequestAnswered)} == {"Kept"}
    assert {answer.sequence for answer in world.of(RequestAnswered)} == {0}
    world.take(*plan(dag(a=Op(approval=True), b="", c=""), approval=True))
    assert world.story() == ["b skipped", "launch a#0", "c queued"]
    done = [answer for answer in world.of(RequestAnswered) if answer.reason != "Kept"]
    assert sorted(answer.kind for answer in done) == ["approve", "approve", "limit", "skip"]
    assert not [key for key, _ in world.rows.items() if "/early" in key]


def test_a_run_that_is_paused_before_it_exists_launches_nothing() -> None:
    world = World().take(asked("pause"), *plan(CHAIN))
    assert world.story() == ["a queued"]
    running = world.of(RunChanged)[-1]
    assert (running.status, running.reason) == (Status.RUNNING, "Paused")
    world.take(asked("unpause"))
    assert world.story() == ["a queued", "launch a#0"]


def test_what_waits_for_a_run_that_never_comes_is_given_up_after_an_hour() -> None:
    world = World().take(asked("pause"), asked("skip", "a"))
    due = START + timedelta(hours=1)
    world.later(hours=1).take(TimerFired(run=RUN, name="early", due=due))
    assert [answer.reason for answer in world.of(RequestAnswered)][2:] == ["UnknownRun", "UnknownRun"]
    assert not list(world.rows.items())


def test_so_many_requests_wait_for_a_run_and_no_more() -> None:
    world = World().take(*[asked("skip", f"o{number}") for number in range(101)])
    assert [answer.accepted for answer in world.of(RequestAnswered)] == [True] * 100 + [False]


def test_an_operation_is_found_in_steps() -> None:
    names = {f"o{number}": "" for number in range(STEP + 10)}
    world = play(dag(1, None, **names), [asked("skip", f"o{STEP + 5}")])
    assert [event.cursor for event in world.of(OperatingRequested)] == [STEP]
    assert [event.operation for event in world.of(OperationChanged) if event.status == "skipped"] == [
        f"o{STEP + 5}"
    ]


def test_the_search_goes_around_what_is_inside_of_others() -> None:
    graph = dag(n=Op(inner=dag(x="", y="")), x=Op("n"))
    world = play(graph, [asked("stop", "x"), asked("stop", "n.y")])
    assert [event.operation for event in world.of(StopOperation)] == ["n.y"]
    assert "x stopped" in world.story()


def test_what_a_higher_limit_starts_is_bounded_in_each_decision() -> None:
    names = {f"o{number}": "" for number in range(600)}
    world = play(dag(1, None, **names), [asked("limit", concurrency=None)])
    assert len(world.launches()) == 500
    assert [event.sweep for event in world.of(SweepContinued) if event.sweep.startswith("start")] == [
        "start/0"
    ] * 2


def test_what_an_unpaused_run_launches_is_bounded_in_each_decision() -> None:
    world = play(dag(**{f"o{number}": "" for number in range(600)}), [], approval=True)
    world.take(asked("pause"), asked("approve"))
    assert not world.launches()
    world.take(asked("unpause"))
    assert len(world.launches()) == 500
    assert "launch" in {event.sweep for event in world.of(SweepContinued)}


def test_a_lower_limit_holds_for_what_has_its_slot_and_was_not_launched() -> None:
    world = play(dag(a="", b="", c=""), [], approval=True)
    world.take(asked("pause"), asked("approve"), asked("limit", concurrency=1))
    assert world.story()[-3:] == ["a queued", "b queued", "c queued"]
    world.said.clear()
    world.take(asked("unpause"))
    assert world.story() == ["a queued", "b queued", "launch c#0"]
    assert world.of(OperationChanged)[0].message == "the concurrency of the run is 1"
    for name in ("c", "a", "b"):
        world.take(report(world.launch(name), OK))
    assert world.story()[-1] == "run succeeded"


def test_a_lower_limit_holds_for_what_waits_for_the_cluster_to_answer() -> None:
    world = play(dag(**{f"o{number}": "" for number in range(600)}), [asked("limit", concurrency=1)])
    assert len(world.launches()) == 500
    for number in range(499):
        world.take(report(world.launch(f"o{number}"), OK))
    assert len(world.launches()) == 500
    world.take(report(world.launch("o499"), OK))
    assert len(world.launches()) == 501


def test_why_something_waits_is_told() -> None:
    world = play(dag(1, None, a="", b=""), [asked("limit", concurrency=1), asked("pause"), ("a", OK)])
    told = [event for event in world.of(OperationChanged) if event.operation == "b"]
    assert [(event.status, event.reason) for event in told] == [
        ("queued", "ConcurrencyLimit"),
        ("queued", "Paused"),
    ]


def test_rows_of_a_changed_run_stay_under_300_bytes() -> None:
    world = play(dag(1, None, a=Op(approval=True), b=""), [asked("limit", concurrency=10**6), asked("pause")])
    assert all(
        len(row) < 300
        for key, row in world.rows.items()
        if key in {keys.run_key(RUN), keys.scope_key(RUN, 0), keys.operation_key(RUN, 0)}
    )


def test_a_request_that_comes_again_is_over() -> None:
    world = play(CHAIN, [asked("pause"), asked("unpause"), asked("pause")])
    assert [answer.kind for answer in world.of(RequestAnswered)] == ["pause", "unpause"]
    world.take(report(world.launch("a"), OK))
    assert world.story()[-1] == "launch b#0"
    world.take(asked("pause", request="another"), report(world.launch("b"), OK))
    assert world.story()[-1] == "c queued"
