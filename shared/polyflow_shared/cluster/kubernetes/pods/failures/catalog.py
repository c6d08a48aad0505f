# ruff: noqa: E501 (a row of the table is a line)
"""Every reason there is: when it is given, what to do about it, and who is to blame.  Pure.

The words are Kubernetes' own where it has one.  docs/failures.md is this list; a test holds the two together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Blame(StrEnum):
    """Whose matter it is."""

    PROGRAM = "the program"
    """What runs in the user's containers."""
    SPECIFICATION = "the specification"
    CLUSTER = "the cluster"
    """Trying again may help, and does not count as one of the user's retries."""
    ADMINISTRATOR = "the administrator"
    """Whoever looks after the cluster, or after polyflow on it."""


class Stage(StrEnum):
    """Where in its life a pod is when the reason is given."""

    ENDED = "ended"
    WAITING = "waiting"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Reason:
    """One row."""

    word: str
    stage: Stage
    when: str
    remedy: str
    blame: Blame

    @property
    def infrastructure(self) -> bool:
        """Whether the cluster, and neither the program nor its specification, is to blame."""
        return self.blame is Blame.CLUSTER


_PROGRAM, _SPEC = Blame.PROGRAM, Blame.SPECIFICATION
_CLUSTER, _ADMIN = Blame.CLUSTER, Blame.ADMINISTRATOR

# fmt: off
_ENDED: Final = (
    ("Error", "the main container ended with another exit code than 0, or by a signal", "read the end of its log", _PROGRAM),
    ("OOMKilled", "a container used more memory than its limit", "raise its `resources.limits.memory`, or use less", _SPEC),
    ("StartError", "a container's command is not in its image or may not be executed, or its working directory is not there", "correct `command`, `workingDir` or the image", _SPEC),
    ("InitContainerFailed", "an init container failed, so the main one was never started", "read that container's log", _PROGRAM),
    ("ProbeFailed", "a liveness or startup probe failed, so the kubelet killed the container", "correct the probe, or give it more time", _PROGRAM),
    ("PostStartHookError", "a container's `postStart` hook failed, so the kubelet killed the container", "correct the hook", _PROGRAM),
    ("DeadlineExceeded", "it took longer than its `termination.timeout`", "raise the timeout, or do less", _SPEC),
    ("EphemeralStorageExceeded", "a container or volume used more disk than its limit", "raise the limit of `ephemeral-storage` or the volume's `sizeLimit`, or write less", _SPEC),
    ("Evicted", "its node was short of memory, disk or process ids, or was drained or tainted", "nothing to mend, and it does not count as a retry; with requests that tell what it really needs it is evicted later than others", _CLUSTER),
    ("Preempted", "it had to make room for a pod of higher priority", "nothing to mend, and it does not count as a retry; a priority class makes it more important", _CLUSTER),
    ("NodeLost", "its node is gone from the cluster, or does not answer", "nothing to mend, and it does not count as a retry", _CLUSTER),
    ("NodeShutdown", "its node was shut down", "nothing to mend, and it does not count as a retry", _CLUSTER),
    ("NodeAffinity", "its node no longer matches its `nodeSelector` or affinity", "nothing to mend, and it does not count as a retry", _CLUSTER),
    ("OutOfcpu", "its node had less CPU left than the scheduler thought", "nothing to mend, and it does not count as a retry", _CLUSTER),
    ("OutOfmemory", "its node had less memory left than the scheduler thought", "nothing to mend, and it does not count as a retry", _CLUSTER),
    ("OutOfpods", "its node had as many pods as it may have", "nothing to mend, and it does not count as a retry", _CLUSTER),
    ("OutOfResource", "its node had less of another resource, such as a GPU, than the scheduler thought", "nothing to mend, and it does not count as a retry", _CLUSTER),
    ("UnexpectedAdmissionError", "its node could not prepare devices, CPUs or memory for it", "nothing to mend, and it does not count as a retry; an administrator should look at that node", _CLUSTER),
    ("NodeRejected", "its node refused it for another reason", "an administrator should look at that node", _CLUSTER),
    ("ContainerStatusUnknown", "nobody knows how its container ended, such as after a crash of the container runtime", "nothing to mend, and it does not count as a retry", _CLUSTER),
    ("Deleted", "somebody deleted it by hand", "nothing to mend, and it does not count as a retry; `polyflow stop RUN` ends a run", _CLUSTER),
    ("PodGone", "it was removed from the cluster by force", "nothing to mend, and it does not count as a retry; `polyflow stop RUN` ends a run", _CLUSTER),
    ("PodFailed", "Kubernetes says that it failed, and for no reason in this list", "look at it with `kubectl describe pod`", _ADMIN),
)
_WAITING: Final = (
    ("Unschedulable", "no node can take it", "ask for less or for other nodes, or have nodes added", _SPEC),
    ("SchedulingGated", "it is held back until somebody lets it in, such as Kueue", "wait, or look at the queue that holds it", _ADMIN),
    ("ImagePullBackOff", "a container's image is not there, or may not be pulled", "correct the image's name, or give the right `imagePullSecrets`", _SPEC),
    ("RegistryUnavailable", "the image's registry cannot be reached, or refuses for now", "wait: the node tries again", _CLUSTER),
    ("InvalidImageName", "the image's name cannot be read", "correct `image`", _SPEC),
    ("ErrImageNeverPull", "the image is not on the node, and `imagePullPolicy` is `Never`", "use another policy, or bring the image to the nodes", _SPEC),
    ("ImageInspectError", "the node cannot read the image that it has", "an administrator should remove the image from that node", _CLUSTER),
    ("SignatureValidationFailed", "the image's signature is not what the node asks for", "sign the image, or use one that is signed", _SPEC),
    ("CreateContainerConfigError", "a secret or config map that a container needs is missing, or lacks a key; or it would run as root and must not", "create what is missing, or correct its name", _SPEC),
    ("CreateContainerError", "the container runtime cannot make a container", "correct what it names; else an administrator should look at the node", _SPEC),
    ("RunContainerError", "the container runtime cannot start a container", "correct `command`, `workingDir` or the image", _SPEC),
    ("CrashLoopBackOff", "an init container or a sidecar ends again and again", "read that container's log", _PROGRAM),
    ("FailedMount", "a volume cannot be mounted", "create what is missing, or correct the volume", _SPEC),
    ("FailedAttachVolume", "a volume cannot be attached to the node", "wait until the volume is free; else an administrator should look at it", _CLUSTER),
    ("FailedCreatePodSandBox", "the node cannot set up the pod, mostly its network", "wait: the node tries again; else an administrator should look at it", _CLUSTER),
    ("NodeUnreachable", "its node does not answer, so nobody knows whether it still runs", "wait; an administrator should look at that node, or remove it from the cluster", _CLUSTER),
    ("NotReady", "it is a service that has started, and its first port does not answer yet", "wait; else see that the program listens on the first of its `ports`", _PROGRAM),
    ("ContainerWaiting", "a container waits for a reason that is not in this list", "look at it with `kubectl describe pod`", _ADMIN),
)
_REFUSED: Final = (
    ("QuotaExceeded", "the namespace's quota is used up; it is asked again until there is room", "wait, or have the quota raised", _ADMIN),
    ("QuotaNotReady", "the namespace's quota is not known yet; it is asked again", "wait", _CLUSTER),
    ("QuotaMissing", "pods like this one need a quota, and the namespace has none", "have one added, or use another namespace or priority class", _ADMIN),
    ("ResourcesMissing", "the namespace's quota asks for requests or limits that are not given", "give them in `resources`", _SPEC),
    ("LimitRange", "requests or limits are not within what the namespace allows", "change `resources`", _SPEC),
    ("PodSecurity", "the namespace's Pod Security level forbids it", "set what it names in `securityContext`, or use another namespace", _SPEC),
    ("AdmissionDenied", "an admission webhook or policy denied it", "change what it names", _SPEC),
    ("AdmissionUnavailable", "an admission webhook does not answer, or the API server has just started; it is asked again", "wait; else an administrator should look at the webhook", _CLUSTER),
    ("Invalid", "a field has a value that Kubernetes does not accept", "correct the field", _SPEC),
    ("RequestTooLarge", "the pod's manifest is larger than the API server accepts", "give less in params, variables and annotations, such as by a file", _SPEC),
    ("NamespaceNotAllowed", "the cluster's pod launcher is not set up for the namespace", "use another one, or have it added to `POLYFLOW_KUBERNETES_NAMESPACES`", _ADMIN),
    ("NamespaceNotFound", "the namespace does not exist", "have it created, or correct its name", _ADMIN),
    ("NamespaceTerminating", "the namespace is being deleted", "use another one", _ADMIN),
    ("ServiceAccountNotFound", "the service account does not exist in the namespace", "have it created, or correct `serviceAccountName`", _SPEC),
    ("PriorityClassNotFound", "the priority class does not exist", "correct `priorityClassName`", _SPEC),
    ("RuntimeClassNotFound", "the runtime class does not exist", "correct `runtimeClassName`", _SPEC),
    ("Forbidden", "polyflow itself may not create pods there; it is asked again", "an administrator gives it the rights that `deploy/` lists", _ADMIN),
    ("ApiUnavailable", "the API server is too busy or has an error of its own; it is asked again", "wait", _CLUSTER),
    ("NameTaken", "another pod has its name", "an administrator removes that pod, or gives each installation a name of its own", _ADMIN),
    ("ClusterRejected", "the API server refuses for a reason that is not in this list", "read what it says", _SPEC),
)
# fmt: on


def _rows() -> Iterator[tuple[str, Reason]]:
    for stage, rows in ((Stage.ENDED, _ENDED), (Stage.WAITING, _WAITING), (Stage.REFUSED, _REFUSED)):
        for word, when, remedy, blame in rows:
            yield word, Reason(word, stage, when, remedy, blame)


REASONS: Final[Mapping[str, Reason]] = MappingProxyType(dict(_rows()))
"""By word, in the order of the page."""
