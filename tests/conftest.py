"""What tests of several folders share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Union

import pytest

if TYPE_CHECKING:
    from tests.testbed.kubernetes.control import ControlPlane
    from tests.testbed.kubernetes.given import GivenCluster


@pytest.fixture(scope="session")
def plane() -> Iterator[Union["ControlPlane", "GivenCluster"]]:
    """A real API server with fake nodes: the one of `KUBECONFIG`, or one that is started once a session."""
    from tests.testbed.kubernetes.control import running_control_plane
    from tests.testbed.kubernetes.given import given, reached_cluster

    kubeconfig = given()
    with reached_cluster(kubeconfig) if kubeconfig else running_control_plane() as plane:
        yield plane


@pytest.fixture(scope="session")
def own_plane(plane: Union["ControlPlane", "GivenCluster"]) -> "ControlPlane":
    """One that was started here, whose parts may be killed, and whose audit log and users are known."""
    from tests.testbed.kubernetes.control import ControlPlane

    if not isinstance(plane, ControlPlane):
        pytest.skip("KUBECONFIG names a cluster: its audit log, its users and its processes are not ours")
    return plane
