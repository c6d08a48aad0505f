"""`python -m tests.fuzz`: judge many inputs, keep those that fail, and say how many there were and how fast."""

import argparse
import hashlib
import os
import re
import sys
import time
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from pathlib import Path

import click

from tests.fuzz.judge import Failure
from tests.fuzz.material import HERE
from tests.fuzz.worker import MEMORY, MINIMISING, Found, Job, Tally, Worker, regenerated

FOUND = HERE / "found"
PATIENCE = 2 * MINIMISING
"""Seconds without a word after which a worker hangs where no timer reaches it."""


@dataclass
class Campaign:
    """What has been found so far."""

    judged: int = 0
    slowest: tuple[float, int] = (0.0, 0)
    grown: int = 0
    found: dict[str, Found] = field(default_factory=dict)

    def note(self, message: Found | Tally) -> None:
        """Take in what a worker says."""
        if isinstance(message, Tally):
            self.judged += message.judged
            self.slowest = max(self.slowest, message.slowest)
            self.grown = max(self.grown, message.grown)
        elif message.failure.what not in self.found:
            self.found[message.failure.what] = message
            click.echo(f"input {message.number} ({message.generator}): {message.failure.what}")
            click.echo(f"  kept as {_keep(message)}\n{message.failure.detail}")


def main() -> int:
    """Return 0 if no input fails."""
    options = _options()
    deadline = time.monotonic() + options.minutes * 60
    campaign, began = Campaign(), time.monotonic()
    jobs = [
        Job(options.seed, first, options.inputs, options.workers, options.corpus)
        for first in range(options.workers)
    ]
    workers = [Worker(job).start() for job in jobs]
    while workers and time.monotonic() < deadline:
        workers = _listen(workers, campaign)
    for worker in workers:
        worker.process.kill()
    took = time.monotonic() - began
    click.echo(_summary(campaign, took, options.seed))
    return 1 if campaign.found else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="how many inputs at most")
    parser.add_argument("--seed", type=int, default=1, help="which inputs")
    parser.add_argument("--minutes", type=float, default=30, help="how long at most")
    parser.add_argument("--corpus", type=Path, help="a folder with further seeds")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="how many processes")
    return parser.parse_args()


def _listen(workers: list[Worker], campaign: Campaign) -> list[Worker]:
    """Hear what workers say, and put another one in the place of each that died; return those at work."""
    ready = wait([worker.pipe for worker in workers], timeout=1)
    still: list[Worker] = []
    for worker in workers:
        if worker.pipe not in ready:
            still += (
                [worker]
                if time.monotonic() - worker.heard < PATIENCE
                else _replaced(worker, "hangs", campaign)
            )
            continue
        try:
            campaign.note(worker.pipe.recv())
            worker.heard = time.monotonic()
            still.append(worker)
        except EOFError:
            worker.process.join()
            if worker.process.exitcode:
                still += _replaced(worker, f"dies with {worker.process.exitcode}", campaign)
    return still


def _replaced(worker: Worker, what: str, campaign: Campaign) -> list[Worker]:
    worker.process.kill()
    number = worker.number.value
    generator, text = regenerated(worker.job, number)
    failure = Failure(f"the process {what}", f"at input {number}")
    campaign.note(Found(number, generator, text, failure))
    rest = replace(worker.job, first=number + worker.job.step)
    return [Worker(rest).start()] if rest.first < rest.end else []


def _keep(found: Found) -> Path:
    """Write a failing input to where tests replay it from."""
    slug = re.sub(r"[^a-z0-9]+", "-", found.failure.what.lower()).strip("-")[:60]
    path = FOUND / f"{slug}-{hashlib.sha256(found.text).hexdigest()[:8]}.input"
    path.write_bytes(found.text)
    return path


def _summary(campaign: Campaign, took: float, seed: int) -> str:
    seconds, number = campaign.slowest
    return (
        f"{campaign.judged:,} inputs in {took:.0f} s ({campaign.judged / took:,.0f} a second, seed {seed}): "
        f"{len(campaign.found)} mistakes; the slowest took {seconds:.2f} s (input {number}); "
        f"a worker grew by {campaign.grown / 2**20:.0f} MiB at most (of {MEMORY / 2**20:.0f})"
    )


if __name__ == "__main__":
    sys.exit(main())
