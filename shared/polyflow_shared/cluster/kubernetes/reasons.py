"""How a pod stands, from its object; and why the API server refuses one.  Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from polyflow_shared.cluster.kubernetes import names
from polyflow_topics.status import PodStatus


@dataclass(frozen=True, slots=True)
class Standing:
    """How a pod stands."""

    status: PodStatus
    at: datetime
    reason: str = ""
    message: str = ""
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the API server refuses a pod, and whether to try again later."""

    reason: str
    message: str
    retry: bool


def standing(pod: Mapping[str, Any], events: Sequence[Mapping[str, Any]] = ()) -> Standing:
    """Return how a pod stands, from its object and from events about it."""
    del events
    metadata, status = pod["metadata"], pod.get("status") or {}
    ended = _ended(status)
    begun = _moment(metadata["creationTimestamp"])
    at = _moment(ended["finishedAt"]) if ended and ended.get("finishedAt") else begun
    if "deletionTimestamp" in metadata:
        stopped = (metadata.get("annotations") or {}).get(names.STOP_REASON)
        if not ended and pod["spec"].get("nodeName"):
            return Standing(PodStatus.RUNNING, at)
        if stopped:
            return Standing(PodStatus.STOPPED, at, stopped)
        return Standing(PodStatus.LOST, at, "Deleted", "somebody has deleted the pod")
    if ended is None:
        return Standing(PodStatus.RUNNING, at)
    code = ended["exitCode"]
    if code == 0:
        return Standing(PodStatus.SUCCEEDED, at, exit_code=0)
    message = f"exit code {code}\nit says at its end:\n{ended.get('message', '')}"
    return Standing(PodStatus.FAILED, at, ended.get("reason") or "Error", message, code)


def rejection(status: int, body: Mapping[str, Any]) -> Refusal:
    """Return why the API server refuses a pod, from its answer."""
    message = str(body.get("message") or f"HTTP status {status}")
    return Refusal("ClusterRejected", message, "exceeded quota" in message)


def _ended(status: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for container in status.get("containerStatuses") or ():
        if container["name"] == names.MAIN:
            return (container.get("state") or {}).get("terminated")
    return None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
