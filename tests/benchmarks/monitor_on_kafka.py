"""The early-stopping monitor as a process, on a real Apache Kafka: from a metric to the stop it causes."""

import os
import subprocess
import sys
import time

from polyflow_shared.broker.codec import decode
from polyflow_shared.broker.kafka import KafkaBroker, KafkaConfig
from polyflow_shared.broker.port import Source
from polyflow_topics.catalog import CATALOG, RUN_INBOX
from polyflow_topics.inbox import StopRequested
from polyflow_topics.metrics import MetricPolicy, MetricsLogged, PoliciesDeclared
from tests.benchmarks.engine import CLOCK, LOCAL, encoded
from tests.benchmarks.latency import Spread
from tests.benchmarks.table import Row
from tests.testbed.processes import end_process

PARTITIONS = 4
SAMPLES = 300
"""Metrics that meet a policy, one after the other, on a quiet system."""
PAUSE = 0.02
"""Seconds before the next metric: the monitor has saved what it decided for the one before."""
GOAL = Spread(50.0, 250.0)
PREFIX = "bench-monitor."


async def quiet(bootstrap: str) -> Spread:
    """Return the time from sending a metric to reading the stop, one at a time."""
    broker = KafkaBroker(KafkaConfig(bootstrap_servers=bootstrap, prefix=PREFIX))
    await broker.create(CATALOG, partitions=PARTITIONS, clusters=[LOCAL])
    stops = await broker.source([RUN_INBOX.name], group="benchmark", member="0")
    sink = await broker.sink("benchmark")
    names = [f"run-{number}" for number in range(SAMPLES + 1)]
    await sink.send(encoded([declared(name) for name in names]))
    process = started(bootstrap)
    taken: list[float] = []
    try:
        for name in names:
            await CLOCK.sleep(PAUSE)
            metric = encoded([logged(name)])
            began = time.perf_counter()
            await sink.send(metric)
            await next_stop(stops, name)
            taken.append(1000 * (time.perf_counter() - began))
    finally:
        end_process(process.pid)
        process.wait()
    await broker.close()
    # The first one waits for the process to start.
    return Spread.of(taken[1:])


async def rows(bootstrap: str) -> list[Row]:
    """Return the rows of the table."""
    return [(await quiet(bootstrap)).row("early-stopping monitor on Kafka: metric → stop, p50 / p99", GOAL)]


def declared(run: str) -> PoliciesDeclared:
    """Return the policy of a run: stop when the loss is small."""
    policy = MetricPolicy(scope="", metric="loss", value=0.1, optimization="minimize")
    return PoliciesDeclared(run=run, policies=(policy,))


def logged(run: str) -> MetricsLogged:
    """Return a metric that meets the policy."""
    return MetricsLogged(run=run, operation="a", attempt=0, line=0, values={"loss": 0.05}, at=CLOCK.now())


async def next_stop(stops: Source, run: str) -> None:
    """Return when the stop of a run has been read."""
    while True:
        messages = [decode(record) for record in await stops.take(100)]
        if any(isinstance(message, StopRequested) and message.run == run for message in messages):
            return


def started(bootstrap: str) -> subprocess.Popen[bytes]:
    """Return the monitor's process, just started."""
    settings = {
        "POLYFLOW_BROKERS": bootstrap,
        "POLYFLOW_PREFIX": PREFIX,
        "POLYFLOW_LOG_LEVEL": "warning",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "polyflow_services.early_stopping_monitor"], env=os.environ | settings
    )
