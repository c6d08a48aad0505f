"""The gateway as a process of its own: what a script logs is on Kafka, and the planner waits for it."""

import asyncio
import json
import os
import sys

import pytest

from polyflow_shared.broker import codec
from polyflow_shared.broker.kafka import KafkaBroker
from polyflow_shared.clock import SystemClock
from polyflow_shared.cluster.kubernetes.pods.termination import last_word
from polyflow_shared.cluster.port import Pod
from polyflow_shared.stated.tokens import Attempt, Gateway, variables_of
from polyflow_topics.catalog import CATALOG, RUN_EVENTS, RUN_METRICS
from polyflow_topics.events import OperationChanged
from polyflow_topics.message import Message
from polyflow_topics.names import OperationName, pod_name
from polyflow_topics.plan import Container
from tests.contract.test_shape import ROOT
from tests.kafka.test_processes import LIMIT, read_metrics, started
from tests.unit.planner.plan_builder import RUN, dag, plan, report, stated

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

SCRIPT = """
from polyflow.tracking import log_metrics, log_outputs
for step in range(3):
    log_metrics(step=step, loss=1 / (step + 1))
log_outputs(accuracy=0)
log_outputs(table="x" * 5000)
"""


@pytest.fixture
async def broker(config):
    broker = KafkaBroker(config)
    await broker.create(CATALOG, partitions=2, clusters=["local"])
    yield broker
    await broker.close()


async def publish(broker: KafkaBroker, *messages: Message) -> None:
    sink = await broker.sink("test")
    at = SystemClock().now()
    await sink.send([codec.encode(message, source="/test", at=at) for message in messages])


async def first(broker: KafkaBroker, topic: str, wanted) -> list[Message]:
    """Return what is on a topic up to the first that is wanted."""
    found: list[Message] = []
    source = await broker.source([topic], group=f"test-{os.urandom(4).hex()}", member="test")
    async with asyncio.timeout(LIMIT):
        while not any(wanted(message) for message in found):
            found.extend(codec.decode(record) for record in await source.take(100))
    await source.close()
    return found


def status(wanted: str):
    return lambda event: isinstance(event, OperationChanged) and event.status == wanted


async def script(variables: dict[str, str]) -> None:
    environment = {**os.environ, **variables}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT, cwd=ROOT, env=environment, stdout=-1, stderr=-1
    )
    async with asyncio.timeout(LIMIT):
        _, told = await process.communicate()
    assert (process.returncode, told.decode()) == (0, "")


async def test_a_script_logs_through_the_gateway_and_its_operation_waits_for_that(
    broker, environment, tmp_path
):
    key = environment["POLYFLOW_TOKEN_KEY"].encode()
    pod = Pod(pod_name(RUN, 0, 0), RUN, OperationName("a"), 0, 0, Container(command=("true",)))
    message = tmp_path / "termination-log"
    await publish(broker, *plan(dag(a="")))
    async with (
        started("polyflow_services.gateway", environment) as gateway,
        started("polyflow_services.planner", environment),
    ):
        await first(broker, RUN_EVENTS.name, status("scheduled"))
        # A statement that is not the last one is not enough; the report comes before what it counts on.
        await publish(broker, stated(pod, 0, early=True), report_of(pod, awaited=2))
        (waiting,) = [
            event
            for event in await first(broker, RUN_EVENTS.name, status("processing"))
            if status("processing")(event)
        ]
        assert waiting.message == "0 of 2 statements of outputs have arrived"
        page = await gateway.page()
        address = (await gateway.line("gateway_listens"))["address"]
        await script(
            {
                **variables_of(
                    Attempt(pod.run, pod.index, pod.attempt), pod.operation, Gateway(address, key)
                ),
                "POLYFLOW_TRACKING_PATH": str(tmp_path / "tracking"),
                "POLYFLOW_OUTPUTS": str(message),
            }
        )
        (ended,) = [
            event
            for event in await first(broker, RUN_EVENTS.name, status("succeeded"))
            if status("succeeded")(event)
        ]
        measured = await first(broker, RUN_METRICS.name, lambda one: one.line == 2)
        values = await asyncio.to_thread(read_metrics, page)
    assert ended.outputs == {"accuracy": 0, "table": "x" * 5000}
    assert [(one.operation, one.line, one.step, one.values["loss"]) for one in measured] == [
        ("a", 0, 0, 1.0), ("a", 1, 1, 0.5), ("a", 2, 2, 1 / 3),
    ]  # fmt: skip
    said = last_word(message.read_text())
    assert (said.awaited, said.outputs) == (2, {})
    assert json.loads(message.read_text())["acknowledged"]["metrics"] == 3
    assert json.loads(message.read_text())["polyflow"] == 1
    assert values["polyflow_gateway_requests_total", "200"] >= 3


def report_of(pod: Pod, **more):
    class About:
        run, operation, index, attempt, cluster = pod.run, pod.operation, pod.index, pod.attempt, "local"

    return report(About, "succeeded", **more)
