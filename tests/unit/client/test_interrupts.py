"""What a signal means for something that is waited for."""

import asyncio
import os
import signal

import pytest

from polyflow.running.interrupts import until_signal


async def for_ever(begun: list[str]) -> None:
    begun.append("begun")
    await asyncio.Event().wait()


async def test_work_is_done_to_its_end_and_its_error_is_told():
    done: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0)
        done.append("done")
        raise OSError("no luck")

    with pytest.raises(OSError, match="no luck"):
        await until_signal(work(), within=30)
    assert done == ["done"]


async def test_work_is_left_when_the_time_is_over():
    await until_signal(for_ever([]), within=0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_work_is_left_when_a_signal_comes(number):
    begun: list[str] = []
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)
    await until_signal(for_ever(begun), within=30)
    assert begun == ["begun"]
