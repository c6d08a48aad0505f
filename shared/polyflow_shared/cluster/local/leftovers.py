"""Processes that outlived the cluster that started them: found by number and mark, and killed.

A process is a pod's if its group is led by the recorded process, or if its environment names the pod: that
finds what was started and not recorded yet, and what stayed when its leader had ended.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from polyflow_shared.cluster.local.ledger import Process
from polyflow_topics.names import PodName

_ROUNDS: Final = 100
MARK: Final = "POLYFLOW_POD"
"""The environment variable that names the pod."""


@dataclass(frozen=True, slots=True)
class Running:
    """One process of this machine."""

    pid: int
    group: int
    born: int
    environment: str


def kill_leftovers(names: Collection[PodName], processes: Mapping[PodName, Process]) -> set[int]:
    """Kill what is left of these pods, and return the numbers of the processes.

    Looks again until nothing is left, for a process may start another while we look; what cannot be killed
    (it belongs to somebody else by now, or hangs in the kernel) is left after a hundred rounds.
    """
    killed: set[int] = set()
    for _ in range(_ROUNDS):
        found = _leftovers(names, processes)
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            break
        killed |= found
    return killed


def born(pid: int) -> int:
    """Return the clock ticks from the machine's start to the process's; 0 where that is not known."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return _stat(stat.read())[1]
    except OSError:
        return 0


def _leftovers(names: Collection[PodName], processes: Mapping[PodName, Process]) -> set[int]:
    leaders = {process.pid: process.born for process in processes.values()}
    running = list(_running())
    marked = {entry.pid for entry in running if _marked(entry, names)}
    groups = {
        entry.group
        for entry in running
        if entry.group in leaders and (entry.pid in marked or leaders.get(entry.pid) == entry.born != 0)
    }
    return marked | {entry.pid for entry in running if entry.group in groups}


def _marked(entry: Running, names: Collection[PodName]) -> bool:
    _, mark, rest = entry.environment.partition(f"{MARK}=")
    return bool(mark) and rest.split("\0", 1)[0].split(" ", 1)[0] in names


def _running() -> Iterator[Running]:
    """Yield the living processes that we may look into, except this one."""
    entries = _from_proc() if sys.platform == "linux" else from_ps()
    return (entry for entry in entries if entry.pid != os.getpid())


def _from_proc() -> Iterator[Running]:
    for name in os.listdir("/proc"):
        if not name.isdecimal():
            continue
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
            group, ticks, state = _stat(stat.read())
            if state not in "ZX":
                yield Running(int(name), group, ticks, _environment(name))


def _environment(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/environ", "rb") as environment:
            return environment.read().decode(errors="replace")
    except OSError:
        return ""


def _stat(line: bytes) -> tuple[int, int, str]:
    """Return group, start and state.  Source: proc(5); the name in brackets may hold anything."""
    words = line.rpartition(b")")[2].split()
    return int(words[2]), int(words[19]), words[0].decode()


def from_ps() -> Iterator[Running]:
    """Yield processes as `ps` lists them, for machines without /proc: the environment follows the command."""
    listed = subprocess.run(
        ["ps", "axeww", "-o", "pid=,pgid=,stat=,command="], capture_output=True, text=True, check=True
    )
    for line in listed.stdout.splitlines():
        pid, group, state, *rest = line.split(None, 3)
        if not state.startswith("Z"):
            yield Running(int(pid), int(group), 0, "".join(rest))
