"""`python -m tests.benchmarks [--no-kafka]`: measure everything and print one table."""

import argparse
import asyncio
import sys

from polyflow_shared.hosting.garbage import collect_rarely
from tests.benchmarks import checking, commands, monitor_on_kafka, planner_core, planner_on_kafka, scale
from tests.benchmarks.table import Row, machine, render
from tests.testbed.kafka import running_kafka


def main() -> int:
    """Print the table; return 0 if every goal is met."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--no-kafka", action="store_true", help="leave out what needs Java and Maven")
    options = parser.parse_args()
    print(machine(), flush=True)
    collect_rarely()
    rows = commands.rows() + checking.rows() + scale.rows() + planner_core.rows()
    if not options.no_kafka:
        rows += asyncio.run(on_kafka())
    print(render(rows))
    return 0 if all(row.met for row in rows) else 1


async def on_kafka() -> list[Row]:
    """Return what is measured on a real broker."""
    async with running_kafka() as bootstrap:
        return await planner_on_kafka.rows(bootstrap) + await monitor_on_kafka.rows(bootstrap)


if __name__ == "__main__":
    sys.exit(main())
