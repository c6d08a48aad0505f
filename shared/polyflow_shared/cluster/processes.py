"""The process cluster: each pod is a process group of its own on this machine.

The state is in memory, and in a ledger that survives this process.  Everything is done by the event loop:
nothing here waits for a process, a file or a lock.
"""

import asyncio
import contextlib
import errno
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from polyflow_shared.clock import Clock, SystemClock
from polyflow_shared.cluster.feed import Feed
from polyflow_shared.cluster.local.child import Child, start
from polyflow_shared.cluster.local.container import Invocation, inherit, invocation
from polyflow_shared.cluster.local.endings import NO_COMMAND, Ending, ending_of, not_started
from polyflow_shared.cluster.local.folders import Folder, folder_of
from polyflow_shared.cluster.local.follower import Follower, open_follower
from polyflow_shared.cluster.local.ledger import Known, Ledger, Process
from polyflow_shared.cluster.local.leftovers import MARK, born, kill_leftovers
from polyflow_shared.cluster.local.metrics import MetricsFile
from polyflow_shared.cluster.port import FINAL, Pod, PodReport, Seen
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_shared.logs import log_of
from polyflow_topics.names import PodName
from polyflow_topics.status import PodStatus

_BUSY = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC})
"""The machine has too little of something at the moment."""
_INTERRUPTED = Ending(PodStatus.LOST, "Interrupted", "the engine that ran it was ended")


async def open_cluster(
    runs: Path, *, state: Path, workdir: Path, clock: Clock | None = None, grace: float = 10.0
) -> "ProcessCluster":
    """Return a cluster that goes on from where one with the same state has ended, however it ended.

    What was still going then is killed, and reported `lost` with reason `Interrupted`.

    Args:
        runs: the folder of all runs' folders; a pod's files are in `RUN/operations/OPERATION/ATTEMPT/`.
        state: the ledger's file; one cluster, one file.
        workdir: where processes start whose container does not say.
        clock: what time-outs and graces go by; the machine's if not given.
        grace: seconds between TERM and KILL after a time-out, and when the cluster is closed (>= 0).

    Raises:
        ClusterTakenError: another process runs the cluster with this state.
    """
    ledger = Ledger(state)
    cluster = ProcessCluster(runs, ledger, workdir=workdir, clock=clock or SystemClock(), grace=grace)
    cluster.recover(ledger.known())
    return cluster


@dataclass(slots=True)
class _Entry:
    """A pod that was not released."""

    report: PodReport
    folder: Folder
    child: Child | None = None
    metrics: MetricsFile | None = None
    """None once the pod has ended."""
    following: int = -1
    intent: Ending | None = None
    """How it shall be reported, if we are the ones who end it."""
    timers: list[asyncio.Task[None]] = field(default_factory=list)


class ProcessCluster:
    """Runs pods as processes; made by `open_cluster`."""

    def __init__(self, runs: Path, ledger: Ledger, *, workdir: Path, clock: Clock, grace: float) -> None:
        """Begin without pods."""
        self._runs = runs
        self._ledger = ledger
        self._workdir = workdir
        self._clock = clock
        self._grace = grace
        self._entries: dict[PodName, _Entry] = {}
        self._feed = Feed(self._present)
        self._follower: Follower | None = None
        self._inherited = inherit(os.environ, str(Path(sys.executable).parent))
        self._closing = False
        self._all_ended = asyncio.Event()

    def recover(self, known: Known) -> None:
        """Take over the pods of an earlier cluster; what was still going is killed."""
        open_pods = [name for name, report in known.reports.items() if report.status not in FINAL]
        if open_pods:
            processes = {name: known.processes[name] for name in open_pods if name in known.processes}
            killed = kill_leftovers(set(open_pods), processes)
            log_of("cluster").warning("pods_interrupted", pods=len(open_pods), processes=len(killed))
        for name, report in known.reports.items():
            self._entries[name] = _Entry(report, folder_of(self._runs, report))
        for name in open_pods:
            self._record(self._entries[name], _INTERRUPTED)
        self._ledger.rewrite(self._known())

    async def ensure(self, pod: Pod) -> None:
        """Start the pod's process unless the pod exists.

        Raises:
            ClusterUnavailableError: the machine has no processes, memory or files left; try again later.
            ClusterRejectedError: its names or words can never be used here.
        """
        if pod.name in self._entries:
            return
        if self._closing:
            raise ClusterUnavailableError("the process cluster is being closed")
        folder = folder_of(self._runs, pod)
        entry = _Entry(_report(pod, self._clock), folder)
        what = invocation(pod.container, _given(pod, folder), self._inherited)
        self._entries[pod.name] = entry
        if not what.words:
            self._publish(entry, NO_COMMAND)
            return
        try:
            # Written before the start, so that a process which nobody knows of is impossible.
            self._ledger.pod(entry.report)
            self._start(pod, entry, what)
        except ClusterUnavailableError:
            self._forget(pod.name)
            raise

    async def stop(self, name: PodName, *, grace: float, reason: str) -> bool:
        """Send TERM to the pod's group, and KILL after `grace` seconds.  Return False if there is none."""
        if (entry := self._entries.get(name)) is None:
            return False
        # It may have ended by itself an instant ago, which then counts.
        if entry.child and not entry.child.settle():
            self._end(entry, Ending(PodStatus.STOPPED, reason, "it was stopped"), grace)
        return True

    async def release(self, name: PodName) -> None:
        """Forget an ended pod; its log and artifacts stay."""
        entry = self._entries.get(name)
        if entry and entry.report.status in FINAL:
            self._forget(name)

    async def get(self, name: PodName) -> PodReport | None:
        """Return how the pod stands now."""
        entry = self._entries.get(name)
        return entry.report if entry else None

    async def list(self) -> Sequence[PodReport]:
        """Return all pods that were not released, as they stand now."""
        return [entry.report for entry in self._entries.values()]

    def watch(self) -> AsyncIterator[Sequence[Seen]]:
        """Yield the present state, then changes."""
        return self._feed.watch()

    async def close(self) -> None:
        """End what still runs, wait for it, and let go of the state.

        What is ended like this is reported `lost` with reason `Interrupted`: nobody wanted it to end.
        """
        if self._closing:
            return
        self._closing = True
        for entry in tuple(self._entries.values()):
            if entry.child and not entry.child.settle():
                self._end(entry, _INTERRUPTED, self._grace)
        if self._going():
            await self._all_ended.wait()
        self._feed.close()
        if self._follower:
            self._follower.close()
        self._ledger.close()

    def _start(self, pod: Pod, entry: _Entry, what: Invocation) -> None:
        log = _made(entry.folder)
        workdir = str(self._workdir / (pod.container.working_dir or ""))
        try:
            process = start(what.words, environment=what.environment, folder=workdir, log=log)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in _BUSY:
                raise ClusterUnavailableError(f"the process cannot be started now: {error}") from error
            self._publish(entry, not_started(what, workdir, error))
        else:
            self._started(pod, entry, Child(process, lambda code: self._ended(entry, code)))
        finally:
            os.close(log)

    def _started(self, pod: Pod, entry: _Entry, child: Child) -> None:
        entry.child = child
        with contextlib.suppress(ClusterUnavailableError):  # its mark is enough to find it
            self._ledger.process(pod.name, Process(child.pid, born(child.pid)))
        entry.metrics = MetricsFile(entry.folder.metrics_file, entry.report)
        if self._follower is None:
            self._follower = open_follower(self._clock)
        entry.following = self._follower.follow(entry.folder.metrics_file, lambda: self._measure(entry))
        self._feed.publish((entry.report,))
        self._measure(entry)
        if pod.timeout is not None:
            self._after(entry, pod.timeout, lambda: self._expire(entry, pod.timeout))

    def _measure(self, entry: _Entry, *, ended: bool = False) -> None:
        if entry.metrics:
            for portion in entry.metrics.read(self._clock.now(), ended=ended):
                self._feed.publish(portion)

    def _end(self, entry: _Entry, intent: Ending, grace: float) -> None:
        """Send TERM, once, and KILL after the grace; the first intent counts, and the shortest grace."""
        if entry.intent is None and entry.child:
            entry.intent = intent
            entry.child.signal(signal.SIGTERM)
        if grace > 0:
            self._after(entry, grace, lambda: self._kill(entry))
        else:
            self._kill(entry)

    def _kill(self, entry: _Entry) -> None:
        if entry.child:
            entry.child.signal(signal.SIGKILL)

    def _expire(self, entry: _Entry, timeout: int | None) -> None:
        if entry.child and not entry.child.settle():
            message = f"it took longer than {timeout} s"
            self._end(entry, Ending(PodStatus.FAILED, "DeadlineExceeded", message), self._grace)

    def _ended(self, entry: _Entry, code: int) -> None:
        """Drain what the process wrote, then say how it ended."""
        if self._follower:
            self._follower.leave(entry.following)
        self._measure(entry, ended=True)
        if entry.metrics and entry.metrics.bad:
            log_of("cluster").warning("metrics_skipped", pod=entry.report.name, lines=entry.metrics.bad)
        entry.metrics = entry.child = None
        for timer in entry.timers:
            timer.cancel()
        self._publish(entry, ending_of(code, entry.intent, entry.folder))
        if self._closing and not self._going():
            self._all_ended.set()

    def _publish(self, entry: _Entry, ending: Ending) -> None:
        self._record(entry, ending)
        self._feed.publish((entry.report,))

    def _record(self, entry: _Entry, ending: Ending) -> None:
        entry.report = replace(
            entry.report,
            status=ending.status,
            at=self._clock.now(),
            reason=ending.reason,
            message=ending.message,
            exit_code=ending.exit_code,
            outputs=ending.outputs,
        )
        # In memory it is true in any case; what a crash makes of it then is an interrupted pod.
        with contextlib.suppress(ClusterUnavailableError):
            self._ledger.pod(entry.report)

    def _forget(self, name: PodName) -> None:
        del self._entries[name]
        if self._ledger.released(name):
            self._ledger.rewrite(self._known())

    def _known(self) -> Known:
        entries = self._entries.items()
        return Known(
            {name: entry.report for name, entry in entries},
            {name: Process(entry.child.pid, born(entry.child.pid)) for name, entry in entries if entry.child},
        )

    def _going(self) -> bool:
        return any(entry.child for entry in self._entries.values())

    def _present(self) -> Iterator[Sequence[Seen]]:
        for entry in tuple(self._entries.values()):
            metrics = MetricsFile(entry.folder.metrics_file, entry.report)
            yield from metrics.read(self._clock.now())
            if entry.report.status in FINAL:
                yield from metrics.read(self._clock.now(), ended=True)
            yield (entry.report,)

    def _after(self, entry: _Entry, seconds: float, act: Callable[[], None]) -> None:
        async def wait() -> None:
            await self._clock.sleep(seconds)
            act()

        entry.timers.append(asyncio.create_task(wait()))


def _made(folder: Folder) -> int:
    try:
        return folder.make()
    except OSError as error:
        raise ClusterUnavailableError(f"the folder {folder.path} cannot be made: {error.strerror}") from error


def _report(pod: Pod, clock: Clock) -> PodReport:
    return PodReport(pod.name, pod.run, pod.operation, pod.index, pod.attempt, PodStatus.RUNNING, clock.now())


def _given(pod: Pod, folder: Folder) -> dict[str, str]:
    """Return what polyflow tells every process."""
    return {
        "POLYFLOW_RUN": pod.run,
        "POLYFLOW_OPERATION": pod.operation,
        "POLYFLOW_ATTEMPT": str(pod.attempt),
        "POLYFLOW_PROJECT": pod.project,
        "POLYFLOW_OWNER": pod.owner,
        "POLYFLOW_OUTPUTS": folder.outputs_file,
        "POLYFLOW_METRICS": folder.metrics_file,
        "POLYFLOW_OUTPUTS_PATH": folder.outputs,
        "POLYFLOW_ARTIFACTS_PATH": folder.artifacts,
        MARK: pod.name,
    }
