"""Records that follow each other, and those before which something was passed over."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.broker.in_order import InOrder


def begun(first: int, *handled: int) -> InOrder:
    order = InOrder()
    order.begin({"p": first})
    for offset in handled:
        order.handled("p", offset)
    return order


@pytest.mark.parametrize(
    ("first", "handled", "offset", "follows"),
    [
        (5, [], 5, True),
        (5, [], 6, False),
        (5, [], 4, True),
        (0, [], 0, True),
        (0, [], 1, False),
        (5, [5, 6], 7, True),
        (5, [5, 6], 8, False),
        (5, [5, 6, 5], 7, True),
    ],
)
async def test_a_record_follows_when_all_before_it_were_handled(first, handled, offset, follows):
    assert await begun(first, *handled).follows("p", offset) is follows


async def test_partitions_that_came_back_begin_where_others_have_committed():
    order = begun(5, 5, 6)
    order.end()
    # One that was being handled while the partition moved away says nothing of what came after it.
    order.handled("p", 7)
    early = asyncio.ensure_future(order.follows("p", 20))
    await asyncio.sleep(0)
    assert not early.done()
    order.begin({"p": 20})
    assert await early
    assert not await order.follows("p", 21)


async def test_what_was_handled_before_it_began_a_second_time_is_not_missed():
    order = begun(5, 5, 6)
    order.begin({"p": 5})
    assert await order.follows("p", 7)


async def test_of_a_partition_that_is_not_known_nothing_follows_and_nothing_is_committed():
    assert not await begun(5).follows("q", 0)
    assert begun(5).committable("q", 7) is None


@given(st.integers(0, 50), st.integers(0, 20), st.integers(0, 100))
def test_nothing_is_committed_behind_what_was_handled(first, count, acknowledged):
    order = begun(first, *range(first, first + count))
    assert order.committable("p", acknowledged) == min(acknowledged, first + count)
