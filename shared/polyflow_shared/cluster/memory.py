"""The cluster in memory: pods end by a script.  For tests and benchmarks.

Every verb takes the same time, however many pods there are (`list` and the beginning of a watch apart).

Planned faults: `unavailable` calls fail, `rejected` operations are refused, `busy` ones not taken now, `lose`
makes a pod vanish, and what a script answers may be silence.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from polyflow_shared.clock import Clock, SystemClock
from polyflow_shared.cluster.feed import Feed
from polyflow_shared.cluster.port import LogTail, Measurement, Pod, PodReport, Seen
from polyflow_shared.cluster.released import Released
from polyflow_shared.errors import ClusterBusyError, ClusterRejectedError, ClusterUnavailableError
from polyflow_topics.message import Values
from polyflow_topics.names import OperationName, PodName
from polyflow_topics.status import POD_FINAL, PodStatus


@dataclass(frozen=True, slots=True)
class Ending:
    """What becomes of a pod: what it measures, then how it ends."""

    status: PodStatus = PodStatus.SUCCEEDED
    reason: str = ""
    message: str = ""
    exit_code: int | None = 0
    outputs: Values = field(default_factory=dict)
    measurements: Sequence[tuple[int | None, Mapping[str, float]]] = ()
    """Pairs (step, values)."""


SUCCEEDED: Final = Ending()
Script = Callable[[Pod], Ending | None]
"""Says how a pod ends, at once; None lets it go on until `end`, a stop or its time-out."""


@dataclass(slots=True)
class _Entry:
    report: PodReport
    measurements: list[Measurement] = field(default_factory=list)
    timer: asyncio.Task[None] | None = None


class MemoryCluster:
    """Pods that only exist here.

    Attributes:
        unavailable: the number of calls to come that fail with ClusterUnavailableError.
        rejected: operations that are refused.
        busy: why operations are not taken now, for as long as they are named here.
        tails: ends of logs by pod; each release of it hands over the next of them.
        silent: operations whose reports nobody hears; `get` and `list` tell them.
        starts: pods that were started, so far.
    """

    def __init__(self, script: Script = lambda _: SUCCEEDED, *, clock: Clock | None = None) -> None:
        """Begin without pods."""
        self._script = script
        self._clock = clock or SystemClock()
        self._entries: dict[PodName, _Entry] = {}
        self._released = Released(self._clock)
        self._feed = Feed(self._present)
        self.unavailable = 0
        self.rejected: set[OperationName] = set()
        self.busy: dict[OperationName, ClusterBusyError] = {}
        self.tails: dict[PodName, deque[Sequence[LogTail]]] = {}
        self.silent: set[OperationName] = set()
        self.starts = 0

    async def ensure(self, pod: Pod) -> None:
        """Start the pod unless it exists, and end it if the script says so."""
        self._answer()
        if pod.operation in self.rejected:
            raise ClusterRejectedError(f"{pod.operation} is refused")
        if pod.operation in self.busy:
            raise self.busy[pod.operation]
        if pod.name in self._entries or pod.name in self._released:
            return
        self.starts += 1
        status, at = PodStatus.RUNNING, self._clock.now()
        report = PodReport(pod.name, pod.run, pod.operation, pod.index, pod.attempt, status, at)
        self._entries[pod.name] = entry = _Entry(report)
        self._publish(report)
        if ending := self._script(pod):
            self.end(pod.name, ending)
        elif pod.timeout is not None:
            entry.timer = asyncio.create_task(self._expire(pod.name, after=pod.timeout))

    async def stop(self, name: PodName, *, grace: float, reason: str) -> bool:
        """End the pod at once.  Return False if there is none."""
        self._answer()
        if name not in self._entries:
            return False
        self.end(name, Ending(PodStatus.STOPPED, reason, exit_code=143))
        return True

    async def release(self, name: PodName) -> Sequence[LogTail]:
        """Forget an ended pod, and hand over what `tails` has of it."""
        self._answer()
        if name in self._entries and self._entries[name].report.status in POD_FINAL:
            del self._entries[name]
            self._released.add(name)
        tails = self.tails.get(name)
        return tails.popleft() if tails else ()

    async def get(self, name: PodName) -> PodReport | None:
        """Return how the pod stands now."""
        self._answer()
        entry = self._entries.get(name)
        return entry.report if entry else None

    async def list(self) -> Sequence[PodReport]:
        """Return all pods that were not released."""
        self._answer()
        return [entry.report for entry in self._entries.values()]

    def watch(self) -> AsyncIterator[Sequence[Seen]]:
        """Yield the present state, then changes."""
        return self._feed.watch()

    async def close(self) -> None:
        """Let all watches end."""
        for entry in self._entries.values():
            _cancel(entry)
        self._feed.close()

    def measure(self, name: PodName, step: int | None, values: Mapping[str, float]) -> None:
        """Let a pod measure something."""
        entry, report = self._entries[name], self._entries[name].report
        line, at = len(entry.measurements), self._clock.now()
        measured = Measurement(report.run, report.operation, report.attempt, line, step, dict(values), at)
        entry.measurements.append(measured)
        self._publish(measured)

    def end(self, name: PodName, ending: Ending = SUCCEEDED) -> None:
        """Let a pod end, unless it has ended."""
        entry = self._entries[name]
        if entry.report.status in POD_FINAL:
            return
        for step, values in ending.measurements:
            self.measure(name, step, values)
        _cancel(entry)
        entry.report = replace(
            entry.report,
            status=ending.status,
            at=self._clock.now(),
            reason=ending.reason,
            message=ending.message,
            exit_code=ending.exit_code,
            outputs=ending.outputs,
        )
        self._publish(entry.report)

    def lose(self, name: PodName) -> None:
        """Let a pod vanish without a word."""
        _cancel(self._entries.pop(name))

    async def _expire(self, name: PodName, *, after: int) -> None:
        await self._clock.sleep(after)
        message = f"it took longer than {after} s"
        self.end(name, Ending(PodStatus.FAILED, "DeadlineExceeded", message, exit_code=143))

    def _answer(self) -> None:
        if self.unavailable:
            self.unavailable -= 1
            raise ClusterUnavailableError("a planned fault")

    def _publish(self, seen: Seen) -> None:
        if seen.operation not in self.silent:
            self._feed.publish((seen,))

    def _present(self) -> Iterator[Sequence[Seen]]:
        for entry in tuple(self._entries.values()):
            if entry.report.operation not in self.silent:
                yield (*entry.measurements, entry.report)


def _cancel(entry: _Entry) -> None:
    if entry.timer:
        entry.timer.cancel()
        entry.timer = None
