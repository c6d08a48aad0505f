"""What is asked of the API server when a pod is released, in which order."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.kubernetes.client import RefusedError
from polyflow_shared.cluster.kubernetes.cluster import KubernetesCluster
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.cluster.kubernetes.pods import names
from polyflow_shared.cluster.port import LogTail
from polyflow_shared.cluster.released import KEPT
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_shared.observing.logs import log_of
from polyflow_topics.names import RunId, pod_name
from polyflow_topics.plan import Container
from polyflow_topics.pods import PodParts, Service
from tests.contract.clusters import pod as one_pod
from tests.unit.cluster_kubernetes.pods import NOT_FOUND

NAME = pod_name(RunId("7c0f2c1e-5a52-5d8e-9a2b-3c1f6a1f0d11"), 4, 1)


_STATES = {"Succeeded": {"terminated": {"exitCode": 0}}, "Running": {"running": {}}}


class Server:
    """One pod whose container has written a line."""

    def __init__(self, phase: str, tracked: bool) -> None:
        self.asked: list[str] = []
        label = names.YES if tracked else names.RELEASED
        self.pod = {
            "metadata": {
                "name": NAME,
                "namespace": "a",
                "uid": "u",
                "resourceVersion": "1",
                "labels": {names.TRACKED: label},
            },
            "status": {
                "phase": phase,
                "containerStatuses": [{"name": "main", "state": _STATES[phase]}],
            },
        }
        if tracked:
            self.pod["metadata"]["finalizers"] = [names.TRACKED]

    async def get(self, path, query=None, *, turn=None):
        self.asked.append("pod")
        if path != f"/api/v1/namespaces/a/pods/{NAME}":
            raise RefusedError(404, NOT_FOUND)
        return self.pod

    async def text(self, path, query, turn):
        self.asked.append("log")
        return b"a line\n"

    async def patch(self, path, body, **more):
        self.asked.append("release")
        self.changed = body["metadata"]
        return self.pod


CASES = {
    "ended": ("Succeeded", True, ["pod", "log", "release"], [LogTail("main", "a line\n")]),
    "released before": ("Succeeded", False, ["pod", "log"], [LogTail("main", "a line\n")]),
    "still going": ("Running", True, ["pod"], []),
}


@pytest.mark.parametrize("name", CASES)
async def test_logs_are_read_before_the_pod_is_let_go(name: str) -> None:
    phase, tracked, asked, expected = CASES[name]
    server = Server(phase, tracked)
    cluster = KubernetesCluster(server, Place(namespaces=["a"]), FakeClock(), log_of("test"))
    assert list(await cluster.release(NAME)) == expected
    assert server.asked == asked


NO_PODS = {
    "nothing of an object": {},
    "an object without a name": {"metadata": {}},
    "a list": {"metadata": {"resourceVersion": "5"}, "items": []},
}


@pytest.mark.parametrize("name", NO_PODS)
async def test_what_is_answered_instead_of_a_pod_is_one_that_may_be_another_later(name: str) -> None:
    server = Server("Succeeded", tracked=True)
    server.pod = NO_PODS[name]
    cluster = KubernetesCluster(server, Place(namespaces=["a"]), FakeClock(), log_of("test"))
    with pytest.raises(ClusterUnavailableError, match=r"the API server's answer is no pod: .*required field"):
        await cluster.release(NAME)


DELETED = {"deletionTimestamp": "2026-11-21T10:00:00Z"}
DUE = {
    "an hour by its ttl": ({}, "3600", names.RELEASED, timedelta(hours=1)),
    "no ttl": ({}, None, names.RELEASED, KEPT),
    "a ttl beyond all dates": ({}, "1000000000000", names.RELEASED, timedelta(days=3650)),
    "a ttl that is no number to Python": ({}, "9" * 5000, names.RELEASED, timedelta(days=3650)),
    "a ttl that somebody has spoilt": ({}, "soon", names.RELEASED, KEPT),
    "one that is going, as when its node is drained": (DELETED, "86400", names.HELD, KEPT),
}


@pytest.mark.parametrize("name", DUE)
async def test_how_long_a_released_pod_is_kept(name: str) -> None:
    more, ttl, label, kept = DUE[name]
    server, clock = Server("Succeeded", tracked=True), FakeClock()
    server.pod["metadata"] |= {**more, "annotations": {names.TTL: ttl} if ttl else None}
    await KubernetesCluster(server, Place(namespaces=["a"]), clock, log_of("test")).release(NAME)
    minutes = math.ceil((clock.now() + kept).timestamp() / 60)
    assert server.changed["labels"] == {names.TRACKED: label, names.EXPIRES: str(minutes)}


CONFLICT = {"kind": "Status", "code": 409, "reason": "Conflict", "message": "the object has been modified"}


class Changing(Server):
    """The pod has changed when its log was read, and is patched only by who has seen that."""

    def __init__(self, **metadata: object) -> None:
        super().__init__("Succeeded", tracked=True)
        self.becomes = metadata
        self.always = False

    async def text(self, path, query, turn):
        self.change()
        return await super().text(path, query, turn)

    async def patch(self, path, body, **more):
        if self.always:
            self.change()
        current = self.pod["metadata"]["resourceVersion"]
        if body["metadata"].get("resourceVersion", current) != current:
            self.asked.append("conflict")
            raise RefusedError(409, CONFLICT)
        return await super().patch(path, body, **more)

    def change(self):
        version = str(int(self.pod["metadata"]["resourceVersion"]) + 1)
        self.pod = {
            **self.pod,
            "metadata": {**self.pod["metadata"], **self.becomes, "resourceVersion": version},
        }


def released_from(server: Server) -> KubernetesCluster:
    return KubernetesCluster(server, Place(namespaces=["a"]), FakeClock(), log_of("test"))


async def test_a_pod_that_was_deleted_while_its_log_was_read_keeps_its_name() -> None:
    server = Changing(**DELETED)
    assert await released_from(server).release(NAME) == [LogTail("main", "a line\n")]
    assert server.asked == ["pod", "log", "conflict", "pod", "release"]
    assert server.changed["labels"][names.TRACKED] == names.HELD
    assert "$deleteFromPrimitiveList/finalizers" not in server.changed


async def test_a_pod_that_was_released_while_its_log_was_read_is_left_alone() -> None:
    server = Changing(labels={names.TRACKED: names.RELEASED})
    assert await released_from(server).release(NAME) == [LogTail("main", "a line\n")]
    assert server.asked == ["pod", "log", "conflict", "pod"]


async def test_a_pod_that_changes_again_and_again_is_released_later() -> None:
    server = Changing()
    server.always = True
    with pytest.raises(ClusterUnavailableError, match="changes again and again while it is to be released"):
        await released_from(server).release(NAME)
    assert server.asked.count("log") == 1


async def test_a_pod_whose_labels_were_changed_gets_no_service_object() -> None:
    server = Server("Running", tracked=True)
    wanted = replace(
        one_pod(),
        name=NAME,
        container=Container(image="busybox"),
        parts=PodParts(service=Service(ports=(8000,))),
    )
    made: list[str] = []

    async def create(path, body, query, turn):
        made.append(body["kind"])

    server.create = create
    await KubernetesCluster(server, Place(namespaces=["a"]), FakeClock(), log_of("test")).ensure(wanted)
    assert made == ["Pod"]
