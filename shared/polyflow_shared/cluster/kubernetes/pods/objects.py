"""What pod objects say: whose they are, how they stand, and when they may go.  Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from polyflow_shared.cluster.kubernetes.pods import names, serving
from polyflow_shared.cluster.kubernetes.pods.failures.fields import Object
from polyflow_shared.cluster.kubernetes.pods.reasons import standing
from polyflow_shared.cluster.kubernetes.pods.termination import LastWord, last_word
from polyflow_shared.cluster.port import NOT_READY, Pod, PodReport
from polyflow_shared.cluster.released import KEPT
from polyflow_topics.names import OperationName, PodName, RunId, pod_name
from polyflow_topics.status import POD_FINAL, PodStatus

LONGEST_KEPT: Final = 10 * 365 * 24 * 60 * 60
"""Seconds that a pod is kept at most, whatever its annotation says: a date has an end."""
_DIGITS: Final = len(str(LONGEST_KEPT))
_KILLERS: Final = ("livenessProbe", "startupProbe", "lifecycle")


def collection(namespace: str) -> str:
    """Return the path of a namespace's pods."""
    return f"/api/v1/namespaces/{namespace}/pods"


def path_of(pod: Object) -> str:
    """Return a pod's own path."""
    return f"{collection(pod['metadata']['namespace'])}/{pod['metadata']['name']}"


def run_in(name: PodName) -> str:
    """Return the part of a pod's name that tells its run."""
    return name.split("-")[1]


def labels_of(pod: Object) -> Mapping[str, str]:
    """Return a pod's labels."""
    return pod["metadata"].get("labels") or {}


def annotations_of(pod: Object) -> Mapping[str, str]:
    """Return a pod's annotations."""
    return pod["metadata"].get("annotations") or {}


def is_tracked(pod: Object) -> bool:
    """Tell whether a pod was not released; somebody may have taken its label off."""
    return labels_of(pod).get(names.TRACKED) not in (names.RELEASED, names.HELD)


def is_going(pod: Object) -> bool:
    """Tell whether a pod is being deleted."""
    return "deletionTimestamp" in pod["metadata"]


def has_ended(pod: Object) -> bool:
    """Tell whether a pod has ended, in whatever way."""
    return standing(pod).status in POD_FINAL


def is_of(pod: Object, wanted: Pod, installation: str) -> bool:
    """Tell whether an object is the pod of an attempt, made by this installation."""
    labels = labels_of(pod)
    return (
        labels.get(names.INSTALLATION) == names.label_value(installation)
        and labels.get(names.RUN) == wanted.run
        and labels.get(names.INDEX) == str(wanted.index)
        and labels.get(names.ATTEMPT) == str(wanted.attempt)
    )


def report_of(pod: Object, events: Sequence[Object] = ()) -> PodReport | None:
    """Return how a pod stands; None where it is none of ours, whatever its labels say.

    Args:
        pod: the object.
        events: what the cluster has said about it, where that was asked for.
    """
    whose = _whose(pod)
    if whose is None:
        return None
    now = standing(pod, events)
    said = _said(pod, now.status)
    begun = now.status is PodStatus.RUNNING and _has_begun(pod)
    up = begun and serving.is_up(pod)
    pending = now.status is PodStatus.RUNNING and not up
    starting = begun and not up and not now.reason
    report = PodReport(
        name=PodName(pod["metadata"]["name"]),
        run=whose.run,
        operation=whose.operation,
        index=whose.index,
        attempt=whose.attempt,
        status=PodStatus.PENDING if pending else now.status,
        at=now.at,
        reason=NOT_READY if starting else now.reason,
        message=serving.waits(pod) if starting else now.waiting or now.message,
        exit_code=now.exit_code,
        outputs=serving.address_of(pod) if up else said.outputs,
        infrastructure=now.infrastructure,
        awaited=said.awaited,
    )
    if now.status is PodStatus.SUCCEEDED and said.invalid:
        return replace(report, status=PodStatus.FAILED, reason="OutputsInvalid", message=said.invalid)
    return report


@dataclass(frozen=True, slots=True)
class _Whose:
    run: RunId
    operation: OperationName
    index: int
    attempt: int


def _whose(pod: Object) -> _Whose | None:
    """Return which attempt a pod is; None for a copy of a pod of ours, and for one that was never ours."""
    labels, operation = labels_of(pod), annotations_of(pod).get(names.OPERATION)
    run, index, attempt = (labels.get(key, "") for key in (names.RUN, names.INDEX, names.ATTEMPT))
    if not (operation and index.isdecimal() and attempt.isdecimal()):
        return None
    whose = _Whose(RunId(run), OperationName(operation), int(index), int(attempt))
    name = pod_name(whose.run, whose.index, whose.attempt)
    return whose if pod["metadata"]["name"] == name else None


def _said(pod: Object, status: PodStatus) -> LastWord:
    if status not in POD_FINAL:
        return LastWord()
    return last_word(_last_word(pod), failed=status is not PodStatus.SUCCEEDED)


def may_be_killed_by_kubelet(pod: Object) -> bool:
    """Tell whether a probe or a hook may have ended a pod's containers, which only events tell."""
    spec = pod.get("spec") or {}
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    return any(key in container for container in containers for key in _KILLERS)


def removal_due(pod: Object, now: datetime) -> datetime:
    """Return when an ended pod may be removed: after its `ttl`, and not before a late launch is too late.

    For a pod that is going only the latter counts: who has deleted it, such as a drain of its node, waits.
    """
    kept = 0 if is_going(pod) else _ttl(annotations_of(pod).get(names.TTL, ""))
    return now + max(timedelta(seconds=kept), KEPT)


def _ttl(text: str) -> int:
    if not text.isdecimal():
        return 0
    # Python reads no number of thousands of digits.
    return LONGEST_KEPT if len(text) > _DIGITS else min(int(text), LONGEST_KEPT)


def minute_of(moment: datetime) -> int:
    """Return the first full minute, counted from 1970, that is not before a moment."""
    return math.ceil(moment.timestamp() / 60)


def lost(last: PodReport, at: datetime) -> PodReport:
    """Return the report of a pod that is gone without a word about its end."""
    message = "the pod was removed from the cluster while it ran, by force or by hand"
    return PodReport(
        last.name, last.run, last.operation, last.index, last.attempt, PodStatus.LOST, at, "PodGone", message
    )


def _last_word(pod: Object) -> str:
    """Return the main container's termination message."""
    return str((_main_state(pod).get("terminated") or {}).get("message") or "")


def _has_begun(pod: Object) -> bool:
    return not _main_state(pod).keys() <= {"waiting"}


def _main_state(pod: Object) -> Object:
    for container in (pod.get("status") or {}).get("containerStatuses") or ():
        if container.get("name") == names.MAIN:
            state: Object = container.get("state") or {}
            return state
    return {}
