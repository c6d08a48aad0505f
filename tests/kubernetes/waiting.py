"""Waiting for what a cluster does in its own time."""

import asyncio
from collections.abc import Callable

LIMIT = 30.0
"""Seconds within which a controller acts."""


async def until(true: Callable[[], bool]) -> None:
    """Return once a question is answered with yes; it is asked every 20 ms."""
    async with asyncio.timeout(LIMIT):
        while not true():  # noqa: ASYNC110 (nobody tells us)
            await asyncio.sleep(0.02)
