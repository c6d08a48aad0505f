"""Up to where the records of each partition were handled, without one that is missing."""

import asyncio
from collections.abc import Hashable, Mapping


class InOrder:
    """The offset of each partition before which all records were handled."""

    def __init__(self) -> None:
        """Begin without any partition."""
        self._next: dict[Hashable, int] = {}
        self._begun = asyncio.Event()

    def begin(self, offsets: Mapping[Hashable, int]) -> None:
        """Begin with the offset of each partition's record that has to be handled next.

        What was handled since the last end stays so, though it may come again.
        """
        self._next = {place: max(offset, self._next.get(place, 0)) for place, offset in offsets.items()}
        self._begun.set()

    def end(self) -> None:
        """Know nothing until it begins anew: partitions may move, and others handle their records."""
        self._next = {}
        self._begun.clear()

    async def following(self, partition: Hashable) -> int:
        """Return, once it has begun, the offset before which all records were handled; 0 if none is known."""
        await self._begun.wait()
        return self._next.get(partition, 0)

    def handled(self, partition: Hashable, offset: int) -> None:
        """Note that a record was handled, and all before it."""
        if partition in self._next:
            self._next[partition] = max(offset + 1, self._next[partition])

    def committable(self, partition: Hashable, offset: int) -> int | None:
        """Return the last offset up to this one that may be committed, or None if there is none."""
        known = self._next.get(partition)
        return None if known is None else min(offset, known)
