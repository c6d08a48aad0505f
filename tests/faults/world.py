"""A world: everything that a fault can be done to, runs that go on meanwhile, and the verdict on them."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copy
from typing import Any, Final

from polyflow_shared.cluster.kubernetes.pods.names import RUN
from polyflow_shared.machine.home import Home
from tests.faults.figures import Figures
from tests.faults.load import Load
from tests.faults.measuring import Measuring
from tests.faults.read_model import differences, kept, said
from tests.testbed.kafka import GivenKafka, KafkaServer
from tests.testbed.kafka_brokers import KafkaBrokers
from tests.testbed.kubernetes.control import ControlPlane
from tests.testbed.kubernetes.proxy import Proxy
from tests.testbed.services import Services
from tests.verifier.audit import read_audit
from tests.verifier.log import LoggedMessage, PodLife, write_messages, write_pods
from tests.verifier.present import completed
from tests.verifier.verify import verify
from tests.verifier.violation import Limits, Strictness, Violation

SETTLE: Final = 30.0
"""Seconds that a pod may outlive its operation."""
AFTER: Final = 10.0
"""Seconds after the last word of the last run, in which pods that nobody wants any more are stopped."""
RELEASED: Final = 60.0
"""Seconds in which some pod is released, until all are: this comes last in the launcher."""
SHOWN_WITHIN: Final = 60.0
"""Seconds after the end in which the projector catches up."""
SHOWN: Final = 100
"""Broken promises that are told, at most; the folder has what all of them are found in."""

Fault = Callable[[], Awaitable[None]]


@dataclass
class World:
    """All that a fault can be done to.

    Attributes:
        pods: the namespace of the pods.
        folder: for logs, and what is kept of a failure.
        faults: that were made, by kind; those of the services and the proxy count themselves.
        messages: all that were on the topics at the end.
        figures: what it came to; None before the end.
        limits: that the services were set to.
        measuring: sends what operations measure.
        killed: when the API server was killed, in seconds since 1970.
        touched: whether services or brokers are ended: then services may end by themselves as well.
    """

    scenario: str
    kafka: KafkaServer | GivenKafka | KafkaBrokers
    plane: ControlPlane
    proxy: Proxy
    services: Services
    load: Load
    pods: str
    folder: Path
    faults: Counter[str] = field(default_factory=Counter)
    messages: list[LoggedMessage] = field(default_factory=list)
    figures: Figures | None = None
    limits: Limits = field(default_factory=Limits)
    measuring: Measuring | None = None
    killed: list[float] = field(default_factory=list)
    touched: bool = False

    async def survives(
        self,
        fault: Fault,
        *,
        seconds: float | None = 15.0,
        limit: float = 120.0,
        pause: float = 0.25,
        most: int | None = None,
    ) -> list[Violation]:
        """Return the promises that were broken while runs were submitted and the fault went on.

        Args:
            fault: makes things go wrong, and right again before it returns.
            seconds: for which runs are submitted; None: for as long as the fault goes on.
            limit: seconds within which all of them have ended after that.
            pause: seconds between two runs.
            most: runs that go on at the same time, if there is a limit.

        Raises:
            AssertionError: a run has no end in time, or a service has ended that nothing was done to.
        """
        beside = [asyncio.create_task(self.load.listen()), asyncio.create_task(self._supervise())]
        if self.measuring is not None:
            self.load.hears = self.measuring.hear
            beside.append(asyncio.create_task(self.measuring.work()))
        try:
            async with asyncio.TaskGroup() as group:
                broken = group.create_task(_awaited(fault))
                group.create_task(self.load.go(_until(broken, seconds), pause=pause, most=most))
            await self.load.settled(limit)
            # What is stopped because nobody wants it any more comes after the last word of a run.
            await asyncio.sleep(AFTER)
            await self._released()
            await self._shown()
        finally:
            await _stopped(beside)
        return await self._judged()

    async def _released(self) -> None:
        """Return when all pods are released, or none was for long; the verifier names the others."""
        clock = asyncio.get_running_loop().time
        left, since = -1, clock()
        while left and clock() < since + RELEASED:
            before = left
            left = sum(life.deleted is None for life in await asyncio.to_thread(self._lives))
            if left != before:
                since = clock()
            await asyncio.sleep(2)

    async def _shown(self) -> None:
        """Return when the read model shows what the events have said.

        Raises:
            AssertionError: it does not, in time; the message has the first differences.
        """
        expected = said(await self.load.messages(), self.load.ended)
        history = Home(Path(self.services.environment["POLYFLOW_HOME"])).history
        end = asyncio.get_running_loop().time() + SHOWN_WITHIN
        while found := [*differences(expected, await asyncio.to_thread(kept, history, expected))]:
            assert asyncio.get_running_loop().time() < end, f"{len(found)} differences: {found[:5]}"
            await asyncio.sleep(1)

    def _lives(self) -> list[PodLife]:
        runs = {str(run) for run in self.load.submitted}
        return [life for life in read_audit(self.plane.audit, self.killed) if life.run in runs]

    def _objects(self) -> list[dict[str, Any]]:
        """Return the pods that are there still: an ended one is kept for longer than a scenario takes."""
        runs = {str(run) for run in self.load.submitted}
        pods = self.plane.api.get(f"/api/v1/namespaces/{self.pods}/pods")["items"]
        return [pod for pod in pods if pod["metadata"].get("labels", {}).get(RUN) in runs]

    async def _judged(self) -> list[Violation]:
        self.messages = await self.load.messages()
        lives = completed(self._lives(), await asyncio.to_thread(self._objects), time.time())
        found = verify(self.messages, lives, Strictness(settle=SETTLE, limits=self.limits))
        self._count(lives, found)
        if found:
            # What `python -m tests.verifier` reads.
            write_messages(self.folder / "messages.jsonl", self.messages)
            write_pods(self.folder / "pods.jsonl", lives)
            copy(self.plane.audit, self.folder / "audit.log")
        assert len(lives) > len(self.load.submitted) / 2, "hardly any pod was started"
        assert self.touched or not self.services.ends, "services have ended by themselves"
        return found

    def _count(self, lives: Sequence[PodLife], found: Sequence[Violation]) -> None:
        made = self.faults + Counter({f"{one} killed": count for one, count in self.services.kills.items()})
        made += Counter({"call to the API server spoilt": self.proxy.faults.counted})
        counts = (len(self.load.submitted), len(lives), len(self.messages))
        self.figures = Figures(self.scenario, *counts, made, len(self.services.ends), len(found))
        lines = [str(self.figures), *self.services.ends, *map(str, found[:SHOWN])]
        sys.stderr.write("\n" + "\n".join(lines) + "\n")

    async def _supervise(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self.services.revive()


async def _stopped(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks that go on for ever; raise the error of one that has ended by itself."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled():
            task.result()


async def _awaited(fault: Fault) -> None:
    await fault()


def _until(broken: asyncio.Task[None], seconds: float | None) -> Callable[[], bool]:
    """Return whether enough was submitted: for so long, or until what is broken is whole again."""
    if seconds is None:
        return broken.done
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    return lambda: loop.time() >= end
