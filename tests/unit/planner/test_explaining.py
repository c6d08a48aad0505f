"""What the planner says it waits for: from the same rows that it decides on."""

import pytest

from polyflow_topics.admission import AskForSlot, SlotAnswered
from polyflow_topics.events import RequestAnswered
from polyflow_topics.inbox import OperatingRequested
from polyflow_topics.names import OperationName
from polyflow_topics.plan import Backoff
from polyflow_topics.results import LookUpResult
from tests.unit.planner.plan_builder import RUN, Dag, Op, asked, dag, plan, report, stop
from tests.unit.planner.test_admitting import about as asked_for
from tests.unit.planner.test_admitting import limited as in_a_queue
from tests.unit.planner.test_caching import answer, cached
from tests.unit.planner.test_queries import asking
from tests.unit.planner.world import World


def explained(world: World, operation: str = "", *, request: str = "x") -> list[str]:
    """Ask, and return the lines of the answer."""
    world.take(
        OperatingRequested(run=RUN, request=request, kind="explain", operation=OperationName(operation))
    )
    answer = world.of(RequestAnswered)[-1]
    assert (answer.kind, answer.request, answer.accepted) == ("explain", request, True)
    return answer.message.splitlines()


def waiting(**operations: str) -> World:
    return World(patient=True).take(*plan(dag(**operations)))


def limited() -> World:
    graph = Dag({name: Op() for name in "abc"}, 1, None)
    return World(patient=True).take(*plan(graph))


def retrying() -> World:
    graph = Dag({"a": Op(retries=2, backoff=Backoff(kind="fixed", delay=60))}, None, None)
    world = World(patient=True).take(*plan(graph))
    return world.take(report(world.launch("a"), "running"), report(world.launch("a"), "failed"))


NESTED = dag(a="", n=Op("a", inner=dag(x="")))


def nested() -> World:
    return World(patient=True).take(*plan(NESTED))


def held(**by: bool) -> World:
    return World(patient=True).take(*plan(NESTED, **by))


def without_what_was_awaited() -> World:
    waits = Op("b", trigger="one_succeeded", events={"a": "failed"})
    world = World(patient=True).take(*plan(dag(a="", b="", c=waits)))
    return world.take(report(world.launch("a"), "succeeded"))


def unschedulable() -> World:
    world = waiting(a="")
    pending = report(world.launch("a"), "pending", reason="Unschedulable", message="no node has 8 GPUs")
    return world.take(pending)


def without_a_place() -> World:
    world = World(patient=True).take(*in_a_queue(dag(a="")))
    about = asked_for(world.of(AskForSlot)[-1])
    why = {"reason": "QueueLimit", "message": "queue 'gpu' runs 1 operation at once"}
    return world.take(SlotAnswered(**about, granted=False, **why))


def beside_an_equal_one() -> World:
    world = World(patient=True).take(*cached(dag(a="")))
    return world.take(answer(world.of(LookUpResult)[-1], "awaited", of_run="r", of_operation="x"))


CASES = {
    "a place of a queue": (
        without_a_place,
        "a",
        ["a is queued", "it has its slot, and waits for admission: queue 'gpu' runs 1 operation at once"],
    ),
    "an equal operation": (
        beside_an_equal_one,
        "a",
        ["a is created", "it waits for operation 'x' of run r, which is equal and is being executed"],
    ),
    "upstreams that have not ended": (
        lambda: waiting(a="", b="", c="a b"),
        "c",
        [
            "c is created",
            "trigger all_succeeded is not met: of 2 upstreams 0 succeeded, 0 failed, 2 not ended",
        ],
    ),
    "a launch without an answer": (
        lambda: waiting(a="").later(seconds=30),
        "a",
        ["a is scheduled", "the cluster 'local' has not answered for 30 s"],
    ),
    "a slot": (
        limited,
        "c",
        [
            "c is queued",
            "it waits at place 2 for a slot of the run: 1 operation is active, and the concurrency is 1",
        ],
    ),
    "a pod that cannot be placed": (
        unschedulable,
        "a",
        ["a is scheduled", "its pod waits in the cluster 'local': Unschedulable"],
    ),
    "the next attempt": (
        retrying,
        "a",
        ["a is retrying", "attempt 1 begins at 2026-01-01T00:01:00Z; 1 retry is left"],
    ),
    "the next attempt, in a run that is paused": (
        lambda: retrying().take(asked("pause")),
        "a",
        [
            "a is retrying",
            "attempt 1 begins at 2026-01-01T00:01:00Z; 1 retry is left",
            "the run is paused: nothing more is launched until it is unpaused",
        ],
    ),
    "an upstream that ended without what was awaited": (
        without_what_was_awaited,
        "c",
        [
            "c is created",
            "trigger one_succeeded is not met: of 2 upstreams 0 succeeded, or told what was awaited, "
            "0 failed, 1 stopped, or ended without what was awaited, 1 not ended",
        ],
    ),
    "a run that waits for approval": (
        lambda: held(approval=True),
        "a",
        ["a is created", f"the run has not begun: it waits for approval (polyflow approve {RUN})"],
    ),
    "a run that waits for its files, and for approval after that": (
        lambda: held(approval=True, upload=True),
        "a",
        ["a is created", f"the run has not begun: it waits for its files (polyflow upload {RUN} PATH)"],
    ),
    "a run that waits, of an operation that waits for others": (
        lambda: held(approval=True),
        "n.x",
        ["n.x is created", f"the run has not begun: it waits for approval (polyflow approve {RUN})"],
    ),
    "a run that was approved": (
        lambda: held(approval=True).take(asked("approve")),
        "a",
        ["a is scheduled", "the cluster 'local' has not answered for 0 s"],
    ),
    "a plan that has not ended": (
        lambda: World(patient=True).take(*plan(NESTED)[:-1]),
        "a",
        ["a is created", "the run has not begun: it waits for the end of its plan"],
    ),
    "a whole run that waits for approval": (
        lambda: held(approval=True),
        "",
        [
            "the run is created: 3 of 3 operations have not ended",
            f"it waits for: approval (polyflow approve {RUN})",
        ],
    ),
    "a DAG that has not begun": (
        nested,
        "n.x",
        ["n.x is created", "the DAG that it is in, 'n', has not begun"],
    ),
    "an answer about other runs": (
        lambda: World(patient=True).take(*asking()),
        "pick",
        ["pick is created", "it has asked about other runs, and there is no answer yet"],
    ),
    "an answer of the cache": (
        lambda: World(patient=True).take(*cached(dag(a=""))),
        "",
        [
            "the run is running: 1 of 1 operations have not ended",
            "a is created: it has asked the cache, and there is no answer yet",
        ],
    ),
    "an answer of admission": (
        lambda: World(patient=True).take(*in_a_queue(dag(a=""))),
        "",
        [
            "the run is running: 1 of 1 operations have not ended",
            "a is created: it has asked for a place under the limits, and there is no answer yet",
        ],
    ),
    "a whole run of a DAG that waits for approval": (
        lambda: World(patient=True).take(*plan(dag(n=Op(approval=True, inner=dag(x=""))))),
        "",
        [
            "the run is running: 2 of 2 operations have not ended",
            f"n is created: it waits for: approval (polyflow approve {RUN} n)",
        ],
    ),
    "the whole run": (
        lambda: waiting(a="", b="a").later(seconds=5),
        "",
        [
            "the run is running: 2 of 2 operations have not ended",
            "a is scheduled: the cluster 'local' has not answered for 5 s",
        ],
    ),
}


@pytest.mark.parametrize(("made", "operation", "lines"), CASES.values(), ids=CASES)
def test_what_is_waited_for_is_said(made, operation, lines) -> None:
    assert explained(made(), operation) == lines


def test_a_stop_under_way_is_said_with_its_reason() -> None:
    world = waiting(a="", b="a")
    world.take(report(world.launch("a"), "running"), stop())
    assert explained(world, "a") == [
        "a is stopping",
        "the cluster 'local' was told to stop it, and it has not ended yet",
        "the run is being ended: Stopped",
    ]


def test_asking_changes_nothing_but_the_sequence() -> None:
    world = waiting(a="", b="a")
    before = {key: value for key, value in world.rows.items() if "/operation/" in key or "/scope/" in key}
    launches = len(world.launches())
    explained(world)
    explained(world, "b", request="y")
    assert {k: v for k, v in world.rows.items() if "/operation/" in k or "/scope/" in k} == before
    assert len(world.launches()) == launches


def test_of_very_many_only_some_are_told() -> None:
    lines = explained(waiting(**{f"o{n}": "" for n in range(30)}))
    assert len(lines) == 22
    assert lines[-1] == "10 more hold it up"
