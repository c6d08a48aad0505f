"""A decider whose broker is away for longer than its session lasts."""

import asyncio
import signal

import pytest

from polyflow_services.planner import core
from polyflow_services.planner.rows import state
from polyflow_shared.broker import codec
from polyflow_shared.broker.kafka import KafkaBroker, KafkaConfig
from polyflow_shared.clock import SystemClock
from polyflow_shared.loops.decider import Decider, run_decider
from polyflow_shared.loops.service import Shell
from polyflow_shared.observing.logs import log_of
from polyflow_shared.observing.metrics import BROKER_UNAVAILABLE, MemoryMeter
from polyflow_topics.catalog import CATALOG, PLANNER_ROWS, RUN_INBOX, commands_topic
from polyflow_topics.names import ClusterName
from tests.contract.deliveries import LIMIT
from tests.unit.planner.plan_builder import dag, plan
from tests.unit.shared.shells import running

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

SESSION = 6.0
AWAY = 20.0
SETTLED = 3.0


@pytest.fixture
async def broker(own_kafka):
    config = KafkaConfig(bootstrap_servers=own_kafka.bootstrap, session_timeout=SESSION, request_timeout=2.0)
    broker = KafkaBroker(config)
    await broker.create(CATALOG, partitions=1, clusters=["local"])
    yield broker
    await broker.close()


async def test_it_waits_and_goes_on(own_kafka, broker):
    planner = Decider(
        decide=core.decide,
        rows=state.CODEC,
        inbox=RUN_INBOX.name,
        changelog=PLANNER_ROWS.name,
        session_timeout=SESSION,
    )
    meter, clock = MemoryMeter(), SystemClock()
    shell = Shell("planner", await broker.sink("planner"), clock, meter, log_of("planner"))
    commands = await broker.source([commands_topic(ClusterName("local"))], group="tests", member="one")
    async with running(run_decider(planner, broker, shell, group="g", member="one")) as serving:
        await ask(broker, "first")
        assert await launched(commands) == "first"
        # One that is about to save what it has sent ends, and is started again.
        await asyncio.sleep(SETTLED)
        await own_kafka.stop(signal.SIGKILL)
        await asyncio.wait({serving}, timeout=AWAY)
        await own_kafka.start()
        assert not serving.done(), serving.exception()
        await ask(broker, "second")
        second = asyncio.ensure_future(launched(commands))
        await asyncio.wait({serving, second}, return_when=asyncio.FIRST_COMPLETED)
        assert not serving.done(), serving.exception()
        assert second.result() == "second"
    assert meter.values[BROKER_UNAVAILABLE.name, "planner"] > 1


async def ask(broker, name):
    sink, now = await broker.sink("tests"), SystemClock().now()
    messages = [message.model_copy(update={"run": name}) for message in plan(dag(a=""))]
    await sink.send([codec.encode(message, source="/tests", at=now) for message in messages])


async def launched(commands) -> str:
    async with asyncio.timeout(LIMIT):
        (record,) = await commands.take(1)
    return codec.decode(record).run
