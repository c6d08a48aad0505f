"""1 → 10,000 → 1 on a cluster that ends everything at once: a larger DAG must not cost more per operation."""

import asyncio
import time
from statistics import median

from polyflow_shared.broker.codec import decode
from polyflow_shared.broker.memory import MemoryBroker
from polyflow_shared.cluster.memory import MemoryCluster
from polyflow_topics.catalog import CATALOG, RUN_EVENTS
from polyflow_topics.events import RunChanged
from polyflow_topics.status import Status
from tests.benchmarks.engine import LOCAL, encoded, launcher, plan_of, planner, running, watcher
from tests.benchmarks.table import Row
from tests.benchmarks.workloads import fan, specification

SMALL, LARGE = 100, 10_000
RUNS = {SMALL: 15, LARGE: 3}
"""Measured runs of each width; the median counts."""
GOAL = 1.3
"""Time per operation of the large one, against the small one."""
LIMIT = 120.0
"""Seconds that one run may take."""


async def once(width: int) -> float:
    """Return seconds per operation, from the plan on the inbox to the run's end among its events."""
    broker, cluster = MemoryBroker(), MemoryCluster()
    await broker.create(CATALOG, partitions=1, clusters=[LOCAL])
    events = await broker.source([RUN_EVENTS.name], group="benchmark", member="0")
    records = encoded(plan_of(specification(fan(width), at_once=None), f"fan-{width}"))
    async with running(planner(broker), launcher(broker, cluster), watcher(broker, cluster)):
        began = time.perf_counter()
        await (await broker.sink("benchmark")).send(records)
        while not any(ended(decode(record)) for record in await events.take(500)):
            await events.commit()
        took = time.perf_counter() - began
    await cluster.close()
    await broker.close()
    return took / (width + 2)


def ended(message: object) -> bool:
    """Tell whether the run has succeeded.

    Raises:
        ValueError: it has ended otherwise.
    """
    if isinstance(message, RunChanged) and message.status in {Status.FAILED, Status.STOPPED}:
        raise ValueError(f"the run ended {message.status}: {message.reason} {message.message}")
    return isinstance(message, RunChanged) and message.status is Status.SUCCEEDED


def per_operation(width: int) -> float:
    """Return the median of seconds per operation."""
    return median(asyncio.run(asyncio.wait_for(once(width), LIMIT)) for _ in range(RUNS[width]))


def rows() -> list[Row]:
    """Return the row of the table."""
    small, large = per_operation(SMALL), per_operation(LARGE)
    ratio = large / small
    told = f"{large * 1e6:.0f} µs, {ratio:.2f} times that of {SMALL}"
    return [Row(f"1 → {LARGE:,} → 1, per operation", "-", "-", told, f"≤ {GOAL} times", ratio <= GOAL)]
