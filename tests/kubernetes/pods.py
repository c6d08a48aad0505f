"""Pods that end, or hang, in the ways that users meet; `recording.py` keeps what a real cluster shows of each."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.testbed.kubernetes import node
from tests.testbed.kubernetes.api import Api

Json = dict[str, Any]
LIMIT: Final = 60.0
"""Seconds within which anything that is waited for has happened."""
FINALIZER: Final = "polyflow.io/tracked"
"""Holds a pod that was deleted, so that its end can be seen."""
SHELL: Final = "busybox:1.35"
FINAL: Final = {"Succeeded", "Failed"}


@dataclass(frozen=True)
class Case:
    """A pod, and when it shows what it is here for.

    Attributes:
        spec: its specification.
        until: the claim that holds of it then.
        act: what is done to it once it runs, given the administrator and its name.
    """

    spec: Mapping[str, Any]
    until: Callable[[Json], bool]
    act: Callable[[Api, str], None] | None = None


def container(script: str = "true", *, name: str = "main", **more: Any) -> Json:
    """Return a container that runs a script of the shell."""
    return {"name": name, "image": SHELL, "command": ["sh", "-c", script], **more}


def spec(*containers: Json, **more: Any) -> Json:
    """Return the specification of a pod on the real node that is not started again."""
    form = {"nodeSelector": node.SELECTOR, "restartPolicy": "Never", "terminationGracePeriodSeconds": 1}
    return {**form, "containers": list(containers), **more}


def ended(pod: Json) -> bool:
    """Tell whether a pod is in a final phase."""
    return pod["status"].get("phase") in FINAL


def runs(pod: Json) -> bool:
    """Tell whether a pod's containers run."""
    return bool(pod["status"].get("phase") == "Running")


def taken(pod: Json) -> bool:
    """Tell whether a pod was deleted and has ended."""
    return "deletionTimestamp" in pod["metadata"] and ended(pod)


def waits_for(reason: str) -> Callable[[Json], bool]:
    """Return a claim: a container waits, for this reason."""

    def claim(pod: Json) -> bool:
        status = pod["status"]
        every = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
        return any(one["state"].get("waiting", {}).get("reason") == reason for one in every)

    return claim


def has(condition: str, status: str, reason: str) -> Callable[[Json], bool]:
    """Return a claim: a pod has this condition, with this reason."""

    def claim(pod: Json) -> bool:
        every = pod["status"].get("conditions", ())
        return any(
            (one["type"], one["status"], one.get("reason")) == (condition, status, reason) for one in every
        )

    return claim


def _variable(source: str) -> list[Json]:
    return [{"name": "WORD", "valueFrom": {source: {"name": "absent", "key": "word"}}}]


_NO_IMAGE: Final = {**container(), "image": "127.0.0.1:1/absent:1"}
_MUCH: Final = {"requests": {"cpu": "1000"}}
_MOST: Final = {"requests": {"cpu": "1200m"}}
_GREEDY: Final = "x=x; while true; do x=$x$x; done"
_STUBBORN: Final = "trap '' TERM; while true; do sleep 1; done"
_OBEDIENT: Final = "trap 'echo told to end; exit 0' TERM; while true; do sleep 0.1; done"


def _delete(api: Api, name: str) -> None:
    api.delete(_path(name))


def _evict(api: Api, name: str) -> None:
    form = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "default"}}
    api.create(f"{_path(name)}/eviction", form)


def _crowd_out(api: Api, name: str) -> None:
    """Create a pod that is more urgent and needs the same processors."""
    urgent = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "urgent"}}
    api.create("/apis/scheduling.k8s.io/v1/priorityclasses", {**urgent, "value": 1000})
    create(api, f"{name}-by", spec(container(resources=_MOST), priorityClassName="urgent"))


def _taint(api: Api, name: str) -> None:
    """Let no pod stay on the node, and give it free again when this one is told to go."""
    path = f"/api/v1/nodes/{node.NAME}"
    taints = api.get(path)["spec"].get("taints", [])
    out = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
    api.patch(path, {"spec": {"taints": [*taints, out]}})
    wait(api, name, lambda pod: "deletionTimestamp" in pod["metadata"])
    api.patch(path, {"spec": {"taints": taints}})


CASES: Final[Mapping[str, Case]] = {
    "succeeded": Case(spec(container("echo done > /dev/termination-log")), ended),
    "exit-code": Case(spec(container("echo no such column > /dev/termination-log; exit 3")), ended),
    "exit-code-log-tail": Case(
        spec(container("echo a traceback; exit 1", terminationMessagePolicy="FallbackToLogsOnError")), ended
    ),
    "killed": Case(spec(container("sleep 60 & kill -KILL $!; wait $!")), ended),
    "out-of-memory": Case(spec(container(_GREEDY, resources={"limits": {"memory": "16Mi"}})), ended),
    "deadline": Case(spec(container(_STUBBORN), activeDeadlineSeconds=1), ended),
    "init-failed": Case(spec(container(), initContainers=[container("exit 4", name="first")]), ended),
    "init-out-of-memory": Case(
        spec(
            container(),
            initContainers=[container(_GREEDY, name="first", resources={"limits": {"memory": "16Mi"}})],
        ),
        ended,
    ),
    "one-of-two-failed": Case(spec(container(), container("exit 5", name="beside")), ended),
    "command-not-found": Case(spec({**container(), "command": ["absent"]}), ended),
    "no-working-directory": Case(spec(container(workingDir="/bin/sh/absent")), ended),
    "image-pull-failed": Case(spec(_NO_IMAGE), waits_for("ErrImagePull")),
    "image-pull-backoff": Case(spec(_NO_IMAGE), waits_for("ImagePullBackOff")),
    "image-never-pulled": Case(
        spec({**_NO_IMAGE, "imagePullPolicy": "Never"}), waits_for("ErrImageNeverPull")
    ),
    "image-name-invalid": Case(spec({**container(), "image": "Not/An:Image:1"}), waits_for("InvalidImageName")),
    "init-image-pull-failed": Case(
        spec(container(), initContainers=[{**_NO_IMAGE, "name": "first"}]), waits_for("ErrImagePull")
    ),
    "secret-missing": Case(spec(container(env=_variable("secretKeyRef"))), waits_for("CreateContainerConfigError")),
    "config-map-missing": Case(
        spec(container(env=_variable("configMapKeyRef"))), waits_for("CreateContainerConfigError")
    ),
    "runs-as-root": Case(
        spec(container(securityContext={"runAsNonRoot": True})), waits_for("CreateContainerConfigError")
    ),
    "volume-secret-missing": Case(
        spec(
            container(volumeMounts=[{"name": "word", "mountPath": "/word"}]),
            volumes=[{"name": "word", "secret": {"secretName": "absent"}}],
        ),
        waits_for("ContainerCreating"),
    ),
    "claim-missing": Case(
        spec(
            container(volumeMounts=[{"name": "data", "mountPath": "/data"}]),
            volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "absent"}}],
        ),
        has("PodScheduled", "False", "Unschedulable"),
    ),
    "unschedulable-resources": Case(spec(container(resources=_MUCH)), has("PodScheduled", "False", "Unschedulable")),
    "unschedulable-selector": Case(
        spec(container(), nodeSelector={"gpu": "h200"}), has("PodScheduled", "False", "Unschedulable")
    ),
    "scheduling-gated": Case(
        spec(container(), schedulingGates=[{"name": "kueue.x-k8s.io/admission"}]),
        has("PodScheduled", "False", "SchedulingGated"),
    ),
    "refused-by-node-resources": Case(spec(container(resources=_MUCH), nodeName=node.NAME), ended),
    "refused-by-node-selector": Case(
        spec(container(), nodeName=node.NAME, nodeSelector={"gpu": "h200"}), ended
    ),
    "liveness-failed": Case(
        spec(container("sleep 60", livenessProbe={"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1})),
        ended,
    ),
    "post-start-failed": Case(
        spec(container("sleep 60", lifecycle={"postStart": {"exec": {"command": ["false"]}}})), ended
    ),
}  # fmt: skip
"""Each is alone with its fate: all can run at once."""

DISTURBED: Final[Mapping[str, Case]] = {
    "deleted-ends-in-time": Case(
        spec(container(_OBEDIENT), terminationGracePeriodSeconds=30), taken, _delete
    ),
    "deleted-killed": Case(spec(container(_STUBBORN)), taken, _delete),
    "evicted-by-request": Case(spec(container(_STUBBORN)), taken, _evict),
    "preempted": Case(spec(container(_STUBBORN, resources=_MOST)), taken, _crowd_out),
    "node-tainted": Case(spec(container(_STUBBORN)), taken, _taint),
}
"""These are disturbed from outside, one after the other."""


def create(api: Api, name: str, form: Mapping[str, Any]) -> None:
    """Create a pod."""
    metadata = {"name": name, "finalizers": [FINALIZER]}
    api.create(_path(), {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": form})


def watch(api: Api, name: str, case: Case) -> Json:
    """Return a case's pod, which was created, when it shows what it is here for."""
    if case.act is not None:
        wait(api, name, runs)
        case.act(api, name)
    return wait(api, name, case.until)


def logs(api: Api, name: str, container: str = "main") -> str:
    """Return what a container has written."""
    return api.text(f"{_path(name)}/log?container={container}")


def warnings(api: Api, name: str) -> list[Json]:
    """Return the events that warn of a pod."""
    query = f"involvedObject.name={name},type=Warning"
    found: list[Json] = api.get("/api/v1/namespaces/default/events", fieldSelector=query)["items"]
    return found


def wait(api: Api, name: str, until: Callable[[Json], bool], limit: float = LIMIT) -> Json:
    """Return a pod as soon as it shows something; fail after a number of seconds."""
    end = time.monotonic() + limit
    while True:
        pod: Json = api.get(_path(name))
        if until(pod):
            return pod
        assert time.monotonic() < end, json.dumps(pod["status"], indent=1)
        time.sleep(0.05)


def _path(name: str = "") -> str:
    return f"/api/v1/namespaces/default/pods{name and '/' + name}"
