"""What everything that hands records on must do: brokers, and stream adapters such as Faust's.

Records in, a handler called, at least once and in order per key.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Sequence

import pytest

from polyflow_shared.broker.port import Broker, Outgoing, Record
from polyflow_shared.errors import InvariantError, PolyflowError
from polyflow_topics.catalog import RUN_METRICS

METRICS = RUN_METRICS.name
LIMIT = 30.0
"""Seconds within which anything that is to happen happens."""

Handle = Callable[[Record], Awaitable[None]]


class DeliveryContract(ABC):
    """At least once, in order per key.  Subclasses say how to publish and how to be a member of a group."""

    topic = METRICS

    @abstractmethod
    async def publish(self, broker: Broker, records: Sequence[Outgoing]) -> None:
        """Write records to `topic`."""

    @abstractmethod
    async def work(self, broker: Broker, handle: Handle, enough: asyncio.Event) -> None:
        """Be the member `one` of the group `workers`: handle record after record until `enough` is set.

        What `handle` raises ends the work, and is raised here.
        """

    async def test_every_record_is_handled_in_order_per_key(self, broker):
        sent = [(f"key-{number % 7}", f"{number}") for number in range(210)]
        handled = await self.handled_all(broker, sent)
        for key in {key for key, _ in sent}:
            in_order = [value for of_key, value in sent if of_key == key]
            assert [value for of_key, value in handled if of_key == key] == in_order

    async def test_a_record_whose_handling_failed_comes_again(self, broker):
        await self.publish(broker, outgoing(self.topic, [("a", "1"), ("a", "2"), ("a", "3")]))

        async def fail_at_the_second(record: Record) -> None:
            if record.value == b"2":
                raise InvariantError("planned")

        with pytest.raises(PolyflowError, match="planned"):
            await asyncio.wait_for(self.work(broker, fail_at_the_second, asyncio.Event()), LIMIT)
        handled = await self.handled_until(broker, {"2", "3"})
        assert [value for _, value in handled][-2:] == ["2", "3"]

    async def test_what_was_handled_before_a_restart_is_not_lost_and_what_comes_after_is_handled(
        self, broker
    ):
        await self.handled_all(broker, [("a", "1"), ("b", "2")])
        handled = await self.handled_all(broker, [("a", "3"), ("b", "4")])
        assert {"3", "4"} <= {value for _, value in handled}

    async def test_keys_values_and_headers_arrive_as_they_were_sent(self, broker):
        headers = (("ce_type", b"x"), ("ce_id", "ä".encode()))
        await self.publish(broker, [Outgoing(self.topic, "kéy", b"\x00\xffvalue", headers)])
        seen: list[Record] = []
        await self.run(broker, seen, lambda: bool(seen))
        assert (seen[0].key, seen[0].value, seen[0].headers) == ("kéy", b"\x00\xffvalue", headers)
        assert (seen[0].topic, seen[0].offset) == (self.topic, 0)

    async def handled_all(self, broker, sent: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        await self.publish(broker, outgoing(self.topic, sent))
        return await self.handled_until(broker, {value for _, value in sent})

    async def handled_until(self, broker, values: Collection[str]) -> list[tuple[str, str]]:
        seen: list[Record] = []
        wanted = {value.encode() for value in values}
        await self.run(broker, seen, lambda: wanted <= {record.value for record in seen})
        return [(record.key, (record.value or b"").decode()) for record in seen]

    async def run(self, broker, seen: list[Record], done: Callable[[], bool]) -> None:
        enough = asyncio.Event()

        async def handle(record: Record) -> None:
            seen.append(record)
            if done():
                enough.set()

        await asyncio.wait_for(self.work(broker, handle, enough), LIMIT)


def outgoing(topic: str, pairs: Sequence[tuple[str, str]]) -> list[Outgoing]:
    return [Outgoing(topic, key, value.encode()) for key, value in pairs]
