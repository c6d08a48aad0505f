"""The process cluster: each pod is a process group of its own on this machine.

The state is in memory, and in a ledger that survives this process.  Everything is done by the event loop:
nothing here waits for a process, a file or a lock.
"""

import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from polyflow_shared.clock import Clock, SystemClock
from polyflow_shared.cluster.feed import Feed
from polyflow_shared.cluster.local.artifacts import folders_of
from polyflow_shared.cluster.local.container import inherit
from polyflow_shared.cluster.local.endings import Ending
from polyflow_shared.cluster.local.folders import Folder, folder_of
from polyflow_shared.cluster.local.follower import open_follower
from polyflow_shared.cluster.local.ledger import Known, Ledger
from polyflow_shared.cluster.local.leftovers import MARK, kill_leftovers
from polyflow_shared.cluster.local.pod import LocalPod, Surroundings
from polyflow_shared.cluster.local.program import Machine, program
from polyflow_shared.cluster.port import NOT_READY, LogTail, Pod, PodReport, Seen, identity
from polyflow_shared.cluster.released import Released
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_shared.observing.logs import log_of
from polyflow_topics.names import PodName
from polyflow_topics.status import POD_FINAL, PodStatus

_INTERRUPTED: Final = Ending(PodStatus.LOST, "Interrupted", "the engine that ran it was ended")


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


class ProcessCluster:
    """Runs pods as processes; made by `open_cluster`, inside an event loop."""

    def __init__(self, runs: Path, ledger: Ledger, *, workdir: Path, clock: Clock, grace: float) -> None:
        """Begin without pods."""
        self._runs = runs
        self._feed = Feed(self._present)
        self._around = Surroundings(clock, ledger, open_follower(clock), self._feed, grace)
        inherited = inherit(os.environ, str(Path(sys.executable).parent))
        self._machine = Machine(runs.parent, workdir, inherited)
        self._pods: dict[PodName, LocalPod] = {}
        self._released = Released(clock)
        self._closing = False

    def recover(self, known: Known) -> None:
        """Take over the pods of an earlier cluster; what was still going is killed."""
        left = {name for name, report in known.reports.items() if report.status not in POD_FINAL}
        if left:
            processes = {name: process for name, process in known.processes.items() if name in left}
            killed = kill_leftovers(left, processes)
            log_of("cluster").warning("pods_interrupted", pods=len(left), processes=len(killed))
        self._released.restore(known.released)
        for name, report in known.reports.items():
            self._pods[name] = LocalPod(report, folder_of(self._runs, report), self._around)
        for name in left:
            self._pods[name].finish(_INTERRUPTED)
        self._around.ledger.rewrite(self._known())

    async def ensure(self, pod: Pod) -> None:
        """Start the pod's process unless the pod exists.

        Raises:
            ClusterUnavailableError: the machine has no processes, memory or files left; try again later.
            ClusterRejectedError: its names can never be those of folders.
        """
        if pod.name in self._pods or pod.name in self._released:
            return
        if self._closing:
            raise ClusterUnavailableError("the process cluster is being closed")
        folder = folder_of(self._runs, pod)
        self._pods[pod.name] = local = LocalPod(_report(pod, self._around.clock), folder, self._around)
        runs = program(pod, {**_given(pod, folder), **folders_of(pod, self._runs)}, folder, self._machine)
        if isinstance(runs, Ending):
            local.finish(runs)
            return
        try:
            local.start(runs, limit=pod.timeout, service=pod.parts.service)
        except ClusterUnavailableError:
            self._forget(pod.name, None)
            raise

    async def stop(self, name: PodName, *, grace: float, reason: str) -> bool:
        """Send TERM to the pod's group, and KILL after `grace` seconds.  Return False if there is none."""
        if (pod := self._pods.get(name)) is None:
            return False
        pod.end(Ending(PodStatus.STOPPED, reason, "it was stopped"), grace)
        return True

    async def release(self, name: PodName) -> Sequence[LogTail]:
        """Forget an ended pod; its log and artifacts stay, where whoever asks for them finds them."""
        pod = self._pods.get(name)
        if pod and pod.final:
            self._forget(name, self._released.add(name))
        return ()

    async def get(self, name: PodName) -> PodReport | None:
        """Return how the pod stands now."""
        pod = self._pods.get(name)
        return pod.report if pod else None

    async def list(self) -> Sequence[PodReport]:
        """Return all pods that were not released, as they stand now."""
        return [pod.report for pod in self._pods.values()]

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
        going = [pod for pod in self._pods.values() if not pod.final]
        for pod in going:
            pod.end(_INTERRUPTED, self._around.grace)
        for pod in going:
            await pod.over.wait()
        self._feed.close()
        self._around.follower.close()
        self._around.ledger.close()

    def _forget(self, name: PodName, at: datetime | None) -> None:
        del self._pods[name]
        if self._around.ledger.released(name, at):
            self._around.ledger.rewrite(self._known())

    def _known(self) -> Known:
        return Known(
            {name: pod.report for name, pod in self._pods.items()},
            {name: pod.process for name, pod in self._pods.items() if pod.process},
            dict(self._released.items()),
        )

    def _present(self) -> Iterator[Sequence[Seen]]:
        for pod in tuple(self._pods.values()):
            yield from pod.present()


def _report(pod: Pod, clock: Clock) -> PodReport:
    report = PodReport(
        pod.name, pod.run, pod.operation, pod.index, pod.attempt, PodStatus.RUNNING, clock.now()
    )
    if pod.parts.service is None:
        return report
    message = f"port {pod.parts.service.ports[0]} does not answer yet"
    return replace(report, status=PodStatus.PENDING, reason=NOT_READY, message=message)


def _given(pod: Pod, folder: Folder) -> dict[str, str]:
    """Return what polyflow tells every process."""
    return {
        **identity(pod),
        "POLYFLOW_OUTPUTS": folder.outputs_file,
        "POLYFLOW_METRICS": folder.metrics_file,
        "POLYFLOW_OUTPUTS_PATH": folder.outputs,
        "POLYFLOW_ARTIFACTS_PATH": folder.artifacts,
        MARK: pod.name,
    }
