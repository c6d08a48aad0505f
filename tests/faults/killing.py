"""Killing services at moments of chance: while they start, while they take over, while they work."""

import asyncio
import random
from typing import Final

from tests.testbed.services import START_LIMIT, Services

WORK: Final = 3.0
"""Seconds that a service works, at most, before it is killed; as long as its start took, if that was longer."""
STARTING: Final = 3.0
"""Seconds after its start within which it is killed, where it is not waited for until it is ready."""
EARLY: Final = 0.25
"""The share of kills that come at any moment of a start, most of them before the service is ready (0 to 1)."""
_LOOK: Final = 0.1


async def kill_again_and_again(services: Services, service: str, times: int, seed: int) -> None:
    """Kill the first replica of a service so many times, and start it again each time; it is ready at the end.

    A quarter of the kills come at any moment of a start, when connections are made, groups are joined, rows are
    restored and missed messages read; the others between any two effects of one that is at work.

    Raises:
        TimeoutError: it was not ready in time.
    """
    choose = random.Random(f"{service} {seed}")
    name = f"{service}-0"
    for _ in range(times):
        if choose.random() < EARLY:
            await asyncio.sleep(choose.uniform(0.0, STARTING))
        else:
            took = await ready(services, name)
            # On a slow machine less is done in a second, and what is never done is no test of what follows.
            await asyncio.sleep(choose.uniform(0.0, max(WORK, took)))
        await asyncio.to_thread(services.kill, name)
        services.start(service)
    await ready(services, name)


async def ready(services: Services, name: str) -> float:
    """Return when a replica is ready, and how many seconds that took.

    Raises:
        TimeoutError: it is not, in time.
    """
    begun = asyncio.get_running_loop().time()
    async with asyncio.timeout(START_LIMIT):
        while not await asyncio.to_thread(services.is_ready, name):  # noqa: ASYNC110 (it is asked over HTTP)
            await asyncio.sleep(_LOOK)
    return asyncio.get_running_loop().time() - begun
