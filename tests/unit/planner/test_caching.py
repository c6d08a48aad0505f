"""An operation with a cache, as the planner sees it: cases, and with the real cache among repetitions."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_services.cache import core as cache
from polyflow_services.cache import state as cache_state
from polyflow_services.planner.rows import state
from polyflow_shared.deciding.rows import StoredRows
from polyflow_topics.catalog import CACHE_REQUESTS, RUN_INBOX, topic_of
from polyflow_topics.events import OperationChanged
from polyflow_topics.inbox import SweepContinued
from polyflow_topics.message import Message
from polyflow_topics.names import RunId
from polyflow_topics.plan import PlannedCache, PlanPart
from polyflow_topics.results import LookUpResult, ResultAnswered, ResultSettled, VerifyLookUp
from tests.unit.planner.plan_builder import RUN, Dag, Op, dag, plan, report, stop
from tests.unit.planner.plan_builder import asked as request
from tests.unit.planner.world import World
from tests.unit.stored import decided


def cached(graph: Dag, *, run: RunId = RUN, digest: str = "d", **more) -> list[Message]:
    """Return the plan of a DAG all whose operations have a cache."""

    def with_cache(message: Message) -> Message:
        if not isinstance(message, PlanPart):
            return message
        said = PlannedCache(digest=digest, **more)
        operations = tuple(one.model_copy(update={"cache": said}) for one in message.operations)
        return message.model_copy(update={"operations": operations})

    return [with_cache(message) for message in plan(graph, run=run)]


def answer(ask: LookUpResult, said: str, **more) -> ResultAnswered:
    return ResultAnswered(
        run=ask.run, index=ask.index, attempt=ask.attempt, result=ask.result, answer=said, **more
    )


def asked(world: World) -> LookUpResult:
    return world.of(LookUpResult)[-1]


def changes(world: World) -> list[tuple[str, str]]:
    return [(one.status, one.reason) for one in world.of(OperationChanged)]


def test_an_operation_is_launched_once_the_cache_has_nothing_for_it() -> None:
    world = World().take(*cached(dag(a="")))
    assert (world.launches(), changes(world)) == ([], [])
    world.take(answer(asked(world), "absent"))
    assert [launch.operation for launch in world.launches()] == ["a"]
    world.take(report(world.launch("a"), "succeeded", outputs={"loss": 0}))
    assert world.of(ResultSettled)[0].outputs == {"loss": 0}


def test_a_result_ends_it_at_once_and_what_waits_goes_on() -> None:
    world = World().take(*cached(dag(a="", b="a")))
    world.take(answer(asked(world), "found", of_run="r", of_operation="x", outputs={"loss": 0}))
    assert changes(world) == [("succeeded", "CacheHit")]
    assert world.of(OperationChanged)[0].message == "the cached results of operation 'x' of run r are used"
    assert (asked(world).operation, world.launches()) == ("b", [])
    assert [one.outputs for one in world.of(ResultSettled)] == [None]


def test_a_result_has_the_times_of_its_execution() -> None:
    world = World().take(*cached(dag(a="")))
    world.take(answer(asked(world), "absent"))
    world.take(report(world.launch("a"), "running"))
    began = world.now
    world.now += timedelta(seconds=7)
    world.take(report(world.launch("a"), "succeeded"))
    ran = (began, world.now)
    assert world.of(ResultSettled)[0].ran == ran
    other = World().take(*cached(dag(a="")))
    other.take(answer(asked(other), "found", of_run="r", of_operation="x", ran=ran))
    assert other.of(OperationChanged)[0].ran == ran


def test_a_wait_is_told_once_and_ends_with_a_result() -> None:
    world = World().take(*cached(dag(a="")))
    waits = answer(asked(world), "awaited", of_run="r", of_operation="x")
    world.take(waits, waits)
    assert changes(world) == [("created", "CacheAwaited")]
    assert world.of(OperationChanged)[0].pending == "cache"
    world.take(answer(asked(world), "found", of_run="r", of_operation="x"))
    assert world.story() == ["a created", "a succeeded", "run succeeded"]


def test_a_failure_and_a_stop_settle_without_a_result() -> None:
    failed = World().take(*cached(dag(a="")))
    failed.take(answer(asked(failed), "absent"))
    failed.take(report(failed.launch("a"), "failed"))
    stopped = World().take(*cached(dag(a="")), stop())
    assert [world.of(ResultSettled)[-1].outputs for world in (failed, stopped)] == [None, None]


def test_a_late_answer_gives_the_place_back() -> None:
    world = World().take(*cached(dag(a="")), stop())
    begun = len(world.of(ResultSettled))
    world.take(answer(asked(world), "absent"), answer(asked(world), "found"))
    assert len(world.of(ResultSettled)) == begun + 1
    assert world.launches() == []


def test_a_place_is_verified() -> None:
    world = World().take(*cached(dag(a="")))
    ask = asked(world)
    verify = VerifyLookUp(run=RUN, operation="a", index=0, attempt=0, result=ask.result)
    world.take(answer(ask, "absent"), verify)
    assert world.said[-1] == ask
    world.take(report(world.launch("a"), "succeeded"), verify)
    assert isinstance(world.said[-1], ResultSettled)
    assert world.said[-1].outputs is None


def test_who_has_no_answer_asks_again_after_a_restart_and_when_it_is_looked_over() -> None:
    for sweep in ("recover", "recheck"):
        world = World().take(*cached(dag(a="")))
        world.take(SweepContinued(run=RUN, sweep=sweep, cursor=0))
        assert world.of(LookUpResult) == [asked(world)] * 2


def test_what_counts_is_part_of_the_key() -> None:
    def key(graph: Dag, **more) -> str:
        return asked(World().take(*cached(graph, **more))).result

    one = dag(a=Op(params={"lr": 1, "note": "a"}))
    other = dag(a=Op(params={"lr": 1, "note": "b"}))
    again = RunId(RUN.replace("1", "2"))
    assert key(one) == key(one, run=again) == key(dag(b=Op(params={"lr": 1, "note": "a"})))
    assert key(one) != key(other)
    assert key(one, io=("lr",)) == key(other, io=("lr",))
    assert key(one) != key(one, digest="e")
    assert key(one, names=("uuid",)) != key(one, run=again, names=("uuid",))
    assert key(one, names=("*",)) != key(one, run=again, names=("*",))


def test_to_approve_one_that_waits_executes_it() -> None:
    world = World().take(*cached(dag(a="")))
    world.take(answer(asked(world), "awaited", of_run="r", of_operation="x"), request("approve", "a"))
    assert [launch.operation for launch in world.launches()] == ["a"]
    assert [one.outputs for one in world.of(ResultSettled)] == [None]
    world.take(report(world.launch("a"), "succeeded"))
    assert len(world.of(ResultSettled)) == 1


def test_what_uses_no_result_waits_for_none_either() -> None:
    world = World().take(*cached(dag(a=""), ttl=0))
    assert asked(world).ttl == 0
    world.take(answer(asked(world), "awaited", of_run="r", of_operation="x"))
    assert ([launch.operation for launch in world.launches()], changes(world)[0][1]) == (["a"], "")
    assert [one.outputs for one in world.of(ResultSettled)] == [None]


def test_a_retry_keeps_its_place() -> None:
    world = World().take(*cached(dag(a=Op(retries=1))))
    world.take(answer(asked(world), "absent"))
    world.take(report(world.launch("a"), "failed"))
    assert (len(world.of(LookUpResult)), world.of(ResultSettled)) == (1, [])
    world.take(report(world.launch("a"), "succeeded"))
    assert world.launch("a").attempt == 1
    assert world.of(ResultSettled)[0].outputs == {}


class Two:
    """Two runs of one plan, each with a planner of its own, and the cache between them."""

    def __init__(self, graph: Dag, rng: Random) -> None:
        self.rng = rng
        self.planners = {RunId(RUN[:-1] + end): World(patient=True) for end in "12"}
        self.cache = StoredRows(cache_state.CODEC)
        self.boxes: dict[str, list[Message]] = {"cache": []}
        for run in self.planners:
            self.boxes[run] = cached(graph, run=run)
        self.executed: list[str] = []

    def play(self) -> None:
        for _ in range(5000):
            full = [name for name, box in self.boxes.items() if box]
            if not full:
                return
            self._deliver(self.rng.choice(full))
        raise AssertionError("it does not come to an end")

    def _deliver(self, name: str) -> None:
        message = self.boxes[name].pop(0)
        for _ in range(self.rng.randint(1, 2)):
            for said in self._decide(name, message):
                self._route(said)

    def _decide(self, name: str, message: Message) -> list[Message]:
        if name != "cache":
            world = self.planners[RunId(name)]
            begun = len(world.said)
            world.take(message)
            return world.said[begun:]
        return decided(cache.decide, self.cache, message, World().now)

    def _route(self, said: Message) -> None:
        if topic_of(said) == CACHE_REQUESTS.name:
            self.boxes["cache"].append(said)
        elif isinstance(said, ResultAnswered | VerifyLookUp) and topic_of(said) == RUN_INBOX.name:
            self.boxes[said.run].append(said)
        elif type(said).__name__ == "LaunchOperation":
            self.executed.append(said.operation)
            self.boxes[said.run].append(report(said, self.rng.choice(["succeeded", "failed"])))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 4), st.integers(0, 2**32))
def test_two_equal_runs_end_and_share_what_succeeds(size: int, seed: int) -> None:
    operations = {f"o{number}": Op(params={"n": number}) for number in range(size)}
    world = Two(replace(dag(), operations=operations), Random(seed))
    world.play()
    for planner in world.planners.values():
        finals = {one.operation: one for one in planner.of(OperationChanged) if state.final(one.status)}
        assert set(finals) == set(operations)
    for name in operations:
        ends = [
            (one.status, one.reason)
            for planner in world.planners.values()
            for one in planner.of(OperationChanged)
            if one.operation == name and state.final(one.status)
        ]
        assert world.executed.count(name) == sum(reason != "CacheHit" for _, reason in ends)
        assert ("succeeded", "CacheHit") not in ends or ("succeeded", "") in ends
    kinds = {key.rpartition("/")[2] for key, _ in world.cache.items()}
    assert "holder" not in kinds
