"""What the embedded broker does beyond the contract."""

import asyncio
from datetime import timedelta

import pytest

from polyflow_shared.broker.memory import MemoryBroker
from polyflow_shared.broker.port import Outgoing
from polyflow_shared.clock import FakeClock
from polyflow_shared.errors import BrokerUnavailableError, FencedError
from polyflow_topics.catalog import RUN_INBOX

INBOX = RUN_INBOX.name


async def created(**options) -> MemoryBroker:
    broker = MemoryBroker(**options)
    await broker.create([RUN_INBOX], partitions=1, clusters=[])
    return broker


async def write(broker: MemoryBroker, count: int) -> None:
    await (await broker.sink("tests")).send([Outgoing(INBOX, "a", b"x")] * count)


async def handle_all(source) -> None:
    while await source.take(500, wait=0):
        await source.commit()


async def kept(broker: MemoryBroker) -> int:
    log = await broker.log("tests")
    return sum([len(some) async for some in log.read(INBOX, 0, start=0, end=1_000_000)])


async def test_records_are_dated_by_the_clock():
    clock = FakeClock()
    broker = await created(clock=clock)
    await clock.move(60)
    await write(broker, 1)
    source = await broker.source([INBOX], group="g", member="one")
    (record,) = await source.take(1)
    assert record.at == clock.now()


async def test_records_are_dated_in_whole_milliseconds():
    clock = FakeClock()
    broker = await created(clock=clock)
    began = clock.now()
    await clock.move(0.002999)
    (record,) = broker.write([Outgoing(INBOX, "a", b"x")])
    assert record.at == began + timedelta(milliseconds=2)


async def test_a_wait_is_over_by_the_clock_and_not_before():
    clock = FakeClock()
    broker = await created(clock=clock)
    source = await broker.source([INBOX], group="g", member="one")
    waiting = asyncio.create_task(source.take(1, wait=300))
    for _ in range(3):
        await asyncio.sleep(0)
    await clock.move(299)
    assert not waiting.done()
    await clock.move(1)
    assert list(await waiting) == []


async def test_records_that_every_reader_has_committed_leave_the_memory():
    broker = await created(readers={INBOX: frozenset({"one", "two"})})
    await write(broker, 5000)
    one = await broker.source([INBOX], group="one", member="m")
    two = await broker.source([INBOX], group="two", member="m")
    await handle_all(one)
    assert await kept(broker) == 5000
    await handle_all(two)
    assert await kept(broker) < 1024
    await write(broker, 1)
    (record,) = await two.take(10)
    assert record.offset == 5000


async def test_a_topic_without_named_readers_keeps_everything():
    broker = await created()
    await write(broker, 5000)
    await handle_all(await broker.source([INBOX], group="g", member="one"))
    assert await kept(broker) == 5000


async def test_a_source_that_always_has_records_lets_others_work():
    broker = await created()
    await write(broker, 100)
    source = await broker.source([INBOX], group="g", member="one")
    others = asyncio.create_task(asyncio.sleep(0))
    await source.take(1)
    await source.take(1)
    assert others.done()


async def test_a_member_that_waits_is_woken_when_it_is_fenced():
    broker = await created()
    source = await broker.source([INBOX], group="g", member="one")
    waiting = asyncio.create_task(source.take(1))
    await asyncio.sleep(0)
    await broker.source([INBOX], group="g", member="two")
    with pytest.raises(FencedError):
        await waiting


@pytest.mark.parametrize("verb", ["send", "append", "take", "commit"])
async def test_a_planned_fault_happens_once_and_leaves_nothing_behind(verb):
    broker = await created()
    sink, log = await broker.sink("tests"), await broker.log("tests")
    source = await broker.source([INBOX], group="g", member="one")
    calls = {
        "send": lambda: sink.send([Outgoing(INBOX, "a", b"x")]),
        "append": lambda: log.append(INBOX, 0, [Outgoing(INBOX, "a", b"x")]),
        "take": lambda: source.take(1, wait=0),
        "commit": source.commit,
    }
    broker.faults[verb] = BrokerUnavailableError("planned")
    with pytest.raises(BrokerUnavailableError, match="planned"):
        await calls[verb]()
    assert await log.end(INBOX, 0) == 0
    await calls[verb]()
