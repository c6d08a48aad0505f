"""From a pod to the core/v1 object that the API server is sent.  Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from polyflow_shared.cluster.kubernetes.pods import names, serving
from polyflow_shared.cluster.port import Pod, identity
from polyflow_shared.errors import ClusterRejectedError
from polyflow_shared.stated.tokens import Attempt, Gateway, variables_of
from polyflow_shared.variables import escaped
from polyflow_topics.plan import Container
from polyflow_topics.pods import ARTIFACTS_PATH, MAIN, MOUNT, VOLUME, artifacts_variable, volume_variable

_SOURCES: Final = {"secret": "secretRef", "config_map": "configMapRef"}
_FOLDERS: Final = ("outputs", "artifacts")
"""In the volume; the kubelet makes them, since a mount of its own leads to each."""
_MESSAGE: Final = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "FallbackToLogsOnError",
}


def manifest(
    pod: Pod, installation: str, namespace: str, *, gateway: Gateway | None = None
) -> dict[str, Any]:
    """Return the manifest of a pod.

    Args:
        pod: one attempt of an operation.
        installation: tells its pods from those of another polyflow on the same cluster.
        namespace: where it is created.
        gateway: where it sends outputs and metrics; none where it cannot.

    Raises:
        ClusterRejectedError: its container has no image, which nothing on a cluster runs without.
    """
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod.name,
            "namespace": namespace,
            "labels": _labels(pod, installation),
            "annotations": _annotations(pod),
            "finalizers": [names.TRACKED],
        },
        "spec": _spec(pod, {**given_variables(pod), **_sending(pod, gateway)}),
    }


def _labels(pod: Pod, installation: str) -> dict[str, str]:
    return {
        **pod.parts.labels,
        names.RUN: pod.run,
        names.INDEX: str(pod.index),
        names.ATTEMPT: str(pod.attempt),
        names.PROJECT: names.label_value(pod.project),
        names.OWNER: names.label_value(pod.owner),
        names.INSTALLATION: names.label_value(installation),
        names.TRACKED: names.YES,
        names.SHARD: str(names.shard_of(pod.name)),
        names.MANAGED_BY: "polyflow",
    }


def _annotations(pod: Pod) -> dict[str, str]:
    ttl = {} if pod.parts.ttl is None else {names.TTL: str(pod.parts.ttl)}
    service = serving.annotations(pod.parts.service)
    return {**pod.parts.annotations, names.OPERATION: pod.operation, **service, **ttl}


def _sending(pod: Pod, gateway: Gateway | None) -> Mapping[str, str]:
    if gateway is None:
        return {}
    return variables_of(Attempt(pod.run, pod.index, pod.attempt), pod.operation, gateway)


def _spec(pod: Pod, given: Mapping[str, str]) -> dict[str, Any]:
    parts = pod.parts
    spec: dict[str, Any] = {
        "automountServiceAccountToken": "serviceAccountName" in parts.spec,
        **parts.spec,
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        "volumes": [*parts.volumes, {"name": VOLUME, "emptyDir": {}}],
        "containers": [_main(pod, given)],
    }
    # A sidecar is an init container that goes on, so that the kubelet ends it once the main one has ended.
    before = [_beside(one, given) for one in parts.init]
    before += [{**_beside(one, given), "restartPolicy": "Always"} for one in parts.sidecars]
    if before:
        spec["initContainers"] = before
    if pod.timeout is not None:
        spec["activeDeadlineSeconds"] = max(pod.timeout, 1)
    return spec


def given_variables(pod: Pod) -> dict[str, str]:
    """Return the variables that polyflow gives every container of a pod."""
    return {
        **identity(pod),
        "POLYFLOW_OUTPUTS": _MESSAGE["terminationMessagePath"],
        "POLYFLOW_OUTPUTS_PATH": f"{MOUNT}/outputs",
        "POLYFLOW_ARTIFACTS_PATH": ARTIFACTS_PATH,
        # Operations that read each other's artifacts share the folder, by a connection of both.
        **{artifacts_variable(name): ARTIFACTS_PATH for name in pod.parts.artifacts},
    }


def _main(pod: Pod, given: Mapping[str, str]) -> dict[str, Any]:
    container, further = pod.container, pod.parts.container
    if not container.image:
        raise ClusterRejectedError("the container has no image, and on Kubernetes nothing runs without one")
    own = [{"name": name, "valueFrom": source} for name, source in pod.parts.env.items()]
    own += [{"name": name, "value": value} for name, value in container.env.items()]
    main: dict[str, Any] = {
        **serving.answers(pod.parts.service),
        **further,
        **_MESSAGE,
        "name": MAIN,
        "image": container.image,
        "env": _variables({**given, **_mounted(further)}, own),
        "volumeMounts": _mounts(further),
    }
    optional = {
        "command": list(container.command),
        "args": list(container.args),
        "envFrom": list(_sources(container)),
        "workingDir": container.working_dir,
    }
    return main | {key: value for key, value in optional.items() if value}


def _beside(container: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Return an init container or a sidecar, which is told what the main container is told."""
    own = container.get("env") or ()
    return {
        **_MESSAGE,
        **container,
        "env": _variables({**given, **_mounted(container)}, own),
        "volumeMounts": _mounts(container),
    }


def _mounted(container: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that say where volumes are; of several mounts of one the first counts."""
    mounts = reversed(container.get("volumeMounts") or ())
    return {volume_variable(mount["name"]): mount["mountPath"] for mount in mounts}


def _variables(given: Mapping[str, str], own: Any) -> list[Any]:
    """Return what polyflow says first, for `$(NAME)` sees only what comes before it."""
    ours = [{"name": name, "value": escaped(value)} for name, value in given.items()]
    return [*ours, *(one for one in own if one.get("name") not in given)]


def _mounts(container: Mapping[str, Any]) -> list[Any]:
    own = [_shared(mount) for mount in container.get("volumeMounts") or ()]
    taken = {mount["mountPath"] for mount in own}
    ours: list[Any] = [{"name": VOLUME, "mountPath": MOUNT}]
    for folder in _FOLDERS:
        if (path := f"{MOUNT}/{folder}") not in taken:
            ours.append({"name": VOLUME, "mountPath": path, "subPath": folder})
    return [*own, *ours]


def _shared(mount: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a mount; one for artifacts leads to a folder of the run, so that runs do not mix."""
    path = str(mount["mountPath"]).rstrip("/")
    if path != ARTIFACTS_PATH:
        return mount
    return {**mount, "mountPath": path, "subPathExpr": "$(POLYFLOW_RUN)"}


def _sources(container: Container) -> Iterator[dict[str, Any]]:
    for source in container.env_from:
        named: dict[str, Any] = {"name": source.name}
        if source.optional:
            named["optional"] = True
        prefix = {"prefix": source.prefix} if source.prefix else {}
        yield {**prefix, _SOURCES[source.kind]: named}
