"""The whole: Kafka, an API server, fake nodes and a real one, every service a process, a user at the command line."""

import asyncio
import json
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from polyflow_topics.names import RunId, run_id
from polyflow_topics.status import FINAL
from tests.e2e.command import POLYFLOW
from tests.testbed.kafka import running_kafka
from tests.testbed.kubernetes.control import ControlPlane, running_control_plane
from tests.testbed.kubernetes.node import RealNode, running_node
from tests.testbed.processes import free_ports
from tests.testbed.services import Services, running_services

SOURCE = "/tests/whole"
LIMIT = 300.0
"""Seconds within which anything that is waited for has happened."""


@dataclass(frozen=True)
class Whole:
    """An installation, and what a user does with it."""

    kafka: str
    plane: ControlPlane
    node: RealNode
    services: Services

    def publish(self, specification: str, **about: Any) -> RunId:
        """Publish a request as a program of any language would, and return the run that it makes."""
        identity = str(uuid4())
        event = {
            "specversion": "1.0",
            "id": identity,
            "source": SOURCE,
            "type": "polyflow.pipeline.request.v1",
        }
        headers = [(f"ce_{name}", value.encode()) for name, value in event.items()]
        body = json.dumps({"specification": specification, **about}).encode()

        async def send() -> None:
            async with AIOKafkaProducer(bootstrap_servers=self.kafka) as producer:
                topic = f"{self.services.prefix}polyflow.pipeline-requests"
                await producer.send_and_wait(topic, body, identity.encode(), headers=headers)

        asyncio.run(send())
        return run_id(SOURCE, identity)

    def polyflow(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `polyflow` where the projector keeps what it knows."""
        environment = dict(self.services.environment)
        return subprocess.run(
            [str(POLYFLOW), *words], env=environment, capture_output=True, text=True, check=False
        )

    def shown(self, run: RunId, true: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        """Return what `polyflow show` says of a run, as soon as a claim holds of it."""
        end = time.monotonic() + LIMIT
        while True:
            done = self.polyflow("show", run, "--format", "json")
            if done.returncode == 0 and true(view := json.loads(done.stdout)):
                return dict(view)
            assert time.monotonic() < end, done.stdout + done.stderr
            time.sleep(0.3)


def has_ended(view: Mapping[str, Any]) -> bool:
    """Tell whether a run is at its end."""
    return view["status"] in FINAL


@contextmanager
def a_whole(folder: Path, **settings: str) -> Iterator[Whole]:
    """Yield everything, started and ready; `settings` are further ones of the services."""
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        broker = running_kafka()
        kafka = runner.run(broker.__aenter__())
        stack.callback(lambda: runner.run(broker.__aexit__(None, None, None)))
        plane = stack.enter_context(running_control_plane())
        node = stack.enter_context(running_node(plane))
        # Pods reach this machine at the address of the node's bridge.
        (port,) = free_ports(1)
        gateway = {
            "gateway_host": node.address,
            "gateway_port": str(port),
            "gateway_url": f"http://{node.address}:{port}",
            "token_key": secrets.token_hex(32),
        }
        services = stack.enter_context(
            running_services(
                folder, kafka, plane.kubeconfig, beside=("projector", "gateway"), **gateway, **settings
            )
        )
        yield Whole(kafka, plane, node, services)
