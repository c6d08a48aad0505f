"""Files of Debian's packages: those that are installed, or unpacked in the cache folder; nothing is installed."""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.testbed.processes import TestbedError, cache_folder, program, run

_ADVICE: Final = "apt: the test bed takes its parts from Debian's packages"
_MERGED: Final = ("bin", "lib", "lib64", "sbin")
"""Folders of the root that are links to those of the same name in /usr."""


def file_of(package: str, path: str) -> Path:
    """Return a file or folder of a package: the installed one, or else one unpacked in the cache.

    Args:
        package: such as `busybox-static`.
        path: where the package installs it, such as `/bin/busybox`.

    Raises:
        TestbedError: the package cannot be fetched, or has no such file.
    """
    installed = Path(path)
    if installed.exists():
        return installed
    unpacked = _unpacked(package) / path.lstrip("/")
    if not unpacked.exists():
        raise TestbedError(f"Debian's package {package} has no {path}")
    return unpacked


def fill_root(root: Path, packages: Sequence[str]) -> None:
    """Unpack packages, with all that they depend on, into an empty folder, as the root of an image.

    Their installation scripts do not run: what those would make is up to the caller.

    Raises:
        TestbedError: the packages cannot be fetched.
    """
    for name in _MERGED:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    with tempfile.TemporaryDirectory(prefix="polyflow-debian-") as scratch:
        folder = Path(scratch)
        (folder / "partial").mkdir()
        # A system where nothing is installed yet: apt then names all that the packages need.
        (folder / "status").touch()
        _apt(
            folder,
            f"-oDir::State::status={folder / 'status'}",
            f"-oDir::Cache::archives={folder}",
            "--yes",
            "--no-install-recommends",
            "--download-only",
            "install",
            *packages,
        )
        for archive in sorted(folder.glob("*.deb")):
            run(["dpkg-deb", "--extract", str(archive), str(root)])


def _unpacked(package: str) -> Path:
    folder = cache_folder() / f"debian-{package}-{_release()}"
    if folder.is_dir():
        return folder
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        _apt(Path(scratch), "download", package)
        target = Path(scratch) / "root"
        for archive in Path(scratch).glob("*.deb"):
            run(["dpkg-deb", "--extract", str(archive), str(target)])
        # Another process may have been quicker; its folder is as good.
        if not folder.is_dir():
            target.rename(folder)
    return folder


def _apt(folder: Path, *arguments: str) -> None:
    """Call apt-get in a folder, as any user: it takes no locks, and drops no rights that it cannot drop.

    The system's lists of packages may be old, or missing on a new machine; new ones are then fetched into the folder.
    """
    try:
        _call(folder, arguments)
    except TestbedError:
        lists = folder / "lists"
        (lists / "partial").mkdir(parents=True)
        fresh = (f"-oDir::State::lists={lists}", "-oDir::Cache::pkgcache=", "-oDir::Cache::srcpkgcache=")
        _call(folder, (*fresh, "update"))
        _call(folder, (*fresh, *arguments))


def _call(folder: Path, arguments: Sequence[str]) -> None:
    apt = program("apt-get", _ADVICE)
    run([apt, "-q", "-oDebug::NoLocking=1", "-oAPT::Sandbox::User=root", *arguments], cwd=folder)


def _release() -> str:
    """Return a short name of the installed release: a library of one does not serve another."""
    return hashlib.sha256(Path("/etc/os-release").read_bytes()).hexdigest()[:8]
