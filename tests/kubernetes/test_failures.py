"""Why an operation failed or does not start, from the container to `polyflow show`, through all services."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from polyflow_topics.names import RunId
from tests.kubernetes.fates import FAKE, FATE
from tests.kubernetes.pods import SHELL
from tests.kubernetes.webhooks import add_unanswered
from tests.kubernetes.whole import Whole, a_whole
from tests.testbed.kubernetes import node
from tests.testbed.kubernetes.api import Api, ApiError

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(400)]

GREEDY = "x=x; while true; do x=$x$x; done"
LARGE = """printf '{"a": "%05000d"}' 0 > $POLYFLOW_OUTPUTS"""
ABSENT = [{"name": "WORD", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "word"}}}]
NAMESPACE = "/api/v1/namespaces/default"


@dataclass(frozen=True)
class Case:
    """An operation, and what its user is told.

    Attributes:
        status: of the operation, when it is told.
        reason: the word for it in docs/failures.md.
        says: parts of the message.
        container: fields of the container, beside its image.
        environment: that of the run.
        termination: that of the component.
    """

    status: str
    reason: str
    says: tuple[str, ...]
    container: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    termination: Mapping[str, Any] = field(default_factory=dict)

    def pipeline(self) -> str:
        """Return the specification."""
        environment = {"nodeSelector": node.SELECTOR, **self.environment}
        container = {"image": SHELL, "command": ["true"], **self.container}
        run = {"kind": "job", "environment": environment, "container": container}
        return json.dumps({"kind": "component", "name": "one", "termination": self.termination, "run": run})


def shell(script: str, **more: Any) -> Mapping[str, Any]:
    return {"command": ["sh", "-c", script], **more}


def fated(fate: str) -> Mapping[str, Any]:
    return {"nodeSelector": FAKE, "labels": {FATE: fate}}


CASES = {
    "out of memory": Case(
        "failed", "OOMKilled", ("16Mi",), shell(GREEDY, resources={"limits": {"memory": "16Mi"}})
    ),
    "an exit code": Case("failed", "Error", ("exit code 3",), shell("exit 3")),
    "outputs that are no JSON": Case(
        "failed", "OutputsInvalid", ("write one JSON object",), shell("echo done > $POLYFLOW_OUTPUTS")
    ),
    "outputs over 4 KiB": Case("failed", "OutputsInvalid", ("larger than 4 KiB", "gateway"), shell(LARGE)),
    "a signal": Case("failed", "Error", ("SIGKILL",), shell("sleep 60 & kill -KILL $!; wait $!")),
    "a command that is not there": Case("failed", "StartError", ("absent",), {"command": ["absent"]}),
    "too long": Case("failed", "DeadlineExceeded", ("1 s",), shell("sleep 60"), termination={"timeout": 1}),
    "an image that is not there": Case(
        "scheduled", "ImagePullBackOff", ("busybox",), environment=fated("image-pull")
    ),
    "a registry that is not there": Case(
        "scheduled", "RegistryUnavailable", ("127.0.0.1:1/absent:1",), {"image": "127.0.0.1:1/absent:1"}
    ),
    "a missing secret": Case(
        "scheduled", "CreateContainerConfigError", ("secret", "absent"), {"env": ABSENT}
    ),
    "no node is large enough": Case(
        "scheduled", "Unschedulable", ("100k",), {"resources": {"requests": {"cpu": "100k"}}}
    ),
    "no node is like that": Case(
        "scheduled", "Unschedulable", ("nodeSelector",), environment={"nodeSelector": {"gpu": "h200"}}
    ),
    "a quota": Case("scheduled", "QuotaExceeded", ("pods=0",), environment={"priorityClassName": "limited"}),
    "a policy": Case(
        "failed", "AdmissionDenied", ("nothing forbidden",), environment={"labels": {"forbidden": "yes"}}
    ),
    "a webhook that does not answer": Case(
        "scheduled", "AdmissionUnavailable", ("gone.example.com",), environment={"labels": {"asks": "gone"}}
    ),
    "no such service account": Case(
        "failed", "ServiceAccountNotFound", ("nobody",), environment={"serviceAccountName": "nobody"}
    ),
    "evicted": Case("failed", "Evicted", (), environment=fated("evict")),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Iterator[Whole]:
    with a_whole(tmp_path_factory.mktemp("whole")) as whole:
        forbid(whole.plane.api)
        yield whole


@pytest.fixture(scope="module")
def runs(whole) -> Mapping[str, RunId]:
    """All at once: most of their time is waiting."""
    return {name: whole.publish(case.pipeline()) for name, case in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_a_user_is_told_why(whole, runs, name):
    case = CASES[name]

    def told(view: Mapping[str, Any]) -> bool:
        return [(one["status"], one["reason"]) for one in view["operations"].values()] == [
            (case.status, case.reason)
        ]

    view = whole.shown(runs[name], told)
    (operation,) = view["operations"].values()
    for part in case.says:
        assert part in operation["message"]
    assert (view["status"] == "failed") == (case.status == "failed")


def test_what_a_webhook_does_not_let_start_can_be_stopped(whole, runs):
    run = runs["a webhook that does not answer"]
    whole.shown(run, lambda view: [one["status"] for one in view["operations"].values()] == ["scheduled"])
    done = whole.polyflow("stop", run, "--kafka", whole.kafka)
    assert done.returncode == 0, done.stderr
    whole.shown(run, lambda view: view["status"] == "stopped")


def forbid(api: Api) -> None:
    """Set a quota for pods of one priority class, a policy and a webhook; return once they are in force."""
    priority = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1}
    api.create("/apis/scheduling.k8s.io/v1/priorityclasses", {**priority, "metadata": {"name": "limited"}})
    wanted = {"scopeName": "PriorityClass", "operator": "In", "values": ["limited"]}
    quota = {"hard": {"pods": "0"}, "scopeSelector": {"matchExpressions": [wanted]}}
    api.create(f"{NAMESPACE}/resourcequotas", {"metadata": {"name": "limited"}, "spec": quota})
    rules = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    policy = {
        "matchConstraints": {"resourceRules": [rules]},
        "validations": [
            {
                "expression": "!('forbidden' in object.metadata.?labels.orValue({}))",
                "message": "nothing forbidden",
            }
        ],
    }
    path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic"
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "forbidden"}}
    api.create(f"{path}ies", {**kind, "kind": "ValidatingAdmissionPolicy", "spec": policy})
    binding = {"policyName": "forbidden", "validationActions": ["Deny"]}
    api.create(f"{path}ybindings", {**kind, "kind": "ValidatingAdmissionPolicyBinding", "spec": binding})
    until_refused(api, {"metadata": {"name": "tried", "labels": {"forbidden": "yes"}}}, {})
    until_refused(api, {"metadata": {"name": "tried"}}, {"priorityClassName": "limited"})
    add_unanswered(api, "gone", "pods", objectSelector={"matchLabels": {"asks": "gone"}})
    until_refused(api, {"metadata": {"name": "tried", "labels": {"asks": "gone"}}}, {})


def until_refused(api: Api, form: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    """Return once the API server refuses a pod: it hears of rules after a while."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        **form,
        "spec": {"containers": [{"name": "main", "image": "x"}], **spec},
    }
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            api.create(f"{NAMESPACE}/pods?dryRun=All", pod)
        except ApiError as error:
            if error.status in {403, 422, 500}:
                return
            raise
        time.sleep(0.1)
    raise AssertionError("what is forbidden is still created after a minute")
