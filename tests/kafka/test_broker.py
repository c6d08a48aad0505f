"""The broker port on a real Apache Kafka: the contract, and what only a real broker can show."""

import asyncio
import dataclasses
import signal
from collections.abc import Collection, Sequence

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition

from polyflow_shared.broker.kafka import KafkaBroker
from polyflow_shared.broker.kafka.config import KafkaConfig
from polyflow_shared.broker.port import Outgoing, Record
from polyflow_shared.errors import BrokerUnavailableError, FencedError, OffsetsLostError
from tests.contract.brokers import (
    INBOX,
    PARTITIONS,
    ROWS,
    TOPICS,
    BrokerContract,
    Owner,
    exactly,
    join,
    read,
    send,
    taken,
    values,
)
from tests.contract.deliveries import LIMIT, outgoing

pytestmark = pytest.mark.kafka


class TestKafkaBroker(BrokerContract):
    pass


async def test_a_fenced_member_does_not_ask_for_its_place_again(broker, again):
    paused = await join(broker)
    successor = await join(again)
    with pytest.raises(FencedError):
        await asyncio.wait_for(paused.take(1), LIMIT)
    # Heartbeats of both would have met by now, had the first one joined again.
    await asyncio.wait([asyncio.create_task(successor.take(1, wait=3.0))], timeout=LIMIT)
    await send(again, INBOX, "1")
    assert await values(successor, 1) == ["1"]
    await successor.commit()


async def test_a_second_member_shares_the_partitions_and_nothing_is_handled_twice(broker, again):
    first_owner, second_owner = Owner(), Owner()
    sink = await broker.sink("tests")
    await sink.send([Outgoing(INBOX, f"key-{number}", b"before") for number in range(30)])
    first = await broker.source([INBOX], group="g", member="one", ownership=first_owner)
    before = await exactly(first, 30)
    joining = asyncio.create_task(again.source([INBOX], group="g", member="two", ownership=second_owner))
    # What is at hand is committed before the partitions move.
    await asyncio.wait([joining], timeout=1.0)
    assert not joining.done()
    await first.commit()
    following = asyncio.create_task(_drain(first, until=joining))
    second = await asyncio.wait_for(joining, LIMIT)
    assert await following == []
    await sink.send([Outgoing(INBOX, f"key-{number}", b"after") for number in range(30)])
    shares: list[list[Record]] = [[], []]
    async with asyncio.timeout(LIMIT):
        while sum(map(len, shares)) < 30:
            shares[0] += await first.take(100, wait=0.2)
            shares[1] += await second.take(100, wait=0.2)
    owned = [{record.partition for record in share} for share in shares]
    assert len(before) == 30
    assert owned[0].isdisjoint(owned[1])
    assert owned[0] | owned[1] == set(range(PARTITIONS))
    assert {record.value for share in shares for record in share} == {b"after"}
    # A partition that stays is not restored again; one that goes is let go.
    assert first_owner.told[1:] == [("revoked", sorted(owned[1]), [])]
    assert [told[:2] for told in second_owner.told] == [("assigned", sorted(owned[1]))]


class Stumbling(Owner):
    """Cannot take over what comes second: its broker does not answer, once."""

    async def assigned(self, partitions: Sequence[int], fresh: Collection[int]) -> None:
        await super().assigned(partitions, fresh)
        if len(self.told) == 2:
            raise BrokerUnavailableError("a planned fault")


async def test_partitions_whose_take_over_failed_are_taken_over_by_the_next_take(broker, again):
    owner = Stumbling()
    first = await broker.source([INBOX], group="g", member="one")
    joining = asyncio.create_task(again.source([INBOX], group="g", member="two", ownership=owner))
    await _drain(first, until=joining)
    second = joining.result()
    # Its place is kept for the session's time-out; then the rest comes to the second one.
    await first.close()
    with pytest.raises(BrokerUnavailableError, match="planned"):
        await second.take(1, wait=LIMIT)
    assert await second.take(1, wait=0.2) == []
    kept, *missed = owner.told
    assert missed == [missed[0]] * 2
    assert sorted(kept[1] + missed[0][1]) == list(range(PARTITIONS))


async def test_a_partition_that_moved_while_its_records_were_handled_is_not_committed(config, broker):
    hasty = KafkaBroker(dataclasses.replace(config, hand_over=0.1))
    try:
        sink = await broker.sink("tests")
        await sink.send([Outgoing(INBOX, f"key-{number}", b"x") for number in range(30)])
        slow = await hasty.source([INBOX], group="g", member="one")
        await exactly(slow, 30)
        second = await asyncio.wait_for(broker.source([INBOX], group="g", member="two"), LIMIT)
        with pytest.raises(FencedError, match="moved"):
            await slow.commit()
        assert len(await taken(second, limit=100)) > 0
    finally:
        await hasty.close()


async def test_offsets_behind_what_the_topic_holds_stop_the_service_with_instructions(broker, config):
    await send(broker, INBOX, "1", "2", "3")
    source = await join(broker)
    (record,) = await taken(source, limit=1)
    await source.commit()
    await source.close()
    await _delete_before(config, record.partition, 3)
    with pytest.raises(OffsetsLostError, match="reset-offsets"):
        await join(broker)


async def test_records_that_vanish_while_a_member_is_behind_stop_the_service(broker, config):
    source = await join(broker)
    await send(broker, INBOX, "1")
    (record,) = await taken(source, limit=1)
    await source.commit()
    source._consumer.pause(*source._consumer.assignment())
    await send(broker, INBOX, *map(str, range(5)))
    await _delete_before(config, record.partition, 6)
    await send(broker, INBOX, "last")
    source._consumer.resume(*source._consumer.assignment())
    source._consumer.seek(TopicPartition(config.outer(INBOX), record.partition), 2)
    with pytest.raises(OffsetsLostError):
        await taken(source, limit=10)


async def test_installations_with_different_prefixes_do_not_meet(broker, config):
    other = KafkaBroker(dataclasses.replace(config, prefix="other-" + config.prefix))
    try:
        await other.create(TOPICS, partitions=PARTITIONS, clusters=[])
        await send(broker, INBOX, "ours")
        await send(other, INBOX, "theirs")
        assert await values(await join(other), 1) == ["theirs"]
    finally:
        await other.close()


async def test_members_that_lost_nothing_go_on_after_the_broker_was_killed_and_started_again(own_kafka):
    broker = KafkaBroker(KafkaConfig(bootstrap_servers=own_kafka.bootstrap, session_timeout=10.0))
    try:
        await broker.create(TOPICS, partitions=PARTITIONS, clusters=[])
        source, sink, log = await join(broker), await broker.sink("tests"), await broker.log("tests")
        await sink.send(outgoing(INBOX, [("a", "1")]))
        assert await values(source, 1) == ["1"]
        await source.commit()
        await own_kafka.stop(signal.SIGKILL)
        sending = asyncio.create_task(sink.send(outgoing(INBOX, [("a", "2"), ("a", "3")])))
        await asyncio.wait([sending], timeout=0.5)
        assert not sending.done()
        await own_kafka.start()
        await asyncio.wait_for(sending, LIMIT)
        assert await values(source, 2) == ["2", "3"]
        await source.commit()
        assert list(await log.append(ROWS, 0, outgoing(ROWS, [("a", "1")]))) == [0]
        assert [record.value for record in await read(log, 0, start=0, end=1)] == [b"1"]
    finally:
        await broker.close()


async def test_a_broker_that_stays_away_makes_sending_fail_and_its_return_makes_it_work_again(own_kafka):
    config = KafkaConfig(bootstrap_servers=own_kafka.bootstrap, request_timeout=2.0)
    broker = KafkaBroker(config)
    try:
        await broker.create(TOPICS, partitions=PARTITIONS, clusters=[])
        sink = await broker.sink("tests")
        await sink.send(outgoing(INBOX, [("a", "1")]))
        await own_kafka.stop()
        with pytest.raises(BrokerUnavailableError):
            await asyncio.wait_for(sink.send(outgoing(INBOX, [("a", "2")])), LIMIT)
        await own_kafka.start()
        await sink.send(outgoing(INBOX, [("a", "3")]))
        found = await values(await join(broker), 2)
        assert (found[0], found[-1]) == ("1", "3")
    finally:
        await broker.close()


async def test_a_commit_fails_and_closing_does_not_hang_while_the_broker_is_away(own_kafka):
    broker = KafkaBroker(KafkaConfig(bootstrap_servers=own_kafka.bootstrap, request_timeout=2.0))
    await broker.create(TOPICS, partitions=PARTITIONS, clusters=[])
    source = await join(broker)
    await send(broker, INBOX, "1")
    assert await values(source, 1) == ["1"]
    await own_kafka.stop(signal.SIGKILL)
    with pytest.raises(BrokerUnavailableError):
        await asyncio.wait_for(source.commit(), LIMIT)
    await asyncio.wait_for(broker.close(), LIMIT)


async def test_without_a_broker_connecting_fails_with_its_address():
    broker = KafkaBroker(KafkaConfig(bootstrap_servers="127.0.0.1:1", request_timeout=1.0))
    with pytest.raises(BrokerUnavailableError, match=r"127\.0\.0\.1:1"):
        await broker.partitions(INBOX)
    await broker.close()


async def _drain(source, *, until: asyncio.Task) -> list:
    found: list = []
    while not until.done():
        found += await source.take(100, wait=0.1)
    return found


async def _delete_before(config: KafkaConfig, partition: int, offset: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=config.bootstrap_servers)
    await admin.start()
    try:
        place = TopicPartition(config.outer(INBOX), partition)
        await admin.delete_records({place: RecordsToDelete(before_offset=offset)})
    finally:
        await admin.close()
