"""What only Kubernetes can do to a pod, on a real API server: races between us, the cluster and other people."""

from dataclasses import replace
from datetime import timedelta

import pytest

from polyflow_shared.clock import SystemClock
from polyflow_shared.cluster.kubernetes import watching
from polyflow_shared.cluster.kubernetes.cluster import KubernetesCluster
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.cluster.kubernetes.pods import names, objects
from polyflow_shared.cluster.kubernetes.upkeep import Upkeep, clean
from polyflow_shared.cluster.released import KEPT
from polyflow_shared.errors import ClusterBusyError, ClusterRejectedError, ClusterUnavailableError
from polyflow_shared.observing.logs import log_of
from polyflow_topics.status import PodStatus
from tests.contract.clusters import FAIL, GO_ON, LIVE, end_of, pod
from tests.kubernetes.fates import FATE, on_fake_nodes
from tests.kubernetes.waiting import until
from tests.kubernetes.webhooks import NAME, unanswered
from tests.testbed.kubernetes.api import ApiError

pytestmark = pytest.mark.kubernetes
LOG = log_of("test")


class MovedClock(SystemClock):
    """The machine's clock, some time later."""

    def __init__(self, later: timedelta) -> None:
        self.later = later

    def now(self):
        return super().now() + self.later


@pytest.fixture
def clock():
    return MovedClock(timedelta())


@pytest.fixture
def path(namespace):
    return f"{objects.collection(namespace)}/{pod().name}"


async def test_a_pod_of_another_installation_is_told_from_ours(cluster, client, clock, namespace) -> None:
    other = Place(namespaces=[namespace], installation="green")
    await KubernetesCluster(client, other, clock, LOG, manifest=on_fake_nodes).ensure(pod(GO_ON))
    with pytest.raises(ClusterRejectedError, match="is there already, and is not of") as caught:
        await cluster.ensure(pod(GO_ON))
    assert caught.value.reason == "NameTaken"


async def test_a_pod_that_a_webhook_is_asked_about_in_vain_waits_and_says_for_which(
    cluster, plane, namespace, path
) -> None:
    tried = {"metadata": {"name": "tried"}, "spec": {"containers": [{"name": "main", "image": "x"}]}}
    with unanswered(plane.api, namespace, "pods", tried):
        with pytest.raises(ClusterBusyError, match=f"the admission webhook {NAME} does not answer") as caught:
            await cluster.ensure(pod(GO_ON))
        assert caught.value.reason == "AdmissionUnavailable"
        assert not await cluster.stop(pod().name, grace=1, reason="Unwanted")


async def test_what_was_created_although_the_server_did_not_say_so_is_found(
    cluster, client, monkeypatch
) -> None:
    create = client.create

    async def create_and_time_out(*arguments):
        await create(*arguments)
        raise ClusterUnavailableError("504")

    monkeypatch.setattr(client, "create", create_and_time_out)
    await cluster.ensure(pod())
    assert (await end_of(cluster, pod())).status is PodStatus.SUCCEEDED


async def test_what_was_not_created_is_unavailable(cluster, client, monkeypatch) -> None:
    async def time_out(*_):
        raise ClusterUnavailableError("504")

    monkeypatch.setattr(client, "create", time_out)
    with pytest.raises(ClusterUnavailableError, match="504"):
        await cluster.ensure(pod())
    assert await cluster.list() == []


async def test_a_full_namespace_is_told_and_takes_the_pod_when_there_is_room(
    cluster, plane, namespace
) -> None:
    quota = f"/api/v1/namespaces/{namespace}/resourcequotas"
    plane.api.create(quota, {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}}})
    await until(lambda: plane.api.get(f"{quota}/q").get("status", {}).get("hard") == {"pods": "1"})
    await cluster.ensure(pod(GO_ON))
    with pytest.raises(ClusterBusyError, match="pods") as caught:
        await cluster.ensure(pod(GO_ON, index=1))
    assert caught.value.reason == "QuotaExceeded"
    plane.api.delete(f"{quota}/q")
    await cluster.ensure(pod(GO_ON, index=1))


async def test_an_unknown_field_is_refused_by_its_name(client, place, clock) -> None:
    def misspelt(one, installation, namespace):
        made = on_fake_nodes(one, installation, namespace)
        made["spec"]["nodeSelectr"] = {}
        return made

    cluster = KubernetesCluster(client, place, clock, LOG, manifest=misspelt)
    with pytest.raises(ClusterRejectedError, match="nodeSelectr"):
        await cluster.ensure(pod())


async def test_a_pod_deleted_by_hand_is_lost_and_its_end_was_told_before_it_went(
    cluster, plane, path
) -> None:
    await cluster.ensure(pod(GO_ON))
    await until(lambda: plane.api.get(path)["status"]["phase"] == "Running")
    plane.api.delete(path)
    report = await end_of(cluster, pod())
    assert (report.status, report.reason) == (PodStatus.LOST, "Deleted")
    await cluster.release(pod().name)
    assert await cluster.get(pod().name) is None


async def test_a_pod_that_was_removed_by_force_is_lost_for_whoever_watches(cluster, plane, path) -> None:
    await cluster.ensure(pod(GO_ON))
    watch = cluster.watch()
    await anext(watch)
    plane.api.patch(path, {"metadata": {"finalizers": None}})
    plane.api.delete(path, gracePeriodSeconds="0")
    reports = [report for seen in [await anext(watch)] for report in seen]
    while reports[-1].status in LIVE:
        reports += await anext(watch)
    assert reports[-1].status is PodStatus.LOST
    assert reports[-1].operation == pod().operation
    await watch.aclose()


async def test_a_pod_that_takes_its_time_to_end_is_stopped_once_it_has_ended(cluster, plane, path) -> None:
    def hard_to_kill(one, installation, namespace):
        made = on_fake_nodes(one, installation, namespace)
        made["metadata"]["labels"][FATE] = "hard-to-kill"
        return made

    cluster._manifest = hard_to_kill
    await cluster.ensure(pod(GO_ON))
    await until(lambda: plane.api.get(path)["status"]["phase"] == "Running")
    assert await cluster.stop(pod().name, grace=30, reason="Unwanted")
    assert (await cluster.get(pod().name)).status is PodStatus.RUNNING
    assert await cluster.stop(pod().name, grace=30, reason="Again")
    report = await end_of(cluster, pod())
    assert (report.status, report.reason) == (PodStatus.STOPPED, "Unwanted")


async def test_a_pod_that_no_node_takes_is_stopped_at_once(cluster, client, place, clock) -> None:
    def on_no_node(one, installation, namespace):
        made = on_fake_nodes(one, installation, namespace)
        made["spec"]["nodeSelector"] = {"there-is": "none"}
        return made

    cluster._manifest = on_no_node
    await cluster.ensure(pod(GO_ON))
    assert await cluster.stop(pod().name, grace=30, reason="Unwanted")
    assert (await end_of(cluster, pod())).status is PodStatus.STOPPED


async def test_a_released_pod_is_not_created_again_by_a_late_launch(cluster, plane, path) -> None:
    await cluster.ensure(pod())
    await end_of(cluster, pod())
    await cluster.release(pod().name)
    uid = plane.api.get(path)["metadata"]["uid"]
    await cluster.ensure(pod())
    assert plane.api.get(path)["metadata"]["uid"] == uid


class Interrupted:
    """A client; something happens whenever it is to read a log."""

    def __init__(self, client, happens) -> None:
        self.client = client
        self.happens = happens

    def __getattr__(self, name):
        return getattr(self.client, name)

    async def text(self, path, *arguments):
        self.happens()
        return await self.client.text(path, *arguments)


async def test_a_pod_that_is_deleted_while_it_is_released_is_not_created_again_by_a_late_launch(
    cluster, client, place, clock, plane, path
) -> None:
    await cluster.ensure(pod())
    await end_of(cluster, pod())
    uid = plane.api.get(path)["metadata"]["uid"]
    interrupted = Interrupted(client, lambda: plane.api.delete(path))
    await KubernetesCluster(interrupted, place, clock, LOG).release(pod().name)
    assert await cluster.get(pod().name) is None
    await cluster.ensure(pod())
    assert plane.api.get(path)["metadata"]["uid"] == uid


async def test_a_stopped_pod_is_not_created_again_by_a_late_launch_either(cluster, plane, path) -> None:
    await cluster.ensure(pod(GO_ON))
    assert await cluster.stop(pod().name, grace=1, reason="Unwanted")
    await end_of(cluster, pod())
    await cluster.release(pod().name)
    uid = plane.api.get(path)["metadata"]["uid"]
    await cluster.ensure(pod(GO_ON))
    assert plane.api.get(path)["metadata"]["uid"] == uid
    assert await cluster.get(pod().name) is None


@pytest.fixture
def upkeep(client, place, clock):
    return Upkeep(client, place, clock, LOG)


@pytest.mark.parametrize("stopped", [False, True])
async def test_a_released_pod_is_removed_when_its_time_has_come(
    cluster, upkeep, clock, plane, path, stopped
) -> None:
    await cluster.ensure(pod(GO_ON if stopped else FAIL))
    if stopped:
        await cluster.stop(pod().name, grace=1, reason="Unwanted")
    await end_of(cluster, pod())
    await cluster.release(pod().name)
    await upkeep.round()
    assert plane.api.get(path)["metadata"]["labels"][names.TRACKED] != names.YES
    clock.later = KEPT + timedelta(minutes=1)
    await upkeep.round()
    await until(lambda: _is_gone(plane, path))


async def test_a_pod_is_kept_for_as_long_as_its_specification_says(
    cluster, client, place, clock, plane, path
) -> None:
    one = pod()
    one = replace(one, parts=one.parts.model_copy(update={"ttl": 3600}))
    await cluster.ensure(one)
    await end_of(cluster, one)
    await cluster.release(one.name)
    clock.later = timedelta(minutes=59)
    await Upkeep(client, place, clock, LOG).round()
    assert plane.api.get(path)
    clock.later = timedelta(minutes=62)
    await Upkeep(client, place, clock, LOG).round()
    await until(lambda: _is_gone(plane, path))


async def test_a_pod_that_goes_on_or_was_not_released_is_never_removed(
    cluster, client, place, clock, plane, path
) -> None:
    await cluster.ensure(pod())
    await end_of(cluster, pod())
    clock.later = timedelta(days=30)
    await Upkeep(client, place, clock, LOG).round()
    assert (await cluster.get(pod().name)).status is PodStatus.SUCCEEDED


async def test_cleaning_up_lets_go_of_every_pod(cluster, client, place, plane, path) -> None:
    await cluster.ensure(pod(GO_ON))
    await cluster.ensure(pod(index=1))
    await end_of(cluster, pod(index=1))
    cleaned = [name async for name in clean(client, place)]
    assert len(cleaned) == 2
    plane.api.delete(path)
    await until(lambda: _is_gone(plane, path))
    assert [name async for name in clean(client, place)] == []


def _is_gone(plane, path: str) -> bool:
    try:
        plane.api.get(path)
    except ApiError as error:
        return error.status == 404
    return False


async def test_what_only_events_tell_is_looked_up_where_a_pod_does_not_begin(
    cluster, plane, namespace, path, monkeypatch
) -> None:
    def on_slow_node(one, installation, namespace):
        made = on_fake_nodes(one, installation, namespace)
        made["metadata"]["labels"][FATE] = "pending"
        return made

    monkeypatch.setattr(watching, "LOOK_AFTER", 0.1)
    cluster._manifest = on_slow_node
    await cluster.ensure(pod())
    await until(lambda: "nodeName" in plane.api.get(path)["spec"])
    uid = plane.api.get(path)["metadata"]["uid"]
    about = {"kind": "Pod", "name": pod().name, "namespace": namespace, "uid": uid}
    message = 'MountVolume.SetUp failed for volume "data" : configmap "settings" not found'
    # Behind the scheduler's own event, which may be of this second.
    at = (SystemClock().now() + timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {"metadata": {"name": "e"}, "type": "Warning", "reason": "FailedMount", "message": message}
    event |= {"involvedObject": about, "firstTimestamp": at, "lastTimestamp": at, "count": 1}
    plane.api.create(f"/api/v1/namespaces/{namespace}/events", event)
    watch = cluster.watch()
    (told,) = await anext(watch)
    while not told.reason:
        (told,) = await anext(watch)
    await watch.aclose()
    assert (told.status, told.reason) == (PodStatus.PENDING, "FailedMount")
    assert "settings" in told.message


async def test_watchers_of_different_shards_share_the_pods(client, clock, namespace) -> None:
    def of(*shards: int) -> KubernetesCluster:
        return KubernetesCluster(
            client, Place(namespaces=[namespace], shards=shards), clock, LOG, manifest=on_fake_nodes
        )

    for index in range(12):
        await of().ensure(pod(index=index))
    even, odd, every = of(*range(0, 16, 2)), of(*range(1, 16, 2)), of()
    seen = [{report.name for report in await cluster.list()} for cluster in (even, odd, every)]
    assert all(seen)
    assert seen[0].isdisjoint(seen[1])
    assert seen[0] | seen[1] == seen[2]
    assert len(seen[2]) == 12
