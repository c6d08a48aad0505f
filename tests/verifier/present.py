"""The lives of pods, completed by the objects that are still there at the end.

An audit log does not tell all: a create that the server gave up waiting for may have been carried out, and a
server that is killed has written nothing of its last moments.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from tests.verifier.audit import attempt_of
from tests.verifier.log import PodLife

Attempt = tuple[str, int, int]
_ENDED = {"Succeeded", "Failed"}
_TRACKED = "polyflow.io/tracked"
_LET_GO = {"released", "held"}


def completed(lives: Sequence[PodLife], pods: Iterable[Mapping[str, Any]], at: float) -> list[PodLife]:
    """Return the lives with what the objects show, and one more for each object that is of none of them.

    Args:
        lives: as the audit log tells them, in the order of their creation.
        pods: all objects that were there at the end, as an API server gives them.
        at: when they were asked for, in seconds since 1970; what is not among them was gone by then.
    """
    found = list(lives)
    places: dict[Attempt, list[int]] = defaultdict(list)
    for place, life in enumerate(lives):
        places[life.run, life.index, life.attempt].append(place)
    there: set[int] = set()
    for pod in pods:
        attempt = attempt_of(pod["metadata"].get("labels") or {}, pod["metadata"]["name"])
        if attempt is None:
            continue
        created = _moment(pod["metadata"]["creationTimestamp"])
        # An object bears the moment of its creation in full seconds; the log tells when that was answered.
        place = next((one for one in places[attempt] if created <= lives[one].created), None)
        if place is None:
            # It began within that second; when is not known, and accuses nobody of a start too early.
            found.append(_shown(PodLife(*attempt, created=created + 1), pod, at))
        else:
            there.add(place)
            found[place] = _shown(found[place], pod, at)
    for place in range(len(lives)):
        if place not in there and found[place].deleted is None:
            found[place] = msgspec.structs.replace(found[place], deleted=at)
    return found


def _shown(life: PodLife, pod: Mapping[str, Any], at: float) -> PodLife:
    status = pod.get("status") or {}
    ended = life.ended
    if ended is None and status.get("phase") in _ENDED:
        ended = max([life.created, *_ends(status)])
    deleted = life.deleted
    if deleted is None and (pod["metadata"].get("labels") or {}).get(_TRACKED) in _LET_GO:
        deleted = at
    return msgspec.structs.replace(life, ended=ended, deleted=deleted)


def _ends(status: Mapping[str, Any]) -> list[float]:
    states = [one.get("state") or {} for one in status.get("containerStatuses") or ()]
    return [_moment(one["terminated"]["finishedAt"]) for one in states if "terminated" in one]


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
