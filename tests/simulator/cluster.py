"""The simulated cluster: pods with one name each, kept until they are released, on nodes that die."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from msgspec.structs import replace

from polyflow_shared.cluster.port import LogTail, Measurement, Pod, PodReport, Seen
from polyflow_shared.cluster.released import KEPT
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_topics.inbox import OutputsLogged
from polyflow_topics.message import Values
from polyflow_topics.names import PodName
from polyflow_topics.status import POD_FINAL, PodStatus
from tests.simulator.pipelines import EXIT_CODES
from tests.simulator.process import Life, Surroundings
from tests.verifier.log import PodLife

T = TypeVar("T")

NODES: Final = 3
_LOSSES: Final = (
    (PodStatus.LOST, "NodeLost"),
    (PodStatus.FAILED, "Evicted"),
    (PodStatus.STOPPED, "Deleted"),
)
RELIST: Final = 60.0
"""Seconds after which a watch that has lost something lists again, at the latest."""


@dataclass(frozen=True)
class Nature:
    """How pods of a world behave."""

    fails: float = 0.1
    """The chance that a pod fails by itself."""
    lasts: float = 2.0
    """Seconds that a pod takes, at most."""
    starts: float = 0.5
    """Seconds until a pod runs, at most."""
    measures: bool = False
    """Whether pods measure something."""
    states: bool = False
    """Whether jobs state outputs through the gateway."""


@dataclass
class SimulatedPod:
    """A pod object."""

    pod: Pod
    node: int
    life: PodLife
    report: PodReport
    measurements: list[Measurement] = field(default_factory=list)
    stopping: str = ""
    stated: int = 0
    """The number of its last statement of outputs."""

    @property
    def ended(self) -> bool:
        """Whether its containers have ended."""
        return self.report.status in POD_FINAL


class PodWorld:
    """What there is in the cluster, whoever looks at it."""

    def __init__(
        self, around: Surroundings, nature: Nature, gateway: Callable[[OutputsLogged], None]
    ) -> None:
        """Begin without pods.

        Args:
            around: the world.
            nature: how its pods behave.
            gateway: takes their outputs to the planner's inbox.
        """
        self.pods: dict[PodName, SimulatedPod] = {}
        self.lives: list[SimulatedPod] = []
        self.watches: list[SimulatedWatch] = []
        self._taken: dict[PodName, float] = {}
        """Until when the name of a released pod is taken."""
        self.free_at = 0.0
        """When the next call is taken, where they are throttled."""
        self._around = around
        self._nature = nature
        self._gateway = gateway

    def create(self, pod: Pod) -> None:
        """Create a pod, unless there is one of its name."""
        rng, loop = self._around.rng, self._around.loop
        if pod.name in self.pods or loop.time() < self._taken.get(pod.name, 0.0):
            return
        life = PodLife(pod.run, pod.index, pod.attempt, loop.now().timestamp())
        made = SimulatedPod(pod, rng.randrange(NODES), life, _report(pod, PodStatus.PENDING, "", loop.now()))
        self.pods[pod.name] = made
        self.lives.append(made)
        self._around.tell(lambda: f"  pod {pod.operation}#{pod.attempt} is created")
        if rng.random() < 0.3:
            self._say(made, PodStatus.PENDING, rng.choice(("", "Unschedulable")))
        loop.call_later(rng.random() * self._nature.starts, self._run, made)
        if pod.timeout is not None:
            loop.call_later(pod.timeout, self.end, made, PodStatus.FAILED, "DeadlineExceeded")

    def stop(self, name: PodName, *, grace: float, reason: str) -> bool:
        """Begin to end a pod."""
        found = self.pods.get(name)
        if found is None:
            return False
        if not found.ended and not found.stopping:
            found.stopping = reason
            seconds = self._around.rng.random() * min(grace, 2.0)
            self._around.loop.call_later(seconds, self.end, found, PodStatus.STOPPED, reason)
        return True

    def release(self, name: PodName) -> None:
        """Remove an ended pod."""
        found = self.pods.get(name)
        if found is not None and found.ended:
            del self.pods[name]
            self._taken[name] = self._around.loop.time() + KEPT.total_seconds()
            found.life = replace(found.life, deleted=self._around.loop.now().timestamp())
            self._around.tell(lambda: f"  pod {found.pod.operation}#{found.pod.attempt} is released")

    def end(self, found: SimulatedPod, status: PodStatus, reason: str) -> None:
        """End a pod, unless it has ended."""
        if found.ended:
            return
        self._say(found, status, reason)
        found.life = replace(found.life, ended=self._around.loop.now().timestamp())

    def lose_node(self) -> None:
        """Let a node die with everything on it."""
        node = self._around.rng.randrange(NODES)
        self._around.tell(lambda: f"node {node} dies")
        for found in list(self.pods.values()):
            if found.node == node:
                self.end(found, PodStatus.LOST, "NodeLost")

    def present(self) -> Iterator[Seen]:
        """Return all that a list tells: measurements before the report of their pod."""
        for found in self.pods.values():
            yield from found.measurements
            yield found.report

    def _run(self, found: SimulatedPod) -> None:
        if found.ended:
            return
        rng = self._around.rng
        self._say(found, PodStatus.RUNNING, "")
        seconds = rng.random() * self._nature.lasts
        if found.pod.parts.service is not None:
            self._serve(found, seconds)
            return
        if self._nature.states:
            for _ in range(rng.randint(0, 3)):
                self._around.loop.call_later(seconds * rng.random(), self._state, found)
        if self._nature.measures:
            self._around.loop.call_later(seconds / 2, self._measure, found)
        if self._around.chance(self._around.faults.pods_lost):
            ending = rng.choice(_LOSSES)
        elif rng.random() < self._nature.fails:
            ending = (PodStatus.FAILED, "Error")
        else:
            ending = (PodStatus.SUCCEEDED, "")
        self._around.loop.call_later(seconds, self.end, found, *ending)

    def _serve(self, found: SimulatedPod, seconds: float) -> None:
        """Let a service go on until it is stopped, but for what may happen to any pod."""
        if self._around.chance(self._around.faults.pods_lost):
            self._around.loop.call_later(seconds, self.end, found, *self._around.rng.choice(_LOSSES))
        elif self._around.rng.random() < self._nature.fails / 2:
            self._around.loop.call_later(seconds, self.end, found, PodStatus.FAILED, "Error")

    def _state(self, found: SimulatedPod) -> None:
        """Let a pod state its outputs: all so far; the answer that it gets is that of the gateway."""
        if found.ended:
            return
        found.stated += 1
        pod, loop, faults = found.pod, self._around.loop, self._around.faults
        outputs: Values = {f"v{number}": number for number in range(1, found.stated + 1)}
        said = OutputsLogged(
            run=pod.run,
            index=pod.index,
            attempt=pod.attempt,
            number=found.stated,
            outputs=outputs,
            at=loop.now(),
        )
        late = self._around.chance(0.5) and faults.statements_late
        loop.call_later(self._around.rng.random() * late if late else 0.0, self._gateway, said)

    def _measure(self, found: SimulatedPod) -> None:
        if found.ended:
            return
        pod, line = found.pod, len(found.measurements)
        values = {"accuracy": round(self._around.rng.random(), 3)}
        at = self._around.loop.now()
        found.measurements.append(Measurement(pod.run, pod.operation, pod.attempt, line, line, values, at))
        self._publish(found.measurements[-1])

    def _say(self, found: SimulatedPod, status: PodStatus, reason: str) -> None:
        pod = found.pod
        found.report = _report(pod, status, reason, self._around.loop.now())
        if status is PodStatus.SUCCEEDED:
            found.report = dataclasses.replace(found.report, awaited=found.stated)
        elif reason == "Error":
            code = self._around.rng.choice(EXIT_CODES)
            found.report = dataclasses.replace(found.report, exit_code=code)
        self._around.tell(lambda: f"  pod {pod.operation}#{pod.attempt} is {status} {reason}")
        self._publish(found.report)

    def _publish(self, seen: Seen) -> None:
        for watch in self.watches:
            watch.put(seen)


class SimulatedWatch:
    """One watch: says what happens, later, twice, or not until it lists again."""

    def __init__(self, world: PodWorld, life: Life) -> None:
        self._world = world
        self._life = life
        self._waiting: list[Seen] = list(world.present())
        self._before: list[Seen] = []
        self._deaf_until = 0.0
        self._arrived = asyncio.Event()
        if self._waiting:
            self._arrived.set()
        world.watches.append(self)
        life.on_death.append(lambda: world.watches.remove(self))

    def put(self, seen: Seen) -> None:
        """Take in what happens, unless it is lost on the way."""
        around, now = self._life.around, self._life.around.loop.time()
        if now < self._deaf_until:
            return
        if around.chance(around.faults.watch_gap):
            around.tell(lambda: f"a watch of {self._life.name} hears nothing for a while")
            self._deaf_until = now + around.rng.random() * RELIST
            around.loop.call_at(self._deaf_until, self.relist)
            return
        self._waiting.append(seen)
        self._arrived.set()

    def relist(self) -> None:
        """Say anew how everything stands."""
        self._waiting += self._world.present()
        self._arrived.set()

    def __aiter__(self) -> AsyncIterator[Sequence[Seen]]:
        return self

    async def __anext__(self) -> Sequence[Seen]:
        around = self._life.around
        await self._arrived.wait()
        if around.faults.watch_late and around.chance(0.2):
            await asyncio.sleep(around.rng.random() * around.faults.watch_late)
        await self._life.step("hears of pods")
        self._arrived.clear()
        told, self._waiting = self._waiting, []
        if around.chance(around.faults.watch_twice):
            told = [*self._before, *told]
        self._before = told[-3:]
        return told


class SimulatedCluster:
    """The cluster port, as one process sees it."""

    def __init__(self, world: PodWorld, life: Life) -> None:
        self._world = world
        self._life = life

    async def ensure(self, pod: Pod) -> None:
        """Start the pod unless one of its name is kept."""
        await self._call("creates a pod", lambda: self._world.create(pod))

    async def stop(self, name: PodName, *, grace: float, reason: str) -> bool:
        """Begin to end the pod; return False if there is none."""
        return await self._call("stops a pod", lambda: self._world.stop(name, grace=grace, reason=reason))

    async def release(self, name: PodName) -> Sequence[LogTail]:
        """Forget an ended pod."""
        await self._call("releases a pod", lambda: self._world.release(name))
        return ()

    async def get(self, name: PodName) -> PodReport | None:
        """Return how the pod stands."""
        return await self._call("asks for a pod", lambda: self._get(name))

    async def list(self) -> Sequence[PodReport]:
        """Return all pods that were not released."""
        return await self._call("lists pods", lambda: [one.report for one in self._world.pods.values()])

    def watch(self) -> SimulatedWatch:
        """Begin a watch."""
        return SimulatedWatch(self._world, self._life)

    async def close(self) -> None:
        """Let go."""

    async def _turn(self) -> None:
        """Wait as long as the cluster lets callers wait that are too many."""
        around, now = self._life.around, self._life.around.loop.time()
        if around.faults.throttled:
            begins = max(now, self._world.free_at)
            self._world.free_at = begins + around.faults.throttled
            await asyncio.sleep(begins - now)

    def _get(self, name: PodName) -> PodReport | None:
        found = self._world.pods.get(name)
        return found.report if found else None

    async def _call(self, what: str, call: Callable[[], T]) -> T:
        await self._life.step(what)
        around = self._life.around
        await self._turn()
        if around.chance(around.faults.cluster_fails):
            if around.rng.random() < 0.5:
                call()
            raise ClusterUnavailableError(f"a simulated fault: {what}")
        result = call()
        await self._life.step(f"{what}: done")
        return result


def _report(pod: Pod, status: PodStatus, reason: str, at: datetime) -> PodReport:
    blamed = (status, reason) == (PodStatus.FAILED, "Evicted")
    about = (pod.name, pod.run, pod.operation, pod.index, pod.attempt)
    return PodReport(*about, status, at, reason, infrastructure=blamed)
