"""The table: what a decider remembers, kept in a changelog through Faust."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

from polyflow_shared.broker.kafka.errors import our_errors


class FaustRows:
    """The rows of all owned partitions, in memory, in their stored form."""

    def __init__(self, table: Any) -> None:
        """Begin with what Faust restores."""
        self._table = table

    def get(self, key: str) -> bytes | None:
        """Return the stored form of a row, or None if there is none."""
        value: bytes | None = self._table.data.data.get(key.encode())
        return value

    def __len__(self) -> int:
        return len(self._table.data.data)

    async def save(self, partition: int, rows: Mapping[str, bytes | None]) -> None:
        """Write changed rows to the changelog; they are in the table when all are acknowledged.

        Raises:
            BrokerUnavailableError: at least one is not known to be written.
            RecordTooLargeError: at least one is larger than the topic takes.
        """
        with our_errors("writing rows"):
            await asyncio.gather(*[await self._sent(key, value, partition) for key, value in rows.items()])
        for key, value in rows.items():
            self._apply(key.encode(), value, partition)

    async def _sent(self, key: str, value: bytes | None, partition: int) -> Awaitable[object]:
        topic = self._table.changelog_topic
        # Not `send`: of its two futures it returns one, and the other one's error is never looked at.
        future: Awaitable[object] = topic.as_future_message(key.encode(), value, partition=partition)
        await topic.publish_message(future)
        return future

    def _apply(self, key: bytes, value: bytes | None, partition: int) -> None:
        store = self._table.data
        if value is None:
            store.data.pop(key, None)
            store._key_partition.pop(key, None)
            return
        store.data[key] = value
        # By this index, Faust drops the rows of a partition that has moved away.
        store._key_partition[key] = partition
