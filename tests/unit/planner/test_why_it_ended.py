"""What an operation has in the end as reason and message, where it did not end by itself."""

import pytest

from polyflow_services.planner.rows import keys
from polyflow_shared.observing.metrics import REASONS
from polyflow_topics.events import OperationChanged, RunChanged
from polyflow_topics.status import Status
from tests.unit.planner.plan_builder import RUN, Dag, Op, asked, dag, plan, report, stop
from tests.unit.planner.world import World

INNER = dag(x="", m=Op(inner=dag(y="")))
GOES_ON = asked("stop", "a").model_copy(update={"reason": "TooSlow", "message": "asked by polyflow stop"})
TOO_SLOW = ("TooSlow", "asked by polyflow stop")


def last(world: World, operation: str) -> OperationChanged:
    return [event for event in world.of(OperationChanged) if event.operation == operation][-1]


def why(world: World, operation: str) -> tuple[str, str]:
    event = last(world, operation)
    return event.reason, event.message


# name: (DAG, what is asked, how `a` ends, status of what is in it, reason, message)
NEVER_OPENED = {
    "a DAG that is skipped": (
        dag(a="", n=Op("a", inner=INNER)),
        asked("skip", "n"),
        "succeeded",
        Status.SKIPPED,
        ("ScopeSkipped", "the DAG 'n' was skipped"),
    ),
    "a DAG that is stopped": (
        dag(a="", n=Op("a", inner=INNER)),
        asked("stop", "n"),
        "succeeded",
        Status.STOPPED,
        ("ScopeStopped", "the DAG 'n' was stopped before it began"),
    ),
    "a DAG whose condition cannot be evaluated": (
        dag(a="", n=Op("a", condition="1 > 'a'", inner=INNER)),
        None,
        "succeeded",
        Status.UPSTREAM_FAILED,
        ("ScopeFailed", "the DAG 'n' failed before it began"),
    ),
    "a DAG whose upstream has failed": (
        dag(a="", n=Op("a", inner=INNER)),
        None,
        "failed",
        Status.UPSTREAM_FAILED,
        ("ScopeUpstreamFailed", "the DAG 'n' is upstream_failed"),
    ),
    "a matrix": (
        dag(a="", n=Op("a", trials=2)),
        asked("skip", "n"),
        "succeeded",
        Status.SKIPPED,
        ("ScopeSkipped", "the matrix 'n' was skipped"),
    ),
}


@pytest.mark.parametrize("name", NEVER_OPENED)
def test_what_never_opened_is_named_by_all_that_is_in_it(name: str) -> None:
    graph, request, end, status, told = NEVER_OPENED[name]
    world = World().take(*plan(graph), *([request] if request else []))
    world.take(report(world.launch("a"), end))
    inside = {event.operation for event in world.of(OperationChanged) if event.operation.startswith("n.")}
    assert len(inside) >= 2
    assert {(last(world, name).status, why(world, name)) for name in inside} == {(status, told)}
    assert told[0] in REASONS


def started(graph: Dag) -> World:
    return World().take(*plan(graph))


@pytest.mark.parametrize("end", ["stopped", "failed", "lost", "absent"])
def test_who_has_stopped_an_operation_is_told_at_its_end_too(end: str) -> None:
    world = started(dag(a="", b="")).take(GOES_ON)
    world.take(report(world.launch("a"), end, reason="Stopped", message="it was stopped"))
    assert (last(world, "a").status, why(world, "a")) == (Status.STOPPED, TOO_SLOW)
    assert world.rows.get(keys.stopping_key(RUN, 0)) is None


def test_it_is_told_too_where_the_run_is_stopped_meanwhile() -> None:
    world = started(dag(a="", b="")).take(GOES_ON, stop())
    world.take(report(world.launch("a"), "stopped"), report(world.launch("b"), "stopped"))
    assert (why(world, "a"), why(world, "b")[0]) == (TOO_SLOW, stop().reason)


def test_a_long_message_is_the_same_from_the_stop_to_the_end() -> None:
    world = started(dag(a="", b="")).take(GOES_ON.model_copy(update={"message": "why " * 100}))
    world.take(report(world.launch("a"), "stopped"))
    told = [event for event in world.of(OperationChanged) if event.operation == "a"][-2:]
    assert [(one.status, one.message) for one in told] == [
        (Status.STOPPING, "why " * 100),
        (Status.STOPPED, "why " * 100),
    ]


def test_a_service_that_somebody_has_stopped_is_stopped_though_its_dag_ends_meanwhile() -> None:
    world = started(dag(a=Op(service=True), b=""))
    world.take(report(world.launch("a"), "running"), GOES_ON)
    world.take(report(world.launch("b"), "succeeded"), report(world.launch("a"), "stopped"))
    assert (last(world, "a").status, why(world, "a")) == (Status.STOPPED, TOO_SLOW)
    assert world.of(RunChanged)[-1].status == Status.SUCCEEDED


def test_what_succeeds_before_it_could_be_stopped_has_succeeded_without_a_reason() -> None:
    world = started(dag(a="", b="")).take(GOES_ON)
    world.take(report(world.launch("a"), "succeeded"))
    assert (last(world, "a").status, why(world, "a")) == (Status.SUCCEEDED, ("", ""))
    assert world.rows.get(keys.stopping_key(RUN, 0)) is None
