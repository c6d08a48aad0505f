"""For how long the name of a released pod stays taken."""

from datetime import timedelta

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.released import KEPT, Released
from polyflow_topics.names import PodName

A, B = PodName("a"), PodName("b")


async def test_a_name_is_taken_until_no_launch_of_it_can_come_any_more() -> None:
    clock = FakeClock()
    released = Released(clock)
    released.add(A)
    await clock.move(KEPT.total_seconds())
    assert A in released
    await clock.move(1)
    assert A not in released


async def test_what_no_longer_matters_is_forgotten() -> None:
    clock = FakeClock()
    released = Released(clock)
    at = released.add(A)
    await clock.move(KEPT.total_seconds() + 1)
    assert dict(released.items()) == {A: at}
    released.add(B)
    assert list(dict(released.items())) == [B]


def test_what_an_earlier_cluster_knew_is_taken_over() -> None:
    clock = FakeClock()
    released = Released(clock)
    released.restore({A: clock.now() - 2 * KEPT, B: clock.now() - timedelta(seconds=1)})
    assert A not in released
    assert B in released
    assert list(dict(released.items())) == [B]
