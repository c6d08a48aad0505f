"""The shape of what an API server answers: JSON of any other comes of something else, such as a proxy.  Pure.

Only what is taken for granted elsewhere is looked at: the rest of a pod is read by `pods/failures/fields.py`.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from polyflow_shared.cluster.kubernetes.client import Object
from polyflow_shared.errors import ClusterUnavailableError


class _Metadata(msgspec.Struct, rename="camel"):
    name: str
    namespace: str
    uid: str
    resource_version: str
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class _Pod(msgspec.Struct):
    metadata: _Metadata
    spec: dict[str, Any] | None = None
    status: dict[str, Any] | None = None


class _Version(msgspec.Struct, rename="camel"):
    resource_version: str


class _Page(msgspec.Struct):
    metadata: _Version
    items: list[_Pod] | None = None


class _Event(msgspec.Struct):
    type: str
    object: dict[str, Any]


class _Change(msgspec.Struct):
    type: str
    object: _Pod


class _Marked(msgspec.Struct):
    metadata: _Version


class _Bookmark(msgspec.Struct):
    type: str
    object: _Marked


_OF_EVENTS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "ADDED": _Change,
    "MODIFIED": _Change,
    "DELETED": _Change,
    "BOOKMARK": _Bookmark,
}


def a_pod(answer: Object) -> Object:
    """Return an answer that is a pod.

    Raises:
        ClusterUnavailableError: it is none; what stands between us and the API server may be mended.
    """
    return _checked(answer, _Pod, "pod")


def a_page(answer: Object) -> Object:
    """Return an answer that is a list of pods, or a part of one.

    Raises:
        ClusterUnavailableError: it is none.
    """
    return _checked(answer, _Page, "list of pods")


def an_event(answer: Object) -> Object:
    """Return what a watch of pods says at a time; an error has no other shape than an object.

    Raises:
        ClusterUnavailableError: it is no event.
    """
    kind = answer.get("type")
    shape = _OF_EVENTS.get(kind, _Event) if isinstance(kind, str) else _Event
    return _checked(answer, shape, "event")


def _checked(answer: Object, shape: type[msgspec.Struct], what: str) -> Object:
    try:
        msgspec.convert(answer, shape)
    except msgspec.ValidationError as error:
        raise ClusterUnavailableError(f"the API server's answer is no {what}: {error}") from error
    return answer
