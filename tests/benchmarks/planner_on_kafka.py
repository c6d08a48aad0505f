"""The planner on a real Apache Kafka: completions a second, rows restored a second, status to launch.

Completions are handled with a full backlog, with the planner's own rows and messages: each ends the first of
two operations in a chain, so it reports that end, releases the pod, schedules and launches the second one.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from polyflow_shared.broker.codec import decode
from polyflow_shared.broker.kafka import KafkaBroker, KafkaConfig
from polyflow_shared.broker.port import Outgoing, Sink, Source
from polyflow_shared.deciding.decision import Decision
from polyflow_shared.observing.metrics import RESTORE_SECONDS, RESTORED, MemoryMeter
from polyflow_topics.catalog import CATALOG, commands_topic
from polyflow_topics.commands import LaunchOperation
from polyflow_topics.inbox import OperationReported
from polyflow_topics.message import Message
from polyflow_topics.status import PodStatus
from tests.benchmarks.engine import CLOCK, LOCAL, encoded, plan_of, planner, running
from tests.benchmarks.latency import Spread
from tests.benchmarks.planner_core import report_of
from tests.benchmarks.table import Row
from tests.benchmarks.workloads import chain, specification

PARTITIONS = 4
RUNS, CHAINS = 60, 250
"""Runs, and chains of two operations in each: as many completions as the product."""
WARM_UP, SAMPLES = 100, 500
"""Statuses that are answered by a launch, one after the other, on a quiet system.

The first ones are not counted: a broker that has just started takes some 50 ms for one in ten of them.
"""
PAUSE = 0.02
"""Seconds before the next status: the planner has saved and committed what it did for the one before."""
COMPLETIONS_GOAL, RESTORE_GOAL = 6_000, 100_000
LAUNCH_GOAL = Spread(8.0, 30.0)
COMMANDS = commands_topic(LOCAL)


@dataclass
class Progress:
    """What the planner has handled, and when: told after each batch's messages are on the broker."""

    wanted: int
    seen: int = 0
    first: float = 0.0
    first_seen: int = 0
    last: float = 0.0
    done: asyncio.Event = field(default_factory=asyncio.Event)
    first_at: datetime | None = None

    def observe(self, message: Message, decision: Decision, at: datetime) -> None:
        """Count a completion; the first batch only starts the watch."""
        if not isinstance(message, OperationReported):
            return
        if not self.seen:
            self.first = time.perf_counter()
            self.first_at = at
        self.seen += 1
        self.last = time.perf_counter()
        if at == self.first_at:
            self.first_seen = self.seen
        if self.seen == self.wanted:
            self.done.set()

    @property
    def rate(self) -> float:
        """Completions a second, after the first batch."""
        return (self.seen - self.first_seen) / (self.last - self.first)


def succeeded(launch: LaunchOperation) -> OperationReported:
    """Return the report that ends what a launch asks for."""
    return report_of(launch, PodStatus.SUCCEEDED, exit_code=0)


def chains(count: int) -> Mapping[str, list[str]]:
    """Return so many chains of two operations."""
    return {f"{place}-{n}": [f"a-{n}"] if place == "b" else [] for n in range(count) for place in "ab"}


async def launches(source: Source, count: int) -> list[LaunchOperation]:
    """Return the next launches from the cluster's topic; what was read is not committed."""
    found: list[LaunchOperation] = []
    while len(found) < count:
        messages = [decode(record) for record in await source.take(500)]
        found += [message for message in messages if isinstance(message, LaunchOperation)]
    return found


async def send(sink: Sink, records: list[Outgoing]) -> None:
    """Send many records, some at a time."""
    for start in range(0, len(records), 2000):
        await sink.send(records[start : start + 2000])


async def throughput(bootstrap: str) -> tuple[float, float]:
    """Return completions a second, and rows restored a second."""
    broker = KafkaBroker(KafkaConfig(bootstrap_servers=bootstrap, prefix="bench-throughput."))
    await broker.create(CATALOG, partitions=PARTITIONS, clusters=[LOCAL])
    commands = await broker.source([COMMANDS], group="benchmark", member="0")
    sink = await broker.sink("benchmark")
    spec = specification(chains(CHAINS), at_once=None)
    plans = [record for run in range(RUNS) for record in encoded(plan_of(spec, f"run-{run}"))]
    async with running(planner(broker)):
        await send(sink, plans)
        launched = await launches(commands, RUNS * CHAINS)
    await send(sink, encoded([succeeded(launch) for launch in launched]))
    meter, progress = MemoryMeter(), Progress(wanted=len(launched))
    async with running(planner(broker, meter=meter, observe=progress.observe)):
        await progress.done.wait()
    await broker.close()
    rows = meter.values[RESTORED.name, "planner"]
    return progress.rate, rows / sum(meter.observed[RESTORE_SECONDS.name, "planner"])


async def quiet(bootstrap: str) -> Spread:
    """Return the time from a status on Kafka to the launch that it causes, one at a time."""
    broker = KafkaBroker(KafkaConfig(bootstrap_servers=bootstrap, prefix="bench-latency."))
    await broker.create(CATALOG, partitions=PARTITIONS, clusters=[LOCAL])
    commands = await broker.source([COMMANDS], group="benchmark", member="0")
    sink = await broker.sink("benchmark")
    taken: list[float] = []
    async with running(planner(broker)):
        await sink.send(encoded(plan_of(specification(chain(WARM_UP + SAMPLES + 1)), "chain")))
        (launch,) = await launches(commands, 1)
        for _ in range(WARM_UP + SAMPLES):
            await CLOCK.sleep(PAUSE)
            report = encoded([succeeded(launch)])
            began = time.perf_counter()
            await sink.send(report)
            (launch,) = await launches(commands, 1)
            taken.append(1000 * (time.perf_counter() - began))
    await broker.close()
    return Spread.of(taken[WARM_UP:])


async def rows(bootstrap: str) -> list[Row]:
    """Return the rows of the table."""
    rate, restored = await throughput(bootstrap)
    spread = await quiet(bootstrap)
    title = "planner on Kafka: "
    return [
        Row(
            f"{title}completions a second",
            "-",
            "-",
            f"{rate:,.0f}",
            f"≥ {COMPLETIONS_GOAL:,}",
            rate >= COMPLETIONS_GOAL,
        ),
        Row(
            f"{title}rows restored a second",
            "-",
            "-",
            f"{restored:,.0f}",
            f"≥ {RESTORE_GOAL:,}",
            restored >= RESTORE_GOAL,
        ),
        spread.row(f"{title}status → launch, p50 / p99", LAUNCH_GOAL),
    ]
