"""The cache in sentences, and among planners that repeat, reorder and forget."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_services.cache import core, state
from polyflow_services.cache.core import OVERHEAD, STEP, VERIFY, decide
from polyflow_shared.deciding.decision import Decision
from polyflow_shared.deciding.rows import Overlay
from polyflow_topics.message import Message
from polyflow_topics.results import (
    AnswersContinued,
    ForgetResult,
    LookUpResult,
    ResultAnswered,
    ResultSettled,
    VerifyLookUp,
)
from tests.unit.stored import Deciding

AT = datetime(2026, 1, 1, tzinfo=UTC)


class World(Deciding):
    """A cache."""

    def __init__(self, room: int = core.ROOM) -> None:
        super().__init__(state.CODEC, AnswersContinued, AT)
        self.room = room

    def decide(self, rows: Overlay, message: Message, at: datetime) -> Decision:
        return decide(rows, message, at, room=self.room)

    def answers(self, *messages: Message) -> list[str]:
        return [f"{one.run}: {one.answer}" for one in self.take(*messages) if isinstance(one, ResultAnswered)]

    def later(self, seconds: float) -> "World":
        self.now += timedelta(seconds=seconds)
        return self


def ask(run: str, result: str = "k", *, attempt: int = 0, ttl: int | None = None) -> LookUpResult:
    return LookUpResult(result=result, run=run, operation="a", index=0, attempt=attempt, ttl=ttl)


def settled(run: str, result: str = "k", *, attempt: int = 0, outputs=None) -> ResultSettled:
    return ResultSettled(result=result, run=run, operation="a", index=0, attempt=attempt, outputs=outputs)


def test_the_first_is_executed_and_later_ones_use_its_result() -> None:
    world = World()
    assert world.answers(ask("1")) == ["1: absent"]
    assert world.answers(settled("1", outputs={"loss": 0})) == []
    (found,) = world.take(ask("2"))
    assert (found.answer, found.outputs, found.of_run, found.of_operation) == ("found", {"loss": 0}, "1", "a")


def test_a_result_comes_with_the_times_of_its_execution() -> None:
    world, ran = World(), (AT, AT + timedelta(seconds=7))
    world.take(ask("1"), settled("1", outputs={}).model_copy(update={"ran": ran}))
    assert world.later(60).take(ask("2"))[0].ran == ran


def test_who_asks_meanwhile_waits_and_gets_the_result() -> None:
    world = World()
    assert world.answers(ask("1"), ask("2"), ask("3")) == ["1: absent", "2: awaited", "3: awaited"]
    assert world.answers(settled("1", outputs={})) == ["2: found", "3: found"]


def test_after_a_failure_the_next_one_is_executed_for_itself() -> None:
    world = World()
    world.take(ask("1"), ask("2"), ask("3"))
    assert world.answers(settled("1")) == ["2: absent"]
    assert world.answers(settled("2", outputs={})) == ["3: found"]


def test_who_does_not_wait_any_more_is_not_answered() -> None:
    world = World()
    world.take(ask("1"), ask("2"), ask("3"), settled("2"))
    assert world.answers(settled("1")) == ["3: absent"]


def test_a_result_is_used_until_its_ttl_is_over() -> None:
    world = World()
    world.take(ask("1"), settled("1", outputs={}))
    assert world.later(59).answers(ask("2", ttl=60)) == ["2: found"]
    assert world.later(1).answers(ask("3", ttl=60)) == ["3: absent"]
    assert world.answers(ask("4")) == ["4: awaited"]


def test_who_uses_none_is_executed_and_has_its_own_kept() -> None:
    world = World()
    world.take(ask("1"), settled("1", outputs={"loss": 0}))
    assert world.later(-1).answers(ask("2", ttl=0)) == ["2: absent"]
    world.take(settled("2", outputs={"loss": 1}))
    assert world.take(ask("3"))[0].outputs == {"loss": 1}


def test_who_has_waited_uses_the_result_whatever_its_ttl() -> None:
    world = World()
    world.take(ask("1"), ask("2", ttl=0))
    assert world.later(3600).answers(settled("1", outputs={})) == ["2: found"]


def test_an_old_result_is_not_for_who_has_waited_for_a_new_one() -> None:
    world = World()
    world.take(ask("1"), settled("1", outputs={"of": 1}))
    assert world.later(60).answers(ask("2", ttl=10), ask("3", ttl=10)) == ["2: absent", "3: awaited"]
    assert world.answers(settled("2")) == ["3: absent"]


def test_a_forgotten_result_is_not_used() -> None:
    world = World()
    world.take(ask("1"), settled("1", outputs={}), ForgetResult(result="k"), ForgetResult(result="k"))
    assert world.answers(ask("2")) == ["2: absent"]


def test_a_result_is_forgotten_once() -> None:
    world = World()
    forget = ForgetResult(result="k")

    def changed() -> int:
        return len(decide(Overlay(world.rows), forget, AT).writes)

    assert changed() == 0
    world.take(ask("1"))
    assert changed() > 0
    world.take(forget)
    assert changed() == 0
    world.take(settled("1", outputs={}), ask("2"), settled("2", outputs={}))
    assert changed() > 0
    world.take(forget)
    assert changed() == 0


def test_a_result_that_is_forgotten_beforehand_is_not_used() -> None:
    world = World()
    world.take(ask("1"), ask("2"), ForgetResult(result="k"))
    assert world.answers(settled("1", outputs={})) == ["2: absent"]


def test_many_that_wait_are_answered_in_steps() -> None:
    world = World()
    world.take(ask("1"), *(ask(f"w{number}") for number in range(2 * STEP + 1)))
    said = world.take(settled("1", outputs={}))
    assert [one.left for one in said if isinstance(one, AnswersContinued)] == [STEP + 1, 1]
    assert sum(isinstance(one, ResultAnswered) for one in said) == 2 * STEP + 1


def test_a_silent_holder_is_asked_about_when_somebody_waits() -> None:
    world = World()
    world.take(ask("1"))
    assert world.later(VERIFY - 1).answers(ask("2")) == ["2: awaited"]
    _, verify = world.later(1).take(ask("2"))
    assert isinstance(verify, VerifyLookUp)
    assert verify.run == "1"
    assert world.later(1).answers(ask("2")) == ["2: awaited"]
    assert world.answers(settled("1")) == ["2: absent"]


def test_a_holder_that_is_resumed_holds_on_with_its_new_attempt() -> None:
    world = World()
    assert world.answers(ask("1"), ask("1", attempt=2)) == ["1: absent", "1: absent"]
    assert world.answers(settled("1"), ask("2")) == ["2: awaited"]
    assert world.answers(settled("1", attempt=2, outputs={})) == ["2: found"]


def test_the_oldest_results_make_room() -> None:
    size = OVERHEAD + len('{"o":"1"}')
    world = World(room=2 * size)
    for number in "123":
        world.take(ask(number, number), settled(number, number, outputs={"o": number}))
    assert world.answers(ask("x", "1"), ask("y", "2"), ask("z", "3")) == ["x: absent", "y: found", "z: found"]
    kept = [key for key, _ in world.rows.items() if key.endswith("/result")]
    assert kept == ["2/result", "3/result"]


def test_a_result_that_is_larger_than_all_room_is_not_kept() -> None:
    world = World(room=100)
    world.take(ask("1"), ask("2"))
    assert world.answers(settled("1", outputs={"o": 1})) == ["2: absent"]
    assert "size" not in dict(world.rows.items())


# Planners among which messages are doubled, late and out of order, and of which some vanish.


@dataclass
class Operation:
    """An operation as its planner knows it."""

    run: str
    fails: bool
    stage: str = "asked"
    """asked, waits, executed, used (a result), failed, gone."""
    outputs: object = None
    executions: int = 0


@dataclass
class Planners:
    """Operations that are all equal, a cache, and a broker that delivers at least once, in any order."""

    rng: Random
    operations: dict[str, Operation]
    to_cache: list[Message] = field(default_factory=list)
    to_planners: list[Message] = field(default_factory=list)
    cache: World = field(default_factory=World)
    active: set[str] = field(default_factory=set)
    most: int = 0

    def play(self) -> None:
        self.to_cache += [ask(run) for run in self.operations]
        for _ in range(3000):
            if not self._something() and not self._sweep():
                return
        raise AssertionError("it does not come to an end")

    def _something(self) -> bool:
        choices = [
            *([self._cache] if self.to_cache else []),
            *([self._planner] if self.to_planners else []),
            *([self._end] if self.active else []),
        ]
        if choices:
            self.rng.choice(choices)()
        return bool(choices)

    def _deliver(self, box: list[Message]) -> Message:
        message = box[self.rng.randrange(len(box))]
        if self.rng.random() < 0.7:
            box.remove(message)
        return message

    def _cache(self) -> None:
        self.to_planners += [
            one
            for one in self.cache.take(self._deliver(self.to_cache))
            if isinstance(one, ResultAnswered | VerifyLookUp)
        ]

    def _planner(self) -> None:
        message = self._deliver(self.to_planners)
        known = self.operations[message.run]
        if isinstance(message, VerifyLookUp):
            holds = message.run in self.active
            self.to_cache.append(ask(message.run) if holds else settled(message.run))
        elif known.stage not in {"asked", "waits"}:
            if message.answer != "found" and message.run not in self.active:
                self.to_cache.append(settled(message.run))
        elif message.answer == "absent":
            known.stage, known.executions = "executing", known.executions + 1
            self.active.add(message.run)
            self.most = max(self.most, len(self.active))
        elif message.answer == "found":
            known.stage, known.outputs = "used", message.outputs
        else:
            known.stage = "waits"

    def _end(self) -> None:
        run = self.rng.choice(sorted(self.active))
        known = self.operations[run]
        self.active.remove(run)
        known.stage = "failed" if known.fails else "executed"
        self.to_cache.append(settled(run, outputs=None if known.fails else {"of": run}))

    def _sweep(self) -> bool:
        """Let time pass, and those that wait ask again."""
        waiting = [one.run for one in self.operations.values() if one.stage in {"asked", "waits"}]
        self.cache.later(VERIFY)
        self.to_cache += [ask(run) for run in waiting]
        return bool(waiting)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=6), st.integers(0, 2**32))
def test_of_equal_operations_each_has_a_result_or_was_executed_once(fails: list[bool], seed: int) -> None:
    operations = {str(number): Operation(str(number), fail) for number, fail in enumerate(fails)}
    world = Planners(Random(seed), operations)
    world.play()
    for one in operations.values():
        assert one.stage in {"executed", "failed", "used"}
        assert one.executions == (one.stage != "used")
        if one.stage == "used":
            origin = operations[one.outputs["of"]]
            assert origin.stage == "executed"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=6), st.integers(0, 2**32))
def test_in_order_and_once_never_two_equal_ones_are_executed_at_once(fails: list[bool], seed: int) -> None:
    operations = {str(number): Operation(str(number), fail) for number, fail in enumerate(fails)}
    world = Planners(Random(seed), operations)
    world._deliver = lambda box: box.pop(0)
    world.play()
    assert world.most == 1
    kinds = {key.rpartition("/")[2] for key, _ in world.cache.rows.items()}
    assert kinds <= {"result", "chain", "size", "k"}
