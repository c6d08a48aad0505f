"""Where a pod is looked for, what is said where one may not look, and which pod that is found is one."""

import pytest

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.kubernetes.client import Object, RefusedError, Turn
from polyflow_shared.cluster.kubernetes.cluster import KubernetesCluster
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.cluster.kubernetes.pods import names
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_shared.observing.logs import log_of
from polyflow_topics.names import PodName
from polyflow_topics.status import PodStatus
from tests.unit.cluster_kubernetes.pods import NOT_FOUND, pod, runs

NAME = PodName("pf-r1-0-0")
LABELS = {names.TRACKED: names.YES, names.RUN: "r1", names.INDEX: "0", names.ATTEMPT: "0"}


class Server:
    """May be asked about the namespace `b` only, which has one pod."""

    async def get(self, path: str, query: object = None, *, turn: Turn) -> Object:
        if "/namespaces/a/" in path:
            raise RefusedError(403, {"message": "you may not"})
        if not path.endswith(f"/namespaces/b/pods/{NAME}"):
            raise RefusedError(404, NOT_FOUND)
        about = {"resourceVersion": "1", "labels": LABELS, "annotations": {names.OPERATION: "train"}}
        return pod(main=runs(), metadata={"name": NAME, **about})


def cluster(*namespaces: str) -> KubernetesCluster:
    return KubernetesCluster(Server(), Place(namespaces=namespaces), FakeClock(), log_of("test"))


@pytest.mark.parametrize("namespaces", ["ab", "ba"])
async def test_a_pod_is_found_though_another_namespace_may_not_be_looked_in(namespaces: str) -> None:
    report = await cluster(*namespaces).get(NAME)
    assert report is not None
    assert report.status is PodStatus.RUNNING


@pytest.mark.parametrize("namespaces", ["ac", "ca"])
async def test_a_pod_that_may_be_where_nobody_may_look_is_not_said_to_be_absent(namespaces: str) -> None:
    with pytest.raises(ClusterUnavailableError, match="the API server refuses: 403: you may not"):
        await cluster(*namespaces).get(NAME)


async def test_a_pod_that_is_nowhere_is_absent() -> None:
    assert await cluster("c", "d").get(NAME) is None


class Labelled:
    """Has the pod, whose label of ours says what it is given, and is told what to do with it."""

    def __init__(self, tracked: str | None) -> None:
        given = {} if tracked is None else {names.TRACKED: tracked}
        labels = {key: value for key, value in LABELS.items() if key != names.TRACKED} | given
        about = {"namespace": "a", "labels": labels, "annotations": {names.OPERATION: "train"}}
        self.pod = pod(main=runs(), metadata={"name": NAME, "uid": "u", "resourceVersion": "1", **about})
        self.deleted: list[str] = []

    async def get(self, path: str, query: object = None, *, turn: Turn) -> Object:
        return self.pod

    async def patch(self, path: str, body: Object, **more: object) -> Object:
        return self.pod

    async def delete(self, path: str, options: Object, *, turn: Turn) -> None:
        self.deleted.append(path)


@pytest.mark.parametrize("tracked", [names.YES, None, "false"])
async def test_a_pod_is_there_and_can_be_stopped_whatever_becomes_of_its_label(tracked: str | None) -> None:
    server = Labelled(tracked)
    asked = KubernetesCluster(server, Place(namespaces=["a"]), FakeClock(), log_of("test"))
    report = await asked.get(NAME)
    assert report is not None
    assert report.status is PodStatus.RUNNING
    assert await asked.stop(NAME, grace=1, reason="Stopped")
    assert server.deleted == [f"/api/v1/namespaces/a/pods/{NAME}"]


@pytest.mark.parametrize("tracked", [names.RELEASED, names.HELD])
async def test_a_pod_that_was_released_is_not_there(tracked: str) -> None:
    server = Labelled(tracked)
    asked = KubernetesCluster(server, Place(namespaces=["a"]), FakeClock(), log_of("test"))
    assert await asked.get(NAME) is None
    assert not await asked.stop(NAME, grace=1, reason="Stopped")
