"""The planner's loop on a real Kafka, in a real process: killed, stopped, refused."""

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from polyflow_services.planner import core
from polyflow_services.planner.rows import state
from polyflow_shared.broker import codec
from polyflow_shared.broker.kafka import KafkaBroker
from polyflow_shared.deciding.rows import Overlay, StoredRows
from polyflow_shared.loops.changelog import Changelog
from polyflow_topics.catalog import CATALOG, PLANNER_ROWS, RUN_EVENTS, RUN_INBOX, commands_topic
from polyflow_topics.commands import LaunchOperation
from polyflow_topics.events import RunChanged, RunEvent
from tests.contract.test_shape import ROOT
from tests.kafka.planner_process import Orders
from tests.unit.planner.plan_builder import RUN, START, Dag, Op, dag, plan, report

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

COMMANDS = commands_topic("local")
DIAMOND = dag(a="", b="a", c="a", d="b c")
WIDTH = 1_200
"""Operations of a fan-out: more than one decision may launch, and more than may be out unseen."""
FLAKY = range(7, WIDTH, 50)
"""Those of them, by index, that fail once."""
LIMIT = 180.0
"""Seconds within which a run ends, even if a member's session has to run out before."""
OTHER = "7a4e1f3c-0000-5000-8000-000000000002"


@pytest.fixture
async def broker(config):
    broker = KafkaBroker(config)
    await broker.create(CATALOG, partitions=1, clusters=["local"])
    yield broker
    await broker.close()


@pytest.fixture
def orders(config):
    def made(**more) -> Orders:
        return Orders(config.bootstrap_servers, config.prefix, **more)

    return made


@asynccontextmanager
async def process(orders: Orders) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a planner, and end it with the block if it still lives."""
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.kafka.planner_process", str(orders), cwd=ROOT, stderr=-1
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.communicate()


async def publish(broker, *messages) -> None:
    sink = await broker.sink("tests")
    await sink.send([codec.encode(message, source="/tests", at=START) for message in messages])


@asynccontextmanager
async def cluster(broker, outcome=lambda _: "succeeded") -> AsyncIterator[set[tuple[str, int, int]]]:
    """Let each launched attempt end at once; yield the pods there have been."""
    pods: set[tuple[str, int, int]] = set()
    source = await broker.source([COMMANDS], group="launcher", member="launcher")

    async def serve() -> None:
        while True:
            commands = [codec.decode(record) for record in await source.take(50)]
            launches = [command for command in commands if isinstance(command, LaunchOperation)]
            pods.update((launch.run, launch.index, launch.attempt) for launch in launches)
            await publish(broker, *(report(launch, outcome(launch)) for launch in launches))
            await source.commit()

    serving = asyncio.ensure_future(serve())
    try:
        yield pods
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def everything_on(broker, topic: str, partition: int = 0) -> list:
    log = await broker.log("tests")
    found = log.read(topic, partition, start=0, end=await log.end(topic, partition))
    return [record async for records in found for record in records]


async def end_of_run(broker, run: str = RUN) -> RunChanged:
    """Return the event that says how a run ended."""
    source = await broker.source([RUN_EVENTS.name], group=f"observer-{run}", member="observer")
    async with asyncio.timeout(LIMIT):
        while True:
            for record in await source.take(100):
                event = codec.decode(record)
                if isinstance(event, RunChanged) and event.run == run and state.final(event.status):
                    await source.close()
                    return event


async def all_handled(broker, config, partitions: int = 1) -> None:
    """Return when the planner's group has committed the whole inbox."""
    log = await broker.log("tests")
    async with administrator(config) as admin, asyncio.timeout(LIMIT):
        for partition in range(partitions):
            while await committed(admin, config, partition) != await log.end(RUN_INBOX.name, partition):  # noqa: ASYNC110 -- nobody is told of a commit
                await asyncio.sleep(0.05)


async def committed(admin, config, partition: int = 0) -> int:
    offsets = await admin.list_consumer_group_offsets(config.outer("polyflow-planner"))
    place = TopicPartition(config.outer(RUN_INBOX.name), partition)
    return offsets[place].offset if place in offsets else -1


async def restored(broker, partition: int = 0) -> dict[str, bytes]:
    """Return the rows as a new owner finds them."""
    changelog = Changelog(await broker.log("tests"), PLANNER_ROWS.name, partition, state.CODEC)
    await changelog.take_over(fresh=False)
    return dict(changelog.rows.items())


async def expected(broker, partition: int = 0) -> dict[str, bytes]:
    """Return the rows of a planner that has handled the same inbox without any fault."""
    rows = StoredRows(state.CODEC)
    for record in await everything_on(broker, RUN_INBOX.name, partition):
        overlay = Overlay(rows)
        decision = core.decide(overlay, codec.decode(record), record.at)
        for key, row in decision.writes.items():
            rows.put(key, None if row is None else state.CODEC.encode(row))
    return dict(rows.items())


async def assert_right(broker, pods) -> None:
    """Assert that each operation had one pod, and that the run's events tell one story."""
    assert pods == {(RUN, index, 0) for index in range(4)}
    await assert_one_story(broker)


async def assert_one_story(broker, run: str = RUN, partition: int = 0) -> None:
    """Assert that the run's events have no gap, that repeated ones are equal, and that the run ends once."""
    seen: dict[int, RunEvent] = {}
    for record in await everything_on(broker, RUN_EVENTS.name, partition):
        event = codec.decode(record)
        assert isinstance(event, RunEvent)
        if event.run == run:
            first = seen.setdefault(event.sequence, event)
            assert first.model_dump(exclude={"at"}) == event.model_dump(exclude={"at"})
    assert sorted(seen) == list(range(1, len(seen) + 1))
    ends = [event for event in seen.values() if isinstance(event, RunChanged) and state.final(event.status)]
    assert ends == [seen[len(seen)]]


STEPS = [
    ("taken_over", 1),
    ("resumed", 1),
    ("taken", 1),
    ("sent", 1),
    ("saved", 1),
    ("committed", 1),
    ("taken", 3),
    ("sent", 3),
    ("saved", 3),
    ("committed", 3),
]


@pytest.mark.parametrize(("step", "nth"), STEPS)
async def test_a_planner_killed_after_any_step_is_taken_over_and_the_run_ends_right(
    broker, config, orders, step, nth
):
    await publish(broker, *plan(DIAMOND))
    async with cluster(broker) as pods:
        async with process(orders(step=step, nth=nth)) as killed:
            _, said = await asyncio.wait_for(killed.communicate(), LIMIT)
            assert killed.returncode == -signal.SIGKILL, said.decode()
        async with process(orders()):
            assert (await end_of_run(broker)).status == "succeeded"
            await all_handled(broker, config)
    await assert_right(broker, pods)
    assert await restored(broker) == await expected(broker)


BETWEEN = ["saved", "sent", "taken", "committed"]


def wide() -> Dag:
    """Return a DAG of one operation, many, and one again."""
    many = {f"m{index}": Op("first", retries=1) for index in range(1, WIDTH + 1)}
    return dag(first="", **many, last=" ".join(many))


def fails_once(launch: LaunchOperation) -> str:
    return "failed" if launch.index in FLAKY and launch.attempt == 0 else "succeeded"


async def test_a_planner_killed_again_and_again_during_a_fan_out_launches_each_attempt_once(
    broker, config, orders
):
    await publish(broker, *plan(wide()))
    killed = 0
    async with cluster(broker, fails_once) as pods:
        ending = asyncio.ensure_future(end_of_run(broker))
        deaths = zip(itertools.cycle(BETWEEN), itertools.cycle([3, 1, 2]))
        for step, nth in deaths:
            async with process(orders(step=step, nth=nth)) as started:
                dying = asyncio.ensure_future(started.wait())
                await asyncio.wait({dying, ending}, timeout=LIMIT, return_when=asyncio.FIRST_COMPLETED)
                if ending.done():
                    break
                assert started.returncode == -signal.SIGKILL
                killed += 1
        assert (await ending).status == "succeeded"
        async with process(orders()):
            await all_handled(broker, config)
    assert killed >= len(BETWEEN)
    assert pods == {(RUN, index, 0) for index in range(WIDTH + 2)} | {(RUN, index, 1) for index in FLAKY}
    await assert_one_story(broker)
    assert await restored(broker) == await expected(broker)


async def test_a_planner_on_an_empty_disk_has_all_rows_of_a_run_in_its_middle(broker, config, orders):
    await publish(broker, *plan(wide()))
    async with process(orders()):
        # Nobody obeys its commands: the run stays where it is.
        await all_handled(broker, config)
        (launch,) = [codec.decode(record) for record in await everything_on(broker, COMMANDS)]
        await publish(broker, report(launch, "succeeded"))
        await all_handled(broker, config)
    rows = await restored(broker)
    assert len(rows) > WIDTH
    assert rows == await expected(broker)
    async with cluster(broker, fails_once), process(orders()):
        assert (await end_of_run(broker)).status == "succeeded"


async def stopped(started: asyncio.subprocess.Process) -> None:
    """Return when a process has stopped itself."""
    _, status = await asyncio.to_thread(os.waitpid, started.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)


async def test_a_planner_that_slept_past_its_session_between_sending_and_saving_loses(broker, config, orders):
    await publish(broker, *plan(DIAMOND))
    asleep = orders(step="sent", nth=2, signal=signal.SIGSTOP)
    async with process(asleep) as stale, cluster(broker) as pods:
        await stopped(stale)
        async with process(orders(member="two")):
            assert (await end_of_run(broker)).status == "succeeded"
            await all_handled(broker, config)
            before = await everything_on(broker, PLANNER_ROWS.name)
            stale.send_signal(signal.SIGCONT)
            _, said = await asyncio.wait_for(stale.communicate(), LIMIT)
            assert stale.returncode == 1, said.decode()
            assert b"FencedError" in said
            assert len(await everything_on(broker, PLANNER_ROWS.name)) > len(before)
            # The owner notices the stale rows at its next write, and writes the good ones again.
            await publish(broker, *plan(DIAMOND, run=OTHER))
            assert (await end_of_run(broker, OTHER)).status == "succeeded"
            await all_handled(broker, config)
    assert {pod for pod in pods if pod[0] == RUN} == {(RUN, index, 0) for index in range(4)}
    good = await expected(broker)
    # Compaction keeps the last record of each key, whoever wrote it: so the last ones must be the good ones.
    last = {record.key: record.value for record in await everything_on(broker, PLANNER_ROWS.name)}
    assert {key: row for key, row in last.items() if row is not None and "barrier/" not in key} == good
    assert await restored(broker) == good


async def test_a_planner_that_slept_past_its_session_before_deciding_sends_nothing(broker, config, orders):
    await publish(broker, *plan(DIAMOND))
    asleep = orders(step="taken", nth=2, signal=signal.SIGSTOP)
    async with process(asleep) as stale, cluster(broker):
        await stopped(stale)
        async with process(orders(member="two")):
            assert (await end_of_run(broker)).status == "succeeded"
            await all_handled(broker, config)
            written = [await everything_on(broker, topic) for topic in (COMMANDS, RUN_EVENTS.name)]
            stale.send_signal(signal.SIGCONT)
            _, said = await asyncio.wait_for(stale.communicate(), LIMIT)
            assert stale.returncode == 1, said.decode()
            assert b"was away for" in said
            assert written == [await everything_on(broker, topic) for topic in (COMMANDS, RUN_EVENTS.name)]


async def test_rows_that_kafka_refuses_end_the_planner_and_nothing_is_committed(broker, config, orders):
    await publish(broker, *plan(DIAMOND))
    async with administrator(config) as admin, cluster(broker) as pods:
        # A barrier fits, a batch of rows does not.
        await limit_rows(admin, config, 250)
        async with process(orders()) as refused:
            _, said = await asyncio.wait_for(refused.communicate(), LIMIT)
            assert refused.returncode == 1, said.decode()
            assert b"RecordTooLargeError" in said
        assert await committed(admin, config) == 0
        assert len(await everything_on(broker, PLANNER_ROWS.name)) == 1
        await limit_rows(admin, config, 2**20)
        async with process(orders()):
            assert (await end_of_run(broker)).status == "succeeded"
            await all_handled(broker, config)
    await assert_right(broker, pods)
    assert await restored(broker) == await expected(broker)


async def test_a_planner_whose_group_has_no_offsets_but_rows_stops_with_instructions(broker, config, orders):
    await publish(broker, *plan(DIAMOND))
    async with cluster(broker), process(orders()):
        await end_of_run(broker)
        await all_handled(broker, config)
    async with process(orders(group="polyflow-planner-anew")) as lost:
        _, said = await asyncio.wait_for(lost.communicate(), LIMIT)
        assert lost.returncode == 1, said.decode()
        assert b"OffsetsLostError" in said
        assert b"reset-offsets" in said


@asynccontextmanager
async def administrator(config) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=config.bootstrap_servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def limit_rows(admin: AIOKafkaAdminClient, config, size: int) -> None:
    settings = {"max.message.bytes": str(size)}
    topic = config.outer(PLANNER_ROWS.name)
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, settings)])
