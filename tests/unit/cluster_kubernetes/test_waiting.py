"""Why pods do not start, as a table; the texts are those of Kubernetes 1.36 and containerd 2.2."""

from typing import Any, NamedTuple

import pytest

from polyflow_shared.cluster.kubernetes.pods.failures.catalog import REASONS, Stage
from polyflow_shared.cluster.kubernetes.pods.failures.scheduling import unschedulable
from polyflow_shared.cluster.kubernetes.pods.reasons import standing
from polyflow_topics.status import PodStatus
from tests.unit.cluster_kubernetes.pods import (
    DELETED,
    container,
    deleted,
    disrupted,
    ended,
    event,
    new_event,
    not_placed,
    pending,
    pod,
    runs,
    sidecar,
    unplaced,
    waits,
)

BACK_OFF = 'Back-off pulling image "registry.example.com/train:1": ErrImagePull: '
RESOLVE = (
    'failed to pull and unpack image "registry.example.com/train:1": failed to resolve reference '
    '"registry.example.com/train:1": '
)
LATER = "2026-11-21T10:00:09Z"
SETTING_UP = waits("ContainerCreating")


class Case(NamedTuple):
    pod: dict[str, Any]
    reason: str
    says: str
    """Is in what it waits for."""
    cluster: bool = False
    events: tuple[dict[str, Any], ...] = ()


def pulls(cause: str) -> dict[str, Any]:
    return pending(main=waits("ImagePullBackOff", BACK_OFF + RESOLVE + cause))


def config(cause: str) -> dict[str, Any]:
    return pending(main=waits("CreateContainerConfigError", cause))


CASES = {
    "the image does not exist": Case(
        pulls("registry.example.com/train:1: not found"),
        "ImagePullBackOff",
        "the image registry.example.com/train:1 of the main container cannot be pulled: it does not exist (registry.example.com/train:1: not found); correct",
    ),
    "the image may be private": Case(
        pulls("pull access denied, repository does not exist or may require authorization: server message: insufficient_scope"),
        "ImagePullBackOff",
        "it does not exist, or may not be pulled without credentials",
    ),
    "the credentials are wrong": Case(
        pulls("unexpected status from HEAD request to https://registry.example.com/v2/train/manifests/1: 401 Unauthorized"),
        "ImagePullBackOff",
        "its registry asks for other credentials",
    ),
    "the image is for another kind of processor": Case(
        pulls("no match for platform in manifest: not found"), "ImagePullBackOff", "there is none for the node's kind of processor"
    ),
    "the registry is away": Case(
        pulls('Head "https://registry.example.com/v2/": dial tcp 10.0.0.9:443: connect: connection refused'),
        "RegistryUnavailable",
        "its registry cannot be reached, or has an error",
        cluster=True,
    ),
    "the registry's name is not known": Case(
        pulls('Head "https://registry.example.com/v2/": dial tcp: lookup registry.example.com: no such host'),
        "RegistryUnavailable",
        "its registry's name is not known to the node",
        cluster=True,
    ),
    "the registry has had enough": Case(
        pulls("429 Too Many Requests - Server message: toomanyrequests"), "RegistryUnavailable", "asks to pull less often", cluster=True
    ),
    "the kubelet's own word for a registry that is away": Case(
        pending(main=waits("RegistryUnavailable", "image pull failed for x because the registry is unavailable: 503")),
        "RegistryUnavailable",
        "its registry cannot be reached",
        cluster=True,
    ),
    "the first try, before the kubelet backs off": Case(
        pending(main=waits("ErrImagePull", "registry.example.com/train:1: not found")), "ImagePullBackOff", "it does not exist"
    ),
    "an older kubelet tells the cause in an event only": Case(
        pending(main=waits("ImagePullBackOff", 'Back-off pulling image "registry.example.com/train:1"')),
        "ImagePullBackOff",
        "it does not exist",
        events=(event("Failed", f'Failed to pull image "registry.example.com/train:1": {RESOLVE}not found'),),
    ),
    "an image that cannot be pulled for no reason that we know": Case(
        pulls("a new kind of trouble"), "ImagePullBackOff", "cannot be pulled: a new kind of trouble; correct"
    ),
    "an init container's image": Case(
        pending(init=[container("fetch")], others={"fetch": waits("ErrImagePull", "not found")}, main=waits("PodInitializing")),
        "ImagePullBackOff",
        "of the init container fetch cannot be pulled",
    ),
    "an image's name cannot be read": Case(
        pending(main=waits("InvalidImageName", "couldn't parse image name")), "InvalidImageName", "has a name that cannot be read; correct `image`"
    ),
    "an image that may not be pulled is not there": Case(
        pending(main=waits("ErrImageNeverPull", "not present with pull policy of Never")), "ErrImageNeverPull", "is not on the node, and may not be pulled"
    ),
    "an image that cannot be read": Case(pending(main=waits("ImageInspectError")), "ImageInspectError", "cannot read the image", cluster=True),
    "an image that is not signed": Case(
        pending(main=waits("SignatureValidationFailed")), "SignatureValidationFailed", "is not signed as the node asks for"
    ),
    "a secret is missing": Case(
        config('secret "hub" not found'),
        "CreateContainerConfigError",
        "the main container cannot be made: there is no secret 'hub'; create it, or correct its name",
    ),
    "a config map is missing": Case(config('configmap "plan" not found'), "CreateContainerConfigError", "there is no config map 'plan'"),
    "a secret lacks a key": Case(
        config("couldn't find key token in Secret ml/hub"), "CreateContainerConfigError", "the secret 'hub' lacks the key 'token'; add the key"
    ),
    "a config map lacks a key": Case(
        config("couldn't find key seed in ConfigMap ml/plan"), "CreateContainerConfigError", "the config map 'plan' lacks the key 'seed'"
    ),
    "it must not run as root": Case(
        config("container has runAsNonRoot and image will run as root"), "CreateContainerConfigError", "its image would; set `securityContext.runAsUser`"
    ),
    "the node cannot get a secret in time": Case(
        config("failed to sync secret cache: timed out waiting for the condition"), "CreateContainerConfigError", "failed to sync secret cache", cluster=True
    ),
    "the image says not what to run": Case(
        pending(main=waits("CreateContainerError", 'failed to generate container "abc" spec: failed to generate spec: no command specified')),
        "CreateContainerError",
        "neither `command` nor its image says what to run; give a `command`",
    ),
    "CRI-O's word for a command that is not in the image": Case(
        pending(main=waits("CreateContainerError", 'container create failed: exec: "trian": executable file not found in $PATH')),
        "CreateContainerError",
        "command 'trian' is not in image",
    ),
    "a container cannot be started": Case(
        pending(main=waits("RunContainerError", 'runc: exec: "/run.sh": permission denied')), "RunContainerError", "command '/run.sh' in image"
    ),
    "a sidecar ends again and again": Case(
        pending(
            init=[sidecar("proxy")],
            others={"proxy": waits("CrashLoopBackOff", "back-off 20s restarting failed container")},
            before=ended(2, message="no upstream"),
            main=waits("PodInitializing"),
        ),
        "CrashLoopBackOff",
        "the sidecar proxy ends again and again; the last time: exit code 2; read that container's log\nit says at its end:\nno upstream",
    ),
    "a postStart hook fails": Case(pending(main=waits("PostStartHookError")), "PostStartHookError", "the postStart hook of the main container fails"),
    "a container waits for something new": Case(
        pending(main=waits("AwaitingSpring", "it is winter")), "ContainerWaiting", "the main container waits: it is winter"
    ),
    "no node has room": Case(
        unplaced(
            containers=[container(resources={"requests": {"cpu": "64"}})],
            conditions=not_placed("Unschedulable", "0/5 nodes are available: 5 Insufficient cpu. no new claims to deallocate, preemption: 0/5 nodes"),
        ),
        "Unschedulable",
        "none of 5 nodes can take it: 5 have too little cpu left (it asks for 64); ask for less or for other nodes, or have nodes added",
    ),
    "it is held back": Case(
        unplaced(conditions=not_placed("SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates")), "SchedulingGated", "held back"
    ),
    "a volume's secret is missing": Case(
        pending(main=SETTING_UP),
        "FailedMount",
        "the volume 'keys' cannot be mounted: there is no secret 'hub'; create it",
        events=(event("FailedMount", 'MountVolume.SetUp failed for volume "keys" : secret "hub" not found'),),
    ),
    "a volume's path is no folder": Case(
        pending(main=SETTING_UP),
        "FailedMount",
        "the volume 'data' cannot be mounted: on the node, /data is not a directory; correct",
        events=(new_event("FailedMount", 'MountVolume.SetUp failed for volume "data" : hostPath type check failed: /data is not a directory'),),
    ),
    "a file server does not answer": Case(
        pending(main=SETTING_UP),
        "FailedMount",
        "the volume 'nfs' cannot be mounted: mount failed: exit status 32; create",
        cluster=True,
        events=(event("FailedMount", 'MountVolume.SetUp failed for volume "nfs" : mount failed: exit status 32'),),
    ),
    "a volume is in use elsewhere": Case(
        pending(main=SETTING_UP),
        "FailedAttachVolume",
        "the volume 'pvc-1' cannot be attached to the node: the volume is in use on another node; wait until the volume is free",
        cluster=True,
        events=(event("FailedAttachVolume", 'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) other'),),
    ),
    "the pod's network cannot be set up": Case(
        pending(main=SETTING_UP),
        "FailedCreatePodSandBox",
        "the node cannot set up the pod: plugin type=\"bridge\" failed; wait",
        cluster=True,
        events=(
            event("Scheduled", "Successfully assigned ml/pf-r1-0-0 to node-1", kind="Normal"),
            event("FailedCreatePodSandBox", 'Failed to create pod sandbox: rpc error: code = Unknown desc = plugin type="bridge" failed', LATER),
        ),
    ),
    "its node was given up while it ran": Case(
        pod(main=runs(), reason="NodeLost", message="Node node-1 which was running pod pf-r1-0-0 is unresponsive"),
        "NodeUnreachable",
        "the node node-1 may not answer, so it is not known how the pod does",
        cluster=True,
    ),
    "its node is not ready": Case(
        pod(main=runs()), "NodeUnreachable", "node-1", cluster=True, events=[event("NodeNotReady", "Node is not ready", DELETED)]
    ),
    "its node does not end it, as it was told to": Case(
        pod(main=runs(), metadata=deleted(), conditions=disrupted("DeletionByTaintManager")), "NodeUnreachable", "node-1", cluster=True
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_says_what_it_waits_for(case):
    now = standing(case.pod, case.events)
    assert (now.status, now.reason) == (PodStatus.RUNNING, case.reason)
    assert case.says in now.waiting
    assert now.infrastructure is case.cluster
    assert now.message == ""


def test_each_reason_to_wait_has_a_case():
    told = {case.reason for case in CASES.values()}
    # A service that has started and does not answer: `objects.report_of` tells.
    assert {word for word, row in REASONS.items() if row.stage is Stage.WAITING} - told == {"NotReady"}


@pytest.mark.parametrize("done", ["Pulling", "Pulled", "Created", "Started"])
def test_a_trouble_that_is_over_is_not_told(done):
    trouble = event("FailedMount", 'MountVolume.SetUp failed for volume "keys" : secret "hub" not found')
    over = event(done, "it went well", LATER, kind="Normal")
    assert standing(pending(main=SETTING_UP), [over, trouble]).waiting == ""


def test_a_node_that_is_back_is_not_told():
    away, back = event("NodeNotReady", "Node is not ready"), event("Pulled", "", LATER, kind="Normal")
    assert standing(pod(main=runs()), [away, back]).waiting == ""


MESSAGES = {
    "0/5 nodes are available: 3 Insufficient nvidia.com/gpu, 2 node(s) had untolerated taint {dedicated: gpu}. preemption: 0/5 nodes": (
        "none of 5 nodes can take it: 3 have too little nvidia.com/gpu left (it asks for 2), "
        "2 have a taint that it does not tolerate {dedicated: gpu}"
    ),
    "0/1 nodes are available: 1 Insufficient memory. no new claims": "none of 1 node can take it: 1 has too little memory left",
    "0/2 nodes are available: 2 node(s) had untolerated taint(s). x": "none of 2 nodes can take it: 2 have a taint that it does not tolerate",
    "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match Pod's node affinity/selector. x": (
        "none of 3 nodes can take it: 1 is cordoned, 2 do not match its nodeSelector or affinity"
    ),
    "0/3 nodes are available: 3 node(s) had volume node affinity conflict. x": "none of 3 nodes can take it: 3 cannot reach its volume",
    "0/3 nodes are available: 3 node(s) had bad karma.": "none of 3 nodes can take it: 3: node(s) had bad karma",
    '0/5 nodes are available: persistentvolumeclaim "data" not found. not found': "there is no persistent volume claim 'data'",
    "0/5 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found": "a persistent volume claim of it has no volume yet",
    "0/0 nodes are available: .": "the cluster has no nodes",
    "no nodes available to schedule pods": "the cluster has no nodes",
    "running PreBind plugin failed": "running PreBind plugin failed",
    "": "the scheduler does not say why",
}  # fmt: skip


@pytest.mark.parametrize(("message", "told"), MESSAGES.items())
def test_the_scheduler_in_other_words(message, told):
    assert unschedulable(message, {"nvidia.com/gpu": "2"}) == told
