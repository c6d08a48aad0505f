"""`polyflow cluster`, as a user types it, against a real API server."""

import os
import subprocess

import pytest

from polyflow_shared.clock import SystemClock
from polyflow_shared.cluster.kubernetes.access import Reach
from polyflow_shared.cluster.kubernetes.client import connect
from polyflow_shared.cluster.kubernetes.cluster import KubernetesCluster
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.observing.logs import log_of
from tests.contract.clusters import GO_ON, pod
from tests.e2e.command import POLYFLOW
from tests.kubernetes.fates import on_fake_nodes
from tests.kubernetes.waiting import until

pytestmark = pytest.mark.kubernetes


def polyflow(kubeconfig, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    return subprocess.run(
        [POLYFLOW, "cluster", *words], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
async def going_on(plane, namespace):
    """A pod that goes on."""
    client = await connect(Reach(kubeconfig=plane.kubeconfig), SystemClock())
    place = Place(namespaces=[namespace], installation="blue")
    cluster = KubernetesCluster(client, place, SystemClock(), log_of("test"), manifest=on_fake_nodes)
    await cluster.ensure(pod(GO_ON))
    path = f"/api/v1/namespaces/{namespace}/pods/{pod().name}"
    await until(lambda: plane.api.get(path)["status"]["phase"] == "Running")
    yield path
    await cluster.close()


async def test_pods_are_listed_and_let_go(plane, namespace, going_on) -> None:
    ours = ("-n", namespace, "--installation", "blue")
    listed = polyflow(plane.kubeconfig, "ls", *ours)
    assert [line.split()[-2:] for line in listed.stdout.splitlines()[1:]] == [["operation-0", "running"]]
    assert polyflow(plane.kubeconfig, "clean", "-n", namespace).stderr.startswith("0 pods are free")
    cleaned = polyflow(plane.kubeconfig, "clean", *ours)
    assert (cleaned.returncode, cleaned.stdout) == (0, f"{namespace}/{pod().name}\n")
    assert cleaned.stderr == "1 pod is free of finalizers of installation blue\n"
    assert "finalizers" not in plane.api.get(going_on)["metadata"]


async def test_a_pod_that_is_none_of_ours_is_left_out_and_told(plane, namespace, going_on) -> None:
    labels = {"polyflow.io/installation": "blue", "polyflow.io/tracked": "true"}
    spec = {"containers": [{"name": "main", "image": "busybox:1.35"}], "nodeName": "no-such-node"}
    theirs = {"metadata": {"name": "theirs", "labels": labels}, "spec": spec}
    plane.api.create(f"/api/v1/namespaces/{namespace}/pods", theirs)
    listed = polyflow(plane.kubeconfig, "ls", "-n", namespace, "--installation", "blue")
    assert listed.returncode == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()[1:]] == [f"{namespace}/{pod().name}"]
    assert listed.stderr.startswith(f"{namespace}/theirs is left out: ")


async def test_who_may_not_is_told_so(own_plane, namespace) -> None:
    allowed = polyflow(own_plane.kubeconfig_of("system:kube-scheduler"), "ls", "-n", "no-such")
    assert allowed.returncode == 0
    refused = polyflow(own_plane.kubeconfig_of("system:node:real"), "clean", "-n", namespace)
    assert refused.returncode == 1
    assert "forbidden" in refused.stderr


async def test_a_kubeconfig_that_is_not_there_is_named(tmp_path) -> None:
    missing = polyflow(tmp_path / "none.yaml", "ls")
    assert missing.returncode == 2
    assert "none.yaml" in missing.stderr
    assert "Traceback" not in missing.stderr
