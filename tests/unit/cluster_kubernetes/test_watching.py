"""What a watch over several namespaces tells, whatever the API server says."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.kubernetes.client import Object, Query
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.cluster.kubernetes.watching import PodWatch
from polyflow_shared.logs import log_of


class Server:
    """Lists nothing; then each watch yields what it is given, and says nothing more."""

    def __init__(self, *events: Object) -> None:
        self.events = list(events)

    async def get(self, path: str, query: Query | None = None) -> Object:
        return {"metadata": {"resourceVersion": "5"}, "items": []}

    async def watch(self, path: str, query: Query, *, silence: float) -> AsyncIterator[list[Object]]:
        yield self.events
        await asyncio.Event().wait()


def watch(server: Server, *namespaces: str) -> PodWatch:
    return PodWatch(server, Place(namespaces=namespaces or ("a",)), FakeClock(), log_of("test"))


async def test_a_part_that_ends_by_a_mistake_ends_the_watch() -> None:
    malformed = {"type": "ADDED", "object": {}}
    async with asyncio.timeout(10):
        with pytest.raises(KeyError, match="metadata"):
            async for _ in watch(Server(malformed)).follow(asyncio.Event()):
                pass


async def test_a_watch_that_is_closed_ends() -> None:
    closed = asyncio.Event()
    closed.set()
    async with asyncio.timeout(10):
        assert [reports async for reports in watch(Server(), "a", "b").follow(closed)] == []
