"""One real control plane with fake nodes for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.kubernetes.namespaces import a_namespace
from tests.testbed.kubernetes.control import ControlPlane, running_control_plane


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """A control plane, started at most once a session."""
    with running_control_plane() as plane:
        yield plane


@pytest.fixture
def namespace(plane: ControlPlane) -> str:
    """A namespace of the test's own."""
    return a_namespace(plane)
