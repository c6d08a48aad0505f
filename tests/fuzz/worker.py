"""A process that judges inputs under limits: its memory, and a second of the processor for each input."""

import gc
import resource
import time
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from polyflow_shared.hosting.garbage import collect_rarely
from tests.fuzz.inputs import made
from tests.fuzz.judge import Failure, judged
from tests.fuzz.material import Material, material
from tests.fuzz.minimise import smaller

MEMORY = 500 * 1024 * 1024
"""Bytes that a worker may grow by, after it has seen all seeds."""
MINIMISING = 20.0
"""Seconds for making one failing input small."""
_CONTEXT = get_context("fork")


@dataclass(frozen=True)
class Job:
    """Which inputs a worker judges: every `step`th number from `first` on, below `end`."""

    seed: int
    first: int
    end: int
    step: int
    corpus: Path | None


@dataclass(frozen=True)
class Found:
    """A failing input; `text` is as small as it could be made."""

    number: int
    generator: str
    text: bytes
    failure: Failure


@dataclass(frozen=True)
class Tally:
    """How far a worker has come.

    Attributes:
        number: the input it judges next.
        judged: inputs judged since the last tally.
        slowest: the longest that one took, in seconds of the processor, and which.
        grown: bytes that the worker has grown by at most.
    """

    number: int
    judged: int
    slowest: tuple[float, int]
    grown: int


@dataclass
class Worker:
    """A process, and the end of the pipe on which it says what it found."""

    job: Job
    process: Any = field(init=False)
    pipe: Connection = field(init=False)
    number: Any = field(init=False)
    """The input that it is at: what killed it, if it dies."""
    heard: float = field(default_factory=time.monotonic)

    def start(self) -> "Worker":
        """Start the process."""
        self.pipe, theirs = _CONTEXT.Pipe(duplex=False)
        self.number = _CONTEXT.RawValue("q", self.job.first)
        self.process = _CONTEXT.Process(target=_work, args=(self.job, theirs, self.number), daemon=True)
        self.process.start()
        theirs.close()
        return self


def _work(job: Job, pipe: Connection, at: Any) -> None:
    collect_rarely()
    seeds = material(job.corpus)
    for text in seeds.texts:
        judged(text)
    before = _limit_memory()
    known: set[str] = set()
    slowest, since = (0.0, 0), 0
    for number in range(job.first, job.end, job.step):
        at.value = number
        generator, text = made(job.seed, number, seeds)
        began = time.process_time()
        failure = judged(text)
        slowest = max(slowest, (time.process_time() - began, number))
        since += 1
        if failure is not None and failure.what not in known:
            known.add(failure.what)
            pipe.send(Found(number, generator, _small(text, failure), failure))
        if since == 100 or number + job.step >= job.end:
            pipe.send(Tally(number + job.step, since, slowest, _largest() - before))
            slowest, since = (0.0, 0), 0
            gc.collect()  # what earlier inputs left is no growth of later ones


def _limit_memory() -> int:
    """Bound what the process may grow by; return how large it is."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return _largest()


def _largest() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _small(text: bytes, failure: Failure) -> bytes:
    def fails(part: bytes) -> bool:
        again = judged(part)
        return again is not None and again.what == failure.what

    return smaller(text, fails, seconds=MINIMISING)


def regenerated(job: Job, number: int) -> tuple[str, bytes]:
    """Return the generator and the input that a worker died of."""
    seeds: Material = material(job.corpus)
    return made(job.seed, number, seeds)
