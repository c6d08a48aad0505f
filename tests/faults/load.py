"""Runs of all shapes, submitted while things break; then everything has to come to its end."""

import asyncio
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from polyflow.requests.orders import Request
from polyflow.running.kafka import KafkaRuns
from polyflow_shared.broker import codec
from polyflow_shared.broker.kafka import KafkaBroker, KafkaConfig
from polyflow_shared.errors import TransientError
from polyflow_topics.catalog import RUN_EVENTS
from polyflow_topics.events import OperationChanged, RequestRejected, RunChanged
from polyflow_topics.message import Message
from polyflow_topics.names import RunId
from polyflow_topics.status import FINAL
from tests.kubernetes.fates import FATE
from tests.verifier.log import LoggedMessage
from tests.verifier.reading import recorded

RUNS_FOR: Final = "testbed.polyflow.io/runs-for"
"""The annotation of a pod that says how long it runs."""
Shape = Callable[[random.Random], str]
"""Returns a pipeline."""


def operation(
    name: str, *upstreams: str, fate: str = "", runs_for: str = "", retries: int = 0, **environment: Any
) -> str:
    """Return an operation of a DAG, as one line of YAML; `environment` has more about its pod."""
    labels = {FATE: fate} if fate else {}
    notes = {RUNS_FOR: runs_for} if runs_for else {}
    return json.dumps(
        {
            "name": name,
            "dependencies": list(upstreams),
            "termination": {"maxRetries": retries},
            "environment": {"labels": labels, "annotations": notes, **environment},
            "run": {"kind": "job", "container": {"image": "fake", "command": ["true"]}},
        }
    )


def dag(*operations: str) -> str:
    """Return a pipeline of operations."""
    return "name: load\nrun:\n  kind: dag\n  operations:\n" + "".join(f"  - {each}\n" for each in operations)


def chain(choose: random.Random) -> str:
    """Operations one after the other."""
    count = choose.randint(2, 6)
    return dag(*(operation(f"o{n}", *([f"o{n - 1}"] if n else []), runs_for="50ms") for n in range(count)))


def fan(choose: random.Random) -> str:
    """One, many, one."""
    width = choose.randint(2, 12)
    middle = [operation(f"o{n}", "first", runs_for=f"{choose.randint(0, 400)}ms") for n in range(width)]
    return dag(operation("first"), *middle, operation("last", *(f"o{n}" for n in range(width))))


def failing(choose: random.Random) -> str:
    """One that fails and is tried again, and what waits for it."""
    return dag(operation("bad", fate="fail", retries=choose.randint(0, 2)), operation("after", "bad"))


def endless(choose: random.Random) -> str:
    """Some that go on until they are stopped."""
    return dag(*(operation(f"o{n}", fate="hang") for n in range(choose.randint(1, 4))))


def lasting_on(*nodes: str) -> Shape:
    """Return a shape: some that run side by side for a while, on these nodes as long as they take pods.

    Without names they run on any.
    """
    names = {"key": "kubernetes.io/hostname", "operator": "In", "values": list(nodes)}
    wish = {"weight": 100, "preference": {"matchExpressions": [names]}}
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [wish] if nodes else []}}

    def lasting(choose: random.Random) -> str:
        count = choose.randint(2, 4)
        return dag(*(operation(f"o{n}", runs_for="10s", affinity=affinity) for n in range(count)))

    return lasting


SHAPES: Final[Sequence[Shape]] = (chain, fan, chain, fan, failing, endless)


@dataclass
class Load:
    """Submits runs, and hears how they end.

    Attributes:
        shapes: of the runs; in every round each comes as often as it stands here.
        submitted: ids of all runs that were requested.
        ended: their last words, by id.
        last: what was said last of each operation, by run and name.
        hears: is told each event of a run as well.
    """

    kafka: str
    prefix: str
    seed: int
    shapes: Sequence[Shape] = SHAPES
    submitted: set[RunId] = field(default_factory=set)
    ended: dict[RunId, str] = field(default_factory=dict)
    last: dict[RunId, dict[str, str]] = field(default_factory=dict)
    hears: Callable[[Message], None] = lambda _: None

    async def go(self, enough: Callable[[], bool], *, pause: float = 0.25, most: int | None = None) -> None:
        """Submit a run every so often until it is enough; some twice, and those that never end are stopped.

        Args:
            enough: tells when it is.
            pause: seconds between two runs.
            most: runs that go on at the same time; the next waits for the end of one.
        """
        choose = random.Random(self.seed)
        round_: list[Shape] = []
        async with KafkaRuns(self.kafka, prefix=self.prefix) as runs, asyncio.TaskGroup() as group:
            while not enough():
                await asyncio.sleep(pause)
                if most is not None and len(self.submitted) - len(self.ended) >= most:
                    continue
                round_ = round_ or choose.sample(self.shapes, len(self.shapes))
                shape = round_.pop()
                body = json.dumps({"specification": shape(choose)}).encode()
                request = Request(str(uuid4()), "/load", body)
                self.submitted.add(request.run)
                group.create_task(self._submit(runs, request, twice=choose.random() < 0.2))
                if shape is endless or choose.random() < 0.1:
                    group.create_task(self._stop(runs, request.run, choose.uniform(0.0, 3.0)))

    async def listen(self) -> None:
        """Hear the ends of runs, for ever."""
        broker = KafkaBroker(KafkaConfig(bootstrap_servers=self.kafka, prefix=self.prefix))
        try:
            log = await broker.log("load")
            count = await broker.partitions(RUN_EVENTS.name)
            async with asyncio.TaskGroup() as group:
                for number in range(count):
                    group.create_task(self._hear(log, number))
        finally:
            await broker.close()

    async def settled(self, limit: float) -> None:
        """Return when all runs have ended.

        Raises:
            AssertionError: some have not, in time; the message names them, and how their operations are.
        """
        try:
            async with asyncio.timeout(limit):
                while missing := self.submitted - self.ended.keys():  # noqa: ASYNC110 (nobody tells us)
                    await asyncio.sleep(0.1)
        except TimeoutError:
            first = {run: self.last.get(run, {}) for run in sorted(missing)[:5]}
            raise AssertionError(
                f"{len(missing)} of {len(self.submitted)} runs have no end after {limit:g} s: {first}"
            ) from None

    async def messages(self) -> list[LoggedMessage]:
        """Return everything on all topics."""
        broker = KafkaBroker(KafkaConfig(bootstrap_servers=self.kafka, prefix=self.prefix))
        try:
            return await recorded(broker)
        finally:
            await broker.close()

    async def _submit(self, runs: KafkaRuns, request: Request, *, twice: bool) -> None:
        for _ in range(1 + twice):
            await _insist(lambda: runs.publish(request))

    async def _stop(self, runs: KafkaRuns, run: RunId, after: float) -> None:
        await asyncio.sleep(after)
        await _insist(lambda: runs.stop(run))

    async def _hear(self, log, number: int) -> None:
        start = 0
        while True:
            try:
                async for records in log.follow(RUN_EVENTS.name, number, start=start):
                    for record in records:
                        self._note(record)
                    start = records[-1].offset + 1
            except TransientError:
                await asyncio.sleep(0.2)

    def _note(self, record) -> None:
        message = codec.decode(record)
        self.hears(message)
        if isinstance(message, RunChanged) and message.status in FINAL:
            self.ended[message.run] = str(message.status)
        elif isinstance(message, RequestRejected):
            self.ended[message.run] = "rejected"
        elif isinstance(message, OperationChanged):
            self.last.setdefault(message.run, {})[message.operation] = str(message.status)


async def _insist(ask) -> None:
    while True:
        try:
            return await ask()
        except TransientError:
            await asyncio.sleep(0.2)
