"""polyflow's services as processes, on a given Kafka and a given cluster: started, killed, paused, ended."""

import os
import signal
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

from tests.e2e.command import POLYFLOW
from tests.testbed.processes import TestbedError, end_process, free_ports, is_running, start

ENGINE: Final = (
    "spec_validator",
    "planner",
    "pod_launcher",
    "status_watcher",
    "early_stopping_monitor",
    "cache",
    "admission",
)
"""The services that runs need, whatever their files say."""
GATEWAY: Final = "gateway"
CLUSTER: Final = "process_cluster"
"""Runs operations where there is no Kubernetes; it has no page of metrics, and waits for nobody."""
_GATEWAY_PORT: Final = "POLYFLOW_GATEWAY_PORT"
START_LIMIT: Final = 60.0
"""Seconds for a service to be ready."""


@dataclass
class Services:
    """Services of one installation.

    Attributes:
        folder: logs, one a replica.
        environment: what all of them are told.
        prefix: what stands before the names of topics and groups.
        pids: of those that run, by replica, such as `planner-0`.
        ports: of their metrics, by replica.
        gateways: ports at which gateways take outputs and metrics, by replica, unless all are told one.
        kills: how often each service was killed.
        ends: of replicas that have ended by themselves, each with the last line of its log.
        polyflow: the command line that starts them.
    """

    folder: Path
    environment: Mapping[str, str]
    prefix: str
    pids: dict[str, int] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    gateways: dict[str, int] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)
    ends: list[str] = field(default_factory=list)
    polyflow: Path = POLYFLOW

    def start(self, service: str, replica: int = 0) -> str:
        """Start a replica and return its name; it may not be ready yet."""
        name = f"{service}-{replica}"
        self.ports.setdefault(name, free_ports(1)[0])
        own = {"POLYFLOW_MEMBER": name, "POLYFLOW_METRICS_PORT": str(self.ports[name])}
        if service == GATEWAY and _GATEWAY_PORT not in self.environment:
            own[_GATEWAY_PORT] = str(self.gateways.setdefault(name, free_ports(1)[0]))
        command = [str(self.polyflow), "serve", service]
        self.pids[name] = start(command, self.log(name), {**self.environment, **own}).pid
        return name

    def log(self, name: str) -> Path:
        """Return a replica's log."""
        return self.folder / f"{name}.log"

    def wait_ready(self, *names: str) -> None:
        """Return when these replicas are ready, or all that run.

        Raises:
            TestbedError: one is not, in time; the message has the end of its log.
        """
        end = time.monotonic() + START_LIMIT
        for name in names or tuple(name for name in self.pids if not name.startswith(CLUSTER)):
            while not self.is_ready(name):
                if time.monotonic() > end:
                    raise TestbedError(f"{name} is not ready:\n{self.log(name).read_text()[-2000:]}")
                # A broker that has just been started may turn somebody away, who then ends.
                self.revive()
                time.sleep(0.02)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a replica."""
        os.kill(self.pids[name], number)

    def kill(self, name: str) -> None:
        """End a replica at once."""
        end_process(self.pids.pop(name), signal.SIGKILL)
        self.kills[name.rsplit("-", 1)[0]] += 1

    def end(self, name: str) -> None:
        """End a replica as whoever supervises it does: TERM, and time to finish."""
        end_process(self.pids.pop(name))

    def revive(self) -> None:
        """Start again what has ended by itself, as whoever supervises it does; `ends` tells which."""
        for name, pid in tuple(self.pids.items()):
            # Meanwhile it may have been killed, or started, on purpose.
            if is_running(pid, "polyflow") or self.pids.get(name) != pid:
                continue
            self.ends.append(f"{name}: {_last_line(self.log(name))}")
            service, replica = name.rsplit("-", 1)
            self.start(service, int(replica))

    def stop(self) -> None:
        """End all that run."""
        for pid in self.pids.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        for pid in self.pids.values():
            end_process(pid)
        self.pids.clear()

    def memory(self) -> dict[str, int]:
        """Return the bytes that each replica holds (proportional set size)."""
        return {name: _memory(pid) for name, pid in self.pids.items()}

    def is_ready(self, name: str) -> bool:
        """Tell whether a replica says so."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def running_services(
    folder: Path,
    kafka: str,
    kubeconfig: Path | None = None,
    *,
    namespaces: str = "default",
    beside: Sequence[str] = (),
    replication: int = 1,
    **settings: str,
) -> Iterator[Services]:
    """Yield the services that runs need, and others, ready, behind a prefix of their own on this Kafka.

    Args:
        folder: for their logs.
        kafka: the broker's address.
        kubeconfig: how they reach Kubernetes; without it operations are processes of this machine.
        namespaces: of their pods, with commas.
        beside: further services.
        replication: of the topics.
        settings: further variables, without `POLYFLOW_`, in small letters.
    """
    name = f"{uuid4().hex[:8]}."
    environment = {
        **os.environ,
        "POLYFLOW_BROKERS": kafka,
        "POLYFLOW_PREFIX": name,
        "POLYFLOW_HOME": str(folder / "home"),
        "POLYFLOW_INSTALLATION": f"test-{name.rstrip('.')}",
        **_of_cluster(kubeconfig, namespaces),
        **{f"POLYFLOW_{key.upper()}": value for key, value in settings.items()},
    }
    create = [str(POLYFLOW), "topics", "create", "--kafka", kafka, "--prefix", name]
    create.append(f"--replication={replication}")
    subprocess.run(create, env=environment, check=True, capture_output=True)
    services = Services(folder, environment, name)
    try:
        for service in (*ENGINE, *beside, *((CLUSTER,) if kubeconfig is None else ())):
            services.start(service)
        services.wait_ready()
        yield services
    finally:
        services.stop()


def _of_cluster(kubeconfig: Path | None, namespaces: str) -> dict[str, str]:
    if kubeconfig is None:
        return {}
    return {
        "KUBECONFIG": str(kubeconfig),
        "POLYFLOW_CLUSTER_KIND": "kubernetes",
        "POLYFLOW_KUBERNETES_NAMESPACES": namespaces,
    }


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return lines[-1] if lines else "it has written nothing"


def _memory(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise TestbedError(f"process {pid} tells no memory")
