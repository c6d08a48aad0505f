"""What is kept of a run is removed when it has ended: in bounded steps, whatever comes between them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_services.early_stopping_monitor.core import decide
from polyflow_services.early_stopping_monitor.forgetting import STEP
from polyflow_services.early_stopping_monitor.state import CODEC
from polyflow_shared.deciding.rows import Row, StoredRows
from polyflow_topics.message import Message
from polyflow_topics.metrics import (
    ClosingContinued,
    Comparison,
    MetricPolicy,
    PoliciesClosed,
    PoliciesDeclared,
)
from tests.unit.early_stopping_monitor.test_core import logged
from tests.unit.stored import decided

AT = datetime(2026, 1, 1, tzinfo=UTC)
CLOSED = PoliciesClosed(run="r")


class World:
    """The monitor and its rows; what it says to itself is kept until it is taken."""

    def __init__(self) -> None:
        self.rows = StoredRows(CODEC)
        self.waiting: list[Message] = []
        self.most = 0

    def take(self, *messages: Message) -> "World":
        for message in messages:
            self.most = max(self.most, len(decide(self.rows, message, AT).writes))
            said = decided(decide, self.rows, message, AT)
            self.waiting += [one for one in said if isinstance(one, ClosingContinued)]
        return self

    def go_on(self, times: int = 1000) -> "World":
        while self.waiting and times:
            times -= 1
            self.take(self.waiting.pop(0))
        return self

    def left(self) -> dict[str, Row]:
        return dict(self.rows.items())


def declared(*scopes: str, kind: str = "median") -> PoliciesDeclared:
    how = Comparison(kind=kind, percent=10)
    policies = [
        MetricPolicy(scope=scope, metric="loss", value=0.0, optimization="minimize", comparison=how)
        for scope in scopes
    ]
    return PoliciesDeclared(run="r", policies=tuple(policies))


def measured(trials: int, looks: int = 2) -> Sequence[Message]:
    return [logged(f"s.{number}", line, loss=1) for line in range(looks) for number in range(trials)]


def test_many_trials_are_forgotten_in_bounded_steps() -> None:
    world = World().take(declared("s"), *measured(1000))
    world.most = 0
    world.take(CLOSED)
    assert len(world.waiting) == 1
    world.go_on()
    assert (world.left(), world.most <= STEP + 10) == ({}, True)


def test_what_is_measured_meanwhile_is_left_aside() -> None:
    world = World().take(declared("s"), *measured(300), CLOSED)
    rows = world.left()
    world.take(logged("s.299", 9, loss=9), logged("s.new", 0, loss=9))
    assert world.left() == rows
    assert world.go_on().left() == {}


def test_a_run_that_is_resumed_meanwhile_keeps_its_new_policies() -> None:
    world = World().take(declared("s", "t"), *measured(300), CLOSED, declared("s", "t"))
    fresh = World().take(declared("s", "t"))
    assert world.left() == fresh.left()
    assert world.go_on().left() == fresh.left()
    assert world.take(*measured(3), CLOSED).go_on().left() == {}


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["median", "truncation", "diff"]),
    st.integers(0, 400),
    st.integers(1, 4),
    st.lists(st.integers(0, 3), max_size=5),
)
def test_nothing_is_left_however_often_each_step_comes(
    kind: str, trials: int, looks: int, again: list[int]
) -> None:
    world = World().take(declared("s", "", kind=kind), *measured(trials, looks), CLOSED)
    for times in again:
        world.take(*[CLOSED, *world.waiting[:1]] * times)
        world.go_on(1)
    assert world.go_on().left() == {}
