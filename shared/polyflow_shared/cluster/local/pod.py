"""One pod of the process cluster, from its start until its end is told."""

import asyncio
import contextlib
import errno
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from polyflow_shared.clock import Clock
from polyflow_shared.cluster.feed import Feed
from polyflow_shared.cluster.local import serving
from polyflow_shared.cluster.local.child import Child, start
from polyflow_shared.cluster.local.endings import (
    Ending,
    beside_ending,
    ending_of,
    init_ending,
    no_command,
    not_started,
    volume_ending,
)
from polyflow_shared.cluster.local.folders import Folder
from polyflow_shared.cluster.local.follower import Follower
from polyflow_shared.cluster.local.ledger import Ledger, Process
from polyflow_shared.cluster.local.leftovers import born
from polyflow_shared.cluster.local.metrics import MetricsFile
from polyflow_shared.cluster.local.program import Program, Step
from polyflow_shared.cluster.port import PodReport, Seen, address
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_shared.observing.logs import log_of
from polyflow_topics.pods import Service
from polyflow_topics.status import POD_FINAL, PodStatus

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


@dataclass(frozen=True, slots=True)
class _Failure:
    """A step that could not be started."""

    step: Step
    error: OSError | ValueError

    @property
    def busy(self) -> bool:
        return isinstance(self.error, OSError) and self.error.errno in _BUSY


class LocalPod:
    """A pod that was not released; there are processes only while it goes on.

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
        self._steps: list[Step] = []
        """Those that come after the one that runs; none left while the main container does."""
        self._sidecars: Sequence[Step] = ()
        self._child: Child | None = None
        """The step that runs."""
        self._beside: dict[str, Child] = {}
        """The sidecars that run, by name."""
        self._process: Process | None = None
        self._intent: Ending | None = None
        self._ending: Ending | None = None
        """How it ends, once only sidecars have still to."""
        self._timers: list[asyncio.Task[None]] = []

    @property
    def final(self) -> bool:
        """Whether it has ended."""
        return self.report.status in POD_FINAL

    @property
    def process(self) -> Process | None:
        """The process of the step that runs."""
        return self._process

    def start(self, program: Program, *, limit: int | None, service: Service | None = None) -> None:
        """Start the first step; if that is impossible for ever, the pod has ended.

        Args:
            program: what runs.
            limit: seconds that all of it may take; None is no limit.
            service: set where it is one; it runs once it is up.

        Raises:
            ClusterUnavailableError: there is no process, and trying again later may help.
        """
        for step in (*program.steps, *program.beside):
            if not step.what.words:
                self.finish(no_command(step.name))
                return
        if service is not None and (ending := serving.taken(service.ports)):
            self.finish(ending)
            return
        # Written before the start, so that a process which nobody knows of is impossible.
        self._around.ledger.pod(self.report)
        self._steps, self._sidecars = list(program.steps), program.beside
        log = self._made()
        try:
            for folder in program.folders:
                os.makedirs(folder, exist_ok=True)
            failure = self._next(log)
        except OSError as error:
            self.finish(volume_ending(error))
        else:
            self._begun(failure, limit)
            if service is not None and not self.final:
                self._timers.append(asyncio.create_task(self._serve(service.ports)))
        finally:
            os.close(log)

    def end(self, intent: Ending, grace: float) -> None:
        """Send TERM, once, and KILL after the grace; the first intent counts, and the shortest grace.

        Sidecars get TERM once the main process has ended.

        Args:
            intent: how the end is to be reported, unless it has ended by itself, if only an instant ago.
            grace: seconds (>= 0).
        """
        if self.final:
            return
        # An init container that ended just now must not let the next one start.
        if self._intent is None and (self._steps or self._goes_on()):
            self._intent = intent
            self._signal(signal.SIGTERM)
        if not self.final:
            self._kill_after(grace)

    def finish(self, ending: Ending) -> None:
        """Note how it has ended, and tell so."""
        for timer in self._timers:
            timer.cancel()
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

    def _next(self, log: int) -> _Failure | None:
        """Start the next step; together with the main one, which is the last, all sidecars."""
        step = self._steps.pop(0)
        for one in () if self._steps else self._sidecars:
            child = self._spawn(one, log, partial(self._sidecar_ended, one.name))
            if isinstance(child, _Failure):
                return child
            self._beside[one.name] = child
        child = self._spawn(step, log, partial(self._ended, step))
        if isinstance(child, _Failure):
            return child
        self._child = child
        self._process = Process(child.pid, born(child.pid))
        with contextlib.suppress(ClusterUnavailableError):  # its mark is enough to find it
            self._around.ledger.process(self.report.name, self._process)
        return None

    def _spawn(self, step: Step, log: int, ended: Callable[[int], None]) -> Child | _Failure:
        try:
            process = start(step.what.words, environment=step.what.environment, folder=step.workdir, log=log)
        except (OSError, ValueError) as error:
            return _Failure(step, error)
        return Child(process, ended)

    def _begun(self, failure: _Failure | None, limit: int | None) -> None:
        if failure is not None:
            if failure.busy and not self._beside:
                message = f"the process cannot be started now: {failure.error}"
                raise ClusterUnavailableError(message) from failure.error
            self._conclude(self._not_started(failure))
            return
        self._following = self._around.follower.follow(self._folder.metrics_file, self._measure)
        self._around.feed.publish((self.report,))
        self._measure()
        if limit is not None:
            late = Ending(PodStatus.FAILED, "DeadlineExceeded", f"it took longer than {limit} s")
            self._after(limit, lambda: self.end(late, self._around.grace))

    async def _serve(self, ports: Sequence[int]) -> None:
        await serving.until_up(ports[0], self._around.clock)
        where = address(serving.HOST, ports)
        now = self._around.clock.now()
        self.report = replace(
            self.report, status=PodStatus.RUNNING, at=now, reason="", message="", outputs=where
        )
        self._around.feed.publish((self.report,))

    def _not_started(self, failure: _Failure) -> Ending:
        step = failure.step
        ending = not_started(step.what, step.workdir, failure.error)
        if step in self._sidecars:
            return beside_ending(step.name, ending)
        return init_ending(step.name, ending) if self._steps else ending

    def _measure(self, *, ended: bool = False) -> None:
        for portion in self._metrics.read(self._around.clock.now(), ended=ended):
            self._around.feed.publish(portion)

    def _ended(self, step: Step, code: int) -> None:
        """Go on with the next step, or say how it has ended."""
        self._child = self._process = None
        if not self._steps or code or self._intent:
            self._drain()
            ending = ending_of(code, self._intent, self._folder)
            failed = self._steps and self._intent is None
            self._conclude(init_ending(step.name, ending) if failed else ending)
            return
        try:
            log = self._folder.open_log()
        except OSError as error:
            self._conclude(init_ending(step.name, volume_ending(error)))
            return
        failure = self._next(log)
        os.close(log)
        if failure is not None:
            self._drain()
            self._conclude(self._not_started(failure))

    def _drain(self) -> None:
        """Read the rest of what the processes have measured."""
        self._around.follower.leave(self._following)
        self._measure(ended=True)
        if self._metrics.bad:
            log_of("cluster").warning("metrics_skipped", pod=self.report.name, lines=self._metrics.bad)

    def _conclude(self, ending: Ending) -> None:
        """Finish once all sidecars have ended, which are told to."""
        self._ending = ending
        for child in tuple(self._beside.values()):
            child.signal(signal.SIGTERM)
        if self._beside:
            self._kill_after(self._around.grace)
        else:
            self.finish(ending)

    def _sidecar_ended(self, name: str, _code: int) -> None:
        del self._beside[name]
        if self._ending is not None and not self._beside:
            self.finish(self._ending)

    def _goes_on(self) -> bool:
        return self._child is not None and not self._child.settle()

    def _signal(self, number: int) -> None:
        if self._child:
            self._child.signal(number)

    def _kill_after(self, seconds: float) -> None:
        if seconds > 0:
            self._after(seconds, self._kill)
        else:
            self._kill()

    def _kill(self) -> None:
        self._signal(signal.SIGKILL)
        for child in tuple(self._beside.values()):
            child.signal(signal.SIGKILL)

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        async def wait() -> None:
            await self._around.clock.sleep(seconds)
            act()

        self._timers.append(asyncio.create_task(wait()))
