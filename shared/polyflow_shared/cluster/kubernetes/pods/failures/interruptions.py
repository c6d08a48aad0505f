"""What ended a pod from outside: polyflow, its deadline, its node, the scheduler, or somebody.  Pure."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from polyflow_shared.cluster.kubernetes.pods.failures.cause import Cause, short
from polyflow_shared.cluster.kubernetes.pods.failures.containers import KILLED
from polyflow_shared.cluster.kubernetes.pods.failures.fields import shifted
from polyflow_shared.cluster.kubernetes.pods.failures.view import Condition, Seen
from polyflow_shared.cluster.kubernetes.pods.failures.waiting import obstacle

_OWN_LIMIT: Final = re.compile(r"exceeded its local ephemeral storage limit|exceeds the (?:total )?limit")
_SHORT_OF: Final = re.compile(r"low on resource: ([\w-]+)")
_SHORTAGES: Final = {"pids": "process ids", "inodes": "inodes on its disk", "ephemeral-storage": "disk space"}
_NODE_WORDS: Final = {
    "Terminated": ("NodeShutdown", "the node {node} was shut down"),
    "NodeShutdown": ("NodeShutdown", "the node {node} was shutting down and took no more pods"),
    "Preempting": ("Preempted", "the node {node} had to make room for a pod that it cannot do without"),
    "NodeLost": ("NodeLost", "the node {node} does not answer any more"),
    "NodeAffinity": ("NodeAffinity", "the node {node} no longer matches what the pod asks of its node"),
    "OutOfcpu": ("OutOfcpu", "the node {node} refused the pod: {says}"),
    "OutOfmemory": ("OutOfmemory", "the node {node} refused the pod: {says}"),
    "OutOfpods": ("OutOfpods", "the node {node} refused the pod: {says}"),
    "UnexpectedAdmissionError": ("UnexpectedAdmissionError", "the node {node} refused the pod: {says}"),
    "TopologyAffinityError": ("UnexpectedAdmissionError", "the node {node} refused the pod: {says}"),
    "SMTAlignmentError": ("UnexpectedAdmissionError", "the node {node} refused the pod: {says}"),
}
"""What the kubelet gives as a pod's reason: our word and what happened."""
_DISRUPTIONS: Final = {
    "PreemptionByScheduler": ("Preempted", "the scheduler took its place for a pod of higher priority"),
    "EvictionByEvictionAPI": ("Evicted", "it was evicted from node {node}, as when a node is drained"),
    "DeletionByTaintManager": (
        "Evicted",
        "it was evicted from node {node}, which has a taint: it is not ready, or is to be emptied",
    ),
    "DeletionByPodGC": ("NodeLost", "the node {node} is gone from the cluster"),
    "TerminationByKubelet": ("Evicted", "the node {node} ended it: {says}"),
}
"""Reasons of the condition DisruptionTarget: our word and what happened."""


def interruption(seen: Seen) -> Cause | None:
    """Return what ended a pod from outside, or None; a stop by polyflow is not among it."""
    for find in _FINDS:
        if cause := find(seen):
            return cause
    return None


def by_itself(seen: Seen, interrupted: datetime | None) -> bool:
    """Tell whether the main container had ended by itself before it was interrupted at a time.

    Times on objects are whole seconds, and of clocks of several machines: one that ended as a killed one
    does was killed.
    """
    ended = seen.main.ended
    if ended is None or ended.at is None or interrupted is None:
        return False
    return ended.at < interrupted and (ended.code not in KILLED or ended.reason == "OOMKilled")


def _late(seen: Seen) -> Cause | None:
    if seen.phase != "Failed" or seen.reason != "DeadlineExceeded":
        return None
    limit = "its timeout" if seen.deadline is None else f"its timeout of {seen.deadline} s"
    ended, why = seen.main.ended, obstacle(seen)
    never = f", and the main container was never started: {why.happened}" if why and ended is None else ""
    return Cause(
        "DeadlineExceeded",
        f"it took longer than {limit}{never}",
        shifted(seen.started, seen.deadline),
        said=ended.message if ended else "",
    )


def _evicted(seen: Seen) -> Cause | None:
    if seen.phase != "Failed" or seen.reason != "Evicted":
        return None
    target = seen.conditions.get("DisruptionTarget")
    at = target.at if target else None
    if _OWN_LIMIT.search(seen.message):
        return Cause("EphemeralStorageExceeded", f"it was evicted: {_sentence(seen.message)}", at)
    found = _SHORT_OF.search(seen.message)
    what = _SHORTAGES.get(found[1], found[1]) if found else ""
    why = f"was short of {what}" if what else "evicted it"
    return Cause("Evicted", f"the node {_node(seen)} {why}: {_sentence(seen.message)}", at)


def _ended_by_node(seen: Seen) -> Cause | None:
    if seen.phase != "Failed":
        return None
    word, told = _NODE_WORDS.get(seen.reason) or _other_rejection(seen)
    if not word:
        return None
    target = seen.conditions.get("DisruptionTarget")
    return Cause(
        word, _told(told, seen, seen.message), target.at if target else None, lost=word == "NodeLost"
    )


def _other_rejection(seen: Seen) -> tuple[str, str]:
    told = "the node {node} refused the pod: {says}"
    if seen.reason.startswith("OutOf"):
        return "OutOfResource", told
    return ("NodeRejected", told) if seen.message.startswith("Pod was rejected:") else ("", "")


def _disrupted(seen: Seen) -> Cause | None:
    target = seen.conditions.get("DisruptionTarget")
    if target is None or not target.true or not (seen.going or seen.phase == "Failed"):
        return None
    word, told = _DISRUPTIONS.get(target.reason, ("Evicted", "the cluster ended it: {says}"))
    return Cause(word, _told(told, seen, _words(target)), target.at, lost=word == "NodeLost")


def _deleted(seen: Seen) -> Cause | None:
    if not seen.going:
        return None
    return Cause("Deleted", "somebody deleted the pod", seen.deleted, lost=True)


_FINDS: Final[tuple[Callable[[Seen], Cause | None], ...]] = (
    _late,
    _evicted,
    _ended_by_node,
    _disrupted,
    _deleted,
)


def _told(told: str, seen: Seen, says: str) -> str:
    return told.format(node=_node(seen), says=_sentence(says).removeprefix("Pod was rejected: "))


def _words(target: Condition) -> str:
    return target.message or target.reason


def _node(seen: Seen) -> str:
    return seen.node or "that it was on"


def _sentence(text: str) -> str:
    return short(text).rstrip(". ") or "it does not say why"
