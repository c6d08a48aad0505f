"""A cluster that is there already, named by `KUBECONFIG`: it gets fake nodes, and pods of tests run on those.

The nodes, and what plays them, are gone when the tests are over; namespaces of tests stay.
"""

import base64
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from tests.testbed.kubernetes.api import Api, ApiError
from tests.testbed.kubernetes.control import fake_node, kwok
from tests.testbed.processes import TestbedError, end_process, free_ports, start

GIVEN: Final = "KUBECONFIG"
"""If this variable is set, that cluster is used where a test can use one, and none is started for it."""
NODES: Final = ("polyflow-fake-0", "polyflow-fake-1")
TAINT: Final = {"key": "testbed.polyflow.io/node", "value": "fake", "effect": "NoSchedule"}
"""Of those nodes: they are closed to all pods but those of tests."""
_KEEPER: Final = "polyflow"


@dataclass(frozen=True, slots=True)
class GivenCluster:
    """A cluster of somebody else.

    Attributes:
        kubeconfig: how its administrator reaches it.
        api: the administrator's questions.
    """

    kubeconfig: Path
    api: Api


def given() -> Path | None:
    """Return the file that the environment names, if it does."""
    name = os.environ.get(GIVEN)
    return Path(name).expanduser() if name else None


@contextmanager
def reached_cluster(kubeconfig: Path) -> Iterator[GivenCluster]:
    """Yield a cluster with fake nodes of ours.

    Raises:
        TestbedError: the file cannot be read, or tells no token or certificate.
    """
    with tempfile.TemporaryDirectory(prefix="polyflow-given-") as name:
        folder = Path(name)
        cluster = GivenCluster(kubeconfig, _api(kubeconfig, folder))
        pid = start(kwok(kubeconfig, _KEEPER, free_ports(1)[0]), folder / "kwok.log").pid
        try:
            for node in NODES:
                cluster.api.create("/api/v1/nodes", _kept_free(fake_node(node, keeper=_KEEPER)))
            yield cluster
        finally:
            end_process(pid)
            for node in NODES:
                with suppress(ApiError):
                    cluster.api.delete(f"/api/v1/nodes/{node}")


def _kept_free(node: dict[str, Any]) -> dict[str, Any]:
    """Return a node that takes pods of tests only: whatever else waits in that cluster would seem to run there."""
    return {**node, "spec": {"taints": [TAINT]}}


def _api(kubeconfig: Path, folder: Path) -> Api:
    try:
        form = yaml.safe_load(kubeconfig.read_text())
        names = _named(form["contexts"], form["current-context"])["context"]
        cluster = _named(form["clusters"], names["cluster"])["cluster"]
        user = _named(form["users"], names["user"])["user"]
        server = urlsplit(cluster["server"])
        authority = _file(cluster, "certificate-authority", kubeconfig, folder)
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise TestbedError(f"{GIVEN}: {kubeconfig} cannot be used: {error!r}") from error
    token, identity = str(user.get("token", "")), None
    if not token:
        if not any(key.startswith("client-certificate") for key in user):
            raise TestbedError(
                f"{GIVEN}: the user of {kubeconfig} has neither a token nor a certificate; "
                "write a file with one, such as `kubectl create token` gives"
            )
        parts = [_file(user, key, kubeconfig, folder) for key in ("client-certificate", "client-key")]
        identity = folder / "identity.pem"
        identity.write_bytes(b"\n".join(part.read_bytes() for part in parts))
    port = server.port or 443
    return Api(port, authority, token, host=server.hostname or "127.0.0.1", identity=identity)


def _named(several: list[dict[str, Any]], name: str) -> dict[str, Any]:
    found = next((one for one in several if one["name"] == name), None)
    if found is None:
        raise KeyError(name)
    return found


def _file(values: Mapping[str, Any], key: str, kubeconfig: Path, folder: Path) -> Path:
    """Return a file that a kubeconfig names, or has in itself."""
    if f"{key}-data" in values:
        path = folder / key
        path.write_bytes(base64.b64decode(values[f"{key}-data"]))
        return path
    return kubeconfig.parent / values[key]
