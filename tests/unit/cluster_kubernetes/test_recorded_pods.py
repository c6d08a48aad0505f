"""Reasons of pods that a real cluster has shown (`python -m tests.kubernetes.recording` records them)."""

import json
from pathlib import Path
from typing import Any

import pytest

from polyflow_shared.cluster.kubernetes.pods.failures.catalog import REASONS
from polyflow_shared.cluster.kubernetes.pods.reasons import Standing, standing
from polyflow_topics.status import PodStatus

PODS = Path(__file__).parents[2] / "fixtures" / "pods"
RUNNING, SUCCEEDED, FAILED, LOST = PodStatus.RUNNING, PodStatus.SUCCEEDED, PodStatus.FAILED, PodStatus.LOST

EXPECTED = {
    "claim-missing": (RUNNING, "Unschedulable", "no persistent volume claim 'absent'; create it"),
    "command-not-found": (
        FAILED,
        "StartError",
        "command 'absent' is not in image docker.io/library/busybox:1.35",
    ),
    "config-map-missing": (RUNNING, "CreateContainerConfigError", "there is no config map 'absent'"),
    "deadline": (FAILED, "DeadlineExceeded", "its timeout of 1 s"),
    "deleted-ends-in-time": (LOST, "Deleted", "somebody deleted the pod"),
    "deleted-killed": (LOST, "Deleted", "somebody deleted the pod"),
    "evicted-by-request": (FAILED, "Evicted", "evicted from node real, as when a node is drained"),
    "exit-code": (
        FAILED,
        "Error",
        "exit code 3; read the end of its log\nit says at its end:\nno such column",
    ),
    "exit-code-log-tail": (FAILED, "Error", "it says at its end:\na traceback"),
    "image-name-invalid": (RUNNING, "InvalidImageName", "Not/An:Image:1"),
    "image-never-pulled": (RUNNING, "ErrImageNeverPull", "is not on the node, and may not be pulled"),
    "image-pull-backoff": (RUNNING, "RegistryUnavailable", "connect: connection refused"),
    "image-pull-failed": (RUNNING, "RegistryUnavailable", "its registry cannot be reached"),
    "init-failed": (FAILED, "InitContainerFailed", "the init container first: exit code 4"),
    "init-image-pull-failed": (RUNNING, "RegistryUnavailable", "of the init container first"),
    "init-out-of-memory": (FAILED, "OOMKilled", "the init container first used more memory"),
    "killed": (FAILED, "Error", "SIGKILL, which polyflow did not send"),
    "liveness-failed": (FAILED, "ProbeFailed", "its liveness probe failed; correct"),
    "no-working-directory": (FAILED, "StartError", "its working directory '/bin/sh' is a file"),
    "node-gone": (LOST, "NodeLost", "the node real is gone from the cluster"),
    "node-tainted": (FAILED, "Evicted", "from node real, which has a taint"),
    "one-of-two-failed": (SUCCEEDED, "", ""),
    "out-of-memory": (FAILED, "OOMKilled", "the main container used more memory"),
    "post-start-failed": (FAILED, "PostStartHookError", "its postStart hook failed"),
    "preempted": (FAILED, "Preempted", "for a pod of higher priority"),
    "refused-by-node-resources": (FAILED, "OutOfcpu", "requested: 1000000, used: 0, capacity: 2000"),
    "refused-by-node-selector": (FAILED, "NodeAffinity", "the node real no longer matches"),
    "runs-as-root": (RUNNING, "CreateContainerConfigError", "must not run as root, and its image would"),
    "scheduling-gated": (RUNNING, "SchedulingGated", "held back"),
    "secret-missing": (RUNNING, "CreateContainerConfigError", "there is no secret 'absent'"),
    "succeeded": (SUCCEEDED, "", ""),
    "unschedulable-resources": (RUNNING, "Unschedulable", "1 has too little cpu left, 5 do not match"),
    "unschedulable-selector": (RUNNING, "Unschedulable", "6 do not match its nodeSelector"),
    "volume-secret-missing": (
        RUNNING,
        "FailedMount",
        "the volume 'word' cannot be mounted: there is no secret",
    ),
}


def recorded(name: str) -> Standing:
    form: dict[str, Any] = json.loads((PODS / f"{name}.json").read_text())
    return standing(form["pod"], form["events"])


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_pod_has_its_reason(name):
    status, reason, says = EXPECTED[name]
    now = recorded(name)
    assert (now.status, now.reason) == (status, reason)
    assert says in (now.message or now.waiting)


@pytest.mark.parametrize("name", sorted(path.stem for path in PODS.glob("*.json")))
def test_every_real_pod_that_did_not_succeed_has_a_known_reason(name):
    now = recorded(name)
    assert now.reason in REASONS or now.status is SUCCEEDED
    assert now.reason not in ("PodFailed", "ContainerWaiting")
