"""`python -m tests.testbed SERVER get|start|stop|status`: servers that stay until they are stopped.

Servers: a broker (`kafka`), three of one Kafka (`brokers`), a control plane (`kubernetes`), a real node for it
(`node`), and `prometheus`, which scrapes the addresses of $TARGETS (`host:port[,host:port]`).
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.testbed import debian, kafka, kafka_brokers, prometheus
from tests.testbed.kubernetes import control, images, node, programs
from tests.testbed.processes import TestbedError, cache_folder, is_running

_EXAMPLES: Final = Path(__file__).parents[2] / "examples"


def main() -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.testbed", description=__doc__)
    parser.add_argument("server", choices=list(VERBS))
    parser.add_argument("verb", choices=["get", "start", "stop", "status"])
    arguments = parser.parse_args()
    try:
        return VERBS[arguments.server][arguments.verb]()
    except TestbedError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def get_kafka() -> int:
    """Fetch Kafka, if it was not fetched before."""
    _say(str(kafka.get()))
    return 0


def start_kafka() -> int:
    """Start a broker, unless one runs, and print its address."""
    server = _broker()
    if server is None:
        server = kafka.prepare(Path(tempfile.mkdtemp(prefix="polyflow-kafka-")))
        asyncio.run(server.start())
        _state("kafka").write_text(
            json.dumps({"folder": str(server.folder), "port": server.port, "pid": server.pid})
        )
    _say(server.bootstrap)
    return 0


def stop_kafka() -> int:
    """Stop the broker that `start` started, and remove its data."""
    server = _broker()
    if server is not None:
        asyncio.run(server.stop())
        shutil.rmtree(server.folder, ignore_errors=True)
    _state("kafka").unlink(missing_ok=True)
    return 0


def kafka_status() -> int:
    """Print the running broker's address and log; exit status 1 if there is none."""
    server = _broker()
    _say(f"{server.bootstrap} (log: {server.log})" if server else "not running")
    return 0 if server else 1


def start_brokers() -> int:
    """Start three brokers of one Kafka, unless they run, and print their addresses."""
    brokers = _brokers()
    if brokers is None:
        folder = Path(tempfile.mkdtemp(prefix="polyflow-kafka-"))
        brokers = kafka_brokers.prepare(folder, 3)
        asyncio.run(brokers.start())
        servers = [{"folder": str(one.folder), "port": one.port, "pid": one.pid} for one in brokers.servers]
        _state("brokers").write_text(json.dumps({"folder": str(folder), "servers": servers}))
    _say(brokers.bootstrap)
    return 0


def stop_brokers() -> int:
    """Stop the brokers that `start` started, and remove their data."""
    if (brokers := _brokers()) is not None:
        asyncio.run(brokers.stop())
        shutil.rmtree(json.loads(_state("brokers").read_text())["folder"], ignore_errors=True)
    _state("brokers").unlink(missing_ok=True)
    return 0


def brokers_status() -> int:
    """Print the running brokers' addresses and logs; exit status 1 if one of them does not run."""
    brokers = _brokers()
    logs = ", ".join(str(server.log) for server in brokers.servers) if brokers else ""
    _say(f"{brokers.bootstrap} (logs: {logs})" if brokers else "not running")
    return 0 if brokers else 1


def get_prometheus() -> int:
    """Fetch Prometheus, if it was not fetched before."""
    _say(str(debian.file_of("prometheus", "/usr/bin/prometheus")))
    return 0


def start_prometheus() -> int:
    """Start Prometheus, unless it runs, and print its address.

    Raises:
        TestbedError: no address to scrape is given.
    """
    server = _prometheus()
    if server is None:
        targets = [one for one in os.environ.get("TARGETS", "").split(",") if one]
        if not targets:
            raise TestbedError(
                "TARGETS=host:port[,host:port] says what to scrape: a service's log begins with it"
            )
        server = prometheus.prepare({"polyflow": targets})
        server.start()
        state = {"folder": str(server.folder), "port": server.port, "pid": server.pid}
        _state("prometheus").write_text(json.dumps(state))
    _say(server.url)
    return 0


def stop_prometheus() -> int:
    """Stop the Prometheus that `start` started, and remove its data."""
    if (server := _prometheus()) is not None:
        server.stop()
    _state("prometheus").unlink(missing_ok=True)
    return 0


def prometheus_status() -> int:
    """Print where Prometheus and its log are; exit status 1 if it does not run."""
    server = _prometheus()
    _say(f"{server.url} (log: {server.log})" if server else "not running")
    return 0 if server else 1


def get_kubernetes() -> int:
    """Build the control plane's programs, unless they are there."""
    if not programs.is_built("control"):
        sys.stderr.write("Building Kubernetes takes about ten minutes, once …\n")
    _say(str(programs.control_plane()))
    return 0


def start_kubernetes() -> int:
    """Start a control plane, unless one runs, and print how to reach it."""
    plane = _plane()
    if plane is None:
        plane = control.prepare()
        try:
            plane.start()
        finally:
            _state("kubernetes").write_text(control.save(plane))
    _say(f"export KUBECONFIG={plane.kubeconfig}")
    return 0


def stop_kubernetes() -> int:
    """Stop the control plane that `start` started, and remove its data."""
    if _state("kubernetes").exists():
        control.load(_state("kubernetes").read_text()).stop()
    _state("kubernetes").unlink(missing_ok=True)
    return 0


def kubernetes_status() -> int:
    """Print where the control plane and its logs are; exit status 1 if there is none."""
    plane = _plane()
    _say(f"KUBECONFIG={plane.kubeconfig} (logs: {plane.folder}/*.log)" if plane else "not running")
    return 0 if plane else 1


def get_node() -> int:
    """Build containerd and make the images, unless they are there."""
    _say(str(programs.container_runtime()))
    for layer in {layer: None for image in _images() for layer in image.layers}:
        _say(str(layer))
    return 0


def start_node() -> int:
    """Start a real node, unless one runs, and join it to the control plane that `kubernetes start` started."""
    plane, real = _plane(), _node()
    if plane is None:
        raise TestbedError("no control plane runs: python -m tests.testbed kubernetes start")
    if real is None:
        real = node.prepare()
        _state("node").write_text(json.dumps({"folder": str(real.folder)}))
        real.start(plane)
        real.load(*_images())
    _say(f"{node.NAME}: pods find this machine at {real.address}")
    return 0


def stop_node() -> int:
    """Stop the node that `start` started, and remove what it has left; also after it has crashed."""
    if (real := _node_of_state()) is not None:
        real.stop()
    if (plane := _plane()) is not None:
        node.leave(plane)
    _state("node").unlink(missing_ok=True)
    return 0


def node_status() -> int:
    """Print where pods find this machine, and the node's logs; exit status 1 if there is none."""
    real = _node()
    _say(f"pods find this machine at {real.address} (logs: {real.folder}/*.log)" if real else "not running")
    return 0 if real else 1


def _broker() -> kafka.KafkaServer | None:
    """Return the broker that `start` started, if it is still there."""
    if not _state("kafka").exists():
        return None
    state = json.loads(_state("kafka").read_text())
    if not is_running(state["pid"], state["folder"]):
        return None
    return kafka.KafkaServer(Path(state["folder"]), state["port"], state["pid"])


def _brokers() -> kafka_brokers.KafkaBrokers | None:
    """Return the three brokers that `start` started, if all are still there."""
    if not _state("brokers").exists():
        return None
    several = json.loads(_state("brokers").read_text())["servers"]
    if not all(is_running(one["pid"], one["folder"]) for one in several):
        return None
    servers = [kafka.KafkaServer(Path(one["folder"]), one["port"], one["pid"]) for one in several]
    return kafka_brokers.KafkaBrokers(servers)


def _prometheus() -> prometheus.Prometheus | None:
    """Return the Prometheus that `start` started, if it is still there."""
    if not _state("prometheus").exists():
        return None
    state = json.loads(_state("prometheus").read_text())
    server = prometheus.Prometheus(Path(state["folder"]), state["port"], state["pid"])
    return server if server.running() else None


def _plane() -> control.ControlPlane | None:
    """Return the control plane that `start` started, if it is still there."""
    if not _state("kubernetes").exists():
        return None
    plane = control.load(_state("kubernetes").read_text())
    return plane if plane.running() else None


def _node() -> node.RealNode | None:
    """Return the node that `start` started, if it is still there."""
    real = _node_of_state()
    return real if real is not None and real.running() else None


def _node_of_state() -> node.RealNode | None:
    if not _state("node").exists():
        return None
    folder = Path(json.loads(_state("node").read_text())["folder"])
    return node.load(folder) if (folder / "node.json").exists() else None


def _images() -> list[images.Image]:
    """Return the images that examples run in; the node itself has a shell."""
    return [images.python(), images.python_with("testbed.polyflow.io/digits:1", _EXAMPLES / "digits")]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _state(server: str) -> Path:
    return cache_folder() / f"{server}.json"


Verb = Callable[[], int]
VERBS: Final[dict[str, dict[str, Verb]]] = {
    "kafka": {"get": get_kafka, "start": start_kafka, "stop": stop_kafka, "status": kafka_status},
    "brokers": {"get": get_kafka, "start": start_brokers, "stop": stop_brokers, "status": brokers_status},
    "prometheus": {
        "get": get_prometheus,
        "start": start_prometheus,
        "stop": stop_prometheus,
        "status": prometheus_status,
    },
    "kubernetes": {
        "get": get_kubernetes,
        "start": start_kubernetes,
        "stop": stop_kubernetes,
        "status": kubernetes_status,
    },
    "node": {"get": get_node, "start": start_node, "stop": stop_node, "status": node_status},
}

if __name__ == "__main__":
    sys.exit(main())
