"""Any DAG, any order of outcomes, every event twice, commands lost, a restart between any two steps."""

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_services.planner.rows.state import final
from polyflow_topics.events import OperationChanged
from polyflow_topics.metrics import MetricPolicy
from polyflow_topics.status import Trigger
from tests.unit.planner.faulty_world import FaultyWorld
from tests.unit.planner.plan_builder import Dag, Op, plan, report, stop
from tests.unit.planner.world import World

POLICY = MetricPolicy(scope="", metric="loss", value=0.0, optimization="minimize")
EVENTS = ("queued", "scheduled", "running", "running", "processing", "retrying", "failed retrying",
          "succeeded", "stopped", "skipped failed", "upstream_failed", "done")  # fmt: skip
WAY = ("queued", "scheduled", "running", "processing", "succeeded")
"""Who has come to one of these has come to those before it."""
GOOD = {"succeeded", "skipped"}
BAD = {"failed", "upstream_failed"}


@st.composite
def dags(draw, depth: int = 1, *, matrices: bool = True) -> Dag:
    """Return any acyclic graph of 1 to 7 operations; each may be a DAG, a matrix of jobs or of DAGs, or a service.

    One is no service.
    """
    size = draw(st.integers(1, 7))
    operations = {}
    for number in range(size):
        upstreams = draw(st.lists(st.integers(0, number - 1), unique=True, max_size=3)) if number else []
        awaited = draw(st.lists(st.integers(0, number - 1), unique=True, max_size=2)) if number else []
        eventful = draw(st.integers(0, 3)) == 0
        nested = depth and draw(st.integers(0, 4)) == 0
        matrix = matrices and draw(st.integers(0, 5)) == 0
        operations[f"o{number}"] = Op(
            after=" ".join(f"o{upstream}" for upstream in upstreams),
            trigger=draw(st.sampled_from([Trigger.ALL_SUCCEEDED] * 3 + list(Trigger))),
            retries=draw(st.integers(0, 2)),
            skips=draw(st.booleans()),
            condition=draw(st.sampled_from(["", "", "", "true", "false", "1 > 'a'"])),
            service=bool(number) and not nested and not matrix and draw(st.integers(0, 3)) == 0,
            inner=draw(dags(depth=depth - 1)) if nested else None,
            trials=draw(st.integers(0, 2 if nested else 3)) if matrix else None,
            limit=draw(st.none() | st.integers(1, 2)) if matrix else None,
            percent=draw(st.none() | st.none() | st.integers(20, 100)) if matrix else None,
            events={f"o{one}": draw(st.sampled_from(EVENTS)) for one in awaited} if eventful else {},
        )
    concurrency = draw(st.none() | st.integers(1, 3))
    percent = draw(st.none() | st.none() | st.integers(20, 100))
    return Dag(operations, concurrency, percent)


def leaves(graph: Dag, prefix: str = "") -> dict[str, tuple[Dag, Op]]:
    """Return all operations, nested ones too, by scoped name."""
    found = {}
    for name, op in graph.operations.items():
        found[prefix + name] = (graph, op)
        if op.trials is not None:
            every = Dag({}, op.limit)
            for trial in range(op.trials):
                found[f"{prefix}{name}.{trial}"] = (every, Op(inner=op.inner))
                found |= leaves(replace(op.inner), f"{prefix}{name}.{trial}.") if op.inner else {}
        elif op.inner is not None:
            found |= leaves(replace(op.inner), f"{prefix}{name}.")
    return found


def played(graph: Dag, rng: Random, *, stopped: bool) -> FaultyWorld:
    policies = [POLICY] if rng.random() < 0.5 else []
    log = [message for message in plan(graph, policies=policies) for _ in range(2)]
    if stopped:
        log.insert(rng.randint(0, len(log)), stop())
    world = FaultyWorld(rng, log)
    world.play()
    return world


def assert_it_ended_once(world: FaultyWorld, graph: Dag) -> None:
    """The run, each of its operations and each attempt; and its events are numbered without a gap."""
    names = [(launch.index, launch.attempt) for launch in world.starts]
    assert len(names) == len(set(names))
    assert len(world.ends()) == 1
    assert {name: len(ends) for name, ends in world.finals().items()} == dict.fromkeys(leaves(graph), 1)
    assert not any(pod.live for pod in world.pods.values())
    assert sorted(world.events) == list(range(1, len(world.events) + 1))


@settings(max_examples=300, deadline=None)
@given(dags(), st.integers(0, 2**32), st.booleans())
def test_a_run_ends_once_and_no_attempt_starts_twice(graph: Dag, seed: int, stopped: bool) -> None:
    world = played(graph, Random(seed), stopped=stopped)
    assert_it_ended_once(world, graph)
    assert {key.split("/")[1] for key, _ in world.rows.items()} <= {"stub", "timer", "stop"}


@settings(max_examples=200, deadline=None)
@given(dags(), st.integers(0, 2**32))
def test_nothing_starts_before_its_upstreams_allow_it(graph: Dag, seed: int) -> None:
    world = played(graph, Random(seed), stopped=False)
    ops = leaves(graph)
    ended: dict[str, str] = {}
    been: dict[str, set[str]] = {}
    for sequence in sorted(world.events):
        event = world.events[sequence]
        if not isinstance(event, OperationChanged):
            continue
        if event.status == "scheduled" and event.attempt == 0:
            _may_start(ops, ended, been, event.operation)
        been.setdefault(event.operation, set()).update(_come(event.status))
        if event.status == "running" and ops[event.operation][1].service:
            ended[event.operation] = "succeeded"
            been[event.operation] |= _come("succeeded")
        if event.status in GOOD | BAD | {"stopped"}:
            ended.setdefault(event.operation, event.status)


def _come(status: str) -> set[str]:
    """Return the events that have happened to an operation with a status."""
    if status in {"succeeded", "skipped"}:
        return {*WAY, "done", status}
    if status in WAY:
        return set(WAY[: WAY.index(status) + 1])
    done = {"done"} if status in BAD | {"stopped"} else set()
    return {status, "queued", "scheduled"} if status == "retrying" else {status, *done}


def _may_start(
    ops: dict[str, tuple[Dag, Op]], ended: dict[str, str], been: dict[str, set[str]], name: str
) -> None:
    prefix = name.rpartition(".")[0]
    if prefix:
        assert prefix not in ended
        _may_start(ops, ended, been, prefix)
    op = ops[name][1]
    scoped = f"{prefix}." if prefix else ""
    statuses = [ended.get(f"{scoped}{up}") for up in op.after.split()]
    statuses += [
        _as_end(op, set(events.split()) & been.get(f"{scoped}{up}", set()), ended.get(f"{scoped}{up}"))
        for up, events in op.events.items()
    ]
    assert op.condition in {"", "true"}
    if not statuses:
        return
    # Where one upstream is enough, a skip may come when the operation has its go-ahead already.
    skipped = "skipped" in [ended.get(f"{scoped}{up}") for up in [*op.after.split(), *op.events]]
    assert not (op.skips and skipped and op.trigger.startswith("all_"))
    assert {
        "all_succeeded": all(status in GOOD for status in statuses),
        "all_failed": all(status in BAD for status in statuses),
        "all_done": all(statuses),
        "one_succeeded": any(status in GOOD for status in statuses),
        "one_failed": any(status in BAD for status in statuses),
        "one_done": any(statuses),
    }[op.trigger], (name, statuses)


def _as_end(op: Op, happened: set[str], ended: str | None) -> str | None:
    """Return the end that an event counts as, or that an upstream without it counts as."""
    if not happened:
        return ended and "stopped"
    return "failed" if op.trigger.endswith("failed") else "succeeded"


@settings(max_examples=100, deadline=None)
@given(dags(depth=0), st.integers(0, 2**32))
def test_no_more_operations_are_active_than_the_limit(graph: Dag, seed: int) -> None:
    world = FaultyWorld(Random(seed), plan(graph), outcomes=("succeeded", "failed"))
    world.play()
    if graph.concurrency is not None:
        assert world.most_active.get(0, 0) <= graph.concurrency


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 6), st.integers(1, 3), st.none() | dags(depth=0), st.integers(0, 2**32))
def test_no_more_trials_are_active_than_the_limit(
    trials: int, limit: int, inner: Dag | None, seed: int
) -> None:
    graph = Dag({"search": Op(trials=trials, limit=limit, inner=inner)})
    world = FaultyWorld(Random(seed), plan(graph), outcomes=("succeeded", "failed"))
    world.play()
    open_now: set[str] = set()
    for sequence in sorted(world.events):
        event = world.events[sequence]
        if isinstance(event, OperationChanged) and event.operation.count(".") == 1:
            if event.status in {"running", "scheduled"}:
                open_now.add(event.operation)
            elif event.status in GOOD | BAD | {"stopped", "retrying"}:
                open_now.discard(event.operation)
        assert len(open_now) <= limit


@settings(max_examples=100, deadline=None)
@given(dags(), st.integers(0, 2**32))
def test_without_faults_a_run_of_successes_ends_well(graph: Dag, seed: int) -> None:
    for _, op in leaves(graph).values():
        op.trigger, op.condition = "all_succeeded", "true"
        op.events = dict.fromkeys(op.events, "running")
    world = FaultyWorld(Random(seed), plan(graph), outcomes=("succeeded",), faults=0.0)
    world.play()
    assert world.ends() == ["succeeded"]
    assert set(world.finals()) == set(leaves(graph))


@settings(max_examples=200, deadline=None)
@given(dags(), st.integers(0, 2**32))
def test_no_service_is_stopped_while_anything_else_in_its_dag_is_open(graph: Dag, seed: int) -> None:
    world = played(graph, Random(seed), stopped=False)
    ops = leaves(graph)
    ended: set[str] = set()
    for sequence in sorted(world.events):
        event = world.events[sequence]
        if not isinstance(event, OperationChanged):
            continue
        if event.reason == "DagEnded":
            siblings = {name for name, (dag, _) in ops.items() if dag is ops[event.operation][0]}
            assert {name for name in siblings if not ops[name][1].service} <= ended
            assert event.status in {"stopping", "succeeded", "stopped"}
        if final(event.status):
            ended.add(event.operation)


@st.composite
def decided(draw, depth: int = 1) -> Dag:
    """Return a graph whose end does not depend on who is first: no limits, no retries.

    What is skipped as soon as an upstream is may have begun before, where one upstream is enough for it.
    """
    graph = draw(dags(depth=0, matrices=False))
    operations = {}
    for name, op in graph.operations.items():
        skips = op.skips and op.trigger.startswith("all_")
        inner = draw(decided(depth=0)) if depth and draw(st.integers(0, 3)) == 0 else None
        operations[name] = replace(op, retries=0, skips=skips, service=False, inner=inner)
    return Dag(operations, None, None)


def expected(graph: Dag, outcomes: dict[str, str], prefix: str = "") -> dict[str, str]:
    """Return how every operation ends, read off the graph: what the language's pages say, and no counters."""
    ends: dict[str, str] = {}
    begun: dict[str, set[str]] = {}
    for name, op in graph.operations.items():
        upstreams = [ends[f"{prefix}{upstream}"] for upstream in op.after.split()]
        for upstream, events in op.events.items():
            status = ends[f"{prefix}{upstream}"]
            come = _come(status) | begun.get(upstream, set())
            upstreams.append(_as_end(op, set(events.split()) & come, status) or "")
        skipped = "skipped" in [ends[f"{prefix}{upstream}"] for upstream in [*op.after.split(), *op.events]]
        end = "skipped" if op.skips and skipped else _end_of(op, upstreams)
        if end == "run":  # that jobs run is not reported here
            begun[name] = _come("scheduled" if op.inner is None else "running")
        inner: dict[str, str] = {}
        if op.inner is not None:
            scope = f"{prefix}{name}."
            inner = expected(op.inner, outcomes, scope)
            if end != "run":
                inner = dict.fromkeys(inner, "upstream_failed" if end == "failed" else end)
            direct = [status for key, status in inner.items() if "." not in key.removeprefix(scope)]
            ran = "failed" if "failed" in direct else "succeeded"
        else:
            ran = outcomes[prefix + name]
        ends |= {prefix + name: ran if end == "run" else end, **inner}
    return ends


def _end_of(op: Op, upstreams: list[str]) -> str:
    if upstreams and not _met(op.trigger, upstreams):
        return "upstream_failed"
    return {"": "run", "true": "run", "false": "skipped"}.get(op.condition, "failed")


def _met(trigger: str, upstreams: list[str]) -> bool:
    kind, wanted = trigger.split("_")
    matching = {"succeeded": GOOD, "failed": BAD, "done": GOOD | BAD | {"stopped"}}[wanted]
    return (all if kind == "all" else any)(status in matching for status in upstreams)


@settings(max_examples=300, deadline=None)
@given(decided(), st.integers(0, 2**32))
def test_every_order_of_reports_comes_to_the_end_that_the_graph_says(graph: Dag, seed: int) -> None:
    rng = Random(seed)
    outcomes = {name: rng.choice(("succeeded", "failed")) for name in leaves(graph)}
    world = World(deliveries=2)
    for message in plan(graph):
        world.take(message, message)
    reported: set[str] = set()
    while live := [launch for launch in world.launches() if launch.operation not in reported]:
        launch = rng.choice(live)
        reported.add(launch.operation)
        ended = report(launch, outcomes[launch.operation])
        world.take(ended, ended)
    finals = [event for event in world.of(OperationChanged) if final(event.status)]
    assert {event.operation: str(event.status) for event in finals} == expected(graph, outcomes)
    assert len(finals) == len(leaves(graph))
    assert len(world.launches()) == len(reported)


@settings(max_examples=150, deadline=None)
@given(dags(), st.integers(0, 2**32), st.booleans(), st.booleans())
def test_outputs_that_come_by_themselves_are_there_when_an_operation_succeeds(
    graph: Dag, seed: int, stopped: bool, lost: bool
) -> None:
    rng = Random(seed)
    log = [message for message in plan(graph) for _ in range(2)]
    if stopped:
        log.insert(rng.randint(0, len(log)), stop())
    world = FaultyWorld(rng, log, statements=True, losses=0.3 if lost else 0.0)
    world.play()
    assert len(world.ends()) == 1
    assert {name: len(ends) for name, ends in world.finals().items()} == dict.fromkeys(leaves(graph), 1)
    assert {key.split("/")[1] for key, _ in world.rows.items()} <= {"stub", "timer", "stop"}
    assert not any("/timer/outputs/" in key for key, _ in world.rows.items())
    for event in world.events.values():
        # A service is stopped when its DAG ends: nobody reads what it says then.
        service = isinstance(event, OperationChanged) and leaves(graph)[event.operation][1].service
        if isinstance(event, OperationChanged) and event.status == "succeeded" and not service:
            pod = world.pods.get((event.index, event.attempt))
            if event.reason == "DagEnded":  # a service is not waited for
                continue
            assert pod is None or event.outputs == _all_of(pod.awaited)
        if not lost:
            assert getattr(event, "reason", "") != "OutputsMissing"


def _all_of(awaited: int) -> dict[str, int] | None:
    return {f"o{number}": number for number in range(1, awaited + 1)} or None
