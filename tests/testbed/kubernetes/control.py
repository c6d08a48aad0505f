"""A control plane: etcd, API server, controller manager, scheduler and KWOK, each a process with a log."""

import json
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from tests.testbed.kubernetes import programs
from tests.testbed.kubernetes.api import Api, ApiError
from tests.testbed.processes import (
    TestbedError,
    end_process,
    free_ports,
    is_running,
    listens,
    program,
    run,
    start,
)

_HERE: Final = Path(__file__).parent
START_LIMIT: Final = 90.0
"""Seconds for everything to answer; it takes 6 on a quiet machine."""
FAKE_NODES: Final = 5
ADMIN: Final = "admin"
GROUPS: Final = {
    ADMIN: "system:masters",
    "kwok": "system:masters",
    "system:kube-controller-manager": "",
    "system:kube-scheduler": "",
    "system:node:real": "system:nodes",
}
"""The users of the control plane, with their groups; RBAC says what they may do."""
_KEEPER: Final = "kwok.x-k8s.io/node"
"""The annotation of fake nodes that says which KWOK plays them."""
_PARTS: Final = ("etcd", "apiserver", "controllers", "scheduler", "kwok")


@dataclass
class ControlPlane:
    """A control plane with its folder; parts of it can be stopped and started again on the same data.

    Attributes:
        folder: settings, data and logs.
        ports: by part (`etcd`, `etcd-peers`, `apiserver`, `kwok`), on 127.0.0.1.
        tokens: by user.
        pids: by part, of those that run.
    """

    folder: Path
    ports: dict[str, int]
    tokens: dict[str, str]
    pids: dict[str, int] = field(default_factory=dict)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's; other users have `kubeconfig_of`."""
        return self.kubeconfig_of(ADMIN)

    @property
    def authority(self) -> Path:
        """The certificate that the API server must have."""
        return self.folder / "certs" / "apiserver.crt"

    @property
    def audit(self) -> Path:
        """The log of all writes, as JSON lines."""
        return self.folder / "audit.log"

    @property
    def api(self) -> Api:
        """The administrator's questions."""
        return Api(self.ports["apiserver"], self.authority, self.tokens[ADMIN])

    def kubeconfig_of(self, user: str) -> Path:
        """Return the file with which a user reaches the API server."""
        return self.folder / f"{user.replace(':', '-')}.kubeconfig"

    def start(self) -> None:
        """Start what does not run, and return when all answers.

        Raises:
            TestbedError: something has ended, or does not answer in time; the message names its log.
        """
        for part in _PARTS:
            self.start_part(part)
        self._wait(
            "the controllers", lambda: self.api.get("/api/v1/namespaces/default/serviceaccounts/default")
        )
        self._add_nodes()

    def start_part(self, part: str) -> None:
        """Start one part unless it runs, and return when it answers."""
        if part not in self.pids:
            self.pids[part] = start(_command(self, part), self.folder / f"{part}.log").pid
        if part == "etcd":
            self._wait(part, lambda: _must(listens(self.ports["etcd"])))
        if part == "apiserver":
            self._wait(part, lambda: self.api.text("/readyz"))

    def stop_part(self, part: str, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal to one part and return when it has ended."""
        if pid := self.pids.pop(part, None):
            end_process(pid, number)

    def stop(self) -> None:
        """End everything, and remove the folder."""
        for part in reversed(_PARTS):
            self.stop_part(part, signal.SIGKILL if part == "etcd" else signal.SIGTERM)
        shutil.rmtree(self.folder, ignore_errors=True)

    def running(self) -> bool:
        """Tell whether every part runs."""
        return all(part in self.pids and is_running(self.pids[part], str(self.folder)) for part in _PARTS)

    def _wait(self, what: str, asked: Any) -> None:
        end = time.monotonic() + START_LIMIT
        while True:
            try:
                asked()
            except (OSError, ApiError, _NotYetError) as error:
                if time.monotonic() > end:
                    raise TestbedError(
                        f"{what}: no answer in {START_LIMIT:g} s ({error}); see {self.folder}"
                    ) from error
                self._look_for_dead()
                time.sleep(0.05)
            else:
                return

    def _look_for_dead(self) -> None:
        for part, pid in self.pids.items():
            if not is_running(pid, str(self.folder)):
                raise TestbedError(f"{part} has ended; see {self.folder}/{part}.log")

    def _add_nodes(self) -> None:
        for number in range(FAKE_NODES):
            try:
                self.api.create("/api/v1/nodes", fake_node(f"fake-{number}"))
            except ApiError as error:
                if error.status != 409:
                    raise


class _NotYetError(Exception):
    pass


def _must(true: bool) -> None:
    if not true:
        raise _NotYetError("it does not listen")


@contextmanager
def running_control_plane() -> Iterator[ControlPlane]:
    """Yield a control plane that answers; it is gone when the context ends."""
    plane = prepare()
    try:
        plane.start()
        yield plane
    finally:
        plane.stop()


def prepare() -> ControlPlane:
    """Build what is not built, and write everything that a control plane needs into a new folder."""
    programs.control_plane()
    folder = Path(tempfile.mkdtemp(prefix="polyflow-kubernetes-"))
    ports = dict(zip(("etcd", "etcd-peers", "apiserver", "kwok"), free_ports(4), strict=True))
    plane = ControlPlane(folder, ports, {user: secrets.token_hex(16) for user in GROUPS})
    openssl = program("openssl", "OpenSSL (Debian: apt install openssl)")
    run([openssl, "genrsa", "-out", str(folder / "service-accounts.key"), "2048"])
    rows = [f'{token},{user},{user},"{GROUPS[user]}"' for user, token in plane.tokens.items()]
    (folder / "tokens.csv").write_text("\n".join(rows) + "\n")
    for user in GROUPS:
        plane.kubeconfig_of(user).write_text(yaml.safe_dump(_kubeconfig(plane, user)))
    return plane


def save(plane: ControlPlane) -> str:
    """Return what `load` needs to find a control plane again."""
    return json.dumps(
        {"folder": str(plane.folder), "ports": plane.ports, "tokens": plane.tokens, "pids": plane.pids}
    )


def load(text: str) -> ControlPlane:
    """Return the control plane that was saved; `running` tells whether it is still there."""
    form = json.loads(text)
    return ControlPlane(Path(form["folder"]), form["ports"], form["tokens"], form["pids"])


def _command(plane: ControlPlane, part: str) -> list[str]:
    binaries, folder, ports = programs.control_plane(), plane.folder, plane.ports
    etcd = f"http://127.0.0.1:{ports['etcd']}"
    keys = str(folder / "service-accounts.key")
    match part:
        case "etcd":
            peers = f"http://127.0.0.1:{ports['etcd-peers']}"
            return [
                str(binaries / "server"), "--name=testbed", f"--data-dir={folder / 'etcd'}", "--unsafe-no-fsync",
                f"--listen-client-urls={etcd}", f"--advertise-client-urls={etcd}",
                f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}",
                f"--initial-cluster=testbed={peers}", "--quota-backend-bytes=8589934592", "--log-level=warn",
            ]  # fmt: skip
        case "apiserver":
            return [
                str(binaries / "kube-apiserver"), f"--etcd-servers={etcd}", f"--secure-port={ports['apiserver']}",
                "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--cert-dir={folder / 'certs'}",
                f"--token-auth-file={folder / 'tokens.csv'}", "--authorization-mode=Node,RBAC",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={keys}", f"--service-account-signing-key-file={keys}",
                "--service-cluster-ip-range=10.96.0.0/16", "--allow-privileged=true",
                f"--audit-policy-file={_HERE / 'audit.yaml'}", f"--audit-log-path={plane.audit}",
                "--audit-log-maxsize=2000",
            ]  # fmt: skip
        case "controllers":
            user = "system:kube-controller-manager"
            return [
                str(binaries / "kube-controller-manager"), f"--kubeconfig={plane.kubeconfig_of(user)}",
                f"--service-account-private-key-file={keys}", f"--root-ca-file={plane.authority}",
                "--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port=0",
                "--use-service-account-credentials=true",
            ]  # fmt: skip
        case "scheduler":
            user = "system:kube-scheduler"
            return [
                str(binaries / "kube-scheduler"), f"--kubeconfig={plane.kubeconfig_of(user)}",
                "--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port=0",
                "--kube-api-qps=500", "--kube-api-burst=1000",
            ]  # fmt: skip
        case _:
            return kwok(plane.kubeconfig_of("kwok"), "fake", ports["kwok"])


def kwok(kubeconfig: Path, keeper: str, port: int) -> list[str]:
    """Return the command of a KWOK that plays the fake nodes of one keeper, and the pods on them."""
    return [
        str(programs.control_plane() / "kwok"), f"--kubeconfig={kubeconfig}",
        f"--manage-nodes-with-annotation-selector={_KEEPER}={keeper}", f"--config={_HERE / 'stages.yaml'}",
        "--node-lease-duration-seconds=0", f"--server-address=127.0.0.1:{port}",
    ]  # fmt: skip


def _kubeconfig(plane: ControlPlane, user: str) -> dict[str, Any]:
    server = {
        "server": f"https://127.0.0.1:{plane.ports['apiserver']}",
        "certificate-authority": str(plane.authority),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "testbed", "cluster": server}],
        "users": [{"name": user, "user": {"token": plane.tokens[user]}}],
        "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": user}}],
        "current-context": "testbed",
    }


def fake_node(name: str, keeper: str = "fake") -> dict[str, Any]:
    """Return the node that a KWOK plays, for its keeper."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {_KEEPER: keeper},
            "labels": {"kubernetes.io/hostname": name, "testbed.polyflow.io/node": "fake"},
        },
    }
