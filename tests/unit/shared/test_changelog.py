"""Rows that survive, and writers that do not know that they were replaced."""

import pytest

from polyflow_shared.broker.memory import MemoryBroker
from polyflow_shared.deciding.rows import Row, RowCodec
from polyflow_shared.errors import BrokerUnavailableError, FencedError, OffsetsLostError
from polyflow_shared.loops.changelog import Changelog
from polyflow_topics.catalog import PLANNER_ROWS
from tests.unit.shared.shells import a_broker

TOPIC = PLANNER_ROWS.name


class CountRow(Row, frozen=True, array_like=True, tag="count.v1"):
    count: int


CODEC = RowCodec([CountRow])


async def owner(broker: MemoryBroker, *, fresh: bool = False) -> Changelog:
    changelog = Changelog(await broker.log("test"), TOPIC, 0, CODEC)
    await changelog.take_over(fresh=fresh)
    return changelog


def rows_of(changelog: Changelog) -> dict[str, bytes]:
    return dict(changelog.rows.items())


async def test_a_new_owner_finds_all_rows_and_no_removed_ones() -> None:
    broker = await a_broker()
    first = await owner(broker)
    await first.append({"a": b"1", "b": b"2"})
    await first.append({"a": b"3", "b": None})
    assert rows_of(await owner(broker)) == {"a": b"3"}


async def test_a_replaced_owner_is_fenced_at_its_next_write() -> None:
    broker = await a_broker()
    stale = await owner(broker)
    await owner(broker)
    with pytest.raises(FencedError):
        await stale.append({"a": b"stale"})


async def test_what_a_stale_owner_wrote_is_dropped_and_the_good_row_is_written_again() -> None:
    broker = await a_broker()
    stale = await owner(broker)
    good = await owner(broker)
    await good.append({"a": b"good"})
    with pytest.raises(FencedError):
        await stale.append({"a": b"stale", "never": b"stale"})
    successor = await owner(broker)
    assert rows_of(successor) == {"a": b"good"}
    # As after a compaction: only the last record of each key counts.
    assert await last_values(broker) == {"a": b"good", "never": None}


async def test_a_living_owner_notices_a_stale_row_between_its_own_writes_and_mends_it() -> None:
    broker = await a_broker()
    stale = await owner(broker)
    good = await owner(broker)
    await good.append({"a": b"good", "b": b"1"})
    with pytest.raises(FencedError):
        await stale.append({"a": b"stale"})
    await good.append({"b": b"2"})
    assert await last_values(broker) == {"a": b"good", "b": b"2"}


async def test_an_idle_owner_notices_when_it_looks() -> None:
    broker = await a_broker()
    stale = await owner(broker)
    good = await owner(broker)
    await good.append({"a": b"good"})
    with pytest.raises(FencedError):
        await stale.append({"a": b"stale"})
    await good.check()
    assert await last_values(broker) == {"a": b"good"}
    await owner(broker)
    with pytest.raises(FencedError):
        await good.check()


async def test_rows_without_offsets_of_the_group_stop_the_owner_with_instructions() -> None:
    broker = await a_broker()
    await (await owner(broker, fresh=True)).append({"a": b"1"})
    with pytest.raises(OffsetsLostError, match="reset-offsets"):
        await owner(broker, fresh=True)


async def test_a_first_start_that_died_after_its_barrier_is_no_lost_offset() -> None:
    broker = await a_broker()
    await owner(broker, fresh=True)
    assert rows_of(await owner(broker, fresh=True)) == {}


async def test_a_refused_write_changes_no_row() -> None:
    broker = await a_broker()
    changelog = await owner(broker)
    await changelog.append({"a": b"1"})
    broker.faults["append"] = BrokerUnavailableError("away")
    with pytest.raises(BrokerUnavailableError):
        await changelog.append({"a": b"2"})
    assert rows_of(changelog) == {"a": b"1"}


async def last_values(broker: MemoryBroker) -> dict[str, bytes | None]:
    log = await broker.log("test")
    end = await log.end(TOPIC, 0)
    last: dict[str, bytes | None] = {}
    async for records in log.read(TOPIC, 0, start=0, end=end):
        last.update({record.key: record.value for record in records})
    return {key: value for key, value in last.items() if not key.startswith("barrier/")}
