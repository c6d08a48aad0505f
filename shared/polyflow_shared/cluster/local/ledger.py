"""What a process cluster must know after it was killed: which pods there are, and how they ended.

One file for all pods, JSON lines: `{"pod": REPORT}` (the last one counts), `{"process": [NAME, PID, BORN]}`
and `{"released": NAME, "at": WHEN}`; without a time it never began.  Lines are not synced to the disk: they
survive the death of this process, and no process that they speak of survives the machine's.
"""

import contextlib
import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from polyflow_shared.cluster import wire
from polyflow_shared.cluster.port import PodReport
from polyflow_shared.errors import ClusterUnavailableError, InvariantError
from polyflow_shared.machine.home import locked
from polyflow_topics.names import PodName

_REWRITE_AT: Final = 5000
"""Lines of released pods that are carried along before the file is written anew."""


class ClusterTakenError(InvariantError):
    """Another process runs this cluster."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process, told apart from a later one with the same number."""

    pid: int
    born: int
    """Clock ticks from the machine's start to the process's; 0 where that is not known."""


@dataclass(slots=True)
class Known:
    """What the ledger holds."""

    reports: dict[PodName, PodReport] = field(default_factory=dict)
    processes: dict[PodName, Process] = field(default_factory=dict)
    released: dict[PodName, datetime] = field(default_factory=dict)
    """When pods were released, the oldest first."""

    def forget(self, name: PodName) -> None:
        """Drop what is known of a pod."""
        self.reports.pop(name, None)
        self.processes.pop(name, None)


class Ledger:
    """The file, open for appending and locked, so that no second cluster uses it.

    What writes to it raises ClusterUnavailableError if the machine does not let it: the disk is full.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            ClusterTakenError: another process cluster uses it.
        """
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _locked(path)
        self._released = 0

    def known(self) -> Known:
        """Return what the file says."""
        known = Known()
        with open(self._path, encoding="utf-8") as lines:
            for line in lines:
                # A line cut short, by a crash or a full disk, tells of what had not happened yet.
                with contextlib.suppress(json.JSONDecodeError):
                    _take(known, json.loads(line))
        return known

    def pod(self, report: PodReport) -> None:
        """Write how a pod stands."""
        self._append({"pod": wire.write_report(report)})

    def process(self, name: PodName, process: Process) -> None:
        """Write which process a pod is."""
        self._append({"process": [name, process.pid, process.born]})

    def released(self, name: PodName, at: datetime | None) -> bool:
        """Write that a pod is forgotten, and when; None if it never began.

        Returns:
            Whether it is time to `rewrite`.
        """
        self._append({"released": name, **({} if at is None else {"at": at.isoformat()})})
        self._released += 1
        return self._released >= _REWRITE_AT

    def rewrite(self, known: Known) -> None:
        """Write the file anew with what is still known; nothing is to be done while it is empty."""
        if not os.fstat(self._file).st_size:
            return
        fresh = self._path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        before, self._file = self._file, _locked(fresh)
        for report in known.reports.values():
            self.pod(report)
        for name, process in known.processes.items():
            self.process(name, process)
        for name, at in known.released.items():
            self.released(name, at)
        os.replace(fresh, self._path)
        os.close(before)
        self._released = 0

    def close(self) -> None:
        """Close the file and let its lock go."""
        os.close(self._file)

    def _append(self, line: dict[str, Any]) -> None:
        try:
            os.write(self._file, json.dumps(line).encode() + b"\n")
        except OSError as error:
            raise ClusterUnavailableError(f"the state cannot be written: {error.strerror}") from error


def _take(known: Known, line: dict[str, Any]) -> None:
    if "pod" in line:
        report = wire.read_report(line["pod"])
        known.reports[report.name] = report
    elif "process" in line:
        name, pid, born = line["process"]
        known.processes[name] = Process(pid, born)
    else:
        known.forget(line["released"])
        if "at" in line:
            known.released[line["released"]] = datetime.fromisoformat(line["at"])


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    if not locked(descriptor):
        os.close(descriptor)
        raise ClusterTakenError(f"another process cluster uses {path}")
    return descriptor
