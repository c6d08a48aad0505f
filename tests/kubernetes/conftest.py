"""What all tests of this folder need of the control plane."""

import pytest

from tests.kubernetes.namespaces import a_namespace


@pytest.fixture
def namespace(plane) -> str:
    """A namespace of the test's own."""
    return a_namespace(plane)
