"""What becomes of a service whose Service object the API server refuses."""

import asyncio
import math
from dataclasses import replace
from typing import Any

import pytest

from polyflow_services.pod_launcher.act import Launcher
from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.kubernetes.client import RefusedError
from polyflow_shared.cluster.kubernetes.cluster import EXPOSED_WITHIN, KubernetesCluster
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.cluster.kubernetes.pods.manifest import manifest as core_manifest
from polyflow_shared.cluster.port import PodReport
from polyflow_shared.errors import ClusterRejectedError
from polyflow_shared.observing.logs import log_of
from polyflow_topics.commands import LaunchOperation, StopOperation
from polyflow_topics.names import ClusterName
from polyflow_topics.plan import Container
from polyflow_topics.pods import PodParts, Service
from polyflow_topics.status import PodStatus
from tests.contract.clusters import pod as one_pod
from tests.unit.cluster_kubernetes.pods import NOT_FOUND
from tests.unit.shared.shells import running

CONTAINER = Container(image="busybox")
PARTS = PodParts(service=Service(ports=(8000,)))
POD = replace(one_pod(), container=CONTAINER, parts=PARTS)
PODS = "/api/v1/namespaces/a/pods"
WHICH = {
    "run": POD.run,
    "operation": POD.operation,
    "index": POD.index,
    "attempt": POD.attempt,
    "cluster": ClusterName("gpu"),
}
HOOK = 'Internal error occurred: failed calling webhook "hook.example.com": EOF'
QUOTA = 'services "pf" is forbidden: exceeded quota: few, requested: services=1, used: services=5, limited: services=5'


class Server:
    """An API server that takes one pod, which no node takes, and refuses Service objects."""

    def __init__(self, status: int, message: str, reason: str = "Forbidden") -> None:
        self.refusal: RefusedError | None = RefusedError(status, {"message": message, "reason": reason})
        self.pod: dict[str, Any] = {}
        self.exposed = False

    async def create(self, path, body, query, turn):
        if body["kind"] == "Service":
            if self.refusal:
                raise self.refusal
            self.exposed = True
            return
        if self.pod:
            raise RefusedError(409, {"reason": "AlreadyExists"})
        self.pod = {**body, "status": {"phase": "Pending"}}
        self.pod["metadata"] |= {"resourceVersion": "1", "uid": "u"}

    async def get(self, path, query=None, *, turn=None):
        if not self.pod or path != f"{PODS}/{POD.name}":
            raise RefusedError(404, NOT_FOUND)
        return self.pod

    async def patch(self, path, body, *, turn):
        self.pod["metadata"].setdefault("annotations", {}).update(body["metadata"]["annotations"])

    async def delete(self, path, body, *, turn):
        self.pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"


def cluster_of(server: Server, clock: FakeClock | None = None) -> KubernetesCluster:
    return KubernetesCluster(server, Place(namespaces=["a"]), clock or FakeClock(), log_of("test"))


async def passed(clock: FakeClock, seconds: float) -> None:
    for _ in range(math.ceil(seconds * 4)):
        for _ in range(5):
            await asyncio.sleep(0)
        await clock.move(0.25)


async def report_of(cluster: KubernetesCluster) -> PodReport:
    report = await cluster.get(POD.name)
    assert report is not None
    return report


REFUSED = {
    "a quota": (403, QUOTA, "QuotaExceeded", "no room in the namespace's quota few"),
    "a policy": (
        422,
        "services \"pf\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: none here",
        "AdmissionDenied",
        "the admission policy p denied it: none here",
    ),
    "a right": (
        403,
        'services is forbidden: User "me" cannot create resource "services" in API group "" in the namespace "a"',
        "Forbidden",
        "may not create services in the namespace a",
    ),
    "something else": (422, "no", "ClusterRejected", "the API server refuses it: no"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_service_whose_object_is_refused_has_failed_and_its_pod_is_ended(name: str) -> None:
    status, answer, reason, says = REFUSED[name]
    cluster = cluster_of(Server(status, answer))
    with pytest.raises(ClusterRejectedError, match="its Service object was refused") as refused:
        await cluster.ensure(POD)
    assert refused.value.reason == reason
    assert says in str(refused.value)
    report = await report_of(cluster)
    assert (report.status, report.reason, report.message) == (PodStatus.FAILED, reason, str(refused.value))


async def test_a_launch_of_a_service_whose_object_is_refused_is_answered_and_a_stop_gets_its_turn() -> None:
    clock = FakeClock()
    launcher = Launcher(cluster_of(Server(403, QUOTA)), clock)
    launch = LaunchOperation(**WHICH, container=CONTAINER, project="digits", parts=PARTS)
    (answer,) = await launcher.act(launch, clock.now())
    assert (answer.status, answer.reason) == (PodStatus.FAILED, "QuotaExceeded")
    # It comes again, as after a crash: the watcher tells the pod's end.
    assert await launcher.act(launch, clock.now()) == ()
    assert await launcher.act(StopOperation(**WHICH, reason="Unwanted"), clock.now()) == ()


async def test_what_stopped_a_pod_first_is_why_it_has_ended() -> None:
    server = Server(403, QUOTA)
    cluster = cluster_of(server)
    with pytest.raises(ClusterRejectedError):
        await cluster.ensure(POD)
    assert await cluster.stop(POD.name, grace=1, reason="Unwanted")
    assert (await report_of(cluster)).reason == "QuotaExceeded"


PASSING = {
    "it has changed meanwhile": (409, "Operation cannot be fulfilled on resourcequotas", "ApiUnavailable"),
    "a new quota": (403, "status unknown for quota: few, resources: services", "QuotaNotReady"),
    "a webhook that does not answer": (500, HOOK, "AdmissionUnavailable"),
}


@pytest.mark.parametrize("name", PASSING)
async def test_a_pod_is_kept_while_its_service_object_may_be_taken_a_moment_later(name: str) -> None:
    status, answer, _ = PASSING[name]
    server, clock = Server(status, answer), FakeClock()
    cluster = cluster_of(server, clock)
    async with running(cluster.ensure(POD)) as ensuring:
        await passed(clock, EXPOSED_WITHIN / 2)
        assert (await report_of(cluster)).status is PodStatus.PENDING
        assert not server.exposed
        server.refusal = None
        await passed(clock, EXPOSED_WITHIN / 2)
        await ensuring
    assert server.exposed


@pytest.mark.parametrize("name", PASSING)
async def test_a_service_object_that_is_refused_for_a_minute_is_a_failure_of_the_clusters(name: str) -> None:
    status, answer, reason = PASSING[name]
    clock = FakeClock()
    cluster = cluster_of(Server(status, answer), clock)
    launch = LaunchOperation(**WHICH, container=CONTAINER, project="digits", parts=PARTS)
    async with running(Launcher(cluster, clock).act(launch, clock.now())) as acting:
        await passed(clock, EXPOSED_WITHIN * 1.5)
        (said,) = await acting
    assert (said.status, said.reason, said.infrastructure) == (PodStatus.FAILED, reason, True)
    assert said.message.startswith("its Service object was refused: ")
    report = await report_of(cluster)
    assert (report.status, report.reason, report.infrastructure) == (PodStatus.FAILED, reason, True)


class Unwilling(Server):
    """Refuses pods as well, and says so before it looks whether there is one."""

    async def create(self, path, body, query, turn):
        raise self.refusal


async def test_a_launch_that_a_webhook_does_not_answer_is_asked_for_again_by_the_planner() -> None:
    clock = FakeClock()
    launcher = Launcher(cluster_of(Unwilling(500, HOOK)), clock)
    launch = LaunchOperation(**WHICH, container=CONTAINER, project="digits")
    (said,) = await launcher.act(launch, clock.now())
    assert (said.status, said.reason) == (PodStatus.REFUSED, "AdmissionUnavailable")
    assert "the admission webhook hook.example.com does not answer: EOF" in said.message
    (answer,) = await launcher.act(StopOperation(**WHICH, reason="Unwanted"), clock.now())
    assert answer.status is PodStatus.ABSENT


async def test_a_pod_that_is_there_is_not_refused_because_a_webhook_does_not_answer() -> None:
    server, clock = Unwilling(500, HOOK), FakeClock()
    cluster = cluster_of(server)
    await Server.create(server, PODS, core_manifest(POD, "polyflow", "a"), {}, None)
    launch = LaunchOperation(**WHICH, container=CONTAINER, project="digits")
    assert await Launcher(cluster, clock).act(launch, clock.now()) == ()
