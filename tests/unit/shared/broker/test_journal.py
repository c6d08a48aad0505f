"""A journal brings the embedded broker back to where the process died."""

import asyncio
import sys

import pytest

from polyflow_shared.broker.journal import Journal, JournalError
from polyflow_shared.broker.memory import MemoryBroker
from polyflow_shared.broker.port import Outgoing
from polyflow_topics.catalog import RUN_INBOX

INBOX = RUN_INBOX.name
RECORDS = [
    Outgoing(INBOX, "kéy", '{"text": "ä\\n"}'.encode(), (("ce_type", b"x"), ("raw", b"\xff\x00"))),
    Outgoing(INBOX, "b", b"\xff\x00binary"),
    Outgoing(INBOX, "c", None),
    Outgoing(INBOX, "", b""),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


async def opened(path) -> MemoryBroker:
    broker = MemoryBroker(journal=Journal(path))
    await broker.create([RUN_INBOX], partitions=2, clusters=[])
    return broker


async def everything(broker: MemoryBroker) -> list:
    log = await broker.log("tests")
    return [
        record
        for partition in range(2)
        async for some in log.read(INBOX, partition, start=0, end=1000)
        for record in some
    ]


async def read_back(path) -> list:
    broker = await opened(path)
    try:
        return await everything(broker)
    finally:
        await broker.close()


async def test_records_come_back_as_they_were(path):
    broker = await opened(path)
    await (await broker.sink("tests")).send(RECORDS)
    written = await everything(broker)
    await broker.close()
    assert await read_back(path) == written
    assert {(record.key, record.value, record.headers) for record in written} == {
        (record.key, record.value, record.headers) for record in RECORDS
    }


async def test_a_group_goes_on_behind_its_last_commit(path):
    broker = await opened(path)
    await (await broker.sink("tests")).send([Outgoing(INBOX, "a", b"%d" % number) for number in range(3)])
    source = await broker.source([INBOX], group="g", member="one")
    await source.take(2)
    await source.commit()
    await source.take(1)
    await broker.close()
    broker = await opened(path)
    source = await broker.source([INBOX], group="g", member="one")
    assert [record.value for record in await source.take(10)] == [b"2"]
    await broker.close()


async def test_what_follows_a_restart_is_kept_too(path):
    for number in range(3):
        broker = await opened(path)
        await (await broker.sink("tests")).send([Outgoing(INBOX, "a", b"%d" % number)])
        await broker.close()
    assert [record.value for record in await read_back(path)] == [b"0", b"1", b"2"]


async def one_by_one(path) -> None:
    broker = await opened(path)
    sink = await broker.sink("tests")
    for record in RECORDS:
        await sink.send([record])
    await broker.close()


async def test_records_that_were_written_at_once_are_there_all_or_none_wherever_the_file_was_torn(path):
    broker = await opened(path)
    topic = path.stat().st_size
    await (await broker.sink("tests")).send(RECORDS)
    await broker.close()
    whole = path.read_bytes()
    for length in range(topic, len(whole) + 1):
        path.write_bytes(whole[:length])
        assert len(await read_back(path)) == (len(RECORDS) if length == len(whole) else 0)


async def test_wherever_the_file_was_torn_whole_lines_count_and_new_ones_follow(path):
    await one_by_one(path)
    whole = path.read_bytes()
    for length in range(len(whole) - 200, len(whole)):
        path.write_bytes(whole[:length])
        broker = await opened(path)
        before = len(await everything(broker))
        await (await broker.sink("tests")).send([Outgoing(INBOX, "a", b"after")])
        await broker.close()
        assert before == whole[:length].count(b"\n") - 1
        assert len(await read_back(path)) == before + 1


async def test_damage_in_the_middle_is_not_passed_over(path):
    await one_by_one(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], b"{}\n", *lines[3:]]))
    with pytest.raises(JournalError, match="line 3"):
        await opened(path)
    path.write_bytes(b"".join(lines[:1] + lines[2:] + lines[1:2]))
    with pytest.raises(JournalError):
        await opened(path)


WRITER = """
import asyncio, sys
from pathlib import Path
from polyflow_shared.broker.journal import Journal
from polyflow_shared.broker.memory import MemoryBroker
from polyflow_shared.broker.port import Outgoing
from polyflow_topics.catalog import RUN_INBOX

async def main():
    broker = MemoryBroker(journal=Journal(Path(sys.argv[1])))
    await broker.create([RUN_INBOX], partitions=2, clusters=[])
    sink = await broker.sink("writer")
    for number in range(1_000_000):
        await sink.send([Outgoing(RUN_INBOX.name, "a", b"%d" % number)])
        print(number, flush=True)

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_kill_9(path):
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(path), stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    acknowledged = [int(await writer.stdout.readline()) for _ in range(50)]
    writer.kill()
    # The rest of its output is read as well, so that the pipe is closed with it.
    await writer.communicate()
    values = [int(record.value) for record in await read_back(path)]
    assert values[:50] == acknowledged
    assert values == list(range(len(values)))
