"""Any DAG, and people who ask for anything at any time, every message twice, among all faults."""

from collections.abc import Iterator
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_topics.events import OperationChanged, RunEvent
from polyflow_topics.inbox import OperatingRequested
from polyflow_topics.message import Message
from tests.unit.planner.faulty_world import FaultyWorld
from tests.unit.planner.plan_builder import Dag, Op, asked, plan, stop
from tests.unit.planner.test_properties import assert_it_ended_once, dags, leaves


def with_approvals(graph: Dag, rng: Random) -> Dag:
    for _, op in leaves(graph).values():
        op.approval = rng.random() < 0.3
    return graph


def wishes(graph: Dag, rng: Random) -> Iterator[Message]:
    """Yield up to 12 requests, sensible ones and others."""
    names = [*leaves(graph), "nothing.of.the.kind", ""]
    scopes = [name for name, (_, op) in leaves(graph).items() if op.inner is not None]
    for _ in range(rng.randint(0, 12)):
        match rng.randrange(6):
            case 0:
                yield asked("skip", rng.choice(names))
            case 1:
                yield asked("approve", rng.choice(names))
            case 2:
                yield asked(rng.choice(("pause", "unpause")))
            case 3:
                limit = rng.choice((None, 1, 2, 5))
                yield asked("limit", rng.choice(["", *scopes]), concurrency=limit)
            case 4:
                yield asked("stop", rng.choice([name for name in names if name]))
            case _ if rng.random() < 0.2:
                yield stop()


def played(graph: Dag, rng: Random, *, approval: bool) -> FaultyWorld:
    log = [message for message in plan(graph, approval=approval) for _ in range(2)]
    for number, wish in enumerate(wishes(graph, rng)):
        one = wish.model_copy(update={"request": str(number)})
        for _ in range(2):
            log.insert(rng.randint(0, len(log)), one)
    world = FaultyWorld(rng, log)
    world.go_on()
    return world


def let_go(world: FaultyWorld, graph: Dag) -> None:
    """Approve everything and go on, until nothing can happen any more."""
    all_of_it = [asked("approve", name, request=f"last {name}") for name in leaves(graph)]
    world.log += [asked("unpause", request="last"), asked("approve", request="last"), *all_of_it]
    world.play()


@settings(max_examples=50, deadline=None)
@given(dags(), st.integers(0, 2**32), st.booleans())
def test_a_run_ends_once_whatever_is_asked_of_it(graph: Dag, seed: int, approval: bool) -> None:
    rng = Random(seed)
    world = played(with_approvals(graph, rng), rng, approval=approval)
    let_go(world, graph)
    assert_it_ended_once(world, graph)
    assert {key.split("/")[1] for key, _ in world.rows.items()} <= {
        "answered",
        "stub",
        "timer",
        "stop",
        "early",
    }


@settings(max_examples=50, deadline=None)
@given(dags(), st.integers(0, 2**32))
def test_nothing_that_is_to_be_approved_begins_before(graph: Dag, seed: int) -> None:
    rng = Random(seed)
    world = FaultyWorld(rng, plan(with_approvals(graph, rng)))
    world.go_on()
    begun = {event.operation for event in told(world) if event.status in {"scheduled", "running"}}
    assert not begun & {name for name, (_, op) in leaves(graph).items() if op.approval}
    let_go(world, graph)
    assert len(world.ends()) == 1


def told(world: FaultyWorld) -> list[OperationChanged]:
    return [event for event in world.events.values() if isinstance(event, OperationChanged)]


@settings(max_examples=50, deadline=None)
@given(dags(), st.integers(0, 2**32))
def test_nothing_is_launched_between_a_pause_and_its_end(graph: Dag, seed: int) -> None:
    rng = Random(seed)
    log = plan(graph)
    log.insert(rng.randint(0, len(log) - 1), asked("pause"))
    world = FaultyWorld(rng, log, faults=0.0)
    world.go_on()
    assert not world.starts
    let_go(world, graph)
    assert len(world.ends()) == 1


@settings(max_examples=50, deadline=None)
@given(dags(depth=0), st.integers(0, 2**32), st.integers(1, 4))
def test_no_more_start_than_the_lowered_limit_allows(graph: Dag, seed: int, limit: int) -> None:
    graph.concurrency = 5
    log = [asked("limit", concurrency=limit), *plan(graph)]
    world = FaultyWorld(Random(seed), log, outcomes=("succeeded", "failed"))
    world.play()
    assert world.most_active.get(0, 0) <= limit


@settings(max_examples=50, deadline=None)
@given(dags(), st.integers(0, 2**32))
def test_a_skipped_operation_is_never_launched(graph: Dag, seed: int) -> None:
    rng = Random(seed)
    jobs = [name for name, (_, op) in leaves(graph).items() if op.inner is None and op.trials is None]
    name = rng.choice([*jobs, "nothing"])
    log: list[Message] = [asked("skip", name), *plan(graph)]
    world = FaultyWorld(rng, log)
    world.play()
    assert name not in {launch.operation for launch in world.starts}
    assert len(world.ends()) == 1


def test_requests_are_among_what_is_asked() -> None:
    """The other tests would hold if nothing were asked."""
    graph = Dag({"a": Op(), "n": Op(inner=Dag({"x": Op()}))})
    kinds = {wish.kind for seed in range(50) for wish in wishes(graph, Random(seed)) if _is_asked(wish)}
    assert kinds == {"stop", "skip", "approve", "pause", "unpause", "limit"}


def _is_asked(wish: Message) -> bool:
    assert not isinstance(wish, RunEvent)
    return isinstance(wish, OperatingRequested)
