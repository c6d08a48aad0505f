"""What happens in a cluster, to everyone who watches it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from polyflow_shared.cluster.port import Seen

Present = Callable[[], Iterable[Sequence[Seen]]]
"""Returns the present state in portions."""


class Feed:
    """Hands each watcher the present state first, then every change, in order."""

    def __init__(self, present: Present) -> None:
        """Begin without watchers."""
        self._present = present
        self._watchers: set[_Watcher] = set()
        self._closed = False

    def publish(self, seen: Iterable[Seen]) -> None:
        """Hand changes to everyone who watches now; the state must already say the same."""
        if self._watchers:
            changes = tuple(seen)
            for watcher in self._watchers:
                watcher.add(changes)

    async def watch(self) -> AsyncIterator[Sequence[Seen]]:
        """Yield the present state, then changes, until the feed is closed.

        A change that comes while the state is being read out may be yielded twice, and never too early:
        what is read out is as new as the moment at which it is yielded.
        """
        watcher = _Watcher()
        self._watchers.add(watcher)
        try:
            for portion in self._present():
                if portion:
                    yield portion
            while watcher.changes or not self._closed:
                if changes := await watcher.take():
                    yield changes
        finally:
            self._watchers.discard(watcher)

    def close(self) -> None:
        """Let all watches end, once they have yielded what there is."""
        self._closed = True
        for watcher in self._watchers:
            watcher.wake()


class _Watcher:
    """Changes that one watch has not yielded yet."""

    def __init__(self) -> None:
        self.changes: list[Seen] = []
        self._news = asyncio.Event()

    def add(self, changes: Iterable[Seen]) -> None:
        self.changes.extend(changes)
        self._news.set()

    def wake(self) -> None:
        self._news.set()

    async def take(self) -> Sequence[Seen]:
        await self._news.wait()
        self._news.clear()
        changes, self.changes = self.changes, []
        return changes
