"""How a pod stands and why, from its object and events; and why the API server refuses one.  Pure.

The user's container is the one named `main`: a pod has ended when that one has, even while sidecars still
run, and has succeeded if that one's exit code is 0.  What ended a pod from outside counts before the exit
code, which is then only how the program took it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from polyflow_shared.cluster.kubernetes.pods.failures.catalog import REASONS
from polyflow_shared.cluster.kubernetes.pods.failures.cause import Cause
from polyflow_shared.cluster.kubernetes.pods.failures.containers import end_of
from polyflow_shared.cluster.kubernetes.pods.failures.interruptions import by_itself, interruption
from polyflow_shared.cluster.kubernetes.pods.failures.refusals import Refusal, rejection
from polyflow_shared.cluster.kubernetes.pods.failures.view import EPOCH, Seen, view
from polyflow_shared.cluster.kubernetes.pods.failures.waiting import obstacle
from polyflow_topics.status import PodStatus

__all__ = ["Refusal", "Standing", "rejection", "standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a pod stands.

    Attributes:
        status: `running` also while it is pending.
        at: when, by the cluster's own times; 1970 if the object tells none.
        reason: a word of the catalogue, or why polyflow stopped it; while it is pending, why it waits.
        message: what happened, to which container, and what to do.
        exit_code: the main container's.
        infrastructure: whether the cluster, and neither the program nor its specification, is to blame.
        waiting: why it does not start yet, and what to do; only while it is `running`.
    """

    status: PodStatus
    at: datetime
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    infrastructure: bool = False
    waiting: str = ""


def standing(pod: Mapping[str, Any], events: Sequence[Mapping[str, Any]] = ()) -> Standing:
    """Return how a pod stands; whatever is broken in its object counts as not told.

    Args:
        pod: as the API server has it.
        events: of core/v1 or events.k8s.io/v1, in any order; some causes are told nowhere else.
    """
    seen = view(pod, events)
    if not seen.over:
        return _going_on(seen)
    if seen.going and seen.stop_reason is not None and not by_itself(seen, seen.deleted):
        return _ended_by_us(seen, seen.stop_reason or "Stopped")
    cut = interruption(seen)
    if cut and not by_itself(seen, cut.at):
        return _failed(seen, cut)
    return _by_itself(seen)


def _going_on(seen: Seen) -> Standing:
    why = obstacle(seen)
    at = seen.main.since or (why.at if why else None) or seen.created or EPOCH
    if why is None:
        return Standing(PodStatus.RUNNING, at)
    return Standing(PodStatus.RUNNING, at, why.reason, infrastructure=why.infrastructure, waiting=why.message)


def _ended_by_us(seen: Seen, reason: str) -> Standing:
    if seen.refusal:
        lost = reason in REASONS and REASONS[reason].infrastructure
        return Standing(PodStatus.FAILED, _end(seen), reason, seen.refusal, _code(seen), lost)
    return Standing(PodStatus.STOPPED, _end(seen), reason, "it was stopped", _code(seen))


def _by_itself(seen: Seen) -> Standing:
    ended = seen.main.ended
    if (ended and ended.code == 0) or (not ended and seen.phase == "Succeeded"):
        return Standing(PodStatus.SUCCEEDED, _end(seen), exit_code=0)
    if ended:
        return _failed(seen, end_of(seen.main, ended, seen))
    return _failed(seen, _before_main(seen))


def _before_main(seen: Seen) -> Cause:
    """Return why a pod failed whose main container has not ended, and mostly never began."""
    for container in seen.others:
        if container.ended and container.ended.code != 0:
            return end_of(container, container.ended, seen)
    if why := obstacle(seen):
        return why
    says = ": ".join(part for part in (seen.reason, seen.message) if part)
    return Cause("PodFailed", f"Kubernetes says of the pod: {says or 'failed'}")


def _failed(seen: Seen, cause: Cause) -> Standing:
    lost = (cause.lost and seen.main.ended is None) or cause.reason == "Deleted"
    return Standing(
        PodStatus.LOST if lost else PodStatus.FAILED,
        _end(seen),
        cause.reason,
        cause.message,
        _code(seen),
        cause.infrastructure,
    )


def _code(seen: Seen) -> int | None:
    ended = seen.main.ended
    return None if ended is None or ended.unknown else ended.code


def _end(seen: Seen) -> datetime:
    """Return when a pod ended, or the latest that is told of it."""
    ended = [one.ended.at for one in (seen.main, *reversed(seen.others)) if one.ended and one.ended.at]
    if ended:
        return ended[0]
    changed = [one.at for one in seen.conditions.values() if one.at]
    return seen.deleted or max(changed, default=None) or seen.started or seen.created or EPOCH
