"""A Kafka and a control plane for all tests of this folder, with what each test does to them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copy

import pytest

from tests.faults.load import Load
from tests.kubernetes.namespaces import a_namespace
from tests.testbed.kafka import KafkaServer, started_kafka
from tests.testbed.kubernetes.control import ControlPlane, running_control_plane
from tests.testbed.kubernetes.proxy import Proxy, running_proxy
from tests.testbed.services import Services, running_services
from tests.verifier.audit import read_audit
from tests.verifier.log import write_messages
from tests.verifier.verify import verify
from tests.verifier.violation import Strictness, Violation

SETTLE = 30.0
"""Seconds that a pod may outlive its operation."""
AFTER = 10.0
"""Seconds after the last word of the last run, in which pods are stopped and released."""


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """A control plane, started at most once a session."""
    with running_control_plane() as plane:
        yield plane


@pytest.fixture(scope="session")
def kafka_server() -> Iterator[KafkaServer]:
    """A broker, started at most once a session."""
    with asyncio.Runner() as runner:
        context = started_kafka()
        yield runner.run(context.__aenter__())
        runner.run(context.__aexit__(None, None, None))


@dataclass
class World:
    """All that a fault can be done to."""

    kafka: KafkaServer
    plane: ControlPlane
    proxy: Proxy
    services: Services
    load: Load
    pods: str
    """The namespace of the pods."""
    folder: Path
    """For logs, and what is kept of a failure."""

    async def survives(
        self, fault: Callable[[], Awaitable[None]], *, seconds: float = 15.0, limit: float = 120.0
    ) -> list[Violation]:
        """Return the promises that were broken while runs were submitted and the fault went on.

        Args:
            fault: makes things go wrong, and right again before it returns.
            seconds: for which runs are submitted.
            limit: seconds within which all of them have ended after that.
        """
        beside = [asyncio.create_task(self.load.listen()), asyncio.create_task(self._supervise())]
        try:
            await asyncio.gather(self.load.go(seconds), fault())
            await self.load.settled(limit)
            # What is released, or stopped because nobody wants it any more, comes after the last word of a run.
            await asyncio.sleep(AFTER)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        runs = {str(run) for run in self.load.submitted}
        messages = await self.load.messages()
        lives = [life for life in read_audit(self.plane.audit) if life.run in runs]
        found = verify(messages, lives, Strictness(settle=SETTLE))
        counts = f"{len(runs)} runs, {len(lives)} pods, {len(messages)} messages, {len(found)} violations"
        sys.stderr.write(f"\n{counts}\n")
        if found:
            # What `python -m tests.verifier` reads.
            write_messages(self.folder / "messages.jsonl", messages)
            copy(self.plane.audit, self.folder / "audit.log")
        assert len(lives) > len(runs) / 2, "hardly any pod was started"
        return found

    async def _supervise(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self.services.revive()


@pytest.fixture
def a_world(kafka_server: KafkaServer, plane: ControlPlane, tmp_path: Path):
    """Return a context of a world, with further settings of its services."""

    @asynccontextmanager
    async def opened(**settings: str) -> AsyncIterator[World]:
        pods = a_namespace(plane)
        async with running_proxy(plane) as proxy:
            kubeconfig = proxy.kubeconfig(tmp_path / "kubeconfig")
            context = running_services(
                tmp_path, kafka_server.bootstrap, kubeconfig, namespaces=pods, **settings
            )
            services = await asyncio.to_thread(context.__enter__)
            try:
                load = Load(kafka_server.bootstrap, services.namespace, seed=1)
                yield World(kafka_server, plane, proxy, services, load, pods, tmp_path)
            finally:
                await asyncio.to_thread(context.__exit__, None, None, None)

    return opened


@pytest.fixture
async def world(a_world) -> AsyncIterator[World]:
    """A world with one replica of each service."""
    async with a_world() as world:
        yield world
