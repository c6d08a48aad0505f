"""Whole commands, from a cold start to their exit: the bare loop, Luigi and `polyflow run` on one graph."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tests.benchmarks.table import Row, seconds
from tests.benchmarks.workloads import WORKLOADS, Workload, write

HERE = Path(__file__).parent
POLYFLOW = Path(sys.executable).with_name("polyflow")
RUNS = 5
"""Measured runs of each; one more before them warms the caches."""


def measure(workload: Workload, folder: Path) -> Row:
    """Return the medians for one graph; the three take turns, so that all see the same machine."""
    folder.mkdir()
    graph, pipeline = write(workload.graph, folder)
    contestants: list[Callable[[int], float]] = [
        lambda turn: bare(graph),
        lambda turn: luigi(graph, folder / f"luigi-{turn}"),
        lambda turn: polyflow(pipeline, folder / f"home-{turn}"),
    ]
    taken = [[run(turn) for run in contestants] for turn in range(RUNS + 1)][1:]
    floor, other, ours = (median(column) for column in zip(*taken, strict=True))
    goal = f"≤ {workload.goal:.2f} s"
    return Row(workload.title, seconds(floor), seconds(other), seconds(ours), goal, ours <= workload.goal)


def bare(graph: Path) -> float:
    """Return seconds that the bare loop takes."""
    return timed([sys.executable, str(HERE / "bare_loop.py"), str(graph)])


def luigi(graph: Path, folder: Path) -> float:
    """Return seconds that Luigi takes."""
    folder.mkdir()
    return timed([sys.executable, str(HERE / "luigi_tasks.py"), str(graph), str(folder)])


def polyflow(pipeline: Path, home: Path) -> float:
    """Return seconds that `polyflow run` takes, which must succeed."""
    command = [str(POLYFLOW), "run", str(pipeline), "--format", "json"]
    return timed(command, check=_succeeded, POLYFLOW_HOME=str(home))


def timed(command: list[str], *, check: Callable[[str], None] | None = None, **variables: str) -> float:
    """Return seconds from the start of a command to its exit, which must be 0.

    Raises:
        CalledProcessError: the command failed.
    """
    # As users have it: Python keeps what it has compiled.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    done = subprocess.run(command, env=environment | variables, check=False, capture_output=True, text=True)
    took = time.perf_counter() - began
    if done.returncode:
        sys.stderr.write(done.stderr[-2000:])
        raise subprocess.CalledProcessError(done.returncode, command)
    if check is not None:
        check(done.stdout)
    return took


def _succeeded(output: str) -> None:
    status = json.loads(output.splitlines()[-1])["status"]
    if status != "succeeded":
        raise ValueError(f"the run ended {status}")


def rows() -> list[Row]:
    """Return a row for each graph.

    What was written is removed at the very end only: for half a minute after many files were removed, ext4 makes
    new ones 20 times slower (1 ms each), because it does not use their inodes again so soon but looks at each.
    """
    with tempfile.TemporaryDirectory(prefix="polyflow-bench-") as name:
        return [measure(workload, Path(name) / str(number)) for number, workload in enumerate(WORKLOADS)]
