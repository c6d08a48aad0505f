"""Services and namespaces on a real API server."""

import asyncio
from dataclasses import replace

import pytest

from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.cluster.kubernetes.pods import objects
from polyflow_shared.errors import ClusterRejectedError
from polyflow_topics.pods import PodParts, Service
from polyflow_topics.status import PodStatus
from tests.contract.clusters import GO_ON, LIMIT, end_of, pod
from tests.kubernetes.fates import on_fake_nodes
from tests.kubernetes.namespaces import a_namespace
from tests.kubernetes.waiting import until
from tests.kubernetes.webhooks import unanswered
from tests.testbed.kubernetes.api import ApiError

pytestmark = pytest.mark.kubernetes


@pytest.fixture
def other(plane):
    return a_namespace(plane)


@pytest.fixture
def place(namespace, other):
    return Place(namespaces=[namespace, other])


def service(**parts):
    return replace(pod(GO_ON), parts=PodParts(service=Service(ports=(8000, 9000)), **parts))


async def test_a_service_is_up_once_the_webhook_answers_that_its_service_object_waits_for(
    cluster, plane, namespace
) -> None:
    one, tried = service(), {"metadata": {"name": "tried"}, "spec": {"ports": [{"port": 80}]}}
    with unanswered(plane.api, namespace, "services", tried):
        ensuring = asyncio.ensure_future(cluster.ensure(one))
        await until(lambda: bool(plane.api.get(objects.collection(namespace))["items"]))
    await ensuring
    assert (await up(cluster, one)).outputs["port"] == 8000


async def up(cluster, one):
    async with asyncio.timeout(LIMIT):
        async for seen in cluster.watch():
            for report in seen:
                if report.name == one.name and report.status is PodStatus.RUNNING:
                    return report
    raise AssertionError("the watch has ended")


async def endpoints(api, namespace, name):
    """Return the ports that the endpoints of a Service object have, once there are any that are ready."""
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    async with asyncio.timeout(LIMIT):
        while True:
            found = await asyncio.to_thread(api.get, path, labelSelector=f"kubernetes.io/service-name={name}")
            for piece in found["items"]:
                if any(one["conditions"]["ready"] for one in piece["endpoints"] or ()):
                    return sorted(port["port"] for port in piece["ports"])
            await asyncio.sleep(0.05)


async def test_a_service_is_up_when_its_pod_is_ready_and_has_an_object_that_leads_to_it(
    plane, cluster, namespace
):
    one = service()
    await cluster.ensure(one)
    await cluster.ensure(one)
    report = await up(cluster, one)
    host = f"{one.name}.{namespace}.svc"
    assert report.outputs == {"host": host, "port": 8000, "url": f"http://{host}:8000"}
    assert await endpoints(plane.api, namespace, one.name) == [8000, 9000]
    assert await cluster.stop(one.name, grace=1, reason="DagEnded")
    assert (await end_of(cluster, one)).reason == "DagEnded"


async def test_a_service_object_that_was_not_created_is_created_by_the_next_launch(plane, cluster, namespace):
    one = service()
    plane.api.create(f"/api/v1/namespaces/{namespace}/pods", on_fake_nodes(one, "polyflow", namespace))
    await cluster.ensure(one)
    there = plane.api.get(f"/api/v1/namespaces/{namespace}/services/{one.name}")
    owner = there["metadata"]["ownerReferences"][0]
    made = plane.api.get(f"/api/v1/namespaces/{namespace}/pods/{one.name}")
    assert (owner["kind"], owner["uid"]) == ("Pod", made["metadata"]["uid"])


async def test_a_service_object_goes_with_its_pod(plane, cluster, namespace):
    one = service()
    await cluster.ensure(one)
    path = f"/api/v1/namespaces/{namespace}/pods/{one.name}"
    plane.api.patch(path, {"metadata": {"finalizers": None}})
    plane.api.delete(path)
    services = f"/api/v1/namespaces/{namespace}/services"
    async with asyncio.timeout(LIMIT):
        while any(  # noqa: ASYNC110 (the API server tells nobody)
            each["metadata"]["name"] == one.name
            for each in (await asyncio.to_thread(plane.api.get, services))["items"]
        ):
            await asyncio.sleep(0.05)


async def no_services_in(api, namespace):
    """Set a quota without room for Service objects; return once it is in force."""
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"services": "0"}}}
    api.create(f"/api/v1/namespaces/{namespace}/resourcequotas", quota)
    tried = {"metadata": {"name": "tried"}, "spec": {"ports": [{"port": 80}]}}
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                api.create(f"/api/v1/namespaces/{namespace}/services?dryRun=All", tried)
            except ApiError as error:
                if "exceeded quota" in str(error):
                    return
            await asyncio.sleep(0.05)


async def test_a_service_without_room_in_the_quota_for_its_object_fails_and_its_pod_is_ended(
    plane, cluster, namespace
):
    await no_services_in(plane.api, namespace)
    one = service()
    with pytest.raises(ClusterRejectedError, match="no room in the namespace's quota none") as refused:
        await cluster.ensure(one)
    report = await end_of(cluster, one)
    told = (PodStatus.FAILED, "QuotaExceeded", str(refused.value))
    assert (report.status, report.reason, report.message) == told


async def test_a_pod_is_in_the_namespace_that_it_names(plane, cluster, other):
    one = service(namespace=other)
    await cluster.ensure(one)
    made = plane.api.get(f"/api/v1/namespaces/{other}/pods/{one.name}")
    assert made["metadata"]["namespace"] == other
    assert (await up(cluster, one)).outputs["host"] == f"{one.name}.{other}.svc"
    assert await cluster.stop(one.name, grace=1, reason="Stopped")


async def test_a_namespace_that_the_cluster_is_not_set_up_for_is_refused(cluster):
    with pytest.raises(ClusterRejectedError, match="'kube-system'; those of this cluster are") as refused:
        await cluster.ensure(service(namespace="kube-system"))
    assert refused.value.reason == "NamespaceNotAllowed"
