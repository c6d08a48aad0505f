"""What a real API server and scheduler say, and the reasons that are made of it."""

import json
import time
from typing import Any

import pytest

from polyflow_shared.cluster.kubernetes.pods.reasons import Refusal, rejection, standing
from polyflow_topics.status import PodStatus
from tests.kubernetes.namespaces import LIMIT, a_namespace
from tests.testbed.kubernetes.api import ApiError

pytestmark = pytest.mark.kubernetes

HANGS = {"testbed.polyflow.io/fate": "hang"}
TRACKED = ["polyflow.io/tracked"]


def made(
    name: str = "a",
    *,
    metadata: dict[str, Any] | None = None,
    main: dict[str, Any] | None = None,
    **spec: Any,
):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **(metadata or {})},
        "spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "main", "image": "fake/shell", **(main or {})}],
            **spec,
        },
    }


def asks_for(**resources: str) -> dict[str, Any]:
    return {"resources": {"requests": resources}}


def refused(plane, namespace: str, pod: dict[str, Any], reason: str) -> Refusal:
    """Return the refusal of a pod; the server may need a moment to hear of what forbids it."""
    return until(lambda: _answer(plane, namespace, pod), lambda one: one is not None and one.reason == reason)


def _answer(plane, namespace: str, pod: dict[str, Any]) -> Refusal | None:
    try:
        plane.api.create(f"/api/v1/namespaces/{namespace}/pods?fieldValidation=Strict&dryRun=All", pod)
    except ApiError as error:
        return rejection(error.status, json.loads(error.body))
    return None


REFUSED = {
    "Invalid: a quantity": (made(main=asks_for(cpu="x")), "Invalid", "cannot read it: quantities"),
    "Invalid: a port": (made(main={"ports": [{"containerPort": 99999}]}), "Invalid", "spec.containers[0].ports[0].containerPort: Invalid value: 99999"),
    "Invalid: a field that is not known": (made(main={"imagee": "x"}), "Invalid", "has no field spec.containers[0].imagee"),
    "Invalid: a volume that is not there": (
        made(main={"volumeMounts": [{"name": "data", "mountPath": "/x"}]}), "Invalid", 'spec.containers[0].volumeMounts[0].name: Not found: "data"'
    ),
    "a service account": (made(serviceAccountName="nobody"), "ServiceAccountNotFound", "no service account 'nobody'"),
    "a priority class": (made(priorityClassName="urgent"), "PriorityClassNotFound", "no priority class 'urgent'"),
    "a runtime class": (made(runtimeClassName="gvisor"), "RuntimeClassNotFound", "no runtime class 'gvisor'"),
    "the size": (made(metadata={"annotations": {"x": "y" * 4_000_000}}), "RequestTooLarge", "limit is 3145728"),
}  # fmt: skip


@pytest.mark.parametrize(("pod", "reason", "says"), REFUSED.values(), ids=REFUSED)
def test_a_refused_pod_says_why(plane, namespace, pod, reason, says):
    refusal = refused(plane, namespace, pod, reason)
    assert not refusal.retry
    assert says in refusal.message


def test_a_namespace_that_is_not_there_says_so(plane):
    assert "no namespace 'nosuch'" in refused(plane, "nosuch", made(), "NamespaceNotFound").message


def test_a_quota_that_is_used_up_is_waited_for(plane, namespace):
    add(plane, namespace, "resourcequotas", {"hard": {"pods": "0", "requests.cpu": "1"}})
    refusal = refused(plane, namespace, made(main=asks_for(cpu="1m")), "QuotaExceeded")
    assert refusal.retry
    assert "requested: pods=1, used: pods=0, limited: pods=0" in refusal.message


def test_a_quota_that_asks_for_requests_says_which(plane, namespace):
    add(plane, namespace, "resourcequotas", {"hard": {"requests.cpu": "1"}})
    refusal = refused(plane, namespace, made(), "ResourcesMissing")
    assert "must specify requests.cpu for: main" in refusal.message


def test_limits_of_the_namespace_say_which(plane, namespace):
    add(plane, namespace, "limitranges", {"limits": [{"type": "Container", "max": {"memory": "1Gi"}}]})
    pod = made(main={"resources": {"limits": {"memory": "2Gi"}}})
    refusal = refused(plane, namespace, pod, "LimitRange")
    assert "maximum memory usage per Container is 1Gi, but limit is 2Gi" in refusal.message


def test_pod_security_says_what_to_set(plane):
    strict = a_namespace(plane, **{"pod-security.kubernetes.io/enforce": "restricted"})
    refusal = refused(plane, strict, made(), "PodSecurity")
    assert "securityContext.runAsNonRoot=true" in refusal.message


WAITS = {
    "cpu": (made(main=asks_for(cpu="100k")), "5 have too little cpu left (it asks for 100k)"),
    "a GPU": (made(main={"resources": {"limits": {"nvidia.com/gpu": "1"}}}), "5 have too little nvidia.com/gpu left (it asks for 1)"),
    "a label": (made(nodeSelector={"disk": "ssd"}), "do not match its nodeSelector or affinity"),
    "a claim": (
        made(volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "missing"}}]), "there is no persistent volume claim 'missing'"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("pod", "says"), WAITS.values(), ids=WAITS)
def test_what_no_node_can_take_says_what_is_missing(plane, namespace, pod, says):
    create(plane, namespace, pod)
    now = until(lambda: now_of(plane, namespace), lambda one: bool(one.reason))
    assert (now.status, now.reason) == (PodStatus.RUNNING, "Unschedulable")
    assert says in now.waiting


def test_an_evicted_pod_has_failed_and_the_cluster_is_to_blame(plane, namespace):
    create(plane, namespace, made(metadata={"labels": HANGS, "finalizers": TRACKED}))
    until(lambda: get(plane, namespace), lambda pod: pod["status"]["phase"] == "Running")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}}
    plane.api.create(f"/api/v1/namespaces/{namespace}/pods/a/eviction", eviction)
    now = until(lambda: now_of(plane, namespace), lambda one: one.status is not PodStatus.RUNNING)
    assert (now.status, now.reason, now.infrastructure) == (PodStatus.FAILED, "Evicted", True)


def test_a_pod_that_somebody_deleted_is_lost(plane, namespace):
    create(plane, namespace, made(metadata={"finalizers": TRACKED}, nodeSelector={"disk": "ssd"}))
    plane.api.delete(f"/api/v1/namespaces/{namespace}/pods/a")
    now = until(lambda: now_of(plane, namespace), lambda one: one.status is not PodStatus.RUNNING)
    assert (now.status, now.reason) == (PodStatus.LOST, "Deleted")


def add(plane, namespace: str, kind: str, spec: dict[str, Any]) -> None:
    plane.api.create(f"/api/v1/namespaces/{namespace}/{kind}", {"metadata": {"name": "small"}, "spec": spec})


def create(plane, namespace: str, pod: dict[str, Any]) -> None:
    plane.api.create(f"/api/v1/namespaces/{namespace}/pods", pod)


def get(plane, namespace: str) -> dict[str, Any]:
    return plane.api.get(f"/api/v1/namespaces/{namespace}/pods/a")


def now_of(plane, namespace: str):
    return standing(get(plane, namespace))


def until(ask, good):
    end = time.monotonic() + LIMIT
    while not good(answer := ask()):
        assert time.monotonic() < end, answer
        time.sleep(0.05)
    return answer
