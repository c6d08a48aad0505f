"""`python -m tests.benchmarks [--no-kafka]`: measure everything and print one table."""

import argparse
import sys

from tests.benchmarks import commands
from tests.benchmarks.table import machine, render


def main() -> int:
    """Print the table; return 0 if every goal is met."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--no-kafka", action="store_true", help="leave out what needs Java and Maven")
    options = parser.parse_args()
    print(machine(), flush=True)
    rows = commands.rows()
    print(render(rows))
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
