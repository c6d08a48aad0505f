"""One pod of the process cluster, from its start until its end is told."""

import asyncio
import contextlib
import errno
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from polyflow_shared.clock import Clock
from polyflow_shared.cluster.feed import Feed
from polyflow_shared.cluster.local.child import Child, start
from polyflow_shared.cluster.local.container import Invocation
from polyflow_shared.cluster.local.endings import NO_COMMAND, Ending, ending_of, not_started
from polyflow_shared.cluster.local.folders import Folder
from polyflow_shared.cluster.local.follower import Follower
from polyflow_shared.cluster.local.ledger import Ledger, Process
from polyflow_shared.cluster.local.leftovers import born
from polyflow_shared.cluster.local.metrics import MetricsFile
from polyflow_shared.cluster.port import FINAL, PodReport, Seen
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_shared.logs import log_of
from polyflow_topics.status import PodStatus

_BUSY: Final = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC})
"""The machine has too little of something at the moment."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all pods of a cluster share."""

    clock: Clock
    ledger: Ledger
    follower: Follower
    feed: Feed
    grace: float
    """Seconds between TERM and KILL after a time-out."""


class LocalPod:
    """A pod that was not released; there is a process only while it goes on.

    Attributes:
        report: how it stands.
        over: set once it has ended and that was told.
    """

    def __init__(self, report: PodReport, folder: Folder, around: Surroundings) -> None:
        """Begin without a process."""
        self.report = report
        self.over = asyncio.Event()
        self._folder = folder
        self._around = around
        self._metrics = MetricsFile(folder.metrics_file, report)
        self._following = -1
        self._child: Child | None = None
        self._process: Process | None = None
        self._intent: Ending | None = None
        self._timers: list[asyncio.Task[None]] = []

    @property
    def final(self) -> bool:
        """Whether it has ended."""
        return self.report.status in FINAL

    @property
    def process(self) -> Process | None:
        """The process while it goes on."""
        return self._process

    def start(self, what: Invocation, workdir: str, *, limit: int | None) -> None:
        """Start the process; if that is impossible for ever, the pod has ended.

        Args:
            what: words and environment.
            workdir: where it starts.
            limit: seconds that it may take; None is no limit.

        Raises:
            ClusterUnavailableError: there is no process, and trying again later may help.
        """
        if not what.words:
            self.finish(NO_COMMAND)
            return
        # Written before the start, so that a process which nobody knows of is impossible.
        self._around.ledger.pod(self.report)
        log = self._made()
        try:
            process = start(what.words, environment=what.environment, folder=workdir, log=log)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in _BUSY:
                raise ClusterUnavailableError(f"the process cannot be started now: {error}") from error
            self.finish(not_started(what, workdir, error))
        else:
            self._started(Child(process, self._ended), limit)
        finally:
            os.close(log)

    def end(self, intent: Ending, grace: float) -> None:
        """Send TERM, once, and KILL after the grace; the first intent counts, and the shortest grace.

        Args:
            intent: how the end is to be reported, unless it has ended by itself, if only an instant ago.
            grace: seconds (>= 0).
        """
        if self._child is None or self._child.settle():
            return
        if self._intent is None:
            self._intent = intent
            self._child.signal(signal.SIGTERM)
        if grace > 0:
            self._after(grace, self._kill)
        else:
            self._kill()

    def finish(self, ending: Ending) -> None:
        """Note how it has ended, and tell so."""
        self.report = replace(
            self.report,
            status=ending.status,
            at=self._around.clock.now(),
            reason=ending.reason,
            message=ending.message,
            exit_code=ending.exit_code,
            outputs=ending.outputs,
        )
        # In memory it is true in any case; what a crash makes of it then is an interrupted pod.
        with contextlib.suppress(ClusterUnavailableError):
            self._around.ledger.pod(self.report)
        self._around.feed.publish((self.report,))
        self.over.set()

    def present(self) -> Iterator[Sequence[Seen]]:
        """Yield all measurements so far, then the report, as they stand when they are yielded."""
        metrics = MetricsFile(self._folder.metrics_file, self.report)
        yield from metrics.read(self._around.clock.now())
        if self.final:
            yield from metrics.read(self._around.clock.now(), ended=True)
        yield (self.report,)

    def _made(self) -> int:
        try:
            return self._folder.make()
        except OSError as error:
            message = f"the folder {self._folder.path} cannot be made: {error.strerror}"
            raise ClusterUnavailableError(message) from error

    def _started(self, child: Child, limit: int | None) -> None:
        self._child = child
        self._process = Process(child.pid, born(child.pid))
        with contextlib.suppress(ClusterUnavailableError):  # its mark is enough to find it
            self._around.ledger.process(self.report.name, self._process)
        self._following = self._around.follower.follow(self._folder.metrics_file, self._measure)
        self._around.feed.publish((self.report,))
        self._measure()
        if limit is not None:
            late = Ending(PodStatus.FAILED, "DeadlineExceeded", f"it took longer than {limit} s")
            self._after(limit, lambda: self.end(late, self._around.grace))

    def _measure(self, *, ended: bool = False) -> None:
        for portion in self._metrics.read(self._around.clock.now(), ended=ended):
            self._around.feed.publish(portion)

    def _kill(self) -> None:
        if self._child:
            self._child.signal(signal.SIGKILL)

    def _ended(self, code: int) -> None:
        """Drain what the process wrote, then say how it ended."""
        self._around.follower.leave(self._following)
        self._measure(ended=True)
        if self._metrics.bad:
            log_of("cluster").warning("metrics_skipped", pod=self.report.name, lines=self._metrics.bad)
        self._child = self._process = None
        for timer in self._timers:
            timer.cancel()
        self.finish(ending_of(code, self._intent, self._folder))

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        async def wait() -> None:
            await self._around.clock.sleep(seconds)
            act()

        self._timers.append(asyncio.create_task(wait()))
