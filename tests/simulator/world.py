"""One seed: a world is drawn, plays until nothing moves any more, and is judged."""

import asyncio
import random
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from polyflow_services.planner.rows import state as planner_state
from polyflow_shared.broker import codec
from polyflow_shared.broker.port import Record
from polyflow_shared.errors import FencedError, OffsetsLostError, TransientError
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics import catalog
from polyflow_topics.envelope import wire_name
from polyflow_topics.inbox import OutputsLogged
from tests.simulator import faults as all_faults
from tests.simulator import workload as all_wishes
from tests.simulator.broker import SimulatedBroker
from tests.simulator.cluster import Nature, PodWorld, SimulatedCluster
from tests.simulator.faults import Faults
from tests.simulator.process import Life, Surroundings
from tests.simulator.read_model import SimulatedReadModel
from tests.simulator.services import CLUSTER, DECIDERS, SERVICES, Parts, Ports
from tests.simulator.topics import Topics
from tests.simulator.users import Users
from tests.simulator.virtual_time import VirtualLoop
from tests.simulator.workload import Workload
from tests.verifier.facts import FINAL
from tests.verifier.history import history_kept
from tests.verifier.log import LoggedMessage, PodLife, logged
from tests.verifier.replay import replayed
from tests.verifier.verify import verify
from tests.verifier.violation import Strictness, Violation

PATIENCE: Final = 12.0
"""Effectors may be let wait so many times as long as they ask for."""
HORIZON: Final = 5 * 3600.0
"""Seconds after the last fault in which everything must come to its end."""
WIDE_HORIZON: Final = 4 * HORIZON
"""The same where a run has hundreds of operations, of which perhaps one runs at a time, a minute each."""
SETTLE: Final = 30.0


@dataclass
class Outcome:
    """What became of a seed."""

    seed: int
    violations: list[Violation]
    seconds: float
    """Of virtual time."""
    faults: int
    pods: int
    messages: list[LoggedMessage]
    lives: list[PodLife]
    story: list[str]


@dataclass
class Script:
    """What a seed draws."""

    faults: Faults
    workload: Workload
    nature: Nature
    replicas: dict[str, int]
    partitions: int
    rough: float
    """Seconds for which things go wrong."""


def drawn(rng: Random) -> Script:
    """Return what happens in a world."""
    faults = all_faults.draw(rng)
    workload = all_wishes.draw(rng)
    services = {name: rng.choice((1, 1, 2)) for name in SERVICES}
    services["spec_validator"] = services["early_stopping_monitor"] = 1
    needed = {
        "early_stopping_monitor": workload.traits.measures,
        "cache": workload.traits.caches,
        "admission": workload.traits.queues,
        "projector": workload.reads,
    }
    services = {name: count for name, count in services.items() if needed.get(name, True)}
    nature = Nature(
        fails=rng.choice((0.0, 0.1, 0.5)),
        lasts=rng.choice((0.2, 2.0, 2.0, 60.0)),
        starts=5.0 if workload.wide else 0.5,
        measures=workload.traits.measures,
        states=rng.random() < 0.3,
    )
    rough = max(rng.choice((10.0, 60.0, 300.0)), faults.stall)
    return Script(faults, workload, nature, services, rng.choice((1, 1, 2, 3)), rough)


def simulate(seed: int, parts: Parts | None = None, *, told: bool = False) -> Outcome:
    """Return what becomes of a seed.

    Args:
        seed: which world.
        parts: what the services are made of, where they are not as they are.
        told: whether the story is wanted.
    """
    loop = VirtualLoop()
    random.seed(seed)  # the shells' jitter
    rng = Random(seed)
    script = drawn(rng)
    around = Surroundings(loop, rng, script.faults, told=told)
    around.tell(lambda: f"seed {seed}: {script}")
    world = _World(around, script, parts or Parts())
    try:
        loop.run_until_complete(world.play())
        return world.outcome(seed)
    finally:
        _wind_up(loop)


def _wind_up(loop: VirtualLoop) -> None:
    loop.set_exception_handler(lambda *_: None)
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=60))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


class _World:
    def __init__(self, around: Surroundings, script: Script, parts: Parts) -> None:
        self._around = around
        self._script = script
        self._parts = parts
        self._pods = PodWorld(around, script.nature, self._state)
        self._topics = Topics(around, _counts(script.partitions))
        self._topics.listeners.append(self._hear)
        self._history = SqliteReadModel.open(Path(":memory:")) if script.workload.reads else None
        self._users = Users(around, self._topics, script.workload, self._history)
        self._followed: set[str] = set()
        """Runs that hooks have requested."""
        self._begun: set[str] = set()
        self._ended_runs: set[str] = set()
        self._refused: set[str] = set()
        self._lives: dict[str, Life] = {}
        self._crashes: list[Violation] = []
        self._over = False

    async def play(self) -> None:
        """Let everything happen, and return when nothing moves any more."""
        loop = self._around.loop
        tasks = [
            loop.create_task(self._supervise(service, f"{service}-{number}"))
            for service, count in self._script.replicas.items()
            for number in range(count)
        ]
        tasks += [loop.create_task(work) for work in self._users.at_work()]
        tasks += [loop.create_task(trouble) for trouble in self._troubles()]
        await self._quiet()
        self._over = True
        for life in self._lives.values():
            life.dead = True
        for task in tasks:
            task.cancel()

    def outcome(self, seed: int) -> Outcome:
        """Judge what is left."""
        messages = [logged(record) for record in self._topics.order]
        lives = [pod.life for pod in self._pods.lives]
        patience = self._script.faults.patience
        strict = Strictness(
            settle=SETTLE + patience if patience else HORIZON,
            hand_over=patience,
            early=60.0 if self._script.faults.clock_jumps else 0.0,
            limits=self._script.workload.limits,
        )
        found = [*self._crashes, *verify(messages, lives, strict)]
        if seed % 4 == 0 and not self._crashes:
            found += replayed(messages, self._parts.planner, planner_state.CODEC)
        if self._history is not None:
            with closing(SqliteReadModel.open(Path(":memory:"))) as fresh:
                found += history_kept(messages, self._history, fresh)
            self._history.close()
        story = self._around.story or []
        seconds, faults = self._around.loop.time(), self._around.happened
        return Outcome(seed, found, seconds, faults, len(lives), messages, lives, story)

    # Services

    async def _supervise(self, service: str, name: str) -> None:
        """Start a service, and start it again whenever it has died."""
        while True:
            life = Life(self._around, name)
            self._lives[name] = life
            serving = asyncio.ensure_future(SERVICES[service](self._ports(service, life), name))
            life.on_death.append(serving.cancel)
            await self._ended(life, serving)
            await asyncio.sleep(self._around.rng.random() * self._around.faults.restart)

    async def _ended(self, life: Life, serving: "asyncio.Future[None]") -> None:
        try:
            await serving
        except asyncio.CancelledError:
            if self._over or not life.dead:
                raise
        except (TransientError, FencedError, OffsetsLostError) as error:
            # The last is a suspicion: whoever is started again and finds offsets goes on.
            why = str(error)
            self._around.tell(lambda: f"{life.name} ends: {why}")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a mistake of ours
            self._crashes.append(_crash(life.name, error))
        life.die("its process has ended")

    def _ports(self, service: str, life: Life) -> Ports:
        patience = 1.0 if service in DECIDERS else PATIENCE
        broker = self._parts.broker(SimulatedBroker(self._topics, life, patience=patience))
        cluster = self._parts.cluster(SimulatedCluster(self._pods, life))
        history = SimulatedReadModel(self._history, life) if self._history is not None else None
        return Ports(life, broker, cluster, self._parts, self._script.workload.queues, history)

    # What is heard

    def _state(self, outputs: OutputsLogged) -> None:
        """Write what a pod states, as the gateway does that answers it."""
        record = codec.encode(outputs, source="/polyflow/gateway", at=self._around.loop.now())
        for _ in range(2 if self._around.chance(self._around.faults.doubled) else 1):
            self._topics.write(self._topics.place_of(record), [record])

    def _hear(self, record: Record) -> None:
        if record.topic != catalog.RUN_EVENTS.name:
            return
        wire, value = wire_name(record.headers), record.value or b""
        if wire == b"polyflow.request.rejected.v1":
            self._refused.add(record.key)
        elif wire == b"polyflow.run.changed.v1":
            self._begun.add(record.key)
            status = msgspec.json.decode(value)["status"]
            if status in FINAL:
                self._ended_runs.add(record.key)
            elif status == "created":  # a run that has ended goes on
                self._ended_runs.discard(record.key)
        elif wire == b"polyflow.hook.requested.v1":
            self._followed.add(msgspec.json.decode(value)["hook"])

    # Troubles

    def _troubles(self) -> Iterator[Coroutine[Any, Any, None]]:
        faults = self._around.faults
        yield self._heal()
        if faults.rebalance:
            yield self._now_and_then(faults.rebalance, self._rebalance)
        if faults.stall:
            yield self._now_and_then(min(faults.stall, 10.0), self._stall)
        if faults.node_dies:
            yield self._now_and_then(faults.node_dies, self._pods.lose_node)
        if faults.clock_jumps:
            yield self._now_and_then(faults.clock_jumps, self._jump)

    async def _now_and_then(self, seconds: float, trouble: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(self._around.rng.uniform(0, 2 * seconds))
            if self._around.loop.time() > self._script.rough:
                return
            self._around.happened += 1
            trouble()

    async def _heal(self) -> None:
        await asyncio.sleep(self._script.rough)
        self._around.tell(lambda: "nothing goes wrong any more")
        self._around.faults = self._around.faults.healed()
        self._topics.stalled.clear()
        for group in self._topics.groups.values():
            for member in group.members.values():
                member.wake()
        for life in self._lives.values():
            life.offset = 0.0

    def _rebalance(self) -> None:
        groups = list(self._topics.groups.values())
        if groups:
            self._around.rng.choice(groups).rebalance()

    def _stall(self) -> None:
        place = self._around.rng.choice(list(self._topics.partitions))
        seconds = self._around.rng.random() * self._around.faults.stall
        self._around.tell(lambda: f"{place} cannot be read for {seconds:.1f} s")
        self._topics.stall(place, seconds)

    def _jump(self) -> None:
        life = self._around.rng.choice(list(self._lives.values()))
        life.offset = self._around.rng.choice((-3600.0, -60.0, 60.0, 3600.0))
        self._around.tell(lambda: f"the clock of {life.name} is {life.offset:+.0f} s off")

    # The end

    async def _quiet(self) -> None:
        """Return when everything has come to its end, or cannot any more."""
        loop = self._around.loop
        horizon = WIDE_HORIZON if self._script.workload.wide else HORIZON
        while not self._settled() and loop.time() < self._script.rough + horizon:
            now = loop.time()
            await asyncio.sleep(0.5 if now < 60 else 5.0 if now < 600 else 30.0)

    def _settled(self) -> bool:
        if not self._users.done:
            return False
        over = self._ended_runs | (self._refused - self._begun)
        wanted = self._users.runs | self._followed
        return over >= wanted and not self._pods.pods and not self._topics.behind()


def _counts(partitions: int) -> dict[str, int]:
    fixed = {topic.name: topic.partitions or partitions for topic in catalog.CATALOG}
    del fixed[catalog.OPERATION_COMMANDS.name]
    return {**fixed, catalog.commands_topic(CLUSTER): partitions}


def _crash(name: str, error: Exception) -> Violation:
    where = traceback.extract_tb(error.__traceback__)[-1]
    text = f"{name} ends with {type(error).__name__}: {error} ({where.name}, line {where.lineno})"
    return Violation("I9", "", name, (), text)
