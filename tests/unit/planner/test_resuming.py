"""An ended run that goes on: what is kept, how it counts on, and what changes nothing."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_services.planner.rows import state
from polyflow_topics.events import OperationChanged, RequestRejected, RunChanged, RunEvent
from polyflow_topics.inbox import Release, ReleaseContinued
from polyflow_topics.status import Status, Trigger
from tests.unit.planner.plan_builder import RUN, Dag, Op, dag, plan, report, stop
from tests.unit.planner.resumed import going_on, keepable
from tests.unit.planner.test_properties import dags, leaves, played
from tests.unit.planner.world import World

CHAIN = dag(a="", b="a", c="b")


def failed_at(world: World, graph: Dag, *ends: tuple[str, str], **more: object) -> World:
    """Play a run to its end: operations end so, in this order."""
    world.take(*plan(graph))
    for name, status in ends:
        world.take(report(world.launch(name), status, **more))
    return world


@pytest.fixture
def ended() -> World:
    return failed_at(World(), CHAIN, ("a", "succeeded"), ("b", "failed"))


def last_run(world: World) -> RunChanged:
    return world.of(RunChanged)[-1]


def test_what_succeeded_stays_and_the_rest_runs(ended: World) -> None:
    ended.said.clear()
    ended.take(*going_on(CHAIN, {"a"}))
    assert [launch.operation for launch in ended.launches()] == ["b"]
    ended.take(report(ended.launch("b"), "succeeded"))
    ended.take(report(ended.launch("c"), "succeeded"))
    kept = ended.of(OperationChanged)[0]
    assert (kept.operation, kept.status, kept.reason, kept.outputs) == ("a", "succeeded", "Kept", {"x": 0})
    assert last_run(ended).status == "succeeded"
    assert last_run(ended).generation == 1


def test_no_attempt_has_a_number_that_was_used(ended: World) -> None:
    first = {(launch.operation, launch.attempt) for launch in ended.launches()}
    ended.take(*going_on(CHAIN, {"a"}))
    assert ended.launch("b").attempt == 1
    assert (ended.launch("b").operation, ended.launch("b").attempt) not in first


def test_the_sequence_of_events_goes_on(ended: World) -> None:
    ended.take(*going_on(CHAIN, {"a"}))
    sequences = [event.sequence for event in ended.of(RunEvent)]
    assert sequences == list(range(1, len(sequences) + 1))


def test_a_report_of_an_attempt_from_before_changes_nothing(ended: World) -> None:
    old = ended.launch("b")
    ended.take(*going_on(CHAIN, {"a"}))
    ended.said.clear()
    ended.take(report(old, "succeeded"))
    assert ended.of(OperationChanged) == []


def test_the_same_request_twice_is_one(ended: World) -> None:
    once = going_on(CHAIN, {"a"})
    ended.take(*once, *once)
    assert len(ended.launches()) == 3
    ended.take(report(ended.launch("b"), "failed"), *once)
    assert last_run(ended).generation == 1
    assert ended.of(RequestRejected) == []


def test_a_run_is_resumed_again_and_again(ended: World) -> None:
    ended.take(*going_on(CHAIN, {"a"}), report(ended.launch("b"), "failed"))
    ended.take(report(ended.launch("b"), "failed"))
    ended.take(*going_on(CHAIN, {"a"}, generation=1, body="third"))
    assert (last_run(ended).generation, ended.launch("b").attempt) == (2, 2)


def test_the_request_that_made_the_run_is_known_for_ever(ended: World) -> None:
    ended.take(*going_on(CHAIN, {"a"}))
    ended.said.clear()
    ended.take(*plan(CHAIN))
    assert ended.said == []


def test_a_run_may_be_resumed_the_moment_it_ends() -> None:
    # The rows of the run are still there: what removes them stands behind the request.
    world = World().take(*plan(CHAIN))
    first = report(world.launch("a"), "failed")
    world.patient = True
    waiting = [first, *going_on(CHAIN, set())]
    world.take(*waiting)
    assert last_run(world).generation == 1
    assert world.launch("a").attempt == 1
    assert not [key for key, _ in world.rows.items() if key.endswith("/resume")]


REFUSED = {
    "one that goes on": (lambda: World().take(*plan(CHAIN)), 0, "need not be resumed"),
    "one that nobody knows": (World, 0, "nothing is known of the run"),
    "one that somebody else has resumed": (
        lambda: failed_at(
            failed_at(World(), CHAIN, ("a", "failed")).take(*going_on(CHAIN, set(), body="theirs")), CHAIN
        ).take(report_of_first("failed")),
        0,
        "resumed by another request meanwhile",
    ),
}


def report_of_first(status: str):
    launch = World().take(*plan(CHAIN)).launch("a")
    return report(launch.model_copy(update={"attempt": 1}), status)


@pytest.mark.parametrize(("world", "generation", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_run_is_not_resumed(world, generation: int, words: str) -> None:
    found = world()
    found.said.clear()
    found.take(*going_on(CHAIN, set(), generation=generation, body="mine"))
    (refused,) = found.of(RequestRejected)
    assert (refused.problems[0].code, refused.specification) == ("PF4002", "mine")
    assert words in refused.problems[0].message
    assert found.launches() == []


def test_a_stop_that_comes_before_the_plan_is_complete_stops_the_resumed_run(ended: World) -> None:
    begun, *rest = going_on(CHAIN, {"a"})
    ended.said.clear()
    ended.take(begun, stop(), *rest)
    assert last_run(ended).status == "stopped"
    assert ended.launches() == []


def test_releases_from_before_do_not_start_what_is_not_due() -> None:
    graph = dag(a="", inner=Op("a", inner=dag(x="")), b="a")
    world = failed_at(World(), graph, ("a", "succeeded"), ("inner.x", "failed"), ("b", "succeeded"))
    world.take(*going_on(graph, set()))
    late = ReleaseContinued(
        run=RUN, releases=(Release(source=1, opening=True, chunk=0), Release(source=0, chunk=0))
    )
    world.said.clear()
    world.take(late)
    assert world.launches() == []


def test_what_was_skipped_stays_skipped() -> None:
    graph = dag(a="", b=Op("a", inner=dag(x="")))
    world = failed_at(World(), graph, ("a", "succeeded"), ("b.x", "failed"))
    messages = going_on(graph, {"a", "b"})
    part = messages[1]
    skipped = part.operations[1].kept.model_copy(update={"status": "skipped", "outputs": {}})
    operations = tuple(
        one.model_copy(update={"kept": skipped}) if one.name == "b" else one for one in part.operations
    )
    messages[1] = part.model_copy(update={"operations": operations})
    world.said.clear()
    world.take(*messages)
    assert world.launches() == []
    assert world.story() == ["a succeeded", "b skipped", "b.x skipped", "run succeeded"]


SERVED = dag(server=Op(service=True), asked="server", next=Op("asked server"))


def resumed_behind_a_service(trigger: str, *, ahead: bool) -> World:
    """Return a world whose run failed at the last operation and goes on; the service has not answered yet."""
    first = failed_at(World(), SERVED, ("server", "running"), ("asked", "succeeded"), ("next", "failed"))
    first.take(report(first.launch("server"), "stopped"))
    first.said.clear()
    graph = dag(**SERVED.operations | {"asked": Op("server", trigger=trigger)})
    return first.take(*going_on(graph, {"asked"}, ahead={"asked"} if ahead else ()))


@pytest.mark.parametrize("trigger", list(Trigger))
def test_what_is_kept_behind_a_service_is_told_from_the_start(trigger: str) -> None:
    world = resumed_behind_a_service(trigger, ahead=True)
    assert world.story() == ["launch server#1", "asked succeeded"]
    world.take(report(world.launch("server"), "running"))
    world.take(report(world.launch("next"), "succeeded"))
    world.take(report(world.launch("server"), "stopped"))
    assert world.story()[2:] == [
        "launch next#1", "next succeeded", "server stopping", "stop server#1", "server succeeded",
        "run succeeded",
    ]  # fmt: skip
    assert [one.reason for one in world.of(OperationChanged) if one.operation == "asked"] == ["Kept"]


@pytest.mark.parametrize("status", ["running", "failed", "succeeded"])
@pytest.mark.parametrize("trigger", list(Trigger))
def test_what_is_kept_is_kept_whatever_its_trigger_makes_of_its_upstreams_now(
    trigger: str, status: str
) -> None:
    world = resumed_behind_a_service(trigger, ahead=False)
    world.take(report(world.launch("server"), status))
    told = [one for one in world.of(OperationChanged) if one.operation == "asked"]
    assert [(one.status, one.reason) for one in told] == [("succeeded", "Kept")]


@settings(max_examples=150, deadline=None)
@given(dags(), st.integers(0, 2**32))
def test_any_run_goes_on_once_whatever_comes_twice(graph: Dag, seed: int) -> None:
    world = played(graph, Random(seed), stopped=False)
    finals = {name: statuses[-1] for name, statuses in world.finals().items()}
    kept = keepable(graph, {name for name, status in finals.items() if status == "succeeded"})
    before, many = len(world.starts), len(world.events)
    world.log.extend(message for message in going_on(graph, kept) for _ in range(2))
    world.play()
    again = world.starts[before:]
    names = [(launch.index, launch.attempt) for launch in world.starts]
    assert len(names) == len(set(names))
    assert not kept & {launch.operation for launch in again}
    assert len(world.ends()) == 2
    assert sorted(world.events) == list(range(1, len(world.events) + 1))
    later = [event for event in world.events.values() if event.sequence > many]
    told = [one for one in later if isinstance(one, OperationChanged) and state.final(Status(one.status))]
    assert {one.operation for one in told} == set(leaves(graph))
