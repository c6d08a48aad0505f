"""Up to where records were handled, and what may be committed."""

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
    ("first", "handled", "following"), [(5, [], 5), (0, [], 0), (5, [5, 6], 7), (5, [5, 6, 5], 7)]
)
async def test_all_before_it_were_handled(first, handled, following):
    assert await begun(first, *handled).following("p") == following


async def test_partitions_that_came_back_begin_where_others_have_committed():
    order = begun(5, 5, 6)
    order.end()
    # One that was being handled while the partition moved away says nothing of what came after it.
    order.handled("p", 7)
    early = asyncio.ensure_future(order.following("p"))
    await asyncio.sleep(0)
    assert not early.done()
    order.begin({"p": 20})
    assert await early == 20


async def test_what_was_handled_before_it_began_a_second_time_is_not_missed():
    order = begun(5, 5, 6)
    order.begin({"p": 5})
    assert await order.following("p") == 7


async def test_of_a_partition_that_is_not_known_nothing_is_committed():
    assert await begun(5).following("q") == 0
    assert begun(5).committable("q", 7) is None


@given(st.integers(0, 50), st.integers(0, 20), st.integers(0, 100))
def test_nothing_is_committed_behind_what_was_handled(first, count, acknowledged):
    order = begun(first, *range(first, first + count))
    assert order.committable("p", acknowledged) == min(acknowledged, first + count)
