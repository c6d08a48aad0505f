"""docker-compose.yml, started: its services, its ports on this machine, and what Prometheus knows."""

import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.testbed.compose import images
from tests.testbed.compose.daemon import Docker, running_docker
from tests.testbed.processes import free_ports

ROOT: Final = Path(__file__).parents[3]
FILES: Final = (ROOT / "docker-compose.yml", Path(__file__).with_name("override.yml"))
_PROJECT: Final = "polyflow-testbed"


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs.

    Attributes:
        docker: the daemon that runs it.
        kafka: the broker's port on this machine.
        prometheus: Prometheus' port on this machine.
    """

    docker: Docker
    kafka: int
    prometheus: int

    def compose(self, *words: str) -> str:
        """Run docker-compose with the project's files and return what it printed.

        Raises:
            TestbedError: it failed.
        """
        ports = {"POLYFLOW_KAFKA_PORT": self.kafka, "POLYFLOW_PROMETHEUS_PORT": self.prometheus}
        variables = {name: str(port) for name, port in ports.items()}
        return self.docker.compose(FILES, _PROJECT, *words, env=variables)

    def inside(self, service: str, *command: str) -> str:
        """Run a command in a service's container and return what it printed.

        Raises:
            TestbedError: it failed.
        """
        return self.compose("exec", "-T", service, *command)

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return what the daemon says of every container, by service."""
        ids = self.compose("ps", "--quiet").split()
        told = json.loads(self.docker("inspect", *ids))
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in told}

    def polyflow(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command line of this machine against the stack's broker."""
        command = [
            str(Path(sys.executable).parent / "polyflow"),
            *words,
            "--kafka",
            f"localhost:{self.kafka}",
        ]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)

    def query(self, expression: str, *, seconds: int) -> Sequence[float]:
        """Return all values that an expression had lately; those that are no numbers are left out.

        Args:
            expression: in Prometheus' language.
            seconds: how far back to look; one value every five seconds.
        """
        now = time.time()
        asked = urlencode({"query": expression, "start": now - seconds, "end": now, "step": 5})
        with urlopen(f"http://127.0.0.1:{self.prometheus}/api/v1/query_range?{asked}", timeout=20) as answer:
            result = json.load(answer)["data"]["result"]
        values = [float(value) for series in result for _, value in series["values"]]
        return [value for value in values if not math.isnan(value)]


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Yield everything that docker-compose.yml has, healthy; it is gone when the context ends.

    Raises:
        TestbedError: something is missing on this machine, or the stack does not come up.
    """
    with running_docker() as docker:
        images.ensure(docker)
        stack = Stack(docker, *free_ports(2))
        stack.compose("build", "topics")
        stack.compose("up", "--detach")
        yield stack
        stack.compose("down", "--volumes", "--timeout", "15")
