"""Operations that wait for an event of another one, such as that it runs."""

import pytest

from polyflow_services.planner.rows.event_edges import has_happened
from polyflow_services.planner.starts.launching import UNSEEN_LAUNCHES
from polyflow_topics.events import OperationChanged
from polyflow_topics.status import Status
from tests.unit.planner.plan_builder import Op, asked, dag, report
from tests.unit.planner.world import World, played

RUNS = {"a": "running"}
UP, END, FAIL, LOST = "running", "succeeded", "failed", "lost"

STORIES = {
    "it starts while the other one runs": (
        dag(a="", b=Op(events=RUNS)),
        [("a", UP), ("b", END), ("a", END)],
        ["launch a#0", "launch b#0", "b succeeded", "a succeeded", "run succeeded"],
    ),
    "who has ended well has run, though nobody has seen it": (
        dag(a="", b=Op(events=RUNS)),
        [("a", END), ("b", END)],
        ["launch a#0", "a succeeded", "launch b#0", "b succeeded", "run succeeded"],
    ),
    "an upstream that never ran cannot run any more": (
        dag(a="", b=Op(events=RUNS)),
        [("a", FAIL)],
        ["launch a#0", "a failed", "b upstream_failed", "run failed"],
    ),
    "one that also depends on it waits for both": (
        dag(a="", b=Op("a", events=RUNS)),
        [("a", UP), ("a", END), ("b", END)],
        ["launch a#0", "a succeeded", "launch b#0", "b succeeded", "run succeeded"],
    ),
    "one that also depends on it sees its failure": (
        dag(a="", b=Op("a", events=RUNS)),
        [("a", UP), ("a", FAIL)],
        ["launch a#0", "a failed", "b upstream_failed", "run failed"],
    ),
    "a second attempt that runs again changes nothing": (
        dag(a=Op(retries=1), b=Op(events=RUNS)),
        [("a", UP), ("a", FAIL), ("a", UP), ("a", END), ("b", END)],
        ["launch a#0", "launch b#0", "a retrying", "launch a#1", "a succeeded", "b succeeded",
         "run succeeded"],
    ),
    "a second attempt may be the first that runs": (
        dag(a=Op(retries=1), b=Op(events=RUNS)),
        [("a", LOST), ("a", UP), ("b", END), ("a", END)],
        ["launch a#0", "a retrying", "launch a#1", "launch b#0", "b succeeded", "a succeeded",
         "run succeeded"],
    ),
    "that it is tried again is an event": (
        dag(a=Op(retries=1), b=Op(events={"a": "retrying"})),
        [("a", FAIL), ("b", END), ("a", END)],
        ["launch a#0", "a retrying", "launch b#0", "launch a#1", "b succeeded", "a succeeded",
         "run succeeded"],
    ),
    "that it fails is an event, whatever the trigger": (
        dag(a="", b=Op(events={"a": "failed"}), c=Op(trigger="one_failed", events={"a": "failed"})),
        [("a", FAIL), ("b", END), ("c", END)],
        ["launch a#0", "a failed", "launch b#0", "launch c#0", "b succeeded", "c succeeded", "run failed"],
    ),
    "what waits for a failure does not start after a success": (
        dag(a="", b=Op(events={"a": "failed"})),
        [("a", END)],
        ["launch a#0", "a succeeded", "b upstream_failed", "run succeeded"],
    ),
    "one event of several is enough": (
        dag(a="", b=Op(events={"a": "retrying failed"})),
        [("a", FAIL), ("b", END)],
        ["launch a#0", "a failed", "launch b#0", "b succeeded", "run failed"],
    ),
    "each waits for its own event": (
        dag(a="", b=Op(events=RUNS), c=Op(events={"a": "scheduled"})),
        [("c", END), ("a", UP), ("b", END), ("a", END)],
        ["launch a#0", "launch c#0", "c succeeded", "launch b#0", "b succeeded", "a succeeded",
         "run succeeded"],
    ),
    "one upstream of several is enough for a trigger that says so": (
        dag(a="", z="", b=Op("z", trigger="one_succeeded", events=RUNS)),
        [("a", UP), ("b", END), ("a", END), ("z", END)],
        ["launch a#0", "launch z#0", "launch b#0", "b succeeded", "a succeeded", "z succeeded",
         "run succeeded"],
    ),
    "a trigger that asks for no more than an end starts without the event": (
        dag(a="", b=Op(trigger="all_done", events=RUNS)),
        [("a", FAIL), ("b", END)],
        ["launch a#0", "a failed", "launch b#0", "b succeeded", "run failed"],
    ),
    "a skipped upstream counts as one that has succeeded": (
        dag(a=Op(condition="false"), b=Op(events=RUNS)),
        [("b", END)],
        ["a skipped", "launch b#0", "b succeeded", "run succeeded"],
    ),
    "who is skipped with an upstream is skipped": (
        dag(a=Op(condition="false"), b=Op(skips=True, events=RUNS)),
        [],
        ["a skipped", "b skipped", "run succeeded"],
    ),
    "a service runs when it is up": (
        dag(server=Op(service=True), b=Op(events={"server": "running"})),
        [("server", "present"), ("server", UP), ("b", END), ("server", "stopped")],
        ["launch server#0", "launch b#0", "b succeeded", "server stopping", "stop server#0",
         "server succeeded", "run succeeded"],
    ),
    "what happens to a service after it is up comes too late": (
        dag(server=Op(service=True), b=Op(events={"server": "failed"}), c=Op(events={"server": "done"})),
        [("server", UP), ("c", END), ("server", "stopped")],
        ["launch server#0", "b upstream_failed", "launch c#0", "c succeeded", "server stopping",
         "stop server#0", "server succeeded", "run succeeded"],
    ),
    "a nested DAG runs from its beginning": (
        dag(inner=Op(inner=dag(x="")), b=Op(events={"inner": "running"})),
        [("b", END), ("inner.x", END)],
        ["launch b#0", "launch inner.x#0", "b succeeded", "inner.x succeeded", "inner succeeded",
         "run succeeded"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("deliveries", [1, 2])
@pytest.mark.parametrize("name", STORIES)
def test_story(name: str, deliveries: int) -> None:
    graph, reports, story = STORIES[name]
    assert played(graph, reports, deliveries).story() == story


def ended(world: World, name: str) -> OperationChanged:
    return [event for event in world.of(OperationChanged) if event.operation == name][-1]


def test_an_event_that_cannot_happen_any_more_is_named() -> None:
    world = played(dag(a="", b=Op(events={"a": "running retrying"})), [("a", FAIL)], 1)
    event = ended(world, "b")
    assert event.reason == "EventMissed"
    assert event.message == (
        "trigger all_succeeded cannot be met: "
        "upstream 'a' failed without run_status_running or run_status_retrying"
    )
    world = played(dag(a="", b=Op(trigger="one_done", events={"a": "failed"})), [("a", END)], 1)
    assert world.launch("b").attempt == 0


def test_of_one_upstream_that_is_enough_the_last_is_named() -> None:
    graph = dag(a="", b=Op(trigger="one_succeeded", events={"a": "failed"}))
    event = ended(played(graph, [("a", END)], 1), "b")
    assert event.message == (
        "trigger one_succeeded cannot be met: no upstream succeeded; "
        "the last one, 'a', succeeded without run_status_failed"
    )


def test_a_program_that_has_failed_has_run() -> None:
    world = played(dag(a="", b=Op(events=RUNS)), [], 1)
    world.take(report(world.launch("a"), FAIL, exit_code=1))
    assert world.launch("b").attempt == 0


def test_a_service_that_has_failed_was_not_up_for_that() -> None:
    world = played(dag(a=Op(service=True), b=Op(events=RUNS)), [], 1)
    world.take(report(world.launch("a"), FAIL, exit_code=1))
    assert ended(world, "b").reason == "EventMissed"


def test_nothing_starts_by_an_event_in_a_run_that_is_ended() -> None:
    world = played(dag(a="", b=Op(events=RUNS)), [], 1)
    world.take(asked("skip"), report(world.launch("a"), UP))
    assert [launch.operation for launch in world.launches()] == ["a"]
    assert ended(world, "b").status == "skipped"


def test_a_wide_fan_out_of_an_event_goes_on_by_itself() -> None:
    many = {f"b{number}": Op(events=RUNS) for number in range(700)}
    world = played(dag(a="", **many), [("a", UP)], 2)
    launches = [launch.index for launch in world.launches()]
    assert len(launches) == len(set(launches)) == 1 + UNSEEN_LAUNCHES
    for launch in world.launches()[1:]:
        world.take(report(launch, UP))
    assert len({launch.index for launch in world.launches()}) == 701


@pytest.mark.parametrize("status", list(Status))
def test_every_final_status_is_an_end_and_says_itself(status: Status) -> None:
    if status in {Status.CREATED, Status.STOPPING}:  # no event tells of these
        assert not has_happened(("done", "succeeded", "running", "queued"), status, ran=False)
    else:
        assert has_happened((str(status),), status, ran=False)
    ends = {"succeeded", "failed", "stopped", "skipped", "upstream_failed"}
    assert has_happened(("done",), status, ran=False) is (status in ends)
