"""Matrices in the planner: slots, ends, and the stop of a single trial."""

import pytest

from polyflow_services.planner.rows import keys, matrices
from polyflow_topics.events import OperationChanged, RunPlanned
from polyflow_topics.inbox import StopRequested
from polyflow_topics.names import OperationName, ScopeName
from tests.unit.planner.plan_builder import RUN, Dag, Op, dag, plan, report, stop
from tests.unit.planner.world import World


def searched(trials: int, **more) -> Dag:
    return dag(m=Op(trials=trials, **more), last="m")


def stop_one(name: str, scope: str = "m") -> StopRequested:
    reason = "MetricEarlyStopping"
    return StopRequested(
        run=RUN, scope=ScopeName(scope), operation=OperationName(name), reason=reason, by_policy=True
    )


def test_trials_take_the_slots_of_their_matrix_in_order():
    world = World().take(*plan(searched(3, limit=1)))
    assert world.story() == ["launch m.0#0", "m.1 queued", "m.2 queued"]
    for number in range(3):
        world.take(report(world.launch(f"m.{number}"), "succeeded"))
    assert world.story()[3:] == [
        "m.0 succeeded", "launch m.1#0", "m.1 succeeded", "launch m.2#0", "m.2 succeeded",
        "m succeeded", "launch last#0",
    ]  # fmt: skip


def test_a_trial_that_is_a_dag_holds_its_slot_to_its_end():
    inner = dag(a="", b="a")
    world = World().take(*plan(searched(2, limit=1, inner=inner)))
    world.take(report(world.launch("m.0.a"), "succeeded"))
    assert world.story() == ["m.1 queued", "launch m.0.a#0", "m.0.a succeeded", "launch m.0.b#0"]
    world.take(report(world.launch("m.0.b"), "succeeded"))
    assert world.story()[4:] == ["m.0.b succeeded", "m.0 succeeded", "launch m.1.a#0"]


@pytest.mark.parametrize(("inner", "trial"), [(None, "job"), (dag(a=""), "dag")])
def test_a_matrix_inside_a_dag_is_told_as_one(inner, trial):
    world = World().take(*plan(dag(m=Op(trials=1, inner=inner), d=Op(inner=dag(b="")))))
    kinds = {one.name: one.kind for told in world.of(RunPlanned) for one in told.operations}
    assert (kinds["m"], kinds["m.0"], kinds["d"], kinds["d.b"]) == ("matrix", trial, "dag", "job")


def test_each_trial_gets_its_own_value():
    world = World().take(*plan(searched(2)))
    told = [one for one in world.said if isinstance(one, OperationChanged) and one.status == "scheduled"]
    assert [(one.operation, one.params) for one in told] == [("m.0", {"trial": 0}), ("m.1", {"trial": 1})]


@pytest.mark.parametrize("before", [False, True])
def test_an_empty_matrix_ends_at_once_and_can_be_stopped(before):
    log = plan(dag(first="", m=Op(after="first", trials=0)))
    world = World().take(*log, *([stop()] if before else []))
    world.take(report(world.launch("first"), "stopped" if before else "succeeded"))
    assert world.story()[-1] == ("run stopped" if before else "run succeeded")


STOPS = {
    "a job that runs": (searched(2), "m", "m.1", ["m.1 stopping", "stop m.1#0"]),
    "a job that waits": (searched(2, limit=1), "m", "m.1", ["m.1 stopped"]),
    "a dag": (searched(2, inner=dag(a="")), "m", "m.1", ["m.1 stopping", "m.1.a stopping", "stop m.1.a#0"]),
    "an operation of a dag": (dag(a="", b=""), "", "b", ["b stopping", "stop b#0"]),
    "what there is not": (searched(2), "m", "m.7", []),
    "what is elsewhere": (searched(2), "m", "last", []),
}


@pytest.mark.parametrize("name", STOPS)
def test_a_single_operation_is_stopped_once(name):
    graph, scope, operation, wanted = STOPS[name]
    world = World().take(*plan(graph))
    before = len(world.story())
    world.take(stop_one(operation, scope), stop_one(operation, scope))
    assert world.story()[before:] == wanted


def test_a_trial_that_was_stopped_does_not_fail_its_matrix():
    world = World().take(*plan(searched(2)), stop_one("m.1"))
    world.take(report(world.launch("m.1"), "stopped"), report(world.launch("m.0"), "succeeded"))
    assert world.story()[-4:] == ["m.1 stopped", "m.0 succeeded", "m succeeded", "launch last#0"]


def test_the_numbers_of_trials_stand_at_equal_distances():
    world = World().take(*plan(dag(first="", m=Op(after="first", trials=3, inner=dag(a="", b="")))))
    row = world.rows.get(keys.scope_plan_key(RUN, 1))
    numbers = matrices.numbers_of(row)
    names = [world.rows.get(keys.operation_key(RUN, number)).name for number in numbers]
    assert names == ["m.0", "m.1", "m.2"]
