"""`python -m tests.simulator FIRST-LAST`: play seeds, keep those that fail, and say how many there were.

`python -m tests.simulator --explain SEED` prints the story of one; `--bugs` says which seed finds which planted bug.
"""

import argparse
import gc
import os
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

import click

from tests.simulator.bugs import BUGS
from tests.simulator.bugs_about_runs import NEEDS
from tests.simulator.services import Parts
from tests.simulator.world import Outcome, drawn, simulate

SEEDS = Path(__file__).parent / "seeds"
PROGRESS = 10_000
"""Seeds between two words on how it goes."""
CHUNK = 50
"""Seeds that a worker plays before it says what it saw."""


@dataclass
class Tally:
    """What some seeds came to."""

    seeds: int = 0
    pods: int = 0
    messages: int = 0
    faults: int = 0
    failed: tuple[tuple[int, tuple[str, ...]], ...] = ()

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.seeds + other.seeds,
            self.pods + other.pods,
            self.messages + other.messages,
            self.faults + other.faults,
            self.failed + other.failed,
        )


def main() -> int:
    """Return 0 if no promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("seeds", nargs="?", default="1-1000", help="FIRST-LAST")
    parser.add_argument("--explain", type=int, metavar="SEED", help="print the story of one seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="how many processes")
    parser.add_argument("--forget", action="store_true", help="do not keep the seeds that fail")
    parser.add_argument("--bugs", action="store_true", help="look for the planted bugs among the seeds")
    options = parser.parse_args()
    if options.explain is not None:
        return explain(options.explain)
    first, _, last = options.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    return hunt(seeds) if options.bugs else campaign(seeds, options.workers, keep=not options.forget)


def explain(seed: int) -> int:
    """Print what happens in a world, and what is wrong with it."""
    outcome = simulate(seed, told=True)
    for line in outcome.story:
        click.echo(line)
    for violation in outcome.violations:
        click.echo(violation)
    click.echo(_summary(_tally(outcome)))
    return 1 if outcome.violations else 0


def hunt(seeds: range) -> int:
    """Say of each planted bug which seed is the first to find it."""
    missed = 0
    for name, parts in BUGS.items():
        outcome = found_at(parts, worlds(name, seeds))
        missed += outcome is None
        where = f"seed {outcome.seed}: {outcome.violations[0]}" if outcome else "not found"
        click.echo(f"{name}: {where}")
    click.echo(f"{len(BUGS)} bugs, {missed} not found")
    return 1 if missed else 0


def worlds(bug: str, seeds: Iterable[int]) -> Iterator[int]:
    """Return the seeds of worlds that have what a bug is about."""
    needs = NEEDS.get(bug)
    return (seed for seed in seeds if needs is None or needs(drawn(Random(seed)).workload))


def found_at(parts: Parts, seeds: Iterable[int]) -> Outcome | None:
    """Return the first world in which services made of these parts break a promise."""
    return next((outcome for seed in seeds if (outcome := simulate(seed, parts)).violations), None)


def campaign(seeds: range, workers: int, *, keep: bool) -> int:
    """Play seeds in several processes."""
    began, total = time.monotonic(), Tally()
    for tally in _played(seeds, workers):
        total += tally
        for seed, violations in tally.failed:
            click.echo(f"seed {seed}")
            for violation in violations[:5]:
                click.echo(f"  {violation}")
            if keep:
                (SEEDS / f"{seed}.txt").write_text("\n".join(violations) + "\n")
        if total.seeds % PROGRESS == 0:
            click.echo(f"{total.seeds:,} of {len(seeds):,} seeds, {len(total.failed):,} with violations")
    click.echo(_summary(total, time.monotonic() - began))
    return 1 if total.failed else 0


def _played(seeds: range, workers: int) -> Iterator[Tally]:
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    if workers == 1:
        yield from map(play, chunks)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(play, chunks)


def play(seeds: Iterable[int]) -> Tally:
    """Play seeds one after the other."""
    # What is collected when would decide in which order things end; and it is quicker so.
    gc.disable()
    total = Tally()
    for seed in seeds:
        total += _tally(simulate(seed))
    gc.enable()
    gc.collect()
    return total


def _tally(outcome: Outcome) -> Tally:
    violations = tuple(str(violation) for violation in outcome.violations)
    failed = ((outcome.seed, violations),) if violations else ()
    return Tally(1, outcome.pods, len(outcome.messages), outcome.faults, failed)


def _summary(total: Tally, took: float = 0.0) -> str:
    pace = f" in {took:.0f} s ({total.seeds / took:,.0f} a second)" if took else ""
    return (
        f"{total.pods:,} pods, {total.messages:,} messages, {total.faults:,} faults{pace}\n"
        f"{total.seeds:,} seeds, {len(total.failed):,} with violations"
    )


if __name__ == "__main__":
    sys.exit(main())
