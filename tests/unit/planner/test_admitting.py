"""Operations under limits of the installation, as the planner sees them."""

from functools import partial
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_services.admission import core as admission
from polyflow_services.admission import state as admission_state
from polyflow_services.planner.rows import claims
from polyflow_services.planner.rows.state import final
from polyflow_services.planner.starts.launching import UNSEEN_LAUNCHES
from polyflow_services.planner.turn import STEPS_PER_TURN
from polyflow_shared.deciding.rows import StoredRows
from polyflow_topics.admission import AskForSlot, SlotAnswered, SlotReturned, VerifySlot
from polyflow_topics.catalog import ADMISSION_REQUESTS, topic_of
from polyflow_topics.commands import LaunchOperation
from polyflow_topics.events import OperationChanged
from polyflow_topics.inbox import OperatingKind, OperatingRequested, SweepContinued
from polyflow_topics.message import Message
from polyflow_topics.names import RunId
from polyflow_topics.plan import Backoff, PlanPart
from tests.unit.planner.plan_builder import RUN, Dag, Op, dag, plan, report, stop
from tests.unit.planner.resumed import going_on
from tests.unit.planner.world import World
from tests.unit.stored import decided


def limited(graph: Dag, *, run: RunId = RUN, queue: str = "default") -> list[Message]:
    """Return the plan of a DAG all whose operations are under limits."""

    return [in_queue(message, queue) for message in plan(graph, run=run)]


def in_queue(message: Message, queue: str = "default") -> Message:
    """Return a message of a plan, its operations under limits."""
    if not isinstance(message, PlanPart):
        return message
    operations = tuple(one.model_copy(update={"queue": queue}) for one in message.operations)
    return message.model_copy(update={"operations": operations})


def about(ask: AskForSlot) -> dict:
    return ask.about()


def asked(world: World) -> AskForSlot:
    return world.of(AskForSlot)[-1]


def granted(world: World) -> SlotAnswered:
    return SlotAnswered(**about(asked(world)), granted=True)


def waits(world: World) -> SlotAnswered:
    return SlotAnswered(**about(asked(world)), granted=False, reason="QueueLimit", message="queue 'q' …")


def test_an_operation_is_launched_once_it_has_its_slot_and_returns_it_at_its_end() -> None:
    world = World().take(*limited(dag(a=""), queue="q"))
    assert (world.launches(), asked(world).queue) == ([], "q")
    world.take(granted(world), granted(world))
    assert len(world.launches()) == 1
    world.take(report(world.launch("a"), "succeeded"))
    assert [one.attempt for one in world.of(SlotReturned)] == [0]


def grant(world: World, *operations: str) -> None:
    """Give slots to operations that have asked for them."""
    asks = [ask for ask in world.of(AskForSlot) if ask.operation in operations]
    world.take(*(SlotAnswered(**about(ask), granted=True) for ask in asks))


def test_a_trigger_that_is_met_again_before_the_answer_takes_no_second_slot() -> None:
    world = World().take(*limited(dag(2, None, a="", b="", c=Op("a b", "one_done"), d="c", e="c")))
    grant(world, "a", "b")
    world.take(*(report(world.launch(name), "succeeded") for name in "ab"))
    assert [one.operation for one in world.of(AskForSlot)] == ["a", "b", "c"]
    grant(world, "c")
    world.take(report(world.launch("c"), "succeeded"))
    assert [one.operation for one in world.of(AskForSlot)][3:] == ["d", "e"]


def test_a_wait_is_told_once() -> None:
    world = World().take(*limited(dag(a="")))
    world.take(waits(world), waits(world))
    told = [(one.status, one.reason) for one in world.of(OperationChanged)]
    assert told == [("queued", "QueueLimit")]
    assert len(world.take(granted(world)).launches()) == 1


def test_the_slot_of_the_scope_comes_first() -> None:
    world = World().take(*limited(dag(1, None, a="", b="")))
    assert [one.operation for one in world.of(AskForSlot)] == ["a"]
    world.take(granted(world))
    world.take(report(world.launch("a"), "succeeded"))
    assert asked(world).operation == "b"


def test_what_has_asked_admission_goes_on_when_a_limit_is_lowered() -> None:
    world = World().take(*limited(dag(a="", b="", c="")))
    asks = world.of(AskForSlot)
    world.take(OperatingRequested(run=RUN, kind="limit", operation="", request="lower", concurrency=1))
    world.take(*(SlotAnswered(**about(one), granted=True) for one in asks))
    assert [one.operation for one in world.launches()] == ["a", "b", "c"]
    assert world.of(SlotReturned) == []


def test_a_stop_of_what_waits_returns_what_it_asked_for() -> None:
    world = World().take(*limited(dag(a="")))
    world.take(waits(world), stop())
    assert (len(world.of(SlotReturned)), world.launches()) == (1, [])
    world.take(granted(world))
    assert (len(world.of(SlotReturned)), world.launches()) == (2, [])


def test_an_attempt_that_waits_for_its_retry_holds_no_slot() -> None:
    world = World(patient=True).take(*limited(dag(a=Op(retries=1, backoff=Backoff(kind="fixed", delay=60)))))
    world.take(granted(world))
    world.take(report(world.launch("a"), "failed"))
    assert [one.attempt for one in world.of(SlotReturned)] == [0]
    world.take(*world.retries())
    assert (asked(world).attempt, len(world.launches())) == (1, 1)
    world.take(granted(world))
    assert world.launch("a").attempt == 1


def test_a_service_returns_its_slot_once_it_is_up_for_what_it_serves() -> None:
    world = World().take(*limited(dag(server=Op(service=True), ask="server")))
    world.take(granted(world))
    world.take(report(world.launch("server"), "running"))
    assert [one.operation for one in world.of(SlotReturned)] == ["server"]
    world.take(granted(world))
    world.take(report(world.launch("ask"), "succeeded"))
    world.take(report(world.launch("server"), "stopped"))
    assert [one.operation for one in world.of(SlotReturned)] == ["server", "ask"]
    assert world.story()[-1] == "run succeeded"


def test_a_slot_is_verified_and_asked_for_again() -> None:
    world = World().take(*limited(dag(a="")))
    for sweep in ("recheck", "recover"):
        world.take(SweepContinued(run=RUN, sweep=sweep, cursor=0))
    assert [one.active for one in world.of(AskForSlot)] == [False] * 3
    verify = VerifySlot(**about(asked(world)))
    world.take(granted(world), verify)
    assert asked(world).active
    world.take(report(world.launch("a"), "succeeded"), verify)
    assert isinstance(world.said[-1], SlotReturned)


def operating(kind: OperatingKind, request: str = "once") -> OperatingRequested:
    return OperatingRequested(run=RUN, request=request, kind=kind)


def test_a_paused_run_asks_for_no_slot_and_keeps_none_that_it_is_given() -> None:
    world = World().take(*limited(dag(a="", b="a")))
    world.take(operating("pause"), granted(world))
    assert (len(world.of(SlotReturned)), world.launches()) == (1, [])
    assert [one.reason for one in world.of(OperationChanged)] == ["Paused"]
    world.take(operating("unpause"))
    assert (len(world.of(AskForSlot)), world.launches()) == (2, [])
    world.take(granted(world), operating("pause", "again"))
    world.take(report(world.launch("a"), "succeeded"))
    assert len(world.of(AskForSlot)) == 2
    world.take(operating("unpause", "again"))
    world.take(granted(world))
    assert asked(world).operation == "b"
    assert world.launch("b").attempt == 0


def paused_between(world: World) -> World:
    """Return a world whose operation has given back what it was granted, and has asked again."""
    return world.take(operating("pause"), granted(world), operating("unpause"))


def test_only_the_answer_to_the_last_question_counts() -> None:
    world = World().take(*limited(dag(a="")))
    first = granted(world)
    paused_between(world)
    assert [one.question for one in world.of(AskForSlot)] == [0, 1]
    world.take(first)
    assert ([one.question for one in world.of(SlotReturned)], world.launches()) == ([0, 0], [])
    world.take(VerifySlot(**first.about()), granted(world))
    assert ([one.question for one in world.of(SlotReturned)], len(world.launches())) == ([0, 0, 0], 1)
    world.take(report(world.launch("a"), "succeeded"))
    assert world.of(SlotReturned)[-1].question == 1


def test_what_a_pause_has_returned_is_not_asked_for_until_it_is_over() -> None:
    world = World().take(*limited(dag(a="")))
    first = granted(world)
    world.take(operating("pause"), first)
    world.take(SweepContinued(run=RUN, sweep="recover", cursor=0), first)
    assert (len(world.of(AskForSlot)), len(world.of(SlotReturned))) == (1, 2)
    world.take(stop())
    assert len(world.of(SlotReturned)) == 2
    assert not [key for key, _ in world.rows.items() if "/slot/" in key]


def test_the_questions_of_each_attempt_are_counted_anew() -> None:
    world = paused_between(World().take(*limited(dag(a=Op(retries=1)))))
    world.take(granted(world))
    world.take(report(world.launch("a"), "failed"))
    assert [(one.attempt, one.question) for one in world.of(AskForSlot)] == [(0, 0), (0, 1), (1, 0)]


def test_what_an_earlier_release_has_asked_and_answered_counts() -> None:
    world = World().take(*limited(dag(a="")))
    unnumbered = granted(world).model_dump(exclude={"question"})
    world.rows.put(claims.slot_key(RUN, 0), b'["slot.v1","default",0,"asked",""]')
    world.take(SlotAnswered(**unnumbered))
    assert len(world.launches()) == 1


def test_a_pause_returns_the_slots_of_those_that_wait_for_the_cluster() -> None:
    count = UNSEEN_LAUNCHES + STEPS_PER_TURN + 10
    world = World().take(*limited(dag(**{f"o{n}": "" for n in range(count)})))
    asks = world.of(AskForSlot)
    world.take(*(SlotAnswered(**about(one), granted=True) for one in asks))
    assert (len(asks), len(world.launches())) == (count, UNSEEN_LAUNCHES)
    world.take(operating("pause"))
    assert len(world.of(SlotReturned)) == count - UNSEEN_LAUNCHES
    world.take(operating("unpause"))
    world.take(*(report(one, "running") for one in world.launches()[:20]))
    assert len(world.of(AskForSlot)) > count


def test_what_a_paused_run_has_asked_for_is_returned_when_it_is_stopped() -> None:
    world = World().take(*limited(dag(a="")))
    world.take(operating("pause"), granted(world), stop())
    assert (len(world.of(SlotReturned)), world.launches()) == (1, [])


class Installation:
    """Two runs, a planner for each, and admission between them; all deliver what they get up to twice."""

    def __init__(self, graph: Dag, rng: Random) -> None:
        self.rng = rng
        self.planners = {RunId(RUN[:-1] + end): World() for end in "12"}
        self.rows = StoredRows(admission_state.CODEC)
        self.boxes: dict[str, list[Message]] = {"admission": []}
        for run in self.planners:
            self.boxes[run] = limited(graph, run=run)
        self.live: set[tuple[str, int, int]] = set()
        self.most = 0

    def play(self) -> None:
        for _ in range(5000):
            full = [name for name, box in self.boxes.items() if box]
            if not full:
                return
            name = self.rng.choice(full)
            message = self.boxes[name].pop(0)
            for _ in range(self.rng.randint(1, 2)):
                for said in self._decide(name, message):
                    self._route(said)
        raise AssertionError("it does not come to an end")

    def _decide(self, name: str, message: Message) -> list[Message]:
        if name != "admission":
            world = self.planners[RunId(name)]
            begun = len(world.said)
            if hasattr(message, "status"):
                self.live.discard((message.run, message.index, message.attempt))
            world.take(message)
            return world.said[begun:]
        two_slots = partial(admission.decide, limits=admission.Limits(2))
        return decided(two_slots, self.rows, message, World().now)

    def _route(self, said: Message) -> None:
        if topic_of(said) == ADMISSION_REQUESTS.name:
            self.boxes["admission"].append(said)
        elif isinstance(said, SlotAnswered | VerifySlot):
            self.boxes[said.run].append(said)
        elif isinstance(said, LaunchOperation):
            self.live.add((said.run, said.index, said.attempt))
            self.most = max(self.most, len(self.live))
            self.boxes[said.run].append(report(said, self.rng.choice(["succeeded", "failed", "lost"])))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 4), st.integers(0, 2**32))
def test_two_runs_share_the_slots_and_leave_none(size: int, seed: int) -> None:
    operations = {f"o{number}": Op(retries=1) for number in range(size)}
    world = Installation(Dag(operations), Random(seed))
    world.play()
    for planner in world.planners.values():
        ended = {one.operation for one in planner.of(OperationChanged) if final(one.status)}
        assert ended == set(operations)
    assert world.most <= 2
    assert not [key for key, _ in world.rows.items() if "slot" in key or "held" in key]


def test_a_slot_that_was_given_before_the_run_was_resumed_is_not_taken() -> None:
    world = World().take(*limited(dag(a="")))
    late = granted(world)
    world.take(stop()).take(*map(in_queue, going_on(dag(a=""), ())))
    assert (late.attempt, asked(world).attempt) == (0, 1)
    world.take(late)
    assert world.launches() == []
    assert world.of(SlotReturned)[-1].attempt == 0
