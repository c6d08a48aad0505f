"""What matters of a pod's object and of the events about it.  Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from polyflow_shared.cluster.kubernetes.pods import names
from polyflow_shared.cluster.kubernetes.pods.failures.fields import (
    Object,
    inside,
    mapping,
    mappings,
    moment,
    shifted,
    text,
    texts,
    whole,
)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a time that an object does not tell."""


class Role(StrEnum):
    """What a container is for, as a user says it."""

    MAIN = "main container"
    INIT = "init container"
    SIDECAR = "sidecar"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a container ended.

    Attributes:
        code: its exit code; None if that is not told.
        signal: the number of the signal that ended it; 0 if that is not told.
    """

    code: int | None
    signal: int
    reason: str
    message: str
    at: datetime | None

    @property
    def unknown(self) -> bool:
        """Whether the kubelet or containerd has lost the container; its exit code is then made up."""
        return self.reason in ("ContainerStatusUnknown", "Unknown")


@dataclass(frozen=True, slots=True)
class Container:
    """A container, and how it stands: it runs, has ended, or waits for a reason."""

    name: str
    role: Role
    image: str = ""
    requests: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)
    running: bool = False
    since: datetime | None = None
    ended: Ended | None = None
    before: Ended | None = None
    """How it ended the last time, where it was started again."""
    waits: str = ""
    waits_because: str = ""

    @property
    def title(self) -> str:
        """What a sentence calls it."""
        return f"the {self.role}" if self.role is Role.MAIN else f"the {self.role} {self.name}"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of the pod."""

    true: bool
    reason: str
    message: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """What a part of the cluster has said about the pod."""

    reason: str
    message: str
    container: str
    """Which one it is about; empty if it is about the pod, or does not tell."""
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A pod.

    Attributes:
        others: all containers but the main one, in the order in which they are started.
        going: whether it is being deleted.
        deleted: when that was asked for.
        stop_reason: why polyflow stopped it; None if it did not.
        refusal: what polyflow stopped it for, where that is a failure; else empty.
        deadline: seconds that it may take, counted from `started`.
    """

    main: Container
    others: Sequence[Container]
    phase: str
    reason: str
    message: str
    node: str
    conditions: Mapping[str, Condition]
    events: Sequence[Event]
    created: datetime | None
    started: datetime | None
    going: bool
    deleted: datetime | None
    stop_reason: str | None
    refusal: str
    deadline: int | None

    @property
    def containers(self) -> Sequence[Container]:
        """All of them, in the order in which they are started."""
        return [*self.others, self.main]

    def told_last(self, reason: str) -> bool:
        """Tell whether the last event of all has this reason."""
        return bool(self.events) and self.events[-1].reason == reason

    @property
    def over(self) -> bool:
        """Whether nothing of the user's runs any more, or ever will."""
        unplaced = self.going and not self.node
        return self.main.ended is not None or self.phase in ("Succeeded", "Failed") or unplaced


def view(pod: Any, events: Sequence[Any] = ()) -> Seen:
    """Return what matters of a pod; what is missing or of a wrong type counts as not told."""
    metadata, spec, status = (mapping(inside(pod, key)) for key in ("metadata", "spec", "status"))
    containers = _containers(spec, status)
    main = next((one for one in containers if one.role is Role.MAIN), Container(names.MAIN, Role.MAIN))
    stop_reason = inside(metadata, "annotations", names.STOP_REASON)
    return Seen(
        main=main,
        others=[one for one in containers if one is not main],
        phase=text(status.get("phase")),
        reason=text(status.get("reason")),
        message=text(status.get("message")),
        node=text(spec.get("nodeName")),
        conditions={text(one.get("type")): _condition(one) for one in mappings(status.get("conditions"))},
        events=_events(events, text(metadata.get("uid"))),
        created=moment(metadata.get("creationTimestamp")),
        started=moment(status.get("startTime")),
        going=metadata.get("deletionTimestamp") is not None,
        deleted=_asked(metadata),
        stop_reason=text(stop_reason) if isinstance(stop_reason, str) else None,
        refusal=text(inside(metadata, "annotations", names.REFUSAL)),
        deadline=whole(spec.get("activeDeadlineSeconds")),
    )


def _asked(metadata: Object) -> datetime | None:
    """Return when the deletion was asked for: the API server adds the grace to that, and keeps the sum."""
    grace = whole(metadata.get("deletionGracePeriodSeconds")) or 0
    return shifted(moment(metadata.get("deletionTimestamp")), -grace)


def _containers(spec: Object, status: Object) -> Sequence[Container]:
    found: list[Container] = []
    for kind, key in (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses")):
        stands = {text(one.get("name")): one for one in mappings(status.get(key))}
        specs = {text(one.get("name")): one for one in mappings(spec.get(kind))}
        # A container's status may be all that is known of it, and the other way round.
        for name in dict.fromkeys([*specs, *stands]):
            role = _role(kind, name, specs.get(name, {}))
            found.append(_container(name, role, specs.get(name, {}), stands.get(name, {})))
    return found


def _role(kind: str, name: str, spec: Object) -> Role:
    if kind == "containers":
        return Role.MAIN if name == names.MAIN else Role.SIDECAR
    return Role.SIDECAR if spec.get("restartPolicy") == "Always" else Role.INIT


def _container(name: str, role: Role, spec: Object, status: Object) -> Container:
    state, resources = mapping(status.get("state")), mapping(spec.get("resources"))
    return Container(
        name,
        role,
        image=text(spec.get("image")) or text(status.get("image")),
        requests={**texts(resources.get("limits")), **texts(resources.get("requests"))},
        limits=texts(resources.get("limits")),
        running=isinstance(state.get("running"), dict),
        since=moment(inside(state, "running", "startedAt")),
        ended=_ended(state.get("terminated")),
        before=_ended(inside(status, "lastState", "terminated")),
        waits=text(inside(state, "waiting", "reason")),
        waits_because=text(inside(state, "waiting", "message")),
    )


def _ended(terminated: Any) -> Ended | None:
    if not isinstance(terminated, dict):
        return None
    return Ended(
        code=whole(terminated.get("exitCode")),
        signal=whole(terminated.get("signal")) or 0,
        reason=text(terminated.get("reason")),
        message=text(terminated.get("message")),
        at=moment(terminated.get("finishedAt")),
    )


def _condition(condition: Object) -> Condition:
    return Condition(
        true=condition.get("status") == "True",
        reason=text(condition.get("reason")),
        message=text(condition.get("message")),
        at=moment(condition.get("lastTransitionTime")),
    )


def _events(events: Sequence[Any], uid: str) -> Sequence[Event]:
    """Return the events about this pod and no namesake of it, the latest last."""
    about = [_event(one) for one in mappings(events) if not uid or _subject(one) in ("", uid)]
    return sorted(about, key=lambda one: one.at or EPOCH)


def _subject(event: Object) -> str:
    return text(inside(event, "involvedObject", "uid")) or text(inside(event, "regarding", "uid"))


def _event(event: Object) -> Event:
    """Return an event of core/v1 or of events.k8s.io/v1, which name their fields differently."""
    last = inside(event, "series", "lastObservedTime")
    path = text(inside(event, "involvedObject", "fieldPath")) or text(inside(event, "regarding", "fieldPath"))
    about = _IN_PATH.search(path)
    times = (last, *(event.get(key) for key in _TIMES))
    return Event(
        reason=text(event.get("reason")),
        message=text(event.get("message")) or text(event.get("note")),
        container=about[1] if about else "",
        at=next((read for one in times if (read := moment(one))), None),
    )


_IN_PATH: Final = re.compile(r"\{(.+)\}")
_TIMES: Final = ("lastTimestamp", "deprecatedLastTimestamp", "eventTime", "firstTimestamp")
