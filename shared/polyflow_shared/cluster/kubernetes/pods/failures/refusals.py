"""Why the API server refuses a pod or its Service object, from its answer.  Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from polyflow_shared.cluster.kubernetes.pods.failures.catalog import REASONS
from polyflow_shared.cluster.kubernetes.pods.failures.cause import short
from polyflow_shared.cluster.kubernetes.pods.failures.fields import inside, mappings, text


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the API server refuses a pod, and whether to try again later."""

    reason: str
    message: str
    retry: bool

    @property
    def infrastructure(self) -> bool:
        """Whether the cluster is to blame: it may take the same a moment later."""
        return REASONS[self.reason].infrastructure


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of refusal: by HTTP's status and a part of the message; what it means."""

    reason: str
    status: frozenset[int]
    pattern: re.Pattern[str]
    told: str
    retry: bool = False


_ANY: Final = frozenset(range(400, 600))
_DENIED: Final = frozenset({400, 403, 422})


def _kind(
    reason: str, status: frozenset[int] | int, pattern: str, told: str, *, retry: bool = False
) -> _Kind:
    those = frozenset({status}) if isinstance(status, int) else status
    return _Kind(reason, those, re.compile(pattern, re.S), told, retry)


_KINDS: Final = (
    _kind(
        "QuotaExceeded",
        403,
        r"exceeded quota: (.*)",
        "there is no room in the namespace's quota {0}",
        retry=True,
    ),
    _kind("ResourcesMissing", 403, r"failed quota: (.*)", "the namespace's quota {0}"),
    _kind(
        "QuotaNotReady",
        403,
        r"status unknown for quota: (.*)",
        "the namespace's quota {0} is not known yet",
        retry=True,
    ),
    _kind("QuotaMissing", 403, r"insufficient quota to (.*)", "the namespace has no quota to {0}"),
    _kind(
        "AdmissionUnavailable",
        _ANY,
        r'failed calling webhook "([^"]*)": (?:failed to call webhook: )?(.*)',
        "the admission webhook {0} does not answer: {1}",
        retry=True,
    ),
    _kind(
        "AdmissionUnavailable",
        403,
        r"not yet ready to handle request",
        "the API server has just started",
        retry=True,
    ),
    _kind(
        "AdmissionDenied",
        _ANY,
        r'admission webhook "([^"]*)" denied the request:? ?(.*)',
        "the admission webhook {0} denied it: {1}",
    ),
    _kind(
        "AdmissionDenied",
        _DENIED,
        r"ValidatingAdmissionPolicy '([^']*)'.* denied request: (.*)",
        "the admission policy {0} denied it: {1}",
    ),
    _kind(
        "AdmissionDenied",
        _DENIED,
        r'polic(?:y|ies) [\'"]?([^\s\'"]*)[\'"]?.* denied request: (.*)',
        "the admission policy {0} denied it: {1}",
    ),
    _kind(
        "PodSecurity", 403, r'violates PodSecurity "([^"]*)": (.*)', "Pod Security level {0} forbids it: {1}"
    ),
    _kind(
        "ServiceAccountNotFound",
        403,
        r'serviceaccounts? "default" not found',
        "the namespace has no service account 'default' yet",
        retry=True,
    ),
    _kind(
        "ServiceAccountNotFound",
        403,
        r'serviceaccounts? "([^"]*)" not found',
        "there is no service account {0!r} in the namespace",
    ),
    _kind(
        "PriorityClassNotFound",
        403,
        r"no PriorityClass with name (\S+) was found",
        "there is no priority class {0!r}",
    ),
    _kind(
        "RuntimeClassNotFound", 403, r'RuntimeClass "([^"]*)" not found', "there is no runtime class {0!r}"
    ),
    _kind(
        "LimitRange",
        403,
        r"forbidden: \[?((?:minimum|maximum) .*? usage per .*?|.*?max limit to request ratio .*?)\]?$",
        "the namespace's LimitRange forbids it: {0}",
    ),
    _kind(
        "NamespaceTerminating",
        403,
        r"namespace (\S+) because it is being terminated",
        "the namespace {0} is being deleted",
    ),
    _kind("NamespaceNotFound", 404, r'namespaces "([^"]*)" not found', "there is no namespace {0!r}"),
    _kind(
        "Forbidden",
        403,
        r'User "([^"]*)" cannot (\w+) resource "(\w+)".*?namespace "([^"]*)"',
        "polyflow, as {0}, may not {1} {2} in the namespace {3}",
        retry=True,
    ),
    _kind("RequestTooLarge", 413, r"(.*)", "the pod's manifest is too large: {0}"),
    _kind(
        "RequestTooLarge",
        _ANY,
        r"(etcdserver: request is too large|rpc error.* larger than max.*)",
        "the pod's manifest is too large: {0}",
    ),
)
"""In this order; the first that fits counts."""
_BUSY: Final = frozenset({401, 408, 409, 425, 429})
"""Answers that may be another one later, as all from 500 on."""
_DECODING: Final = re.compile(r"cannot be handled as a \w+: (?:strict decoding error: )?(.*)", re.S)
_UNKNOWN_FIELD: Final = re.compile(r'unknown field "([^"]*)"')
_FIELDS: Final = 5
"""Wrong fields that are told, at most."""


def rejection(status: int, body: Mapping[str, Any]) -> Refusal:
    """Return why the API server refuses a pod.

    Args:
        status: HTTP's.
        body: the `Status` object that it answers, or nothing.
    """
    message = text(body.get("message"))
    for kind in _KINDS:
        found = kind.pattern.search(message) if status in kind.status else None
        if found:
            return _refusal(kind.reason, kind.told.format(*map(_tidy, found.groups())), kind.retry)
    if status in (400, 422) and (wrong := _wrong_fields(body, message)):
        return _refusal("Invalid", wrong, False)
    if status >= 500 or status in _BUSY:
        return _refusal(
            "ApiUnavailable", f"the API server answers {status}: {short(message) or 'no reason'}", True
        )
    return _refusal(
        "ClusterRejected", f"the API server refuses it: {short(message) or f'HTTP status {status}'}", False
    )


def _refusal(reason: str, happened: str, retry: bool) -> Refusal:
    return Refusal(reason, f"{happened}; {REASONS[reason].remedy}", retry)


def _tidy(part: str | None) -> str:
    return short(part or "").rstrip(". ")


def _wrong_fields(body: Mapping[str, Any], message: str) -> str:
    """Return which fields are wrong and why; an empty text if that is not told."""
    causes = [one for one in mappings(inside(body, "details", "causes")) if text(one.get("field"))]
    if causes:
        told = [f"{text(one.get('field'))}: {short(text(one.get('message')))}" for one in causes[:_FIELDS]]
        more = f"; and {len(causes) - _FIELDS} more" if len(causes) > _FIELDS else ""
        return f"Kubernetes does not accept {'; '.join(told)}{more}"
    if found := _DECODING.search(message):
        unknown = _UNKNOWN_FIELD.findall(found[1])
        return (
            f"Kubernetes has no field {', '.join(unknown)}"
            if unknown
            else f"Kubernetes cannot read it: {_tidy(found[1])}"
        )
    return ""
