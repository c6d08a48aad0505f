"""Artifacts of other operations and runs that a process of this machine reads: where they are."""

import os
from pathlib import Path

from polyflow_shared.cluster.local.endings import Ending
from polyflow_shared.cluster.port import Pod
from polyflow_topics.pods import RUNS_VARIABLE, artifacts_variable
from polyflow_topics.status import PodStatus

NOT_FOUND = "ArtifactNotFound"
"""The reason of a pod that is to read what is not there."""
_SHOWN = 10
"""Names of artifacts that a message lists."""


def folders_of(pod: Pod, runs: Path) -> dict[str, str]:
    """Return the variables that say where the artifacts are which a pod reads.

    Args:
        pod: the pod.
        runs: the folder of all runs.
    """
    return {
        artifacts_variable(name) if name else RUNS_VARIABLE: _folder(pod, name, runs)
        for name in pod.parts.artifacts
    }


def missing(pod: Pod, runs: Path) -> Ending | None:
    """Return why a pod cannot start that is to read what is not there; None where all is."""
    for name, paths in pod.parts.artifacts.items():
        folder = _folder(pod, name, runs)
        for path in paths:
            if not os.path.exists(os.path.join(folder, path)):
                return Ending(PodStatus.FAILED, NOT_FOUND, _said(name, path, folder))
    return None


def _said(name: str, path: str, folder: str) -> str:
    if not name:
        return f"there is no {path!r} (any more) among the runs of this machine"
    try:
        there = sorted(os.listdir(folder))
    except OSError:
        return f"operation {name!r} has left no artifacts on this machine"
    has = ", ".join(there[:_SHOWN]) or "nothing"
    return f"operation {name!r} has no {path!r} among its artifacts; there is: {has}"


def _folder(pod: Pod, operation: str, runs: Path) -> str:
    """Return the artifacts of the last attempt of an operation of the same run; for no name, all runs."""
    if not operation:
        return str(runs)
    attempts = runs / pod.run / "operations" / operation
    try:
        last = max((name for name in os.listdir(attempts) if name.isdecimal()), key=int, default="0")
    except OSError:
        last = "0"
    return str(attempts / last / "artifacts")
