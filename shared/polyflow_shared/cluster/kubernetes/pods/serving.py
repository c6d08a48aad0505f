"""Pods that are services: their Service objects, whether they are up, and where.  Pure."""

from typing import Any

from polyflow_shared.cluster.kubernetes.pods import names
from polyflow_shared.cluster.kubernetes.pods.failures.fields import Object
from polyflow_shared.cluster.port import Pod, address
from polyflow_topics.message import Values
from polyflow_topics.pods import Service


def collection(namespace: str) -> str:
    """Return the path of a namespace's Service objects."""
    return f"/api/v1/namespaces/{namespace}/services"


def service_of(pod: Pod, service: Service, there: Object) -> dict[str, Any]:
    """Return the Service object that leads to a pod and goes when it goes.

    Args:
        pod: one attempt of an operation.
        service: what it says of itself as a service.
        there: the pod's object.
    """
    metadata = there["metadata"]
    ours = (names.RUN, names.INDEX, names.ATTEMPT, names.INSTALLATION)
    selector = {name: metadata["labels"][name] for name in ours}
    owner = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": pod.name,
            "namespace": metadata["namespace"],
            "labels": {**selector, names.MANAGED_BY: "polyflow"},
            "ownerReferences": [owner],
        },
        "spec": {
            "selector": selector,
            "ports": [{"name": f"port-{port}", "port": port} for port in dict.fromkeys(service.ports)],
        },
    }


def annotations(service: Service | None) -> dict[str, str]:
    """Return what tells a service's pod from others."""
    return {names.PORTS: ",".join(map(str, service.ports))} if service else {}


def answers(service: Service | None) -> dict[str, Any]:
    """Return the fields of a service's main container where its own say nothing else."""
    if service is None:
        return {}
    return {
        "ports": [{"containerPort": port} for port in dict.fromkeys(service.ports)],
        "readinessProbe": {"tcpSocket": {"port": service.ports[0]}, "periodSeconds": 1},
    }


def is_up(pod: Object) -> bool:
    """Tell whether a pod that runs is no service, or is ready."""
    if not _ports(pod):
        return True
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def waits(pod: Object) -> str:
    """Return what a service's pod is said to wait for until it is up."""
    return f"it has started, and port {_ports(pod)[0]} does not answer yet"


def address_of(pod: Object) -> Values:
    """Return where a service is reached in its cluster; nothing for another pod."""
    ports, metadata = _ports(pod), pod["metadata"]
    return address(f"{metadata['name']}.{metadata['namespace']}.svc", ports) if ports else {}


def _ports(pod: Object) -> list[int]:
    text = (pod["metadata"].get("annotations") or {}).get(names.PORTS, "")
    return [int(port) for port in text.split(",") if port.isdecimal()]
