"""Namespaces for tests, ready for pods."""

import time
from uuid import uuid4

from tests.testbed.kubernetes.api import ApiError
from tests.testbed.kubernetes.control import ControlPlane

LIMIT = 30.0
"""Seconds within which a controller acts."""


def a_namespace(plane: ControlPlane, **labels: str) -> str:
    """Return a new namespace, once pods can be created in it."""
    name = f"test-{uuid4().hex[:8]}"
    plane.api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        try:
            plane.api.get(f"/api/v1/namespaces/{name}/serviceaccounts/default")
        except ApiError:
            time.sleep(0.02)
        else:
            return name
    raise AssertionError(f"{name} has no service account after {LIMIT:g} s")
