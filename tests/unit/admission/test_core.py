"""Admission in sentences, and among planners that repeat, reorder, forget and die."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_services.admission import state
from polyflow_services.admission.core import STEP, VERIFY, Limits, Pool, decide, recovered
from polyflow_shared.deciding.decision import Decision
from polyflow_shared.deciding.rows import Overlay
from polyflow_topics.admission import AskForSlot, LimitsChecked, SlotAnswered, SlotReturned, VerifySlot
from polyflow_topics.message import Message
from polyflow_topics.queues import QueuesAsked, QueuesListed
from tests.unit.stored import Deciding

AT = datetime(2026, 1, 1, tzinfo=UTC)
QUEUES = {"low": Pool(limit=1), "high": Pool(priority=1), "other": Pool()}


class World(Deciding):
    """Admission."""

    def __init__(self, operations: int | None = 1, **queues: Pool) -> None:
        super().__init__(state.CODEC, LimitsChecked, AT)
        self.limits = Limits(operations, queues or QUEUES)

    def decide(self, rows: Overlay, message: Message, at: datetime) -> Decision:
        return decide(rows, message, at, limits=self.limits)

    def granted(self, *messages: Message) -> list[str]:
        answers = [one for one in self.take(*messages) if isinstance(one, SlotAnswered)]
        return [f"{one.run}{one.index}" for one in answers if one.granted]

    def reasons(self, *messages: Message) -> list[tuple[str, str]]:
        answers = [one for one in self.take(*messages) if isinstance(one, SlotAnswered)]
        return [(one.reason, one.message) for one in answers if not one.granted]


def about(name: str, queue: str, attempt: int) -> dict:
    return {"run": name[0], "operation": "o", "index": int(name[1:]), "attempt": attempt, "queue": queue}


def ask(name: str, queue: str = "default", attempt: int = 0, **more) -> AskForSlot:
    return AskForSlot(**about(name, queue, attempt), **more)


def back(name: str, queue: str = "default", attempt: int = 0, **more) -> SlotReturned:
    return SlotReturned(**about(name, queue, attempt), **more)


def test_a_slot_is_given_when_there_is_one() -> None:
    world = World()
    assert world.granted(ask("a0")) == ["a0"]
    assert world.reasons(ask("a1")) == [("InstallationLimit", "the installation runs 1 operation at once")]
    assert world.granted(back("a0")) == ["a1"]


def test_a_queue_has_a_limit_of_its_own() -> None:
    world = World(None)
    assert world.granted(ask("a0", "low"), ask("a1", "high"), ask("a2", "high")) == ["a0", "a1", "a2"]
    assert world.reasons(ask("a3", "low")) == [("QueueLimit", "queue 'low' runs 1 operation at once")]


def test_the_higher_priority_goes_first() -> None:
    world = World()
    world.take(ask("a0"), ask("a1", "low"), ask("a2", "high"))
    assert world.granted(back("a0")) == ["a2"]
    assert world.granted(back("a2", "high")) == ["a1"]


def test_queues_of_one_priority_take_turns() -> None:
    world = World()
    world.take(
        ask("z0"), *(ask(f"a{n}", "low") for n in range(2)), *(ask(f"b{n}", "other") for n in range(2))
    )
    order, last = [], back("z0")
    for _ in range(4):
        (name,) = world.granted(last)
        last = back(name, "low" if name[0] == "a" else "other")
        order.append(name)
    assert order == ["a0", "b0", "a1", "b1"]


def test_a_run_with_many_operations_does_not_hold_up_another_one() -> None:
    world = World()
    world.take(ask("z0"), *(ask(f"a{n}") for n in range(50)), ask("b0"))
    assert world.granted(back("z0")) == ["a0"]
    assert world.granted(back("a0")) == ["b0"]
    assert world.granted(back("b0")) == ["a1"]


def test_asking_or_giving_back_twice_changes_nothing() -> None:
    world = World()
    assert world.granted(ask("a0"), ask("a0")) == ["a0", "a0"]
    assert len(world.reasons(ask("a1"), ask("a1"))) == 2
    assert world.granted(back("a0"), back("a0")) == ["a1"]
    assert world.granted(ask("a2"), back("a1")) == ["a2"]


def test_what_a_later_question_holds_only_that_one_returns() -> None:
    world = World()
    world.take(ask("a0"), back("a0"), ask("a0", question=1), ask("b0"))
    assert world.granted(back("a0")) == []
    assert world.granted(back("a0", question=1)) == ["b0"]


def test_a_later_question_has_the_place_of_the_one_before() -> None:
    world = World()
    world.take(ask("a0"), ask("b0"), ask("c0"))
    assert len(world.reasons(ask("b0", question=1))) == 1
    assert world.granted(back("b0"), back("a0")) == ["b0"]
    (said,) = world.take(ask("b0", question=2))
    assert (said.granted, said.question) == (True, 2)
    assert world.granted(back("b0", question=1)) == []
    assert world.granted(back("b0", question=2)) == ["c0"]


def test_an_earlier_question_that_comes_late_is_told_of_the_later_one() -> None:
    world = World()
    world.take(ask("b0"), ask("a0", question=1))
    (said,) = world.take(ask("a0", active=True))
    assert (said.granted, said.question) == (False, 1)
    assert world.granted(back("b0")) == ["a0"]
    (said,) = world.take(ask("a0"))
    assert (said.granted, said.question) == (True, 1)


def test_what_was_not_known_to_run_is_told_so_that_it_returns_what_it_does_not_need() -> None:
    world = World()
    assert world.granted(ask("a0", active=True)) == ["a0"]
    assert world.granted(ask("a0", active=True)) == []


def test_a_slot_that_an_earlier_release_has_given_is_returned() -> None:
    world = World()
    world.take(ask("a0"), ask("b0"))
    kept = b'["slot.v1","a","o",0,0,"default",true,1767225600]'
    world.rows.put(state.slot_key(state.slot_name("a", 0, 0)), kept)
    assert world.granted(back("a0")) == ["b0"]


def test_who_does_not_wait_any_more_gets_nothing() -> None:
    world = World()
    world.take(ask("a0"), ask("a1"), ask("b0"), back("a1"))
    assert world.granted(back("a0")) == ["b0"]
    world.take(back("b0"))
    assert {key for key, _ in world.rows.items()} == {"served", "queue/default/served"}


def test_a_lower_limit_ends_nothing_and_a_higher_one_is_used_after_a_restart() -> None:
    world = World(2)
    world.take(ask("a0"), ask("a1"), ask("a2"), ask("a3"))
    world.limits = Limits(1)
    assert world.granted(*recovered(())) == []
    assert world.granted(back("a0")) == []
    assert world.granted(back("a1")) == ["a2"]
    world.limits = Limits(None)
    assert world.granted(*recovered(())) == ["a3"]


def test_what_runs_counts_whatever_the_limit() -> None:
    world = World()
    world.take(ask("a0"), ask("b0", active=True))
    assert world.reasons(ask("a1")) != []
    assert world.granted(back("a0")) == []
    assert world.granted(back("b0")) == ["a1"]


def test_slots_that_are_silent_are_asked_about_when_others_wait() -> None:
    world = World()
    world.take(ask("a0"))
    world.now += timedelta(seconds=VERIFY)
    verify = [one for one in world.take(ask("b0")) if isinstance(one, VerifySlot)]
    assert [(one.run, one.index) for one in verify] == [("a", 0)]
    assert [one for one in world.take(ask("b0")) if isinstance(one, VerifySlot)] == []
    assert world.granted(back("a0")) == ["b0"]


def test_many_are_given_slots_in_steps() -> None:
    world = World(1)
    world.take(*(ask(f"a{n}") for n in range(STEP + 10)))
    world.limits = Limits(None)
    assert len(world.granted(*recovered(()))) == STEP + 9


def listed(world: World) -> QueuesListed:
    (said,) = world.take(QueuesAsked(request="r"))
    assert isinstance(said, QueuesListed)
    return said


def test_how_queues_stand_is_told_to_whoever_asks() -> None:
    world = World(3)
    world.take(ask("a0"), ask("a1", "low"), *(ask(f"b{n}", "low") for n in range(3)), ask("c0", "low"))
    rows = dict(world.rows.items())
    said = listed(world)
    told = [(one.name, one.priority, one.limit, one.active, one.waiting) for one in said.queues]
    assert told == [
        ("high", 1, None, 0, 0),
        ("default", 0, None, 1, 0),
        ("low", 0, 1, 1, 4),
        ("other", 0, None, 0, 0),
    ]
    assert (said.limit, said.active, said.waiting) == (3, 2, 4)
    assert dict(world.rows.items()) == rows


def test_what_nothing_limits_is_not_counted() -> None:
    world = World(None)
    world.take(ask("a0", "low"))
    told = {one.name: (one.active, one.waiting) for one in listed(world).queues}
    assert told == {"high": (None, None), "default": (None, None), "low": (1, 0), "other": (None, None)}


# Planners among which messages are doubled, late and out of order, and of which some vanish.


@dataclass
class Attempts:
    """Operations that each run once under limits, over a broker that delivers at least once, in any order."""

    rng: Random
    names: dict[str, str]
    """Queues by operation."""
    ordered: bool
    world: World = field(default_factory=lambda: World(2, low=Pool(limit=1), high=Pool(priority=1)))
    to_admission: list[Message] = field(default_factory=list)
    to_planners: list[Message] = field(default_factory=list)
    stage: dict[str, str] = field(default_factory=dict)
    most: int = 0
    most_low: int = 0

    def play(self) -> None:
        for name, queue in self.names.items():
            self.stage[name] = "waits"
            self.to_admission.append(ask(name, queue))
        for _ in range(5000):
            if not self._something() and not self._sweep():
                return
        raise AssertionError("it does not come to an end")

    def running(self) -> list[str]:
        return [name for name, stage in self.stage.items() if stage == "runs"]

    def _something(self) -> bool:
        choices = [
            *([self._admission] if self.to_admission else []),
            *([self._planner] if self.to_planners else []),
            *([self._end] if self.running() else []),
        ]
        if choices:
            self.rng.choice(choices)()
        return bool(choices)

    def _deliver(self, box: list[Message]) -> Message:
        if self.ordered:
            return box.pop(0)
        message = box[self.rng.randrange(len(box))]
        if self.rng.random() < 0.7:
            box.remove(message)
        return message

    def _admission(self) -> None:
        said = self.world.take(self._deliver(self.to_admission))
        self.to_planners += [one for one in said if isinstance(one, SlotAnswered | VerifySlot)]

    def _planner(self) -> None:
        message = self._deliver(self.to_planners)
        name = f"{message.run}{message.index}"
        runs = self.stage[name] == "runs"
        if isinstance(message, VerifySlot):
            self.to_admission.append(
                ask(name, message.queue, active=True) if runs else back(name, message.queue)
            )
        elif self.stage[name] == "waits" and message.granted:
            self.stage[name] = "runs"
            self.most = max(self.most, len(self.running()))
            self.most_low = max(self.most_low, sum(self.names[one] == "low" for one in self.running()))
        elif self.stage[name] not in {"waits", "runs"}:
            self.to_admission.append(back(name, message.queue))

    def _end(self) -> None:
        name = self.rng.choice(self.running())
        self.stage[name] = "done"
        self.to_admission.append(back(name, self.names[name]))

    def _sweep(self) -> bool:
        """Let time pass, and those that wait ask again; at the very end one more asks, to see what leaked."""
        self.world.now += timedelta(seconds=VERIFY)
        waiting = [name for name, stage in self.stage.items() if stage == "waits"]
        self.to_admission += [ask(name, self.names[name]) for name in waiting]
        return bool(waiting)


OPERATIONS = st.dictionaries(
    st.sampled_from([f"{run}{index}" for run in "abc" for index in range(4)]),
    st.sampled_from(["low", "high", "default"]),
    min_size=1,
)


@settings(max_examples=200, deadline=None)
@given(OPERATIONS, st.integers(0, 2**32))
def test_in_any_order_every_operation_has_its_turn(names: dict[str, str], seed: int) -> None:
    attempts = Attempts(Random(seed), names, ordered=False)
    attempts.play()
    assert set(attempts.stage.values()) == {"done"}


@settings(max_examples=200, deadline=None)
@given(OPERATIONS, st.integers(0, 2**32))
def test_in_order_no_limit_is_exceeded_and_no_slot_is_left(names: dict[str, str], seed: int) -> None:
    attempts = Attempts(Random(seed), names, ordered=True)
    attempts.play()
    assert (attempts.most <= 2, attempts.most_low <= 1) == (True, True)
    assert not [key for key, _ in attempts.world.rows.items() if "slot" in key or "held" in key]
