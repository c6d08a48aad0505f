"""A loop that is told to end finishes the batch at hand."""

import asyncio

import pytest

from polyflow_shared.loops.service import finish


async def cancelled_within(work):
    """Cancel who awaits `work`, once it has begun; return the task that awaited it."""
    begun = asyncio.Event()

    async def begin():
        begun.set()
        return await work

    waiting = asyncio.ensure_future(finish(begin()))
    await begun.wait()
    waiting.cancel()
    return waiting


async def test_a_cancellation_waits_for_the_end_of_the_work():
    gate, done = asyncio.Event(), []

    async def work():
        await gate.wait()
        done.append(True)

    waiting = await cancelled_within(work())
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert done == [True]


async def test_a_second_cancellation_ends_the_work_there_and_then():
    ended = asyncio.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    waiting = await cancelled_within(work())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(10):
        await ended.wait()
