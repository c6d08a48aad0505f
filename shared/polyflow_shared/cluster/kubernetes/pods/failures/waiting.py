"""Why a pod does not start yet, from its containers, its conditions and its events.  Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from polyflow_shared.cluster.kubernetes.pods.failures.cause import Cause, short
from polyflow_shared.cluster.kubernetes.pods.failures.containers import exit_of, start_error
from polyflow_shared.cluster.kubernetes.pods.failures.images import PULLING, pull_failed
from polyflow_shared.cluster.kubernetes.pods.failures.scheduling import unschedulable
from polyflow_shared.cluster.kubernetes.pods.failures.view import Container, Seen

_ON_THE_WAY: Final = frozenset({"", "ContainerCreating", "PodInitializing"})
_IMAGES: Final = {
    "InvalidImageName": "the image {image} of {title} has a name that cannot be read",
    "ErrImageNeverPull": "the image {image} of {title} is not on the node, and may not be pulled",
    "ImageInspectError": "the node cannot read the image {image} of {title}",
    "SignatureValidationFailed": "the image {image} of {title} is not signed as the node asks for",
}
_MISSING: Final = tuple(
    (re.compile(pattern), told, remedy)
    for pattern, told, remedy in (
        (
            r"references non-existent (secret|config) key: (\S+)",
            "the {0} lacks the key {1!r}",
            "add the key, or correct its name",
        ),
        (
            r"couldn't find key (\S+) in Secret [^/\s]+/(\S+)",
            "the secret {1!r} lacks the key {0!r}",
            "add the key, or correct its name",
        ),
        (
            r"couldn't find key (\S+) in ConfigMap [^/\s]+/(\S+)",
            "the config map {1!r} lacks the key {0!r}",
            "add the key, or correct its name",
        ),
        (r'(?:secrets? )"([^"]+)" not found', "there is no secret {0!r}", "create it, or correct its name"),
        (
            r'(?:configmaps? )"([^"]+)" not found',
            "there is no config map {0!r}",
            "create it, or correct its name",
        ),
        (
            r'(?:persistentvolumeclaims? )"([^"]+)" not found',
            "there is no persistent volume claim {0!r}",
            "create it, or correct its name",
        ),
        (
            r"runAsNonRoot and image will run as root",
            "it must not run as root, and its image would",
            "set `securityContext.runAsUser`, or use another image",
        ),
        (
            r"runAsNonRoot and image has non-numeric user \(([^)]*)\)",
            "it must not run as root, and the user {0!r} of its image is no number",
            "set `securityContext.runAsUser`",
        ),
        (
            r"hostPath type check failed: (\S+) (.*)",
            "on the node, {0} {1}",
            "correct the volume's path or type",
        ),
        (r"Multi-Attach error.*", "the volume is in use on another node", ""),
        (r"no command specified", "neither `command` nor its image says what to run", "give a `command`"),
    )
)
_TROUBLES: Final = {
    "FailedMount": ("FailedMount", "a volume cannot be mounted"),
    "FailedMapVolume": ("FailedMount", "a volume cannot be mounted"),
    "FailedAttachVolume": ("FailedAttachVolume", "a volume cannot be attached to the node"),
    "FailedCreatePodSandBox": ("FailedCreatePodSandBox", "the node cannot set up the pod"),
    "NetworkNotReady": ("FailedCreatePodSandBox", "the node's network is not ready"),
    "FailedPrepareDynamicResources": (
        "FailedCreatePodSandBox",
        "the node cannot prepare a device for the pod",
    ),
}
"""Events of a pod that is on its way, our word, and what it means."""
_VOLUME: Final = re.compile(r'for volume "([^"]+)"')
_WRAPPING: Final = re.compile(
    r'^(?:\w+\.\w+ failed for volume "[^"]*" ?: |Failed to create pod sandbox: '
    r"|rpc error: code = \w+ desc = )+"
)
_PROGRESS: Final = frozenset(
    {"Scheduled", "Pulling", "Pulled", "Created", "Started", "SuccessfulAttachVolume"}
)


def obstacle(seen: Seen) -> Cause | None:
    """Return what keeps a pod from starting, or from being known; None if nothing is known to."""
    if _silent(seen):
        node = seen.node or "of the pod"
        happened = f"the node {node} may not answer, so it is not known how the pod does"
        return Cause("NodeUnreachable", happened)
    if seen.main.running:
        return None
    for container in seen.containers:
        if container.waits not in _ON_THE_WAY:
            return _container_waits(container, seen)
    return _not_placed(seen) or _on_the_way(seen)


def _silent(seen: Seen) -> bool:
    """Tell whether its node was given up, or has not ended a pod that it was told to end for its taint."""
    if seen.reason == "NodeLost" or seen.told_last("NodeNotReady"):
        return True
    target = seen.conditions.get("DisruptionTarget")
    return bool(seen.going and target and target.true and target.reason == "DeletionByTaintManager")


def _container_waits(container: Container, seen: Seen) -> Cause:
    if container.waits in PULLING:
        return pull_failed(container, seen)
    if told := _IMAGES.get(container.waits):
        image, title = container.image or "(none)", container.title
        return Cause(container.waits, told.format(image=image, title=title))
    tell = _WAITS.get(container.waits, _something_else)
    return tell(container)


def _not_made(container: Container) -> Cause:
    known = _missing(container.waits_because)
    if known is None and "timed out" in container.waits_because:
        happened = f"{container.title} cannot be made: {short(container.waits_because)}"
        return Cause(container.waits, happened, remedy="wait: the node tries again", blameless=True)
    if known is None:
        return Cause(container.waits, start_error(container, container.waits_because))
    what, remedy = known
    return Cause(container.waits, f"{container.title} cannot be made: {what}", remedy=remedy)


def _again_and_again(container: Container) -> Cause:
    how = f"; the last time: {exit_of(container.before)}" if container.before else ""
    said = container.before.message if container.before else ""
    return Cause("CrashLoopBackOff", f"{container.title} ends again and again{how}", said=said)


def _not_started(container: Container) -> Cause:
    return Cause("RunContainerError", start_error(container, container.waits_because))


def _hook_fails(container: Container) -> Cause:
    return Cause("PostStartHookError", f"the postStart hook of {container.title} fails")


def _something_else(container: Container) -> Cause:
    why = short(container.waits_because) or container.waits
    return Cause("ContainerWaiting", f"{container.title} waits: {why}")


_WAITS: Final[Mapping[str, Callable[[Container], Cause]]] = {
    "CreateContainerConfigError": _not_made,
    "CreateContainerError": _not_made,
    "RunContainerError": _not_started,
    "StartError": _not_started,
    "ContainerCannotRun": _not_started,
    "CrashLoopBackOff": _again_and_again,
    "PostStartHookError": _hook_fails,
}


def _not_placed(seen: Seen) -> Cause | None:
    placed = seen.conditions.get("PodScheduled")
    if placed is None or placed.true or seen.node:
        return None
    if placed.reason == "SchedulingGated":
        return Cause("SchedulingGated", "it is held back until somebody lets it in", placed.at)
    remedy = (_missing(placed.message) or ("", ""))[1]
    return Cause("Unschedulable", unschedulable(placed.message, seen.main.requests), placed.at, remedy)


def _on_the_way(seen: Seen) -> Cause | None:
    """Return the last trouble that an event tells of, unless something went well since."""
    trouble: Cause | None = None
    for event in seen.events:
        if event.reason in _PROGRESS:
            trouble = None
        elif event.reason in _TROUBLES:
            word, told = _TROUBLES[event.reason]
            what, remedy = _missing(event.message) or (short(_WRAPPING.sub("", event.message)), "")
            # What is named as missing is the specification's matter; else the node has tried in vain.
            volume = _VOLUME.search(event.message)
            happened = told.replace("a volume", f"the volume {volume[1]!r}") if volume else told
            trouble = Cause(word, f"{happened}: {what}", event.at, remedy, None if remedy else True)
    return trouble


def _missing(text: str) -> tuple[str, str] | None:
    for pattern, told, remedy in _MISSING:
        if found := pattern.search(text):
            return told.format(*found.groups()), remedy
    return None
