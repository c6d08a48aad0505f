"""Why no node can take a pod, from the scheduler's message.  Pure.

The message is `0/N nodes are available: COUNT REASON, COUNT REASON. What was tried besides.`
"""

import re
from collections.abc import Mapping
from typing import Final

from polyflow_shared.cluster.kubernetes.pods.failures.cause import short

_MESSAGE: Final = re.compile(r"0/(\d+) nodes are available:\s*(.*)", re.S)
_COUNTED: Final = re.compile(r"(\d+) (.+)", re.S)
_BETWEEN: Final = re.compile(r", (?=\d+ )")
_TAINTED: Final = re.compile(r"node\(s\) had (?:untolerated )?taints?(?:\(s\))?(?: (\{.*\}))?")
_LACKING: Final = re.compile(r"Insufficient (.+)")
_NODES: Final = (
    ("didn't match Pod's node affinity/selector", "do not match its nodeSelector or affinity"),
    ("were unschedulable", "are cordoned"),
    ("Too many pods", "have as many pods as they may have"),
    ("didn't match pod affinity rules", "do not run what its pod affinity asks for"),
    ("anti-affinity rules", "run what a pod anti-affinity forbids"),
    ("topology spread constraints", "would break its topology spread constraints"),
    ("didn't have free ports", "have its host port in use"),
    ("volume node affinity conflict", "cannot reach its volume"),
    ("PersistentVolume's node affinity", "cannot reach its volume"),
    ("didn't find available persistent volumes", "have no volume that its claim could get"),
    ("exceed max volume count", "have as many volumes as they may have"),
    ("ReadWriteOncePod", "cannot have its volume, which another pod has alone"),
    ("not available disk", "have its disk in use"),
)
"""A part of the scheduler's reason, and how it goes on after a number of nodes."""
_OF_ONE: Final = {"do": "does", "have": "has", "are": "is", "run": "runs"}
_CLAIM_MISSING: Final = re.compile(r'persistentvolumeclaim "([^"]+)" not found')


def unschedulable(message: str, asked: Mapping[str, str]) -> str:
    """Return why no node can take a pod.

    Args:
        message: the scheduler's.
        asked: what the main container asks for, by resource.
    """
    if "no nodes available" in message:
        return "the cluster has no nodes"
    found = _MESSAGE.match(message)
    if found is None:
        return short(message) or "the scheduler does not say why"
    nodes, reasons = int(found[1]), re.split(r"\.(?:\s|$)", found[2], maxsplit=1)[0]
    if not nodes:
        return "the cluster has no nodes"
    parts = _BETWEEN.split(reasons)
    counted = [_COUNTED.fullmatch(part) for part in parts]
    told = [_of_nodes(one[1], one[2], asked) for one in counted if one]
    if len(told) < len(parts):
        return _of_pod(reasons)
    return f"none of {nodes} node{'s' if nodes > 1 else ''} can take it: {', '.join(told)}"


def _of_nodes(count: str, reason: str, asked: Mapping[str, str]) -> str:
    have = "has" if count == "1" else "have"
    if lacking := _LACKING.fullmatch(reason):
        what = lacking[1]
        wanted = f" (it asks for {asked[what]})" if what in asked else ""
        return f"{count} {have} too little {what} left{wanted}"
    if tainted := _TAINTED.fullmatch(reason):
        return f"{count} {have} a taint that it does not tolerate{f' {tainted[1]}' if tainted[1] else ''}"
    for part, told in _NODES:
        if part in reason:
            verb, _, rest = told.partition(" ")
            return f"{count} {_OF_ONE.get(verb, verb) if count == '1' else verb} {rest}"
    return f"{count}: {short(reason)}"


def _of_pod(reason: str) -> str:
    if missing := _CLAIM_MISSING.search(reason):
        return f"there is no persistent volume claim {missing[1]!r}"
    if "unbound immediate PersistentVolumeClaims" in reason:
        return "a persistent volume claim of it has no volume yet"
    return short(reason)
