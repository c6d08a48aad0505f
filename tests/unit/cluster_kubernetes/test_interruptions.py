"""What ends pods from outside, as a table; the texts are those of Kubernetes 1.36."""

import pytest

from polyflow_shared.cluster.kubernetes.pods.failures.catalog import REASONS, Stage
from polyflow_shared.cluster.kubernetes.pods.reasons import standing
from polyflow_topics.status import PodStatus
from tests.unit.cluster_kubernetes import test_reasons
from tests.unit.cluster_kubernetes.cases import Case
from tests.unit.cluster_kubernetes.pods import deleted, disrupted, ended, failed, pod, runs, unplaced, waits

LOST, STOPPED = PodStatus.LOST, PodStatus.STOPPED
EARLY = "2026-11-21T10:00:10Z"

CASES = {
    "the deadline": Case(
        failed(reason="DeadlineExceeded", main=ended(143, message="epoch 3"), spec={"activeDeadlineSeconds": 18}),
        "DeadlineExceeded",
        "it took longer than its timeout of 18 s; raise the timeout, or do less\nit says at its end:\nepoch 3",
        code=143,
    ),
    "the deadline, taken well by the program": Case(
        failed(reason="DeadlineExceeded", main=ended(0), spec={"activeDeadlineSeconds": 18}),
        "DeadlineExceeded",
        "it took longer",
        code=0,
    ),
    "the deadline of what never started": Case(
        failed(reason="DeadlineExceeded", main=waits("ErrImageNeverPull"), spec={"activeDeadlineSeconds": 60}),
        "DeadlineExceeded",
        "its timeout of 60 s, and the main container was never started: the image registry.example.com/train:1",
    ),
    "evicted for the node's memory": Case(
        failed(
            reason="Evicted",
            message="The node was low on resource: memory. Threshold quantity: 100Mi, available: 40Mi. "
            "Container main was using 3Gi, request is 1Gi, has larger consumption of memory. ",
            main=ended(137),
            conditions=disrupted("TerminationByKubelet"),
        ),
        "Evicted",
        "the node node-1 was short of memory: The node was low on resource: memory. Threshold quantity: 100Mi, available: 40Mi. "
        "Container main was using 3Gi, request is 1Gi",
        code=137,
        cluster=True,
    ),
    "evicted for the node's disk": Case(
        failed(reason="Evicted", message="The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: 9Mi. "),
        "Evicted",
        "was short of disk space",
        cluster=True,
    ),
    "evicted for the node's process ids": Case(
        failed(reason="Evicted", message="The node was low on resource: pids. "), "Evicted", "short of process ids", cluster=True
    ),
    "refused by a node under pressure": Case(
        failed(reason="Evicted", message="The node had condition: [MemoryPressure]. "), "Evicted", "MemoryPressure", cluster=True
    ),
    "evicted for a disk limit of its own": Case(
        failed(reason="Evicted", message='Container main exceeded its local ephemeral storage limit "1Gi". ', main=ended(137)),
        "EphemeralStorageExceeded",
        'it was evicted: Container main exceeded its local ephemeral storage limit "1Gi"; raise the limit',
        code=137,
    ),
    "evicted for the size of a volume": Case(
        failed(reason="Evicted", message='Usage of EmptyDir volume "cache" exceeds the limit "1Gi". '),
        "EphemeralStorageExceeded",
        'volume "cache" exceeds',
    ),
    "evicted by a program that drains the node, and taken well": Case(
        failed(metadata=deleted(), main=ended(0), conditions=disrupted("EvictionByEvictionAPI", "Eviction API: evicting")),
        "Evicted",
        "it was evicted from node node-1, as when a node is drained",
        code=0,
        cluster=True,
    ),
    "evicted for a taint": Case(
        failed(
            metadata=deleted(),
            main=ended(143),
            conditions=disrupted("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint"),
        ),
        "Evicted",
        "it was evicted from node node-1, which has a taint",
        code=143,
        cluster=True,
    ),
    "preempted by the scheduler": Case(
        failed(
            metadata=deleted(),
            main=ended(143),
            conditions=disrupted("PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod"),
        ),
        "Preempted",
        "the scheduler took its place for a pod of higher priority",
        code=143,
        cluster=True,
    ),
    "preempted by the kubelet": Case(
        failed(reason="Preempting", message="Preempted in order to admit critical pod", main=ended(137), conditions=disrupted("TerminationByKubelet")),
        "Preempted",
        "the node node-1 had to make room",
        code=137,
        cluster=True,
    ),
    "the node is gone": Case(
        failed(main=runs(), metadata=deleted(grace=0), conditions=disrupted("DeletionByPodGC", "PodGC: node no longer exists")),
        "NodeLost",
        "the node node-1 is gone from the cluster",
        LOST,
        cluster=True,
    ),
    "the node was shut down": Case(
        failed(
            reason="Terminated",
            message="Pod was terminated in response to imminent node shutdown.",
            main=ended(143),
            conditions=disrupted("TerminationByKubelet"),
        ),
        "NodeShutdown",
        "the node node-1 was shut down",
        code=143,
        cluster=True,
    ),
    "the node was shutting down": Case(
        failed(reason="NodeShutdown", message="Pod was rejected: Pod was rejected as the node is shutting down."),
        "NodeShutdown",
        "was shutting down and took no more pods",
        cluster=True,
    ),
    "the node's labels have changed": Case(
        failed(reason="NodeAffinity", message="Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"),
        "NodeAffinity",
        "the node node-1 no longer matches",
        cluster=True,
    ),
    "the node had less CPU than the scheduler thought": Case(
        failed(reason="OutOfcpu", message="Pod was rejected: Node didn't have enough resource: cpu, requested: 4000, used: 2000, capacity: 4000"),
        "OutOfcpu",
        "the node node-1 refused the pod: Node didn't have enough resource: cpu, requested: 4000",
        cluster=True,
    ),
    "the node had less memory than the scheduler thought": Case(
        failed(reason="OutOfmemory", message="Pod was rejected: Node didn't have enough resource: memory"), "OutOfmemory", "memory", cluster=True
    ),
    "the node was full of pods": Case(
        failed(reason="OutOfpods", message="Pod was rejected: Node didn't have enough resource: pods"), "OutOfpods", "pods", cluster=True
    ),
    "the node's GPUs were taken": Case(
        failed(reason="OutOfnvidia.com/gpu", message="Pod was rejected: Node didn't have enough resource: nvidia.com/gpu"),
        "OutOfResource",
        "nvidia.com/gpu",
        cluster=True,
    ),
    "the node could not allocate a device": Case(
        failed(reason="UnexpectedAdmissionError", message="Pod was rejected: Allocate failed due to no healthy devices present"),
        "UnexpectedAdmissionError",
        "refused the pod: Allocate failed due to no healthy devices present",
        cluster=True,
    ),
    "the node refused for a reason of its own": Case(
        failed(reason="SysctlForbidden", message='Pod was rejected: forbidden sysctl: "kernel.sem" not allowlisted'),
        "NodeRejected",
        "forbidden sysctl",
        cluster=True,
    ),
    "somebody deleted it by hand": Case(
        failed(metadata=deleted(), main=ended(143)), "Deleted", "somebody deleted the pod", LOST, code=143, cluster=True
    ),
    "somebody deleted it before it had a node": Case(
        unplaced(metadata=deleted(grace=0)), "Deleted", "somebody deleted the pod", LOST, cluster=True
    ),
    "what had failed by itself is not lost by a deletion": Case(
        failed(metadata=deleted(), main=ended(3, at=EARLY)), "Error", "exit code 3", code=3
    ),
    "what was killed before a deletion, by another clock, was killed by it": Case(
        failed(metadata=deleted(), main=ended(137, at=EARLY)), "Deleted", "somebody", LOST, code=137, cluster=True
    ),
    "what was killed for its memory before a deletion was not killed by it": Case(
        failed(metadata=deleted(), main=ended(137, "OOMKilled", at=EARLY)), "OOMKilled", "memory", code=137
    ),
    "polyflow stopped it": Case(
        failed(metadata=deleted("Unwanted"), main=ended(143)), "Unwanted", "it was stopped", STOPPED, code=143
    ),
    "polyflow stopped it, and it took it well": Case(
        pod(metadata=deleted("Unwanted"), main=ended(0)), "Unwanted", "it was stopped", STOPPED, code=0
    ),
    "polyflow stopped it before it had a node": Case(
        unplaced(metadata=deleted("Unwanted")), "Unwanted", "it was stopped", STOPPED
    ),
    "polyflow stopped what had failed by itself": Case(
        failed(metadata=deleted("Unwanted"), main=ended(3, at=EARLY)), "Error", "exit code 3", code=3
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_end_from_outside_has_a_reason(case):
    now = standing(case.pod, case.events)
    assert (now.status, now.reason, now.exit_code) == (case.status, case.reason, case.code)
    assert case.says in now.message
    assert now.infrastructure is case.cluster
    assert now.waiting == ""


def test_each_reason_of_an_end_has_a_case():
    told = {case.reason for case in [*CASES.values(), *test_reasons.CASES.values()]}
    ends = {word for word, row in REASONS.items() if row.stage is Stage.ENDED}
    # That a pod is gone is what the watch says, whatever its last object said.
    assert ends - told == {"PodGone"}
