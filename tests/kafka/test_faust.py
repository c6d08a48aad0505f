"""Topics read through Faust, on a real Apache Kafka: the contract of deliveries, and rows that survive."""

import asyncio
import tempfile
from contextlib import suppress

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError

from polyflow_shared.broker.faust import FaustStream
from polyflow_shared.broker.partitioner import partition_of
from polyflow_shared.broker.port import Outgoing, Place, Record
from polyflow_shared.errors import BrokerUnavailableError, InvariantError, RecordTooLargeError
from polyflow_topics.catalog import MIB, MONITOR_ROWS, RUN_METRICS
from tests.contract.brokers import PARTITIONS, send
from tests.contract.deliveries import LIMIT, METRICS, DeliveryContract
from tests.kafka.retention import remove

LIVES = 4
"""Times that a member is started; each ends at the next record."""

pytestmark = pytest.mark.kafka


@pytest.fixture
async def broker(broker):
    await broker.create([RUN_METRICS, MONITOR_ROWS], partitions=PARTITIONS, clusters=[])
    return broker


class TestFaustStream(DeliveryContract):
    @pytest.fixture(autouse=True)
    def _configured(self, config):
        self.config = config

    async def publish(self, broker, records):
        await (await broker.sink("tests")).send(records)

    async def work(self, broker, handle, enough):
        await ended(member(self.config), handle, enough)


def member(config, name="one") -> FaustStream:
    return FaustStream(
        config, topic=RUN_METRICS.name, changelog=MONITOR_ROWS.name, group="workers", member=name
    )


async def ended(stream, handle, enough) -> None:
    """Run a stream until there was enough, or raise what ended it before."""
    running = asyncio.ensure_future(stream.run(handle))
    waiting = asyncio.ensure_future(enough.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not enough.is_set():
        await running
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_it_leaves_no_folder_behind_even_while_it_runs(broker, config, tmp_path, monkeypatch):
    """A process that is killed removes nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    await send(broker, METRICS, "1")
    enough, found = asyncio.Event(), []

    async def handle(record):
        found.extend(tmp_path.iterdir())
        enough.set()

    await ended(member(config), handle, enough)
    assert found == []


async def test_a_row_that_the_broker_refuses_ends_the_stream_and_nothing_is_committed(broker, config):
    """Faust by itself would commit here, and the row would be lost."""
    await send(broker, METRICS, "1", "2", "3")
    await limit_rows(config, 200)
    stream = member(config)
    handled: list[bytes | None] = []

    async def save(record):
        handled.append(record.value)
        await stream.rows.save(record.partition, {f"row-{record.offset}": b"x" * 300 * record.offset})

    with pytest.raises(RecordTooLargeError):
        await asyncio.wait_for(stream.run(save), LIMIT)
    assert handled == [b"1", b"2"]
    assert stream.rows.get("row-1") is None
    await limit_rows(config, MIB)
    assert (await handled_until(config, b"3"))[-2:] == [b"2", b"3"]


async def test_records_that_faust_passes_over_end_the_stream_and_come_again(broker, config):
    """After a rebalance it skips what it fetched before, and acknowledges that."""
    await send(broker, METRICS, "1", "2", "3")
    stream, skipped = member(config), asyncio.Event()

    async def rebalance(record):
        stream._app.consumer_generation_id += 1
        skipped.set()

    running = asyncio.ensure_future(stream.run(rebalance))
    await asyncio.wait_for(skipped.wait(), LIMIT)
    await send(broker, METRICS, "4")
    with pytest.raises(
        BrokerUnavailableError, match=r"has passed over the record of polyflow\.run-metrics/\d at 1"
    ):
        await asyncio.wait_for(running, LIMIT)
    assert await handled_until(config, b"4") == [b"2", b"3", b"4"]


async def test_of_records_that_follow_each_other_the_log_is_not_asked(broker, config, monkeypatch):
    """It would cost each of them two requests."""
    await send(broker, METRICS, "1", "2", "3")
    stream, enough = member(config), asyncio.Event()

    async def asked(*_):
        raise AssertionError("nothing is missing")

    async def handle(record):
        if record.value == b"3":
            enough.set()

    monkeypatch.setattr(stream, "_first_record", asked)
    await asyncio.wait_for(ended(stream, handle, enough), LIMIT)


async def test_nothing_is_passed_over_while_rows_are_restored(broker, config):
    """Faust opens its queues at the end of that, and what had come before was dropped."""
    values = [b"%d" % number for number in range(1, LIVES + 1)]
    await send(broker, METRICS, *(value.decode() for value in values))
    handled: list[bytes | None] = []

    for value in values:
        stream = member(config)

        async def save(record, stream=stream, value=value):
            await stream.rows.save(record.partition, {f"row-{record.offset}": record.value})
            handled.append(record.value)
            if record.value == value:
                raise InvariantError("planned")

        with pytest.raises(InvariantError):
            await asyncio.wait_for(stream.run(save), LIMIT)
    assert list(dict.fromkeys(handled)) == values


async def test_what_retention_has_removed_was_not_passed_over(broker, config):
    await send(broker, METRICS, "1")
    assert await handled_until(config, b"1") == [b"1"]
    await send(broker, METRICS, "2", "3")
    await remove(config, METRICS, {partition_of("a", PARTITIONS): 2})
    await send(broker, METRICS, "4")
    assert await handled_until(config, b"4") == [b"3", b"4"]


async def test_marks_of_a_transaction_were_not_passed_over_and_nobody_waits_for_them(broker, config):
    """Kafka keeps them among the records, as a mirror of another cluster writes them."""
    await write_in_transactions(config, "1", "2")
    assert await handled_until(config, b"2") == [b"1", b"2"]
    assert sum((await lags_in_the_end(config)).values()) == 1


async def test_all_that_was_left_was_removed_and_nothing_is_behind(broker, config):
    """A monitor that was away for longer than its topic keeps records is not behind for ever."""
    await send(broker, METRICS, "1")
    assert await handled_until(config, b"1") == [b"1"]
    await send(broker, METRICS, "2", "3")
    await remove(config, METRICS, {partition_of("a", PARTITIONS): 3})
    assert sum((await lags_in_the_end(config)).values()) == 0


async def test_a_start_that_fails_ends_the_stream(broker, config, monkeypatch):
    """Faust by itself would neither end nor go on."""
    stream = member(config)

    async def refuse():
        raise KafkaConnectionError("turned away")

    monkeypatch.setattr(stream._app, "start", refuse)
    with pytest.raises(BrokerUnavailableError, match=r"starting: KafkaConnectionError.*turned away"):
        await asyncio.wait_for(stream.run(no_record), LIMIT)


async def test_rows_are_there_after_a_restart_and_removed_ones_are_not(broker, config):
    await send(broker, METRICS, "1")
    stream, enough = member(config), asyncio.Event()

    async def save(record):
        rows = {"empty": b"", "gone": b"1", "stays": b"2", "schön": b"3"}
        await stream.rows.save(record.partition, rows)
        await stream.rows.save(record.partition, {"gone": None})
        enough.set()

    await asyncio.wait_for(ended(stream, save, enough), LIMIT)
    await send(broker, METRICS, "2")
    again, enough = member(config), asyncio.Event()
    found = []

    async def look(record):
        found.extend(again.rows.get(key) for key in ("empty", "gone", "stays", "schön"))
        enough.set()

    await asyncio.wait_for(ended(again, look, enough), LIMIT)
    assert found[:4] == [b"", None, b"2", b"3"]
    assert len(again.rows) == 3


async def lags(stream):
    return {place: one.lag for place, one in (await stream.standing()).items()}


async def test_the_lag_is_that_of_each_partition(broker, config):
    await send(broker, METRICS, "1", "2", "3")
    stream, second, held = member(config), asyncio.Event(), asyncio.Event()
    partitions = set()

    async def handle(record):
        if record.partition in partitions:
            second.set()
            await held.wait()
        partitions.add(record.partition)

    running = asyncio.ensure_future(stream.run(handle))
    await asyncio.wait_for(second.wait(), LIMIT)
    (partition,) = partitions
    expected = {(METRICS, number): 2 if number == partition else 0 for number in range(PARTITIONS)}
    async with asyncio.timeout(LIMIT):
        while await lags(stream) != expected:  # noqa: ASYNC110 (Faust tells nobody)
            await asyncio.sleep(0.05)
    held.set()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_second_member_gets_rows_with_its_partitions_and_the_first_one_drops_them(broker, config):
    sink = await broker.sink("tests")
    keys = [f"key-{number}" for number in range(30)]
    await sink.send([Outgoing(METRICS, key, b"1") for key in keys])
    first, second = member(config), member(config, "two")
    saved, moved = asyncio.Event(), asyncio.Event()
    seen: list[Record] = []

    async def save(record):
        await first.rows.save(record.partition, {record.key: record.value})
        if len(first.rows) == len(keys):
            saved.set()

    async def look(record):
        if second.rows.get(record.key) == b"1":
            seen.append(record)
            moved.set()

    running = asyncio.ensure_future(first.run(save))
    joining = None
    try:
        await asyncio.wait_for(saved.wait(), LIMIT)
        joining = asyncio.ensure_future(second.run(look))
        await asyncio.wait_for(second.started.wait(), LIMIT)
        await sink.send([Outgoing(METRICS, key, b"1") for key in keys])
        await asyncio.wait_for(moved.wait(), LIMIT)
        assert 0 < len(second.rows) < len(keys)
        assert not running.done()
    finally:
        for task in filter(None, (running, joining)):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def no_record(record):
    raise AssertionError("nothing was sent")


async def lags_in_the_end(config) -> dict[Place, int]:
    """Return what a member is behind by when there is no record left that it could handle."""

    async def handle(record):
        pass

    stream = member(config)
    running = asyncio.ensure_future(stream.run(handle))
    try:
        await asyncio.wait_for(stream.started.wait(), LIMIT)
        async with asyncio.timeout(LIMIT):
            while not (standing := await stream.standing()) or await anything_waits(stream, standing):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return {place: one.lag for place, one in standing.items()}
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def anything_waits(stream, standing) -> bool:
    return True in [await stream.waits(place, one) for place, one in standing.items()]


async def write_in_transactions(config, *texts) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=config.bootstrap_servers, transactional_id=f"{config.prefix}mirror"
    )
    await producer.start()
    try:
        for text in texts:
            async with producer.transaction():
                await producer.send_and_wait(
                    config.outer(METRICS), text.encode(), key=b"a", partition=partition_of("a", PARTITIONS)
                )
    finally:
        await producer.stop()


async def handled_until(config, last) -> list[bytes | None]:
    handled: list[bytes | None] = []
    enough = asyncio.Event()

    async def note(record):
        handled.append(record.value)
        if record.value == last:
            enough.set()

    await asyncio.wait_for(ended(member(config), note, enough), LIMIT)
    return handled


async def limit_rows(config, size) -> None:
    """Let the broker refuse rows that are larger than `size` bytes."""
    admin = AIOKafkaAdminClient(bootstrap_servers=config.bootstrap_servers)
    await admin.start()
    try:
        name, value = config.outer(MONITOR_ROWS.name), {"max.message.bytes": str(size)}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, value)])
    finally:
        await admin.close()
