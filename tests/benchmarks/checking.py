"""Checking a specification: cold and warm, small and large, beside the reference's own check of the same file."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import yaml

from polyflow.specifications.checking import Options, check_file
from tests.benchmarks import reference
from tests.benchmarks.table import Row
from tests.benchmarks.workloads import Graph, chain, layers, specification

POLYFLOW = Path(sys.executable).with_name("polyflow")
SMALL: Graph = layers(5, 10)
"""50 operations, 400 edges."""
LARGE: Graph = chain(10_000)
RUNS = 5
WARM_RUNS = 20
WARM_GOAL, COLD_GOAL, LARGE_GOAL = 0.020, 0.40, 2.5
"""Seconds."""
MEMORY_GOAL = 500
"""MiB that the process may have at most."""
SHARE = 1 / 3
"""Of the reference's time."""


def rows() -> list[Row]:
    """Return a row for each way of checking."""
    theirs = reference.installed()
    with tempfile.TemporaryDirectory(prefix="polyflow-bench-") as name:
        small, large = _written(SMALL, Path(name) / "small.yaml"), _written(LARGE, Path(name) / "large.yaml")
        return [
            _warm(small, theirs),
            _cold("check of 50 operations, cold command", small, theirs, COLD_GOAL, RUNS),
            _cold("check of 10,000 operations, cold command", large, theirs, LARGE_GOAL, 3),
            _memory(large, theirs),
        ]


def _written(graph: Graph, file: Path) -> Path:
    file.write_text(yaml.dump(_spelled(graph), Dumper=yaml.CSafeDumper, sort_keys=False))
    return file


def _spelled(graph: Graph) -> dict[str, object]:
    """Return a pipeline of containers with images, which the reference wants."""
    whole = specification(graph)
    whole["run"]["components"][0]["run"]["container"]["image"] = "busybox"  # type: ignore[index]
    return whole


def _warm(file: Path, theirs: Path | None) -> Row:
    """Return medians of checks in a process that has checked the file before."""
    ours = _ours_warm(file)
    other = median(reference.warm(theirs, file, RUNS)) if theirs else None
    return _row("check of 50 operations, warm", other, ours, WARM_GOAL)


def _ours_warm(file: Path) -> float:
    options = Options()
    taken = []
    for _ in range(WARM_RUNS + 1):
        began = time.perf_counter()
        checking = check_file(file, options)
        taken.append(time.perf_counter() - began)
        if not checking.checked.accepted:
            raise ValueError(f"{file} is refused: {checking.checked.errors[0]}")
    return median(taken[1:])


def _cold(title: str, file: Path, theirs: Path | None, goal: float, runs: int) -> Row:
    """Return medians of whole commands, in turns, so that both see the same machine."""
    contestants: list[Callable[[], tuple[float, int]]] = [lambda: measured(_our_command(file))]
    if theirs is not None:
        contestants.append(lambda: measured(_their_command(theirs, file)))
    taken = [[run()[0] for run in contestants] for _ in range(runs + 1)][1:]
    medians = [median(column) for column in zip(*taken, strict=True)]
    return _row(title, medians[1] if theirs else None, medians[0], goal)


def _memory(file: Path, theirs: Path | None) -> Row:
    ours = measured(_our_command(file))[1]
    other = f"{measured(_their_command(theirs, file))[1]} MiB" if theirs else "-"
    goal = f"≤ {MEMORY_GOAL} MiB"
    return Row("check of 10,000 operations, memory", "-", other, f"{ours} MiB", goal, ours <= MEMORY_GOAL)


def _row(title: str, theirs: float | None, ours: float, goal: float) -> Row:
    met = ours <= goal and (theirs is None or ours <= theirs * SHARE)
    said = f"{_told(ours)} (1/{theirs / ours:.0f})" if theirs else _told(ours)
    wanted = f"≤ {_told(goal)} and ≤ 1/3"
    return Row(title, "-", _told(theirs) if theirs else "-", said, wanted, met)


def _told(value: float) -> str:
    return f"{value * 1000:.1f} ms" if value < 0.1 else f"{value:.2f} s"


def _our_command(file: Path) -> list[str]:
    return [str(POLYFLOW), "check", str(file)]


def _their_command(commands: Path, file: Path) -> list[str]:
    return [str(commands / "polyaxon"), "check", "-f", str(file)]


def measured(command: Sequence[str]) -> tuple[float, int]:
    """Return seconds from the start of a command to its exit, which must be 0, and MiB that it had at most.

    Raises:
        CalledProcessError: the command failed.
    """
    variables = {
        name: value for name, value in reference.environment().items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    began = time.perf_counter()
    process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)  # it was waited for already
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    return took, usage.ru_maxrss // 1024
