"""From an API server's audit log to the lives of pods.

Source: Kubernetes' audit.k8s.io/v1 events, one JSON object a line, as `tests/testbed/kubernetes/audit.yaml` asks for
them.  At level Metadata a pod is known by its name only; at level Request by its labels too, and its end by
the phase that a kubelet writes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from tests.verifier.log import PodLife

_NAME = re.compile(r"pf-([0-9a-f]{32})-(\d+)-(\d+)")
_CREATED = 201
_TIMED_OUT = 504
"""The server gave up waiting for its own store: what was asked may have been done."""
_ENDED = {"Succeeded", "Failed"}
UNWRITTEN = 0.5
"""Seconds before a server's death of which its log may not tell all."""
AGAIN = 20.0
"""Seconds after it within which what was lost is told again."""


@dataclass
class _Life:
    run: str
    index: int
    attempt: int
    created: float
    bound: bool = False
    """Whether a node has it."""
    ended: float | None = None
    released: float | None = None
    asked: float | None = None
    """When its removal was asked for and granted first; that is no end."""

    def ask(self, at: float) -> None:
        """Note that its removal was asked for and granted."""
        self.asked = self.asked or at
        if not self.bound:
            # Nothing of it has ever run, and now no node takes it any more.
            self.ended = self.ended or at


def read_audit(path: Path, killed: Sequence[float] = ()) -> list[PodLife]:
    """Return the lives of the pods of a file, in the order of their creation.

    Args:
        path: of the log.
        killed: see `lives`.

    Raises:
        msgspec.DecodeError: a line is not JSON; the last one may be cut off.
    """
    lines = path.read_bytes().split(b"\n")
    return lives((msgspec.json.decode(line) for line in lines[:-1] if line.strip()), killed)


def lives(events: Iterable[Mapping[str, Any]], killed: Sequence[float] = ()) -> list[PodLife]:
    """Return the lives of pods that bear our name or our labels; each accepted create begins one.

    Args:
        events: of the log.
        killed: when the server was killed, in seconds since 1970.  The end that it took in last is not in its
            log: a kubelet that got no answer tells it again once the server is back, when watchers know it.
    """
    begun: list[_Life] = []
    latest: dict[tuple[str, str], _Life] = {}
    for event in events:
        reference = event.get("objectRef", {})
        if reference.get("resource") == "pods" and _counts(event):
            _take(event, reference, begun, latest)
    return [
        PodLife(
            life.run,
            life.index,
            life.attempt,
            life.created,
            _taken_in(life, killed),
            life.released,
            life.asked,
        )
        for life in begun
    ]


def _taken_in(life: _Life, killed: Sequence[float]) -> float | None:
    """Return when a pod's end may have been taken in first."""
    if life.ended is None:
        return None
    before = [at for at in killed if at - UNWRITTEN < life.ended < at + AGAIN]
    return max(life.created, min([life.ended, *(at - UNWRITTEN for at in before)]))


def _take(
    event: Mapping[str, Any],
    reference: Mapping[str, str],
    begun: list[_Life],
    latest: dict[tuple[str, str], _Life],
) -> None:
    name = (reference.get("namespace", ""), reference.get("name") or _named(event))
    at = datetime.fromisoformat(event["stageTimestamp"]).timestamp()
    life = latest.get(name)
    if event["verb"] == "create" and not reference.get("subresource"):
        attempt = _attempt(event, name[1])
        if attempt and event["responseStatus"].get("code") == _CREATED:
            begun.append(_Life(*attempt, created=at))
            latest[name] = begun[-1]
    elif life is None:
        return
    elif reference.get("subresource") == "binding":
        life.bound = True
    elif _released(event):
        life.released = life.released or at
    elif event["verb"] == "delete":
        life.ask(at)
    elif life.ended is None and _phase(event) in _ENDED:
        # Watchers may hear of it before whoever has written it has its answer.
        life.ended = min(at, _asked(event, at))


def _counts(event: Mapping[str, Any]) -> bool:
    """Tell whether something has happened: what was accepted, and a release that was answered too late.

    Such a release is looked at again by whoever asked for it, and repeated only if it was not carried out.
    """
    code = event.get("responseStatus", {}).get("code", 0)
    return code < 300 or (code == _TIMED_OUT and _released(event))


def _asked(event: Mapping[str, Any], at: float) -> float:
    received = event.get("requestReceivedTimestamp")
    return datetime.fromisoformat(received).timestamp() if received else at


def _named(event: Mapping[str, Any]) -> str:
    return str(_metadata(event).get("name", ""))


def _attempt(event: Mapping[str, Any], name: str) -> tuple[str, int, int] | None:
    return attempt_of(_metadata(event).get("labels") or {}, name)


def attempt_of(labels: Mapping[str, str], name: str) -> tuple[str, int, int] | None:
    """Return run, operation and attempt of a pod with these labels and this name; None if it is not ours."""
    if "polyflow.io/run" in labels:
        index, attempt = labels["polyflow.io/index"], labels["polyflow.io/attempt"]
        return labels["polyflow.io/run"], int(index), int(attempt)
    found = _NAME.fullmatch(name)
    return (str(UUID(found[1])), int(found[2]), int(found[3])) if found else None


def _released(event: Mapping[str, Any]) -> bool:
    metadata = _metadata(event)
    return (metadata.get("labels") or {}).get("polyflow.io/tracked") in {"released", "held"}


def _metadata(event: Mapping[str, Any]) -> Mapping[str, Any]:
    # A JSON patch is a list.
    body = event.get("requestObject")
    return (body.get("metadata") or {}) if isinstance(body, dict) else {}


def _phase(event: Mapping[str, Any]) -> str:
    return str(event.get("requestObject", {}).get("status", {}).get("phase", ""))
