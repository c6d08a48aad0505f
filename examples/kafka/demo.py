"""The digits pipeline on a real Apache Kafka, every service a process of its own; the planner dies on the way.

`make kafka-demo` runs it.  It starts a broker, creates the topics, starts the services, publishes a request with
`publish.py`, watches with `watch.py`, kills the planner with SIGKILL once the training goes on, starts it again,
and looks at how the run ended.  Everything is stopped by its process id.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.testbed.kafka import running_kafka

HERE = Path(__file__).parent
POLYFLOW = Path(sys.executable).parent / "polyflow"
PIPELINE = HERE.parent / "digits" / "pipeline.yaml"
SERVICES = (
    "process_cluster",
    "projector",
    "status_watcher",
    "pod_launcher",
    "early_stopping_monitor",
    "cache",
    "admission",
    "planner",
    "spec_validator",
)
KILL_AT = "deep running"
"""Part of the line of an event after which the planner is killed."""
LIMIT = 180.0
"""Seconds that the run may take."""


class Service:
    """A service as a process of its own, whose log is a file."""

    def __init__(self, name: str, environment: dict[str, str], folder: Path) -> None:
        self.name = name
        self._environment = environment
        self._log = folder / f"{name}.log"
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            command = [POLYFLOW, "serve", self.name]
            self.process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def services(environment: dict[str, str], folder: Path) -> Iterator[dict[str, Service]]:
    """Run every service for as long as the block takes."""
    with ExitStack() as stack:
        started = {}
        for name in SERVICES:
            started[name] = Service(name, environment, folder)
            stack.callback(started[name].stop)
            print(f"  started {name}, process {started[name].process.pid}, log {folder / name}.log")
        yield started


async def main() -> int:
    """Run the demonstration; return the exit status."""
    folder = Path(tempfile.mkdtemp(prefix="polyflow-kafka-demo-"))
    print("starting Apache Kafka …", flush=True)
    async with running_kafka() as kafka:
        environment = {**os.environ, "POLYFLOW_BROKERS": kafka, "POLYFLOW_HOME": str(folder)}
        environment |= {"POLYFLOW_WORKDIR": str(PIPELINE.parent)}
        subprocess.run([POLYFLOW, "topics", "create", "--kafka", kafka], check=True)
        with services(environment, folder) as started:
            return await run(kafka, environment, started)


async def run(kafka: str, environment: dict[str, str], started: dict[str, Service]) -> int:
    """Publish, watch, kill, and look at the end."""
    published = subprocess.check_output([sys.executable, HERE / "publish.py", kafka, PIPELINE], text=True)
    watch = await asyncio.create_subprocess_exec(
        sys.executable, HERE / "watch.py", kafka, published.strip(), stdout=asyncio.subprocess.PIPE
    )
    assert watch.stdout is not None
    async with asyncio.timeout(LIMIT):
        while line := (await watch.stdout.readline()).decode():
            print(f"  {line}", end="", flush=True)
            if KILL_AT in line:
                started["planner"].kill()
                print("* killed the planner (SIGKILL); starting it again", flush=True)
                started["planner"].start()
    await watch.wait()
    while (view := shown(environment))["status"] == "running":
        await asyncio.sleep(0.2)  # the read model has seen the end a moment after we have
    return verdict(view)


def shown(environment: dict[str, str]) -> dict[str, Any]:
    """Return what the read model knows of the run."""
    command = [POLYFLOW, "show", "latest", "--format", "json"]
    view: dict[str, Any] = json.loads(subprocess.check_output(command, env=environment))
    return view


def verdict(view: dict[str, Any]) -> int:
    """Say how the run ended; return 0 if it ended right."""
    for name, operation in view["operations"].items():
        print(f"  {name}: {operation['status']}, attempts {operation['attempts']}")
    right = view["status"] == "succeeded" and all(one["attempts"] == 1 for one in view["operations"].values())
    accuracy = view["operations"]["evaluate"]["outputs"].get("accuracy")
    print(f"run {view['id']} {view['status']}, accuracy {accuracy}")
    print("the planner was killed, and the run ended right" if right else "THE RUN DID NOT END RIGHT")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
