"""The examples that use nothing of polyflow but its format."""

import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from polyflow_shared.broker import codec
from polyflow_shared.broker.kafka import KafkaBroker
from polyflow_shared.broker.kafka.config import KafkaConfig
from polyflow_topics.catalog import PIPELINE_REQUESTS, RUN_EVENTS
from polyflow_topics.events import Problem, RequestRejected, RunChanged, RunEvent
from polyflow_topics.message import Message
from polyflow_topics.names import RunId, run_id
from polyflow_topics.status import Status
from tests.e2e.command import EXAMPLES, SOON
from tests.testbed.kafka import KafkaServer

pytestmark = pytest.mark.kafka

HELLO = EXAMPLES / "01_hello.yaml"
EARLIER, RUN = RunId("11111111-1111-1111-1111-111111111111"), RunId("22222222-2222-2222-2222-222222222222")
AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def broker(own_kafka: KafkaServer) -> AsyncIterator[KafkaBroker]:
    """Topics without a prefix, as the examples name them."""
    broker = KafkaBroker(KafkaConfig(bootstrap_servers=own_kafka.bootstrap))
    await broker.create([PIPELINE_REQUESTS, RUN_EVENTS], partitions=2, clusters=[])
    yield broker
    await broker.close()


def printed(kafka: KafkaServer, script: str, *words: str | Path) -> list[str]:
    command = [sys.executable, EXAMPLES / "kafka" / script, kafka.bootstrap, *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=SOON, check=True
    ).stdout.splitlines()


async def say(broker: KafkaBroker, *messages: Message) -> None:
    sink = await broker.sink("tests")
    await sink.send([codec.encode(message, source="/tests", at=AT) for message in messages])


def story(run: RunId, *statuses: Status) -> list[RunEvent]:
    return [
        RunChanged(run=run, sequence=number, at=AT, status=status)
        for number, status in enumerate(statuses, start=1)
    ]


async def test_a_request_is_published_and_the_id_of_its_run_printed(own_kafka, broker):
    runs = [printed(own_kafka, "publish.py", HELLO, "one"), printed(own_kafka, "publish.py", HELLO)]
    source = await broker.source([PIPELINE_REQUESTS.name], group="g", member="one")
    requests = []
    while len(requests) < 2:
        requests += [codec.decode(record) for record in await source.take(2, wait=SOON)]
    assert runs[0] == [run_id("/demo", "one")]
    assert {request.specification for request in requests} == {HELLO.read_text()}


@pytest.mark.parametrize("end", [Status.SUCCEEDED, Status.FAILED, Status.STOPPED, Status.SKIPPED])
async def test_one_run_is_watched_to_its_end_and_not_the_one_before(own_kafka, broker, end):
    await say(broker, *story(EARLIER, Status.CREATED, Status.SUCCEEDED), *story(RUN, Status.CREATED, end))
    lines = printed(own_kafka, "watch.py", RUN)
    assert [line.split() for line in lines] == [
        ["22222222", "1", RunChanged.WIRE, "created"],
        ["22222222", "2", RunChanged.WIRE, end.value],
    ]


async def test_a_refused_request_is_watched_too(own_kafka, broker):
    problem = Problem(code="PF1001", message="m")
    await say(broker, RequestRejected(run=RUN, problems=(problem,), at=AT))
    (line,) = printed(own_kafka, "watch.py", RUN)
    assert line.split()[2] == RequestRejected.WIRE
