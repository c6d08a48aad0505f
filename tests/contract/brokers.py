"""What every broker must do, as one suite: embedded, embedded with a journal, and Apache Kafka pass it.

`DeliveryContract` is the part of it that a stream adapter (Faust) passes too.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from polyflow_shared.broker.partitioner import partition_of
from polyflow_shared.broker.port import Broker, Outgoing, Ownership, Record, Source
from polyflow_shared.errors import (
    FencedError,
    InvariantError,
    OffsetsLostError,
    RecordTooLargeError,
    TopicError,
)
from polyflow_topics.catalog import (
    MIB,
    OPERATION_COMMANDS,
    PIPELINE_REQUESTS,
    PLANNER_ROWS,
    RUN_INBOX,
    RUN_METRICS,
    commands_topic,
)
from polyflow_topics.names import ClusterName
from tests.contract.deliveries import LIMIT, METRICS, DeliveryContract, Handle, outgoing

PARTITIONS = 3
TOPICS = (PIPELINE_REQUESTS, RUN_INBOX, RUN_METRICS, PLANNER_ROWS)
INBOX = RUN_INBOX.name
ROWS = PLANNER_ROWS.name
MOMENT = 0.05
"""Seconds to wait for what is not to happen."""


class BrokerContract(DeliveryContract):
    """The whole port.  Subclasses have a fixture `broker`, with `TOPICS` created, and `again`.

    `again` is a second way to the same broker, as another process has it.
    """

    async def publish(self, broker: Broker, records: Sequence[Outgoing]) -> None:
        await (await broker.sink("tests")).send(records)

    async def work(self, broker: Broker, handle: Handle, enough: asyncio.Event) -> None:
        source = await broker.source([self.topic], group="workers", member="one")
        try:
            while not enough.is_set():
                for record in await source.take(100):
                    await handle(record)
                await source.commit()
        finally:
            await source.close()

    # --- sources ---

    async def test_what_was_not_committed_comes_again(self, broker):
        await send(broker, INBOX, "1", "2")
        source = await join(broker)
        assert await values(source, 2) == ["1", "2"]
        await source.close()
        source = await join(broker)
        assert await values(source, 2) == ["1", "2"]

    async def test_what_was_committed_does_not_come_again(self, broker):
        await send(broker, INBOX, "1", "2")
        source = await join(broker)
        await values(source, 2)
        await source.commit()
        await source.close()
        await send(broker, INBOX, "3")
        assert await values(await join(broker), 1) == ["3"]

    async def test_a_commit_covers_what_was_taken_and_no_more(self, broker):
        await send(broker, INBOX, "1", "2", "3")
        source = await join(broker)
        assert [record.value for record in await taken(source, limit=1)] == [b"1"]
        await source.commit()
        await source.close()
        assert await values(await join(broker), 2) == ["2", "3"]

    async def test_a_commit_of_a_beginning_hands_the_rest_out_again(self, broker):
        await send(broker, INBOX, "1", "2", "3")
        source = await join(broker)
        first = (await exactly(source, 3))[0]
        await source.commit({(INBOX, first.partition): first.offset + 1})
        await source.close()
        assert await values(await join(broker), 2) == ["2", "3"]

    async def test_a_commit_of_a_partition_that_is_not_ours_is_left_out(self, broker):
        await send(broker, INBOX, "1")
        source = await join(broker)
        await values(source, 1)
        await source.commit({(INBOX, 7): 1, (ROWS, 0): 1})
        await source.close()
        assert await values(await join(broker), 1) == ["1"]

    async def test_groups_read_independently(self, broker):
        await send(broker, INBOX, "1")
        one, two = await join(broker, group="one"), await join(broker, group="two")
        assert await values(one, 1) == ["1"]
        await one.commit()
        assert await values(two, 1) == ["1"]

    async def test_take_waits_until_something_is_sent(self, broker):
        source = await join(broker)
        waiting = asyncio.create_task(source.take(10))
        await asyncio.wait([waiting], timeout=MOMENT)
        assert not waiting.done()
        await send(broker, INBOX, "1")
        assert [record.value for record in await asyncio.wait_for(waiting, LIMIT)] == [b"1"]

    async def test_take_returns_nothing_when_the_wait_is_over(self, broker):
        source = await join(broker)
        assert list(await asyncio.wait_for(source.take(10, wait=MOMENT), LIMIT)) == []
        assert list(await asyncio.wait_for(source.take(10, wait=0), LIMIT)) == []

    async def test_take_respects_its_limit_over_all_partitions(self, broker):
        await (await broker.sink("tests")).send(
            [Outgoing(INBOX, f"key-{number}", b"") for number in range(30)]
        )
        source = await join(broker)
        sizes: list[int] = []
        while sum(sizes) < 30:
            sizes.append(len(await taken(source, limit=7)))
        assert sum(sizes) == 30
        assert max(sizes) <= 7

    async def test_several_topics_can_be_read_by_one_member(self, broker):
        source = await broker.source([INBOX, METRICS], group="g", member="one")
        await send(broker, INBOX, "1")
        await send(broker, METRICS, "2")
        assert sorted(await values(source, 2)) == ["1", "2"]

    async def test_the_lag_counts_what_was_not_taken(self, broker):
        await send(broker, INBOX, "1", "2", "3")
        source = await join(broker)
        assert sum((await source.lag()).values()) == 3
        (record,) = await taken(source, limit=1)
        lag = await source.lag()
        assert lag.keys() == {(INBOX, number) for number in range(PARTITIONS)}
        assert lag[INBOX, record.partition] == sum(lag.values()) == 2

    async def test_the_lag_is_that_of_each_topic_and_partition(self, broker):
        source = await broker.source([INBOX, METRICS], group="g", member="one")
        sink = await broker.sink("tests")
        keys = [f"key-{number}" for number in range(30)]
        await sink.send([Outgoing(INBOX, key, b"1") for key in keys])
        await sink.send([Outgoing(METRICS, key, b"1") for key in keys[:10]])
        expected = {(topic, number): 0 for topic in (INBOX, METRICS) for number in range(PARTITIONS)}
        for topic, some in ((INBOX, keys), (METRICS, keys[:10])):
            for key in some:
                expected[topic, partition_of(key, PARTITIONS)] += 1
        assert await source.lag() == expected

    async def test_whoever_comes_under_the_same_name_takes_over_and_fences_the_one_before(
        self, broker, again
    ):
        await send(broker, INBOX, "1")
        paused = await join(broker)
        await values(paused, 1)
        successor = await join(again)
        assert await values(successor, 1) == ["1"]
        with pytest.raises(FencedError):
            await paused.commit()
        await successor.commit()
        with pytest.raises(FencedError):
            await asyncio.wait_for(paused.take(1), LIMIT)
        await send(broker, INBOX, "2")
        assert await values(successor, 1) == ["2"]

    async def test_a_closed_source_gives_nothing_and_saves_nothing(self, broker):
        source = await join(broker)
        await source.close()
        await source.close()
        with pytest.raises(InvariantError):
            await source.take(1, wait=0)
        with pytest.raises(InvariantError):
            await source.commit()

    # --- owners ---

    async def test_the_owner_has_taken_over_before_any_record_is_handed_out(self, broker):
        await send(broker, INBOX, "1")
        owner = Owner()
        source = await join(broker, ownership=owner)
        await values(source, 1)
        assert owner.told == [("assigned", [0, 1, 2], [0, 1, 2])]

    async def test_partitions_are_fresh_only_for_a_group_that_never_ran(self, broker):
        await (await join(broker)).close()
        owner = Owner()
        await join(broker, ownership=owner)
        assert owner.told == [("assigned", [0, 1, 2], [])]

    async def test_an_owner_that_knows_better_refuses_a_fresh_partition_and_nothing_is_committed(
        self, broker
    ):
        with pytest.raises(OffsetsLostError):
            await join(broker, ownership=Owner(refuses=True))
        owner = Owner()
        await join(broker, ownership=owner)
        assert owner.told == [("assigned", [0, 1, 2], [0, 1, 2])]

    async def test_the_owner_lets_go_when_the_source_is_closed(self, broker):
        owner = Owner()
        await (await join(broker, ownership=owner)).close()
        assert owner.told[-1] == ("revoked", [0, 1, 2], [])

    # --- sinks ---

    async def test_a_record_has_the_time_at_which_it_was_sent(self, broker):
        before = datetime.now(UTC) - timedelta(seconds=2)
        await send(broker, INBOX, "1")
        (record,) = await taken(await join(broker), limit=1)
        assert before <= record.at <= datetime.now(UTC) + timedelta(seconds=2)

    async def test_a_tombstone_is_a_record_without_a_value(self, broker):
        await (await broker.sink("tests")).send([Outgoing(INBOX, "a", None)])
        (record,) = await taken(await join(broker), limit=1)
        assert record.value is None

    async def test_equal_keys_meet_in_equal_partitions_of_all_topics(self, broker):
        keys = [f"run-{number}" for number in range(40)]
        sink = await broker.sink("tests")
        await sink.send([Outgoing(topic, key, b"") for topic in (INBOX, METRICS) for key in keys])
        placed: dict[str, set[int]] = {}
        for topic in (INBOX, METRICS):
            source = await broker.source([topic], group="g-" + topic, member="one")
            for record in await exactly(source, 40):
                placed.setdefault(record.key, set()).add(record.partition)
        assert all(len(partitions) == 1 for partitions in placed.values())
        assert set.union(*placed.values()) == {0, 1, 2}

    async def test_sending_nothing_is_harmless(self, broker):
        await (await broker.sink("tests")).send([])

    async def test_thousands_of_records_at_once_stay_in_order_per_key(self, broker):
        sent = [(f"key-{number % 50}", str(number)) for number in range(3000)]
        await self.publish(broker, outgoing(INBOX, sent))
        found = await exactly(await join(broker), 3000)
        for key in ("key-0", "key-17", "key-49"):
            numbers = [int(record.value or b"") for record in found if record.key == key]
            assert numbers == sorted(numbers)
            assert len(numbers) == 60

    @pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
    async def test_a_value_as_large_as_the_catalogue_allows_passes(self, broker, topic):
        value = bytes(topic.max_bytes)
        await (await broker.sink("tests")).send([Outgoing(topic.name, "a", value, (("h", b"x" * 300),))])
        source = await broker.source([topic.name], group="g", member="one")
        (record,) = await taken(source, limit=1)
        assert record.value == value

    async def test_a_larger_one_is_refused_and_the_next_one_passes(self, broker):
        sink = await broker.sink("tests")
        with pytest.raises(RecordTooLargeError):
            await sink.send([Outgoing(INBOX, "a", bytes(2 * MIB))])
        await sink.send([Outgoing(INBOX, "a", b"small")])
        assert await values(await join(broker), 1) == ["small"]

    # --- logs ---

    async def test_a_log_returns_the_offsets_of_what_was_appended(self, broker):
        log = await broker.log("tests")
        assert await log.end(ROWS, 1) == 0
        assert list(await log.append(ROWS, 1, outgoing(ROWS, [("a", "1"), ("b", "2")]))) == [0, 1]
        assert list(await log.append(ROWS, 1, outgoing(ROWS, [("a", "3")]))) == [2]
        assert list(await log.append(ROWS, 1, [])) == []
        assert [await log.end(ROWS, number) for number in range(PARTITIONS)] == [0, 3, 0]

    async def test_a_log_is_read_back_by_range(self, broker):
        log = await broker.log("tests")
        many = [(f"{number}", f"value-{number}") for number in range(2500)]
        await log.append(ROWS, 0, outgoing(ROWS, many))
        found = await read(log, 0, start=0, end=2500)
        assert [(record.key, record.value.decode(), record.offset) for record in found] == [
            (key, value, offset) for offset, (key, value) in enumerate(many)
        ]
        assert [record.offset for record in await read(log, 0, start=7, end=9)] == [7, 8]
        assert await read(log, 0, start=5, end=5) == []
        assert [record.offset for record in await read(log, 0, start=2498, end=9999)] == [2498, 2499]
        assert await read(log, 2, start=0, end=10) == []

    async def test_a_log_keeps_tombstones_and_headers(self, broker):
        log = await broker.log("tests")
        await log.append(ROWS, 0, [Outgoing(ROWS, "a", None, (("epoch", b"7"),))])
        (record,) = await read(log, 0, start=0, end=1)
        assert (record.key, record.value, record.headers) == ("a", None, (("epoch", b"7"),))

    async def test_a_log_and_a_source_see_the_same_records(self, broker):
        log = await broker.log("tests")
        await send(broker, INBOX, "1")
        (record,) = await taken(await join(broker), limit=1)
        assert await read(log, record.partition, start=0, end=1, topic=INBOX) == [record]

    async def test_a_record_for_another_topic_is_not_appended(self, broker):
        log = await broker.log("tests")
        with pytest.raises(InvariantError):
            await log.append(ROWS, 0, [Outgoing(INBOX, "a", b"")])

    # --- topics ---

    async def test_topics_are_created_once_and_for_each_cluster(self, broker):
        await broker.create([OPERATION_COMMANDS, RUN_INBOX], partitions=PARTITIONS, clusters=["a", "b"])
        await broker.create([OPERATION_COMMANDS], partitions=PARTITIONS, clusters=["a", "b"])
        assert await broker.partitions(commands_topic(ClusterName("a"))) == PARTITIONS
        assert await broker.partitions(commands_topic(ClusterName("b"))) == PARTITIONS
        with pytest.raises(TopicError):
            await broker.partitions(OPERATION_COMMANDS.name)

    async def test_a_topic_with_other_partitions_is_not_accepted(self, broker):
        with pytest.raises(TopicError, match=INBOX):
            await broker.create([RUN_INBOX], partitions=PARTITIONS + 1, clusters=[])

    async def test_a_missing_topic_is_named(self, broker):
        with pytest.raises(TopicError, match="nowhere"):
            await broker.partitions("nowhere")
        with pytest.raises(TopicError, match="nowhere"):
            await broker.source(["nowhere"], group="g", member="one")
        with pytest.raises(TopicError, match="nowhere"):
            await (await broker.sink("tests")).send([Outgoing("nowhere", "a", b"")])

    async def test_topics_that_are_partitioned_differently_are_not_read_together(self, broker):
        await broker.create([OPERATION_COMMANDS], partitions=PARTITIONS + 1, clusters=["a"])
        with pytest.raises(TopicError):
            await broker.source([INBOX, commands_topic(ClusterName("a"))], group="g", member="one")


class Owner:
    """Notes what it is told."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.told: list[tuple[str, list[int], list[int]]] = []

    async def assigned(self, partitions: Sequence[int], fresh: Collection[int]) -> None:
        if self.refuses:
            raise OffsetsLostError("these were read before")
        self.told.append(("assigned", list(partitions), sorted(fresh)))

    async def revoked(self, partitions: Sequence[int]) -> None:
        self.told.append(("revoked", list(partitions), []))


async def send(broker: Broker, topic: str, *texts: str) -> None:
    await (await broker.sink("tests")).send(outgoing(topic, [("a", text) for text in texts]))


async def join(broker: Broker, *, group: str = "g", ownership: Ownership | None = None) -> Source:
    return await broker.source([INBOX], group=group, member="one", ownership=ownership)


async def taken(source: Source, *, limit: int) -> Sequence[Record]:
    return await asyncio.wait_for(source.take(limit), LIMIT)


async def exactly(source: Source, count: int) -> list[Record]:
    found: list[Record] = []
    while len(found) < count:
        found += await taken(source, limit=count - len(found))
    return found


async def values(source: Source, count: int) -> list[str]:
    return [(record.value or b"").decode() for record in await exactly(source, count)]


async def read(log, partition: int, *, start: int, end: int, topic: str = ROWS) -> list[Record]:
    return [record async for some in log.read(topic, partition, start=start, end=end) for record in some]
