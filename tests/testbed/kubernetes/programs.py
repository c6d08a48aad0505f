"""The programs of the test bed's Kubernetes, built with Go from pinned modules into the cache folder."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final

from tests.testbed.processes import TestbedError, cache_folder, program, run

VERSION: Final = "v1.36.3"
_HERE: Final = Path(__file__).parent
_STAMP: Final = "k8s.io/component-base/version"
_OF_KUBERNETES: Final = (
    f"-ldflags=-s -w -X {_STAMP}.gitVersion={VERSION} -X {_STAMP}.gitMajor=1 -X {_STAMP}.gitMinor=36",
)
_OF_CONTAINERD: Final = ("-tags=no_btrfs,no_devmapper,no_zfs", "-ldflags=-s -w")
NEEDED: Final = 8 * 1024**3
"""Bytes of disk that a build takes, for the most part in Go's own cache."""


def control_plane() -> Path:
    """Return the folder with etcd (called `server`), Kubernetes' programs and kwok; build them if need be."""
    return built(_HERE / "control", "kubernetes-control", _OF_KUBERNETES)


def container_runtime() -> Path:
    """Return the folder with containerd, its shim and ctr; build them if need be."""
    return built(_HERE / "node", "kubernetes-node", _OF_CONTAINERD)


def is_built(module: str) -> bool:
    """Tell whether the programs of a module (`control`, `node`) are there."""
    return _folder(_HERE / module, f"kubernetes-{module}").is_dir()


def built(module: Path, name: str, flags: tuple[str, ...]) -> Path:
    """Return the folder with the programs that a Go module names as tools; build them if need be.

    Args:
        module: the folder of go.mod and go.sum.
        name: begins the name of the folder in the cache; the sums end it.
        flags: of `go install`.

    Raises:
        TestbedError: Go or disk space is missing, or the build has failed.
    """
    folder = _folder(module, name)
    if folder.is_dir():
        return folder
    go = program("go", "Go 1.26 or newer (https://go.dev/dl)")
    _look_at_disk(folder.parent)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        target = Path(scratch) / "bin"
        target.mkdir()
        run(
            [go, "install", *flags, "tool"],
            cwd=module,
            env={"GOBIN": str(target), "CGO_ENABLED": "0"},
        )
        # Another process may have been quicker; its folder is as good.
        if not folder.is_dir():
            target.rename(folder)
    return folder


def _folder(module: Path, name: str) -> Path:
    sums = (module / "go.sum").read_bytes()
    return cache_folder() / f"{name}-{hashlib.sha256(sums).hexdigest()[:12]}"


def _look_at_disk(folder: Path) -> None:
    stat = os.statvfs(folder)
    free = stat.f_bavail * stat.f_frsize
    if free < NEEDED:
        raise TestbedError(
            f"{folder}: {free / 1e9:.1f} GB free; building Kubernetes takes {NEEDED / 1e9:.0f} GB"
        )
