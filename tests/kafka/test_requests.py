"""Requests as any client may send them, good and bad, to services that must stay up."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from polyflow import AsyncClient
from polyflow.requests.orders import Request
from polyflow.running.kafka import KafkaRuns
from polyflow_shared.broker import codec
from polyflow_shared.broker.kafka import KafkaBroker, KafkaConfig
from polyflow_shared.broker.port import Outgoing
from polyflow_topics.catalog import DEAD_LETTERS, PIPELINE_REQUESTS, RUN_EVENTS
from polyflow_topics.events import RequestRejected, RunChanged
from tests.e2e.command import POLYFLOW
from tests.testbed.services import running_services

pytestmark = pytest.mark.kafka

GOOD = "name: a\nrun: {kind: job, container: {command: ['true']}}"
DAG = "name: d\nrun:\n  kind: dag\n  operations:\n"
JOB = "run: {kind: job, container: {command: ['true']}}"

BAD = {
    "not JSON or YAML": b"{]",
    "not UTF-8": b'{"specification": "\xff"}',
    "not an object": b"[1, 2]",
    "over 1 MiB": json.dumps({"specification": GOOD + "\n# " + "x" * 2_000_000}).encode(),
    "of the wrong schema": json.dumps({"specification": "run: {kind: jobb}"}).encode(),
    "with a cycle": json.dumps(
        {
            "specification": f"{DAG}    - {{name: a, dependencies: [b], {JOB}}}\n    - {{name: b, dependencies: [a], {JOB}}}"
        }
    ).encode(),
    "with an unknown upstream": json.dumps(
        {"specification": f"{DAG}    - {{name: a, dependencies: [bb], {JOB}}}\n    - {{name: b, {JOB}}}"}
    ).encode(),
    "with a name twice": json.dumps(
        {"specification": f"{DAG}    - {{name: a, {JOB}}}\n    - {{name: a, {JOB}}}"}
    ).encode(),
    "with an unknown field": json.dumps({"specification": f"{GOOD}\nnonsense: 1"}).encode(),
    "with a bad type": json.dumps({"specification": f"{GOOD}\ntermination: {{maxRetries: many}}"}).encode(),
}


@pytest.fixture(scope="module")
def prefix(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """All services as processes, behind a prefix of their own."""
    folder = tmp_path_factory.mktemp("home")
    presets = folder / "presets"
    presets.mkdir()
    (presets / "q.yaml").write_text("{isPreset: true, queue: local/high}")
    with running_services(folder, kafka, beside=("projector",), presets=str(presets)) as services:
        yield services.prefix


async def outcome(kafka: str, prefix: str, request: Request):
    """Return the rejection of a request, or the last event of its run."""
    async with KafkaRuns(kafka, prefix=prefix) as runs:
        start = await runs.now(request.run)
        await runs.publish(request)
        async for events in runs.follow(request.run, start=start):
            for event in events:
                if isinstance(event, RequestRejected):
                    return event
                if isinstance(event, RunChanged) and event.status in {"succeeded", "failed", "stopped"}:
                    return event
    raise AssertionError("the events have ended")


def request(body: bytes, name: str | None = None) -> Request:
    return Request(name or str(uuid4()), "/test", body)


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_request_is_answered_and_the_next_one_runs(kafka: str, prefix: str, name: str) -> None:
    rejected = await outcome(kafka, prefix, request(BAD[name]))
    assert isinstance(rejected, RequestRejected)
    assert rejected.problems
    if name not in {"not UTF-8", "over 1 MiB"}:
        assert all(problem.path or problem.line for problem in rejected.problems), rejected.problems
    ended = await outcome(kafka, prefix, request(json.dumps({"specification": GOOD}).encode()))
    assert ended.status == "succeeded"


async def test_all_that_is_wrong_is_listed_with_line_and_column(kafka: str, prefix: str) -> None:
    spec = f"{DAG}    - {{name: a, dependencies: [x], {JOB}}}\n    - {{name: b, dependencies: [y], {JOB}}}"
    rejected = await outcome(kafka, prefix, request(json.dumps({"specification": spec}).encode()))
    assert {problem.line for problem in rejected.problems} == {5, 6}
    assert all(problem.column for problem in rejected.problems)


async def test_what_cannot_be_read_at_all_is_kept_with_its_place_and_reason(kafka: str, prefix: str) -> None:
    broker = KafkaBroker(KafkaConfig(bootstrap_servers=kafka, prefix=prefix))
    sink = await broker.sink("test")
    await sink.send([Outgoing(PIPELINE_REQUESTS.name, "k", b"no event", ())])
    letters = await broker.source([DEAD_LETTERS.name], group="test", member="test")
    letter = codec.decode((await letters.take(1, wait=30))[0])
    assert (letter.service, letter.topic, letter.reason) == (
        "spec_validator",
        PIPELINE_REQUESTS.name,
        "NotDecodable",
    )
    assert letter.offset >= 0
    await broker.close()


async def test_a_request_twice_is_one_run_and_another_body_leaves_it_alone(kafka: str, prefix: str) -> None:
    body = json.dumps(
        {"specification": GOOD, "project": "p", "owner": "o", "tags": ["t"], "presets": ["q"]}
    ).encode()
    first = request(body, str(uuid4()))
    ended = await outcome(kafka, prefix, first)
    assert (ended.project, ended.owner, ended.tags, ended.presets) == ("p", "o", ("t",), ("q",))
    async with KafkaRuns(kafka, prefix=prefix) as runs:
        await runs.publish(first)
    other = await outcome(kafka, prefix, request(body.replace(b'"p"', b'"z"'), first.id))
    assert isinstance(other, RequestRejected)
    assert "exists already" in other.problems[0].message
    assert await statuses(kafka, prefix, first.run) == ["created", "running", "succeeded"]


async def statuses(kafka: str, prefix: str, run: str) -> list[str]:
    broker = KafkaBroker(KafkaConfig(bootstrap_servers=kafka, prefix=prefix))
    log = await broker.log("test")
    found = []
    for partition in range(await broker.partitions(RUN_EVENTS.name)):
        end = await log.end(RUN_EVENTS.name, partition)
        async for records in log.read(RUN_EVENTS.name, partition, start=0, end=end):
            events = [codec.decode(record) for record in records if record.key == run]
            found += [event.status for event in events if isinstance(event, RunChanged)]
    await broker.close()
    return found


def test_the_command_line_runs_and_rejects_on_kafka(kafka: str, prefix: str, tmp_path: Path) -> None:
    environment = {**os.environ, "POLYFLOW_HOME": str(tmp_path), "POLYFLOW_PREFIX": prefix}
    for text, status in ((GOOD, 0), ("run: {kind: jobb}", 2)):
        (tmp_path / "a.yaml").write_text(text)
        command = [POLYFLOW, "run", tmp_path / "a.yaml", "--kafka", kafka]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == status, done.stdout + done.stderr


async def test_the_client_watches_a_run_on_kafka(kafka: str, prefix: str) -> None:
    async with AsyncClient(kafka=kafka, prefix=prefix) as client:
        run = await client.submit(GOOD)
        events = [event async for event in client.watch(run)]
    assert events[-1].status == "succeeded"
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
