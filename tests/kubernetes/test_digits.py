"""The digits example, unchanged: on real Kafka and in real containers it gives what it gives on this machine."""

import asyncio
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from polyflow_shared.broker import codec
from polyflow_shared.broker.kafka import KafkaBroker, KafkaConfig
from polyflow_topics.catalog import RUN_METRICS
from polyflow_topics.metrics import MetricsLogged
from polyflow_topics.names import RunId
from tests.e2e.command import EXAMPLES, POLYFLOW
from tests.kubernetes.whole import Whole, a_whole, has_ended
from tests.testbed.kubernetes import images, node

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(600)]

DIGITS = EXAMPLES / "digits"
EPOCHS = 2
LIMIT = 60.0
"""Seconds after the end within which logs and metrics are there."""
OVERLAY = json.dumps({"environment": {"nodeSelector": node.SELECTOR}, "connections": ["artifacts"]})
"""Where its pods go, and where they find each other's files."""

Measurements = Mapping[str, list[tuple[int | None, Mapping[str, float]]]]


@dataclass(frozen=True)
class Account:
    """What is known of a run, without what differs: times, ids and folders."""

    status: str
    outputs: Mapping[str, Any]
    logs: Mapping[str, str]
    metrics: Measurements


@pytest.fixture(scope="module")
def local(tmp_path_factory) -> Account:
    home = tmp_path_factory.mktemp("local")
    environment = {**os.environ, "POLYFLOW_HOME": str(home)}

    def polyflow(*words: str) -> str:
        done = subprocess.run(
            [str(POLYFLOW), *words], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    polyflow("run", str(DIGITS / "pipeline.yaml"), "-P", f"epochs={EPOCHS}", "--quiet")
    view = json.loads(polyflow("show", "latest", "--format", "json"))
    logs = {name: polyflow("logs", "latest", name) for name in view["operations"]}
    metrics = {}
    for path in home.glob("runs/*/operations/*/0/metrics.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        metrics[path.parents[1].name] = [(line["step"], line["values"]) for line in lines]
    return account(view, logs, metrics)


@pytest.fixture(scope="module")
def on_cluster(tmp_path_factory, local) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "artifacts").mkdir()
    schema = {"hostPath": str(folder / "artifacts"), "mountPath": "/polyflow/artifacts"}
    catalogue = folder / "connections.yaml"
    connection = {"name": "artifacts", "kind": "host_path", "schema": schema}
    catalogue.write_text(json.dumps({"connections": [connection]}))
    with a_whole(folder, connections=str(catalogue)) as whole:
        whole.node.load(images.python_with(images.PYTHON, DIGITS))
        run = whole.publish(
            (DIGITS / "pipeline.yaml").read_text(),
            params={"epochs": EPOCHS},
            overlays=[{"name": "cluster.yaml", "text": OVERLAY}],
        )
        view = whole.shown(run, has_ended)
        assert view["status"] == "succeeded", json.dumps(view, indent=1)
        logs = {name: log(whole, run, name) for name in view["operations"]}
        yield account(view, logs, measured(whole, run, sum(map(len, local.metrics.values()))))


def account(view: Mapping[str, Any], logs: Mapping[str, str], metrics: Measurements) -> Account:
    outputs = {name: without_folders(one["outputs"]) for name, one in view["operations"].items()}
    plain = {name: re.sub(r"/\S+/", "", text) for name, text in logs.items()}
    return Account(view["status"], outputs, plain, {name: one for name, one in metrics.items() if one})


def without_folders(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_folders(one) for name, one in value.items()}
    return Path(value).name if isinstance(value, str) and value.startswith("/") else value


def log(whole: Whole, run: RunId, operation: str) -> str:
    """Return an operation's log, once it was handed over."""
    end = time.monotonic() + LIMIT
    while True:
        done = whole.polyflow("logs", run, operation)
        if done.returncode == 0:
            return done.stdout
        assert time.monotonic() < end, done.stderr
        time.sleep(0.3)


def measured(whole: Whole, run: RunId, count: int) -> Measurements:
    """Return a run's measurements, once there are so many; each counts once."""
    return asyncio.run(_measured(whole, run, count))


async def _measured(whole: Whole, run: RunId, count: int) -> Measurements:
    config = KafkaConfig(bootstrap_servers=whole.kafka, prefix=whole.services.prefix)
    broker = KafkaBroker(config)
    try:
        end = time.monotonic() + LIMIT
        while len(found := await _read(broker, run)) < count:
            assert time.monotonic() < end, found
            await asyncio.sleep(0.3)
    finally:
        await broker.close()
    metrics: dict[str, list[tuple[int | None, Mapping[str, float]]]] = {}
    for (operation, _), one in sorted(found.items()):
        metrics.setdefault(operation, []).append((one.step, dict(one.values)))
    return metrics


async def _read(broker: KafkaBroker, run: RunId) -> Mapping[tuple[str, int], MetricsLogged]:
    reader = await broker.log("test")
    found = {}
    for number in range(await broker.partitions(RUN_METRICS.name)):
        end = await reader.end(RUN_METRICS.name, number)
        async for records in reader.read(RUN_METRICS.name, number, start=0, end=end):
            for record in records:
                message = codec.decode(record)
                if isinstance(message, MetricsLogged) and message.run == run:
                    found[message.operation, message.line] = message
    return found


def test_all_operations_succeed_in_both(local, on_cluster):
    assert (local.status, on_cluster.status) == ("succeeded", "succeeded")
    assert len(local.outputs) == 8


def test_outputs_equal_those_of_the_local_run(local, on_cluster):
    assert on_cluster.outputs == local.outputs
    assert local.outputs["evaluate"]["accuracy"] > 0.9


def test_logs_equal_those_of_the_local_run(local, on_cluster):
    assert on_cluster.logs == local.logs
    assert f"epoch   {EPOCHS}" in local.logs["wide"]


def test_metrics_equal_those_of_the_local_run(local, on_cluster):
    # Two builds of Python and its libraries may round the last digit of a logarithm differently.
    assert numbers(on_cluster.metrics) == pytest.approx(numbers(local.metrics), rel=1e-9)
    assert len(local.metrics["deep"]) == EPOCHS


def numbers(metrics: Measurements) -> Mapping[str, float]:
    """Return every number by its operation, its place, its step and its name."""
    return {
        f"{operation} {place} {step} {name}": value
        for operation, lines in metrics.items()
        for place, (step, values) in enumerate(lines)
        for name, value in values.items()
    }
