"""The settings of a real node's parts: containerd, its network plugins, kubelet."""

import json
from pathlib import Path
from typing import Any, Final

import yaml

from tests.testbed.kubernetes.names import DOMAIN

_CONTAINERD: Final = """\
version = 3
root = "{folder}/containerd/root"
state = "{folder}/containerd/state"

[grpc]
address = "{folder}/containerd.sock"

[plugins.'io.containerd.cri.v1.images']
snapshotter = "overlayfs"

[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "{pause}"

[plugins.'io.containerd.cri.v1.runtime']
disable_apparmor = true
netns_mounts_under_state_dir = true
# Without the right to protect a process from running out of memory, containers start all the same.
restrict_oom_score_adj = true

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
BinaryName = "{runc}"
SystemdCgroup = false

[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["{plugins}"]
conf_dir = "{folder}/cni"

[plugins.'io.containerd.grpc.v1.cri']
stream_server_address = "127.0.0.1"
stream_server_port = "0"
"""


def containerd(folder: Path, *, runc: Path, plugins: Path, pause: str) -> str:
    """Return containerd's settings, as TOML: all that it keeps is below `folder`."""
    return _CONTAINERD.format(folder=folder, runc=runc, plugins=plugins, pause=pause)


def network(folder: Path, *, bridge: str, subnet: str) -> str:
    """Return the network of pods: a bridge of its own; this machine has the subnet's first address on it."""
    ipam = {"type": "host-local", "ranges": [[{"subnet": subnet}]], "dataDir": str(folder / "addresses")}
    plugins = [{"type": "bridge", "bridge": bridge, "isGateway": True, "ipam": ipam}, {"type": "loopback"}]
    return json.dumps({"cniVersion": "1.0.0", "name": "testbed", "plugins": plugins}, indent=2)


def kubelet(folder: Path, port: int, names: str) -> str:
    """Return kubelet's settings, as YAML; pods look names up at the address `names`."""
    form: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": "127.0.0.1",
        "port": port,
        "healthzPort": 0,
        # The API server has no certificate to show; only this machine reaches the port.
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "containerRuntimeEndpoint": f"unix://{folder}/containerd.sock",
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "localStorageCapacityIsolation": False,
        "makeIPTablesUtilChains": False,
        "evictionHard": {},
        # An image that was taken away could not be had again.
        "imageGCHighThresholdPercent": 100,
        "podLogsDir": str(folder / "pods"),
        "volumePluginDir": str(folder / "volume-plugins"),
        "resolvConf": str(folder / "resolv.conf"),
        "clusterDNS": [names],
        "clusterDomain": DOMAIN,
        "registerWithTaints": [
            {"key": "testbed.polyflow.io/node", "value": "real", "effect": "PreferNoSchedule"}
        ],
    }
    return yaml.safe_dump(form, sort_keys=False)
