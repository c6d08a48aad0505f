"""A control plane for the tests of the chart, with namespaces that admit restricted pods only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.chart import RELEASE, Cluster
from tests.testbed.helm import monitoring_definitions
from tests.testbed.kubernetes.control import running_control_plane

RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
VOLUME = {
    "metadata": {"name": "history"},
    "spec": {
        "capacity": {"storage": "10Gi"},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": "/nowhere"},
    },
}
"""What a cluster's provisioner would make for the projector."""


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_control_plane() as plane:
        found = Cluster(plane)
        for definition in monitoring_definitions(tmp_path_factory.mktemp("definitions")):
            found.kubectl("create", "--filename", str(definition))
        for name in (RELEASE, "polyflow-runs", "research", "training", "elsewhere", "second"):
            labels = RESTRICTED if name == RELEASE else {}
            plane.api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        plane.api.create("/api/v1/persistentvolumes", VOLUME)
        yield found


@pytest.fixture(scope="session")
def installed(cluster: Cluster) -> Cluster:
    """The same, where the chart is installed with the fewest values, and has come up."""
    cluster.install(Path(__file__).parent / "values" / "least.yaml")
    return cluster
