"""Outputs that come through the gateway, and the ends that wait for them."""

from datetime import timedelta

import msgspec
import pytest

from polyflow_services.planner.core import decide
from polyflow_services.planner.rows import keys, state
from polyflow_topics.catalog import MAX_OUTPUT_BYTES
from polyflow_topics.commands import ReleaseOperation
from polyflow_topics.events import OperationChanged
from polyflow_topics.inbox import TimerFired
from tests.unit.planner.plan_builder import RUN, START, Op, dag, plan, report, stated, stop
from tests.unit.planner.world import World

AT_ONCE, WAITS = "a succeeded|run succeeded", "a processing|a succeeded|run succeeded"

# name: (what is heard of the attempt: E2 is its end with 2 statements acknowledged, a number a statement), story
ORDERS = {
    "outputs before the end": (["1", "2", "E2"], AT_ONCE),
    "outputs after the end": (["E2", "1", "2"], WAITS),
    "the end between the outputs": (["1", "E2", "2"], WAITS),
    "the later outputs first": (["2", "1", "E2"], AT_ONCE),
    "the last outputs alone: each statement has all of them": (["E2", "2"], WAITS),
    "everything twice": (["1", "1", "E2", "E2", "2", "2", "E2"], WAITS),
    "none are awaited": (["E0"], AT_ONCE),
    "none are awaited, and there are some": (["1", "2", "E0"], AT_ONCE),
}


def launched(*, patient: bool = False, **op) -> World:
    return World(patient=patient).take(*plan(dag(a=Op("", **op))))


def end(world: World, awaited: int, **more):
    return report(world.launch("a"), "succeeded", awaited=awaited, **more)


def final(world: World) -> OperationChanged:
    return [event for event in world.of(OperationChanged) if state.final(event.status)][-1]


def due(world: World) -> TimerFired:
    row = world.rows.get(keys.timer_key(RUN, "outputs/0"))
    return TimerFired(run=RUN, name=row.name, due=row.due)


@pytest.mark.parametrize(("heard", "story"), ORDERS.values(), ids=ORDERS)
def test_an_operation_ends_once_its_outputs_are_here(heard, story):
    world = launched()
    for one in heard:
        said = end(world, int(one[1:])) if one[0] == "E" else stated(world.launch("a"), int(one))
        world.take(said)
    assert "|".join(world.story()) == f"launch a#0|{story}"
    assert final(world).outputs == ({"o1": 1, "o2": 2} if len(heard) > 1 else None)


def test_a_pod_is_not_let_go_of_before_its_outputs_are_here():
    world = launched()
    world.take(end(world, 1))
    assert world.of(ReleaseOperation) == []
    world.take(stated(world.launch("a"), 1))
    assert len(world.of(ReleaseOperation)) == 1


def test_what_is_waited_for_is_told():
    world = launched()
    world.take(stated(world.launch("a"), 1), end(world, 3))
    last = world.of(OperationChanged)[-1]
    assert (last.status, last.reason) == ("processing", "OutputsAwaited")
    assert last.message == "1 of 3 statements of outputs have arrived"


def test_outputs_that_do_not_come_fail_the_operation_with_their_number():
    world = launched()
    world.take(stated(world.launch("a"), 1), end(world, 3, exit_code=0))
    fired = due(world)
    assert fired.due == START + timedelta(seconds=60)
    world.later(seconds=60).take(fired, fired)
    ended = final(world)
    assert (ended.status, ended.reason, ended.exit_code) == ("failed", "OutputsMissing", 0)
    assert ended.message == (
        "of 3 statements of outputs that were acknowledged to it 1 have arrived within 60 s"
    )
    assert ended.outputs == {"o1": 1}
    assert len(world.of(ReleaseOperation)) == 1
    assert "|".join(world.story()) == "launch a#0|a processing|a failed|run failed"


def test_how_long_is_waited_is_a_setting():
    world = launched()
    decision = decide(world.rows, end(world, 1), START, outputs_wait=5.0)
    assert decision.writes[keys.timer_key(RUN, "outputs/0")].due == START + timedelta(seconds=5)


def test_missing_outputs_use_up_a_retry_and_the_next_attempt_starts_without_any():
    world = launched(retries=1)
    world.take(stated(world.launch("a"), 1), end(world, 2))
    world.later(seconds=60).take(due(world))
    assert world.launch("a").attempt == 1
    world.take(end(world, 1))
    assert world.of(OperationChanged)[-1].status == "processing"
    world.take(stated(world.launch("a"), 1, fresh=True))
    assert final(world).outputs == {"fresh": True}


def test_outputs_of_an_earlier_attempt_are_ignored():
    world = launched(retries=1)
    first = world.launch("a")
    world.take(report(first, "failed"))
    assert decide(world.rows, stated(first, 1), START).writes == {}


@pytest.mark.parametrize("late", ["absent", "lost", "failed", "running", "present"])
def test_a_success_that_waits_stays_one_whatever_becomes_of_its_pod(late):
    world = launched()
    world.take(end(world, 1), report(world.launch("a"), late), stated(world.launch("a"), 1))
    assert "|".join(world.story()) == "launch a#0|a processing|a succeeded|run succeeded"


def test_a_stop_ends_what_waits_for_outputs_without_asking_its_pod():
    world = launched()
    world.take(end(world, 1), stop())
    assert "|".join(world.story()) == "launch a#0|a processing|run stopping|a stopped|run stopped"
    assert len(world.of(ReleaseOperation)) == 1
    assert {key.split("/")[1] for key, _ in world.rows.items()} == {"stub", "timer"}


def test_a_success_that_comes_while_it_is_stopped_does_not_wait_for_outputs():
    world = launched()
    world.take(stop())
    assert world.story()[-1] == "stop a#0"
    world.take(end(world, 1))
    assert (final(world).status, world.story()[-1]) == ("stopped", "run stopped")


def test_a_failure_waits_for_nothing_and_keeps_what_is_here():
    world = launched()
    world.take(stated(world.launch("a"), 1), report(world.launch("a"), "failed", awaited=2))
    assert (final(world).status, final(world).outputs) == ("failed", {"o1": 1})


def test_the_reports_own_outputs_count_before_what_was_stated():
    world = launched()
    world.take(stated(world.launch("a"), 1, x=1, y=1), end(world, 0, outputs={"x": 2}))
    assert final(world).outputs == {"x": 2, "y": 1}


def test_statements_that_are_not_counted_are_added_up():
    world = launched()
    launch = world.launch("a")
    world.take(stated(launch, 0, x=1, y=1), stated(launch, 0, y=2), end(world, 0))
    assert final(world).outputs == {"x": 1, "y": 2}


LARGE = "x" * MAX_OUTPUT_BYTES
# name: (statements, each a number and outputs, the outputs in the end)
STATEMENTS = {
    "a later one without an output takes it back": ([(1, {"x": 1, "y": 1}), (2, {"y": 2})], {"y": 2}),
    "an earlier one that comes later adds nothing": ([(2, {"y": 2}), (1, {"x": 1})], {"y": 2}),
    "one that is counted replaces what was not": ([(0, {"x": 1}), (1, {"y": 2})], {"y": 2}),
    "one that is not counted is added to one that is": ([(1, {"x": 1}), (0, {"y": 2})], {"x": 1, "y": 2}),
    "one that fits replaces one that was too large": ([(1, {"x": LARGE}), (2, {"y": 2})], {"y": 2}),
}


@pytest.mark.parametrize(("statements", "outputs"), STATEMENTS.values(), ids=STATEMENTS)
def test_a_statement_that_is_counted_replaces_all_before_it(statements, outputs):
    world = launched()
    for number, values in statements:
        world.take(stated(world.launch("a"), number, **values))
    world.take(end(world, 0))
    assert (final(world).status, final(world).outputs) == ("succeeded", outputs)


def test_outputs_that_are_too_large_together_fail_the_operation_and_are_not_kept():
    world = launched()
    launch = world.launch("a")
    half = "x" * (MAX_OUTPUT_BYTES // 2)
    world.take(stated(launch, 0, x=half), stated(launch, 0, y=half))
    assert len(world.rows.stored(keys.arrived_key(RUN, 0))) <= MAX_OUTPUT_BYTES + 100
    world.take(end(world, 0))
    ended = final(world)
    assert (ended.status, ended.reason) == ("failed", "OutputsInvalid")
    assert "65551 bytes together, and 65536 is the limit" in ended.message


def test_the_next_operation_gets_what_came_through_the_gateway():
    world = World().take(*plan(dag(a="", b=Op(outputs={"x": "a.x"}))))
    world.take(report(world.launch("a"), "succeeded", awaited=1), stated(world.launch("a"), 1, x=0))
    told = [event for event in world.of(OperationChanged) if event.operation == "b"]
    assert told[-1].params == {"x": 0}


def test_an_operation_without_such_outputs_has_no_such_rows():
    world = launched()
    writes = decide(world.rows, end(world, 0), START).writes
    assert not [key for key in writes if "/arrived/" in key or "/held/" in key or "/timer/outputs" in key]


def test_outputs_of_an_unknown_run_change_nothing():
    launch = launched().launch("a")
    assert decide(World().rows, stated(launch, 1), START).writes == {}


def test_the_row_of_counters_is_small_beside_its_outputs():
    world = launched()
    world.take(stated(world.launch("a"), 7, x=0))
    assert msgspec.json.decode(world.rows.stored(keys.arrived_key(RUN, 0))) == [
        "arrived.v1",
        0,
        7,
        {"x": 0},
        0,
    ]
