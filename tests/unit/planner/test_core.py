"""The planner's core as sentences: what happens, and what it then says."""

from datetime import timedelta

import pytest

from polyflow_services.planner.core import decide, recovered
from polyflow_services.planner.rows import keys
from polyflow_shared.deciding.rows import TimerRow
from polyflow_shared.errors import NotReadError
from polyflow_topics.commands import ReleaseOperation, StopOperation, VerifyOperation
from polyflow_topics.events import OperationChanged, RunChanged
from polyflow_topics.inbox import TimerFired
from polyflow_topics.metrics import PoliciesClosed
from tests.unit.planner.plan_builder import RUN, START, Dag, Op, asked, dag, plan, report, stop
from tests.unit.planner.world import World

OK = "succeeded"
BAD = "failed"

# name: (DAG, [(operation, how its pod ends)], the story)
STORIES = {
    "a chain runs in order": (
        dag(a="", b="a", c="b"),
        [("a", OK), ("b", OK), ("c", OK)],
        "launch a#0|a succeeded|launch b#0|b succeeded|launch c#0|c succeeded|run succeeded",
    ),
    "a diamond waits for both": (
        dag(a="", b="a", c="a", d="b c"),
        [("a", OK), ("c", OK), ("b", OK), ("d", OK)],
        "launch a#0|a succeeded|launch b#0|launch c#0|c succeeded|b succeeded|launch d#0|d succeeded"
        "|run succeeded",
    ),
    "a failure takes all below with it and fails the run": (
        dag(a="", b="a", c="b"),
        [("a", BAD)],
        "launch a#0|a failed|b upstream_failed|c upstream_failed|run failed",
    ),
    "an independent branch goes on after a failure": (
        dag(a="", b="a", x="", y="x"),
        [("a", BAD), ("x", OK), ("y", OK)],
        "launch a#0|launch x#0|a failed|b upstream_failed|x succeeded|launch y#0|y succeeded|run failed",
    ),
    "all_done runs after a failure": (
        dag(a="", b=Op("a", trigger="all_done")),
        [("a", BAD), ("b", OK)],
        "launch a#0|a failed|launch b#0|b succeeded|run failed",
    ),
    "one_succeeded starts at the first success and only once": (
        dag(a="", b="", c=Op("a b", trigger="one_succeeded")),
        [("b", OK), ("a", OK), ("c", OK)],
        "launch a#0|launch b#0|b succeeded|launch c#0|a succeeded|c succeeded|run succeeded",
    ),
    "one_succeeded waits after a failure until no upstream can succeed": (
        dag(a="", b="", c=Op("a b", trigger="one_succeeded")),
        [("a", BAD), ("b", BAD)],
        "launch a#0|launch b#0|a failed|b failed|c upstream_failed|run failed",
    ),
    "one_failed runs on the first failure": (
        dag(a="", b="", c=Op("a b", trigger="one_failed")),
        [("a", OK), ("b", BAD), ("c", OK)],
        "launch a#0|launch b#0|a succeeded|b failed|launch c#0|c succeeded|run failed",
    ),
    "all_failed counts upstream_failed as failed": (
        dag(a="", b="a", c=Op("a b", trigger="all_failed")),
        [("a", BAD), ("c", OK)],
        "launch a#0|a failed|b upstream_failed|launch c#0|c succeeded|run failed",
    ),
    "one_done starts at the first end": (
        dag(a="", b="", c=Op("a b", trigger="one_done")),
        [("a", BAD), ("c", OK), ("b", OK)],
        "launch a#0|launch b#0|a failed|launch c#0|c succeeded|b succeeded|run failed",
    ),
    "a retry is a new attempt and not a failure": (
        dag(a=Op("", retries=1)),
        [("a", BAD), ("a", OK)],
        "launch a#0|a retrying|launch a#1|a succeeded|run succeeded",
    ),
    "the retries come to an end": (
        dag(a=Op("", retries=1)),
        [("a", BAD), ("a", BAD)],
        "launch a#0|a retrying|launch a#1|a failed|run failed",
    ),
    "a lost pod is replaced without using up a retry": (
        dag(a=""),
        [("a", "lost"), ("a", OK)],
        "launch a#0|a retrying|launch a#1|a succeeded|run succeeded",
    ),
    "a pod lost over and over is given up": (
        dag(a=""),
        [("a", "lost")] * 4,
        "launch a#0|a retrying|launch a#1|a retrying|launch a#2|a retrying|launch a#3|a failed|run failed",
    ),
    "concurrency holds back, in the order of the file": (
        dag(2, None, a="", b="", c="", d=""),
        [("a", OK), ("b", OK), ("c", OK), ("d", OK)],
        "launch a#0|launch b#0|c queued|d queued|a succeeded|launch c#0|b succeeded|launch d#0|c succeeded"
        "|d succeeded|run succeeded",
    ),
    "a nested DAG runs inside, and what follows it waits": (
        dag(a="", n=Op("a", inner=dag(x="", y="x")), z="n"),
        [("a", OK), ("n.x", OK), ("n.y", OK), ("z", OK)],
        "launch a#0|a succeeded|launch n.x#0|n.x succeeded|launch n.y#0|n.y succeeded|n succeeded|launch z#0"
        "|z succeeded|run succeeded",
    ),
    "a nested DAG that never opens takes its operations with it": (
        dag(a="", n=Op("a", inner=dag(x="", y="x")), z="n"),
        [("a", BAD)],
        "launch a#0|a failed|n upstream_failed|z upstream_failed|n.x upstream_failed"
        "|n.y upstream_failed|run failed",
    ),
    "nested operations hold no slot of the scope above": (
        dag(1, None, n=Op("", inner=dag(1, None, x="")), b=""),
        [("n.x", OK), ("b", OK)],
        "launch b#0|launch n.x#0|n.x succeeded|n succeeded|b succeeded|run succeeded",
    ),
    "too many failures stop the rest and fail the run": (
        dag(None, 50, a="", b="", c="", d=""),
        [("a", BAD), ("b", BAD), ("c", "stopped"), ("d", "stopped")],
        "launch a#0|launch b#0|launch c#0|launch d#0|a failed|b failed|run stopping|c stopping|stop c#0"
        "|d stopping|stop d#0|c stopped|d stopped|run failed",
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    graph, ends, story = STORIES[name]
    world = World().take(*plan(graph))
    for operation, status in ends:
        world.take(report(world.launch(operation), status))
    assert world.story() == story.split("|")


def test_every_message_twice_tells_the_same_story() -> None:
    for graph, ends, story in STORIES.values():
        world = World()
        for message in plan(graph):
            world.take(message, message)
        for operation, status in ends:
            ended = report(world.launch(operation), status)
            world.take(ended, ended)
        assert world.story() == story.split("|")


def test_the_sequence_of_public_events_has_no_gaps() -> None:
    world = World().take(*plan(dag(a="", b="a")))
    world.take(report(world.launch("a"), BAD))
    numbers = [message.sequence for message in world.said if hasattr(message, "sequence")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_outputs_become_params_and_falsy_values_are_values() -> None:
    world = World().take(*plan(dag(a="", b=Op(outputs={"x": "a.x", "y": "a.y", "z": "a.z"}))))
    world.take(report(world.launch("a"), OK, outputs={"x": 0, "y": False, "z": ""}))
    scheduled = [event for event in world.of(OperationChanged) if event.params and event.operation == "b"]
    assert scheduled[0].params == {"x": 0, "y": False, "z": ""}


def test_a_missing_output_fails_the_operation_that_needs_it_and_says_what_there_is() -> None:
    world = World().take(*plan(dag(a="", b=Op(outputs={"x": "a.loss"}))))
    world.take(report(world.launch("a"), OK, outputs={"los": 1}))
    failed = world.of(OperationChanged)[-1]
    assert (failed.operation, failed.status, failed.reason) == ("b", "failed", "ParamInvalid")
    assert "no output 'loss' (it has los)" in failed.message


def test_a_stop_ends_what_runs_and_what_waits() -> None:
    world = World().take(*plan(dag(a="", b="a")), stop())
    world.take(report(world.launch("a"), "stopped"))
    assert world.story() == [
        "launch a#0",
        "run stopping",
        "a stopping",
        "stop a#0",
        "b stopped",
        "a stopped",
        "run stopped",
    ]


def test_a_pod_that_succeeded_before_the_stop_reached_it_has_succeeded() -> None:
    world = World().take(*plan(dag(a="", b="a")), stop())
    world.take(report(world.launch("a"), OK))
    assert world.story()[-2:] == ["a succeeded", "run stopped"]


def test_a_stop_before_the_plan_waits_for_it_and_nothing_is_launched() -> None:
    world = World().take(stop(), *plan(dag(a="", b="a")))
    assert world.story() == ["run stopping", "a stopped", "b stopped", "run stopped"]


def test_a_stop_between_the_parts_of_a_plan_waits_for_its_end() -> None:
    begun, part, ended = plan(dag(a=""))
    world = World().take(begun, part, stop(), ended)
    assert world.story() == ["run stopping", "a stopped", "run stopped"]


def test_a_stop_for_a_run_that_never_comes_is_forgotten() -> None:
    world = World().take(stop())
    due = world.rows.get(keys.timer_key(RUN, "stop"))
    world.later(hours=1).take(TimerFired(run=RUN, name="stop", due=due.due))
    assert len(world.rows) == 0


def test_an_operation_that_fails_while_it_is_stopped_is_stopped() -> None:
    world = World().take(*plan(dag(a=Op(retries=3))), stop())
    world.take(report(world.launch("a"), BAD, exit_code=143))
    assert world.story()[-2:] == ["a stopped", "run stopped"]


def test_the_same_id_with_another_body_is_refused_and_leaves_the_run_alone() -> None:
    world = World().take(*plan(dag(a="")))
    world.take(*plan(dag(b="", c=""), specification="other"))
    world.take(report(world.launch("a"), OK))
    assert world.story() == ["launch a#0", "rejected PF4001", "a succeeded", "run succeeded"]


def test_the_same_request_after_the_end_makes_no_second_run() -> None:
    world = World().take(*plan(dag(a="")))
    world.take(report(world.launch("a"), OK))
    before = len(world.said)
    world.take(*plan(dag(a="")))
    assert len(world.said) == before
    world.take(*plan(dag(a=""), specification="other"))
    assert world.story()[-1] == "rejected PF4001"


def test_an_ended_run_leaves_only_its_stub_which_a_timer_removes() -> None:
    world = World().take(*plan(dag(a="", n=Op("a", inner=dag(x="")))))
    for name in ("a", "n.x"):
        world.take(report(world.launch(name), OK, outputs={"v": 1}))
    left = {key for key, _ in world.rows.items()}
    assert left == {keys.stub_key(RUN), keys.timer_key(RUN, "stub")}
    due = world.rows.get(keys.timer_key(RUN, "stub")).due
    assert due - START == timedelta(days=30)
    world.later(days=30).take(TimerFired(run=RUN, name="stub", due=due))
    assert len(world.rows) == 0


def test_a_plan_of_another_release_starts_over_while_parts_are_missing() -> None:
    begun, part, ended = plan(dag(a="", b="a"))
    other = [message.model_copy(update={"plan": "other"}) for message in (begun, part, ended)]
    world = World().take(begun, *other)
    assert world.story() == ["launch a#0"]


def test_an_ended_pod_is_released_and_again_when_it_is_reported_again() -> None:
    world = World().take(*plan(dag(a="", b="a")))
    ended = report(world.launch("a"), OK)
    world.take(ended, ended)
    assert [release.operation for release in world.of(ReleaseOperation)] == ["a", "a"]


def test_a_live_pod_of_an_old_attempt_is_stopped() -> None:
    world = World().take(*plan(dag(a=Op(retries=1))))
    first = world.launch("a")
    world.take(report(first, BAD), report(first, "running"))
    assert world.of(StopOperation)[-1].attempt == 0


def test_a_live_pod_of_an_unknown_run_is_stopped() -> None:
    launch = World().take(*plan(dag(a=""))).launch("a")
    world = World().take(report(launch, "running"))
    assert world.story() == ["stop a#0"]


def fire_recheck(world: World) -> None:
    timer = world.rows.get(keys.timer_key(RUN, "recheck"))
    assert isinstance(timer, TimerRow)
    world.now = timer.due
    world.take(TimerFired(run=RUN, name="recheck", due=timer.due))


def test_an_unanswered_launch_is_sent_again_after_five_minutes_then_ten() -> None:
    world = World().take(*plan(dag(a="")))
    counts = []
    for _ in range(4):
        fire_recheck(world)
        counts.append(len(world.launches()))
    assert counts == [2, 2, 3, 3]


def test_the_cluster_is_asked_about_a_silent_operation_after_fifteen_minutes() -> None:
    world = World().take(*plan(dag(a="")))
    world.take(report(world.launch("a"), "running"))
    for _ in range(3):
        fire_recheck(world)
    assert len(world.of(VerifyOperation)) == 1


def test_an_absent_answer_to_the_question_is_a_loss() -> None:
    world = World().take(*plan(dag(a="")))
    world.take(report(world.launch("a"), "running"), report(world.launch("a"), "absent"))
    assert world.story() == ["launch a#0", "a retrying", "launch a#1"]


def test_a_timer_whose_row_says_another_time_is_ignored() -> None:
    world = World().take(*plan(dag(a="")))
    world.later(minutes=9).take(TimerFired(run=RUN, name="recheck", due=world.now))
    assert world.story() == ["launch a#0"]


def test_after_a_restart_open_commands_are_sent_again_and_running_pods_are_asked_about() -> None:
    world = World().take(*plan(dag(a="", b="", c="")))
    world.take(report(world.launch("b"), "running"), report(world.launch("c"), OK))
    world.take(*recovered(key for key, _ in world.rows.items()))
    assert world.story()[-1] == "launch a#0"
    assert [verify.operation for verify in world.of(VerifyOperation)] == ["b"]


def test_after_a_restart_a_dag_called_run_is_no_run() -> None:
    world = World().take(*plan(dag(run=Op(inner=dag(a="")))), asked("pause", request="run"))
    said = recovered(key for key, _ in world.rows.items())
    assert [message.run for message in said] == [RUN]


def test_at_most_500_launches_of_a_run_are_out_unseen() -> None:
    world = World().take(*plan(dag(**{f"a{n}": "" for n in range(1200)})))
    assert len(world.launches()) == 500
    world.take(*(report(launch, "running") for launch in world.launches()))
    assert len(world.launches()) == 1000
    world.take(*(report(launch, OK) for launch in world.launches()))
    world.take(*(report(launch, OK) for launch in world.launches()[1000:]))
    assert world.story()[-1] == "run succeeded"


def test_a_cascade_in_several_steps_counts_each_edge_once() -> None:
    wide = {f"a{n}": "r" for n in range(700)}
    world = World(deliveries=2).take(*plan(dag(r="", **wide, z=Op(" ".join(wide), trigger="all_done"))))
    world.take(report(world.launch("r"), BAD))
    story = world.story()
    assert sorted(story[2:-1]) == sorted(f"{name} upstream_failed" for name in wide)
    assert story[-1] == "launch z#0"


WIDE = {f"a{n}": "r" for n in range(1000)}
BELOW = {f"b{n}": Op(f"a{n}") for n in range(1000)}
WITHOUT_A_PARAM = {f"a{n}": Op("r", outputs={"x": "r.loss"}) for n in range(1000)}


@pytest.mark.parametrize(
    ("graph", "ends"),
    [
        pytest.param(dag(r="", **WIDE, **BELOW), {"r": BAD}, id="whose upstream has failed"),
        pytest.param(
            dag(1, None, r="", last="", **WITHOUT_A_PARAM, **BELOW),
            {"r": OK, "last": OK},
            id="that are queued and cannot be launched",
        ),
    ],
)
def test_no_decision_sends_more_than_about_500_messages(graph: Dag, ends: dict[str, str]) -> None:
    world = World()
    sizes = []
    waiting, missing = plan(graph), list(ends)
    while waiting:
        decision = decide(world.rows, waiting.pop(0), START)
        world.save(decision.writes)
        world.said.extend(decision.messages)
        sizes.append(len(decision.messages))
        waiting.extend(
            m for m in decision.messages if type(m).__name__ in {"ReleaseContinued", "SweepContinued"}
        )
        if not waiting and missing:
            name = missing.pop(0)
            waiting.append(report(world.launch(name), ends[name]))
    assert max(sizes) <= 505
    assert world.of(RunChanged)[-1].status == "failed"


def test_rows_that_change_stay_under_300_bytes() -> None:
    world = World().take(*plan(dag(2, None, **{f"operation-number-{n}": "" for n in range(300)})), stop())
    changing = ("/run", "/scope/", "/operation/")
    sizes = [len(value) for key, value in world.rows.items() if any(part in key for part in changing)]
    assert sizes
    assert max(sizes) < 300


def test_a_message_that_is_not_for_the_planner_is_refused_for_good() -> None:
    with pytest.raises(NotReadError):
        decide(World().rows, PoliciesClosed(run=RUN), START)
