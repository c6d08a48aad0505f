"""Why the API server refuses pods, as a table; the answers are those of Kubernetes 1.36."""

from typing import Any, NamedTuple

import pytest

from polyflow_shared.cluster.kubernetes.pods.failures.catalog import REASONS, Stage
from polyflow_shared.cluster.kubernetes.pods.reasons import rejection


class Case(NamedTuple):
    status: int
    message: str
    reason: str
    says: str
    retry: bool = False
    causes: tuple[dict[str, Any], ...] = ()


def forbidden(why: str) -> str:
    return f'pods "pf-r1-0-0" is forbidden: {why}'


HOOK = 'failed calling webhook "hook.example.com": failed to call webhook: Post "https://10.0.0.9/x?timeout=10s": dial tcp: connection refused'
UNREADABLE = 'Pod in version "v1" cannot be handled as a Pod: '

CASES = {
    "the quota is used up": Case(
        403,
        forbidden("exceeded quota: small, requested: pods=1, used: pods=20, limited: pods=20"),
        "QuotaExceeded",
        "there is no room in the namespace's quota small, requested: pods=1, used: pods=20, limited: pods=20; wait",
        retry=True,
    ),
    "the quota asks for requests": Case(
        403,
        forbidden("failed quota: cpus: must specify requests.cpu for: main"),
        "ResourcesMissing",
        "the namespace's quota cpus: must specify requests.cpu for: main; give them in `resources`",
    ),
    "the quota was made a moment ago": Case(
        403, forbidden("status unknown for quota: cpus, resources: requests.cpu"), "QuotaNotReady", "quota cpus", retry=True
    ),
    "such pods need a quota": Case(403, forbidden("insufficient quota to consume: pods"), "QuotaMissing", "no quota to consume: pods"),
    "the namespace's range for resources": Case(
        403,
        forbidden("[minimum cpu usage per Container is 100m, but request is 1m, maximum memory usage per Container is 1Gi, but limit is 2Gi]"),
        "LimitRange",
        "LimitRange forbids it: minimum cpu usage per Container is 100m, but request is 1m, "
        "maximum memory usage per Container is 1Gi, but limit is 2Gi; change",
    ),
    "the namespace's range, broken once": Case(
        403, forbidden("maximum memory usage per Pod is 1Gi, but limit is 2Gi"), "LimitRange", "it: maximum memory usage per Pod is 1Gi, but limit is 2Gi;"
    ),
    "the namespace's ratio of limit to request": Case(
        403, forbidden("cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000"), "LimitRange", "ratio per Container is 2"
    ),
    "Pod Security": Case(
        403,
        forbidden('violates PodSecurity "restricted:latest": runAsNonRoot != true (pod or container "main" must set securityContext.runAsNonRoot=true)'),
        "PodSecurity",
        'level restricted:latest forbids it: runAsNonRoot != true (pod or container "main" must set',
    ),
    "an admission webhook denied it": Case(
        400,
        'admission webhook "policy.example.com" denied the request: images come from registry.example.com only',
        "AdmissionDenied",
        "the admission webhook policy.example.com denied it: images come from registry.example.com only",
    ),
    "an admission policy denied it": Case(
        422,
        forbidden("ValidatingAdmissionPolicy 'no-latest' with binding 'no-latest' denied request: give a tag"),
        "AdmissionDenied",
        "the admission policy no-latest denied it: give a tag",
    ),
    "an admission policy for changes denied it": Case(
        422, forbidden("policy 'labels' with binding 'all' denied request: no team"), "AdmissionDenied", "the admission policy labels denied it: no team"
    ),
    "an admission webhook is away": Case(
        500, f"Internal error occurred: {HOOK}", "AdmissionUnavailable", "the admission webhook hook.example.com does not answer: Post", retry=True
    ),
    "the API server has just started": Case(403, forbidden("not yet ready to handle request"), "AdmissionUnavailable", "has just started", retry=True),
    "a field has a wrong value": Case(
        422,
        'Pod "pf-r1-0-0" is invalid: [spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1]',
        "Invalid",
        'Kubernetes does not accept spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1; correct',
        causes=(
            {
                "reason": "FieldValueInvalid",
                "message": 'Invalid value: "2": must be less than or equal to cpu limit of 1',
                "field": "spec.containers[0].resources.requests",
            },
        ),
    ),
    "many fields have wrong values": Case(
        422, "", "Invalid", "spec.f3: no; spec.f4: no; and 2 more; correct", causes=tuple({"field": f"spec.f{number}", "message": "no"} for number in range(7))
    ),
    "a field is not known": Case(
        400, UNREADABLE + 'strict decoding error: unknown field "spec.containers[0].imagee"', "Invalid", "has no field spec.containers[0].imagee; correct"
    ),
    "a field has a wrong type": Case(
        400,
        UNREADABLE + "json: cannot unmarshal string into Go struct field Container.spec.containers.command of type []string",
        "Invalid",
        "Kubernetes cannot read it: json: cannot unmarshal string into Go struct field Container.spec.containers.command",
    ),
    "a quantity cannot be read": Case(400, UNREADABLE + "quantities must match the regular expression", "Invalid", "cannot read it: quantities"),
    "the manifest is too large": Case(413, "Request entity too large: limit is 3145728", "RequestTooLarge", "too large: Request entity too large: limit is 3145728"),
    "the manifest is too large for etcd": Case(500, "etcdserver: request is too large", "RequestTooLarge", "etcdserver: request is too large"),
    "no such namespace": Case(404, 'namespaces "nosuch" not found', "NamespaceNotFound", "there is no namespace 'nosuch'"),
    "the namespace is being deleted": Case(
        403, forbidden("unable to create new content in namespace ml because it is being terminated"), "NamespaceTerminating", "the namespace ml is being deleted"
    ),
    "no such service account": Case(
        403,
        forbidden('error looking up service account ml/nobody: serviceaccount "nobody" not found'),
        "ServiceAccountNotFound",
        "there is no service account 'nobody' in the namespace; have it created",
    ),
    "a new namespace has no service account yet": Case(
        403,
        forbidden('error looking up service account ml/default: serviceaccount "default" not found'),
        "ServiceAccountNotFound",
        "no service account 'default' yet",
        retry=True,
    ),
    "no such priority class": Case(403, forbidden("no PriorityClass with name urgent was found"), "PriorityClassNotFound", "there is no priority class 'urgent'"),
    "no such runtime class": Case(403, forbidden('pod rejected: RuntimeClass "gvisor" not found'), "RuntimeClassNotFound", "there is no runtime class 'gvisor'"),
    "polyflow lacks the right": Case(
        403,
        'pods is forbidden: User "system:serviceaccount:polyflow:launcher" cannot create resource "pods" in API group "" in the namespace "ml"',
        "Forbidden",
        "polyflow, as system:serviceaccount:polyflow:launcher, may not create pods in the namespace ml; an administrator",
        retry=True,
    ),
    "the token is not known": Case(401, "Unauthorized", "ApiUnavailable", "the API server answers 401: Unauthorized", retry=True),
    "too many requests": Case(429, "", "ApiUnavailable", "answers 429: no reason", retry=True),
    "an error of its own": Case(503, "apiserver is shutting down", "ApiUnavailable", "503: apiserver is shutting down", retry=True),
    "something new": Case(403, forbidden("it is Sunday"), "ClusterRejected", "it is Sunday; read what it says"),
    "no reason at all": Case(418, "", "ClusterRejected", "HTTP status 418"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_refusal_says_why_and_whether_to_wait(case):
    refusal = rejection(case.status, {"message": case.message, "details": {"causes": case.causes}})
    assert (refusal.reason, refusal.retry) == (case.reason, case.retry)
    assert case.says in refusal.message


def test_each_reason_to_refuse_has_a_case():
    told = {case.reason for case in CASES.values()}
    refusals = {word for word, row in REASONS.items() if row.stage is Stage.REFUSED}
    # Whose the pod is that has the name, and which namespaces are ours, the caller looks up.
    assert refusals - told == {"NameTaken", "NamespaceNotAllowed"}
