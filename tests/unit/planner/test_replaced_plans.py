"""A plan that has come in part and is replaced: the validator was started again, as another release, say."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from polyflow_services.planner.core import decide
from polyflow_services.planner.rows import keys, state
from polyflow_topics.catalog import topic_of
from polyflow_topics.events import RequestRejected, RunChanged, RunEvent
from polyflow_topics.hooks import PlannedHook
from polyflow_topics.message import Message
from polyflow_topics.metrics import MetricPolicy
from polyflow_topics.names import ScopeName
from polyflow_topics.plan import PlanBegun, PlannedCondition, PlanPart
from tests.unit.planner.plan_builder import RUN, START, Dag, Op, asked, dag, plan, report, stop
from tests.unit.planner.resumed import going_on
from tests.unit.planner.world import World

CHAIN = dag(a="", b="a", c="b")
POLICY = MetricPolicy(
    metric="loss", value=0.1, optimization="minimize", scope=ScopeName(""), scope_number=0, first=0, last=3
)
NEVER = PlannedCondition(text="{{ 1 > 2 }}")


def in_parts(messages: Sequence[Message], size: int = 1) -> list[Message]:
    """Return a plan of one part in several: the scopes, so many operations at a time, and then the rest."""
    begun, part, ended = messages
    assert isinstance(begun, PlanBegun)
    assert isinstance(part, PlanPart)
    operations = part.operations
    some = [operations[start : start + size] for start in range(0, len(operations), size)]
    shares: list[dict[str, Any]] = [
        {"scopes": part.scopes},
        *({"operations": one} for one in some),
        {"trials": part.trials, "hooks": part.hooks},
        {"edges": part.edges},
    ]
    nothing: dict[str, Any] = dict.fromkeys(("scopes", "operations", "trials", "hooks", "edges"), ())
    parts = [
        part.model_copy(update={**nothing, **share, "part": number}) for number, share in enumerate(shares)
    ]
    return [begun.model_copy(update={"parts": len(parts)}), *parts, ended]


def by_another_release(messages: Sequence[Message]) -> list[Message]:
    return [message.model_copy(update={"plan": "another"}) for message in messages]


def hooked(messages: Sequence[Message]) -> list[Message]:
    """Give the run and its first operation a hook."""
    begun, part, ended = messages
    hooks = tuple(PlannedHook(owner=owner, place=0, specification={"hubRef": "tell"}) for owner in (-1, 0))
    return [begun.model_copy(update={"hooks": 1}), part.model_copy(update={"hooks": hooks}), ended]


# What was planned first, of which all but the last part comes; each is replaced by one operation.
FIRST = {
    "more operations, and edges": plan(CHAIN),
    "a condition": plan(CHAIN, condition=NEVER),
    "policies": plan(CHAIN, policies=[POLICY]),
    "params": plan(CHAIN, params={"x": 1}),
    "an approval and an upload": plan(CHAIN, approval=True, upload=True),
    "nested DAGs": plan(dag(a=Op(inner=dag(x="", y=Op("x", inner=dag(z="")))), b="a")),
    "a matrix": plan(dag(a=Op(trials=3), b="a")),
    "a matrix of DAGs": plan(dag(a=Op(trials=2, inner=dag(x="", y="x")))),
    "edges by events": plan(dag(a="", b=Op(events={"a": "running"}))),
    "what is kept": going_on(CHAIN, {"a", "b"}),
    "hooks": hooked(plan(CHAIN)),
}


def rows_of(world: World) -> dict[str, object]:
    """Return all rows, but for the count of events in the run's."""
    rows = {key: world.rows.codec.decode(row) for key, row in world.rows.items()}
    run = rows[keys.run_key(RUN)]
    assert isinstance(run, state.RunRow)
    return {**rows, keys.run_key(RUN): state.RunRow(run.status, 0, run.parts, run.open, run.unseen)}


@pytest.mark.parametrize("whole", [False, True], ids=["without its edges", "with some edges"])
@pytest.mark.parametrize("first", FIRST.values(), ids=FIRST)
def test_nothing_is_left_of_a_plan_that_is_replaced(first: list[Message], whole: bool) -> None:
    parts = in_parts(first)
    begun, *others = parts
    assert isinstance(begun, PlanBegun)
    if whole:
        begun, others = begun.model_copy(update={"parts": begun.parts + 1}), [*others, others[-1]]
    second = by_another_release(plan(dag(a=""), specification=begun.specification))
    world = World().take(begun.model_copy(update={"origin": None}), *others[:-2])
    assert world.rows.get(keys.operation_key(RUN, 1)) is not None
    world.take(*(one for one in second for _ in range(2)))
    assert world.story() == ["launch a#0"]
    assert rows_of(world) == rows_of(World().take(*second))


def test_a_plan_is_replaced_that_has_gained_what_the_one_before_had_not() -> None:
    second = by_another_release(plan(CHAIN, condition=NEVER, approval=True))
    world = World().take(*in_parts(plan(dag(a="")))[:3], *second)
    assert world.story() == [f"{name} skipped" for name in "abc"] + ["run skipped"]


def test_a_plan_that_lacks_nothing_but_its_end_is_not_replaced() -> None:
    first, second = plan(CHAIN), by_another_release(plan(dag(other="")))
    world = World().take(*first[:-1], *second)
    assert world.story() == ["launch a#0"]
    assert world.take(first[-1], *second).story() == ["launch a#0"]


def test_what_was_asked_before_is_followed_by_the_plan_that_is_carried_out() -> None:
    begun, *parts = in_parts(plan(CHAIN))
    world = World().take(begun, parts[0], asked("pause"), *by_another_release(plan(CHAIN)))
    assert world.story() == ["a queued"]
    assert world.take(asked("unpause")).story() == ["a queued", "launch a#0"]


def failed() -> World:
    """Return a world whose run has ended, and was asked something before."""
    world = World().take(*plan(CHAIN), asked("pause", request="p"), asked("unpause", request="u"))
    return world.take(report(world.launch("a"), "failed"))


@pytest.mark.parametrize("come", range(1, 8))
def test_a_plan_that_has_waited_for_its_run_to_be_put_away_is_replaced_too(come: int) -> None:
    resumed = in_parts(going_on(CHAIN, set()))
    world = World().take(*plan(CHAIN))
    world.take(report(world.launch("a"), "failed"), *resumed[:come])
    world.take(*by_another_release(resumed))
    assert world.launch("a").attempt == 1
    assert world.rows.get(keys.resume_key(RUN)) is None
    world.take(report(world.launch("a"), "failed"), *going_on(CHAIN, set(), generation=1, body="third"))
    assert (world.launch("a").attempt, world.of(RequestRejected)) == (2, [])


@pytest.mark.parametrize("come", range(1, 7))
def test_a_resumed_run_goes_on_by_the_plan_that_comes_whole(come: int) -> None:
    resumed = in_parts(going_on(CHAIN, set()))
    assert len(resumed) == 8
    world = failed().take(*resumed[:come], *by_another_release(resumed))
    told = world.of(RunChanged)[-1]
    assert (told.status, told.generation) == ("running", 1)
    assert world.launch("a").attempt == 1
    sequences = [event.sequence for event in world.of(RunEvent) if event.sequence]
    assert sequences == list(range(1, len(sequences) + 1))
    world.take(asked("pause", request="p"))  # it comes again, and is over
    assert not world.rows.get(keys.run_key(RUN)).paused
    world.take(*plan(CHAIN), stop())  # nor does the first request change anything
    assert world.of(RequestRejected) == []


def test_the_first_request_does_not_replace_the_plan_of_one_that_resumes_its_run() -> None:
    resumed = in_parts(going_on(CHAIN, set()))
    world = failed().take(*resumed[:3], *plan(dag(other="")), *resumed[3:])
    assert world.story()[-1] == "launch a#1"


MANY = Dag({f"o{number}": Op() for number in range(450)}, 1)


class Interleaved:
    """A log on which what comes from outside lands between what the planner says to itself."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.world = World()
        self.widest = 0

    def take(self, *messages: Message) -> World:
        coming, log = list(messages), list[Message]()
        while coming or log:
            if coming and (not log or self.rng.random() < 0.5):
                log.append(coming.pop(0))
                continue
            decision = decide(self.world.rows, log.pop(0), START)
            self.widest = max(self.widest, len(decision.writes))
            self.world.save(decision.writes)
            self.world.said.extend(decision.messages)
            come = self.rng.randint(0, 2)
            log, coming = [*log, *coming[:come]], coming[come:]
            log.extend(one for one in decision.messages if topic_of(one) == "polyflow.run-inbox")
        return self.world


@pytest.mark.parametrize("seed", range(20))
def test_a_large_plan_is_removed_in_small_steps_whatever_comes_between_them(seed: int) -> None:
    log = Interleaved(seed)
    second, third = plan(CHAIN), in_parts(plan(dag(x="", y="x")))
    third = [one.model_copy(update={"plan": "third"}) for one in third]
    log.take(*in_parts(plan(MANY), 50)[:-3], *by_another_release(in_parts(second))[:3], *third)
    assert log.world.story() == ["launch x#0"]
    assert rows_of(log.world) == rows_of(World().take(*third))
    assert log.widest <= 1000


@pytest.mark.parametrize("seed", range(20))
def test_the_parts_of_a_plan_that_resumes_a_run_may_overtake_each_other(seed: int) -> None:
    log = Interleaved(seed)
    log.take(*plan(MANY))
    launch = log.world.launch("o0")
    log.take(stop())
    log.world.said.clear()
    log.take(report(launch, "stopped"), *in_parts(going_on(MANY, set()), 50))
    story = [one for one in log.world.story() if not one.endswith("queued")]
    assert story == ["o0 stopped", "run stopped", "launch o0#1"]
    assert log.world.rows.get(keys.resume_key(RUN)) is None
