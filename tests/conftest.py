"""What tests of several folders share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.testbed.kubernetes.control import ControlPlane


@pytest.fixture(scope="session")
def plane() -> Iterator["ControlPlane"]:
    """A real control plane with fake nodes, started at most once a session."""
    from tests.testbed.kubernetes.control import running_control_plane

    with running_control_plane() as plane:
        yield plane
