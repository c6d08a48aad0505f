"""`python -m tests.benchmarks.cluster`: measure on a real cluster and print one table."""

import asyncio
import contextlib
import sys
import tempfile
from pathlib import Path

from polyflow.running.kafka import KafkaRuns
from polyflow_shared.clock import SystemClock
from polyflow_shared.cluster.kubernetes.access import Reach
from polyflow_shared.cluster.kubernetes.client import connect
from polyflow_shared.hosting.garbage import collect_rarely
from tests.benchmarks.cluster import figures, pipelines
from tests.benchmarks.cluster.observer import Observer
from tests.benchmarks.table import Row, machine, render
from tests.testbed.kafka import running_kafka
from tests.testbed.kubernetes.control import ControlPlane, running_control_plane
from tests.testbed.services import Services, running_services


def main() -> int:
    """Print the table; return 0 if every goal is met."""
    sys.stdout.write(f"{machine()}\n")
    sys.stdout.flush()
    collect_rarely()
    rows = asyncio.run(measured())
    sys.stdout.write(render(rows, "Argo Workflows 4.1, tuned (given)") + "\n")
    return 0 if all(row.met for row in rows) else 1


async def measured() -> list[Row]:
    """Return all figures."""
    async with running_kafka() as kafka:
        with running_control_plane() as plane, tempfile.TemporaryDirectory() as folder:
            settings = {"log_level": "warning"}
            with running_services(Path(folder), kafka, plane.kubeconfig, **settings) as services:
                return await _observed(kafka, plane, services)


async def _observed(kafka: str, plane: ControlPlane, services: Services) -> list[Row]:
    client = await connect(Reach(kubeconfig=plane.kubeconfig), SystemClock())
    async with KafkaRuns(kafka, prefix=services.prefix) as runs:
        observer = Observer(client, runs)
        watching = asyncio.create_task(observer.watch())
        try:
            for _ in range(5):
                await observer.run(pipelines.ONE)
            rows = await _all(observer, plane, services)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await client.close()
    return rows


async def _all(observer: Observer, plane: ControlPlane, services: Services) -> list[Row]:
    rows: list[Row] = []
    for figure in (
        figures.one_pod(observer),
        figures.chain(observer),
        figures.fan_of_ten(observer),
        figures.hundred(observer),
        figures.throughput(observer),
        figures.thousand(observer),
        figures.writes(observer, plane.audit),
        figures.memory(observer, services),
    ):
        more = await figure
        rows += more
        # It takes some minutes: what is known is shown.
        sys.stderr.write("".join(f"{row.workload}: {row.polyflow} (goal {row.goal})\n" for row in more))
    return rows


if __name__ == "__main__":
    sys.exit(main())
