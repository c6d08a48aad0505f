"""A real node beside the fake ones: kubelet, containerd and runc, where containers run; needs root.

The node is one process with namespaces of its own for processes and mounts (`node.sh`): when it ends, however it
ends, the kernel ends what ran in it and takes its mounts and network namespaces away.  What is left then is
a folder, a bridge, and control groups (cgroups) without processes, which `RealNode.stop` removes.
"""

import json
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.testbed import debian
from tests.testbed.kubernetes import images, node_settings, programs
from tests.testbed.kubernetes.api import Api, ApiError
from tests.testbed.kubernetes.control import ControlPlane
from tests.testbed.processes import (
    TestbedError,
    end_process,
    free_ports,
    is_running,
    program,
    run,
    start,
)

NAME: Final = "real"
SELECTOR: Final = {"testbed.polyflow.io/node": "real"}
"""The node selector of pods that are to run here."""
START_LIMIT: Final = 60.0
"""Seconds for the node to be ready; it takes 3 on a quiet machine."""
_PREFIX: Final = "polyflow-node-"
_SCRIPT: Final = Path(__file__).with_name("node.sh")
_GROUPS: Final = Path("/sys/fs/cgroup")


@dataclass
class RealNode:
    """A node with its folder; it has crashed when its process has ended without `stop`.

    Attributes:
        folder: settings, data and logs.
        port: kubelet's, on 127.0.0.1.
        network: the third of the four numbers of its pods' addresses, and its bridge's number.
        pid: of the process that holds it, while it runs.
        keeper: of the process that uses it; None for one that stays until it is stopped.
    """

    folder: Path
    port: int
    network: int
    pid: int | None = None
    keeper: int | None = None

    @property
    def bridge(self) -> str:
        """The network interface that its pods hang on."""
        return f"polyflow{self.network}"

    @property
    def address(self) -> str:
        """Where pods find this machine; who listens at 127.0.0.1 alone is not reached from pods."""
        return f"10.87.{self.network}.1"

    def start(self, plane: ControlPlane) -> None:
        """Start the node, join it to a control plane, and return when pods can run; also after `kill`.

        Raises:
            TestbedError: it has ended, or is not ready in time; the message names its logs.
        """
        binaries, control = programs.container_runtime(), programs.control_plane()
        inside = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", str(_SCRIPT))
        kubeconfig = plane.kubeconfig_of(f"system:node:{NAME}")
        command = [*inside, *map(str, (self.folder, binaries, control / "kubelet", kubeconfig))]
        answers = self.folder / "containerd.answers"
        answers.unlink(missing_ok=True)
        # The API server counts time in whole seconds.
        since = datetime.now(UTC).replace(microsecond=0)
        self._make_bridge()
        self.pid = start(command, self.folder / "node.log").pid
        self._save()
        self._wait("containerd", answers.exists)
        self.load(images.pause(), images.shell())
        self._wait("kubelet", lambda: _joined(plane.api, since))

    def load(self, *wanted: images.Image) -> None:
        """Make images known to the node, so that containers may name them."""
        ctr = str(programs.container_runtime() / "ctr")
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            archive = Path(scratch) / "image.tar"
            images.save(wanted, archive)
            address = ("--address", str(self.folder / "containerd.sock"))
            run([ctr, *address, "--namespace", "k8s.io", "images", "import", str(archive)])

    def kill(self) -> None:
        """End all of the node's processes at once, as when a machine loses its power; the rest stays."""
        if self.pid is None:
            return
        # The outer process is told by the kernel; the inner one, when it is gone, has taken all others along.
        for inner in _children(self.pid):
            end_process(inner, signal.SIGKILL)
        end_process(self.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        self.pid = None

    def stop(self) -> None:
        """End the node and remove all that it has left; also after a crash."""
        if self.running():
            self.kill()
        for group in groups_of(self.folder):
            _remove_group(group)
        with suppress(TestbedError):
            run(["ip", "link", "delete", self.bridge])
        shutil.rmtree(self.folder, ignore_errors=True)

    def running(self) -> bool:
        """Tell whether the node's process is there."""
        return self.pid is not None and is_running(self.pid, str(self.folder))

    def _make_bridge(self) -> None:
        # The network plugin would make it with the first pod, which is too late to listen at its address.
        if Path("/sys/class/net", self.bridge).exists():
            return
        run(["ip", "link", "add", self.bridge, "type", "bridge"])
        run(["ip", "address", "add", f"{self.address}/24", "dev", self.bridge])
        run(["ip", "link", "set", self.bridge, "up"])

    def _save(self) -> None:
        form = {**asdict(self), "folder": str(self.folder)}
        (self.folder / "node.json").write_text(json.dumps(form))

    def _wait(self, what: str, answers: Callable[[], bool]) -> None:
        end = time.monotonic() + START_LIMIT
        while not answers():
            if not self.running():
                raise TestbedError(f"the node has ended; see {self.folder}/*.log")
            if time.monotonic() > end:
                raise TestbedError(f"{what}: not ready in {START_LIMIT:g} s; see {self.folder}/*.log")
            time.sleep(0.1)


@contextmanager
def running_node(plane: ControlPlane) -> Iterator[RealNode]:
    """Yield a node that has joined a control plane; it is gone when the context ends."""
    node = prepare(keeper=os.getpid())
    try:
        node.start(plane)
        yield node
    finally:
        node.stop()
        leave(plane)


def leave(plane: ControlPlane) -> None:
    """Tell a control plane that the node is gone for good, unless neither is there any more."""
    with suppress(ApiError, OSError):
        plane.api.delete(f"/api/v1/nodes/{NAME}")


def prepare(*, keeper: int | None = None) -> RealNode:
    """Write everything that a node needs into a new folder; remove what crashed ones have left.

    Raises:
        TestbedError: something is missing; the message says what to install.
    """
    if os.geteuid() != 0:
        raise TestbedError("a real node needs root: it makes namespaces, mounts and control groups")
    for left in crashed():
        left.stop()
    program("ip", "iproute2 (Debian: apt install iproute2)")
    runc = debian.file_of("runc", "/usr/sbin/runc")
    plugins = debian.file_of("containernetworking-plugins", "/usr/lib/cni")
    programs.container_runtime()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    node = RealNode(folder, *free_ports(1), network=secrets.randbelow(256), keeper=keeper)
    (folder / "cni").mkdir()
    network = node_settings.network(folder, bridge=node.bridge, subnet=f"10.87.{node.network}.0/24")
    settings = node_settings.containerd(folder, runc=runc, plugins=plugins, pause=images.PAUSE)
    (folder / "cni" / "testbed.conflist").write_text(network)
    (folder / "containerd.toml").write_text(settings)
    (folder / "kubelet.yaml").write_text(node_settings.kubelet(folder, node.port, node.address))
    (folder / "resolv.conf").touch()
    return node


def crashed() -> list[RealNode]:
    """Return the nodes of this machine whose process, or whose user, is there no more."""
    folders = Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")
    every = [load(folder) for folder in folders if (folder / "node.json").exists()]
    return [node for node in every if not node.running() or _abandoned(node)]


def load(folder: Path) -> RealNode:
    """Return the node of a folder; `running` tells whether it is still there."""
    form = json.loads((folder / "node.json").read_text())
    return RealNode(**{**form, "folder": folder})


def groups_of(folder: Path) -> list[Path]:
    """Return the control groups of the containers that a node has, or had when it ended."""
    tasks = folder / "containerd" / "state" / "io.containerd.runtime.v2.task" / "k8s.io"
    return sorted(group for task in tasks.glob("*") for group in _GROUPS.glob(f"*/k8s.io/{task.name}"))


def _abandoned(node: RealNode) -> bool:
    return node.keeper is not None and not Path(f"/proc/{node.keeper}").exists()


def _joined(api: Api, since: datetime) -> bool:
    """Tell whether kubelet has said, since a moment, that pods can run; do what a cloud's controller would do."""
    path = f"/api/v1/nodes/{NAME}"
    try:
        node = api.get(path)
    except ApiError as error:
        if error.status == 404:
            return False
        raise
    taints: list[dict[str, Any]] = node["spec"].get("taints", [])
    kept = [taint for taint in taints if taint["key"] != "node.cloudprovider.kubernetes.io/uninitialized"]
    if kept != taints:
        api.patch(path, {"spec": {"taints": kept}})
    # Logs are read from kubelet at this address.
    addresses = [{"type": "InternalIP", "address": "127.0.0.1"}]
    if node["status"].get("addresses") != addresses:
        api.patch(f"{path}/status", {"status": {"addresses": addresses}})
        return False
    ready = next(one for one in node["status"]["conditions"] if one["type"] == "Ready")
    # A node of this name that was there before may have left its word.
    fresh = datetime.fromisoformat(ready["lastHeartbeatTime"]) >= since
    return fresh and ready["status"] == "True" and not any(taint["effect"] == "NoSchedule" for taint in kept)


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _remove_group(group: Path) -> None:
    for path in sorted(group.rglob("*/"), reverse=True):
        path.rmdir()
    group.rmdir()
