"""Images without a registry: made of Debian's packages and of wheels; their layers are kept in the cache."""

import hashlib
import io
import json
import shutil
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.testbed import debian
from tests.testbed.processes import cache_folder, run

PAUSE: Final = "testbed.polyflow.io/pause:1"
"""Holds the namespaces of a pod."""
SHELL: Final = "docker.io/library/busybox:1.35"
"""A shell and the small tools of busybox."""
PYTHON: Final = "docker.io/library/python:3.11"
"""Python, polyflow and what the examples import."""
_PROJECT: Final = Path(__file__).parents[3]
_SOURCES: Final = ("polyflow", "services", "shared", "topics")
_BASE: Final = (
    "bash",
    "coreutils",
    "dash",
    "findutils",
    "grep",
    "libstdc++6",
    "netbase",
    "python3",
    "sed",
    "tzdata",
)
_LIBRARIES: Final = "usr/local/lib/python3.11/dist-packages"
_PATH: Final = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
_USERS: Final = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n"
_GROUPS: Final = "root:x:0:\nnogroup:x:65534:\n"


@dataclass(frozen=True)
class Image:
    """What an image is made of.

    Attributes:
        name: with its registry and tag, as a node knows it.
        layers: tar files, the lowest first.
        command: what runs where a container names nothing.
        folder: where it runs.
    """

    name: str
    layers: Sequence[Path]
    command: Sequence[str]
    folder: str = "/"


def pause() -> Image:
    """Return the image that holds a pod's namespaces."""
    return Image(PAUSE, [_shell_layer()], ["/bin/sleep", "2147483647"])


def shell() -> Image:
    """Return an image with a shell."""
    return Image(SHELL, [_shell_layer()], ["/bin/sh"])


def python() -> Image:
    """Return an image with Python, polyflow and what the examples import; made the first time in a minute."""
    return Image(PYTHON, [_python_layer(), _polyflow_layer()], ["python"])


def python_with(name: str, folder: Path) -> Image:
    """Return an image like `python`, which runs in a folder with the files of `folder`."""
    return Image(name, [*python().layers, _files_layer(folder)], ["python"], folder="/work")


def save(images: Sequence[Image], path: Path) -> None:
    """Write images into a file, as `docker save` does; what they share is in it once."""
    manifest: list[Mapping[str, Any]] = []
    with tarfile.open(path, mode="w") as tar:
        for image in images:
            config = json.dumps(_config(image)).encode()
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            _add(tar, name, config)
            layers = [f"{layer.stem}/layer.tar" for layer in image.layers]
            manifest.append({"Config": name, "RepoTags": [image.name], "Layers": layers})
        for layer in {layer: None for image in images for layer in image.layers}:
            tar.add(layer, arcname=f"{layer.stem}/layer.tar")
        _add(tar, "manifest.json", json.dumps(manifest).encode())


def _shell_layer() -> Path:
    busybox = debian.file_of("busybox-static", "/bin/busybox")

    def fill(root: Path) -> None:
        (root / "bin").mkdir()
        shutil.copy(busybox, root / "bin" / "busybox")
        for tool in run([str(busybox), "--list"]).split():
            if tool != "busybox":
                (root / "bin" / tool).symlink_to("busybox")
        _fill_etc(root)

    return _layer("shell", busybox.read_bytes(), fill)


def _python_layer() -> Path:
    """Return the layer of what seldom changes: Debian's Python and the packages of the lock."""
    lock = _PROJECT / "requirements.lock"

    def fill(root: Path) -> None:
        debian.fill_root(root, _BASE)
        _fill_etc(root)
        (root / "usr/bin/python").symlink_to("python3")
        for folder in ("usr/share/doc", "usr/share/man", "usr/share/locale"):
            shutil.rmtree(root / folder, ignore_errors=True)
        _install(root, "--constraint", str(lock), *_requirements())

    return _layer("python", lock.read_bytes() + json.dumps([_BASE, _requirements()]).encode(), fill)


def _polyflow_layer() -> Path:
    """Return the layer of the project itself."""
    files = [path for part in _SOURCES for path in sorted((_PROJECT / part).rglob("*")) if _is_source(path)]
    files.append(_PROJECT / "pyproject.toml")

    def fill(root: Path) -> None:
        _install(root, "--no-deps", "--no-build-isolation", str(_PROJECT))

    return _layer("polyflow", b"".join(_digest(path) for path in files), fill)


def _files_layer(folder: Path) -> Path:
    files = [path for path in sorted(folder.rglob("*")) if _is_source(path)]

    def fill(root: Path) -> None:
        shutil.copytree(folder, root / "work", ignore=shutil.ignore_patterns("__pycache__"))

    return _layer(folder.name, b"".join(_digest(path) for path in files), fill)


def _is_source(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _digest(path: Path) -> bytes:
    return hashlib.sha256(str(path.relative_to(_PROJECT)).encode() + b"\0" + path.read_bytes()).digest()


def _requirements() -> list[str]:
    """Return what the project and its examples depend on, as it stands in pyproject.toml."""
    project = tomllib.loads((_PROJECT / "pyproject.toml").read_text())["project"]
    return sorted([*project["dependencies"], *project["optional-dependencies"]["examples"]])


def _install(root: Path, *what: str) -> None:
    target = root / _LIBRARIES
    run([sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", f"--target={target}", *what])
    # What pip calls a script names the Python of this machine.
    shutil.rmtree(target / "bin", ignore_errors=True)


def _fill_etc(root: Path) -> None:
    for folder in ("etc", "tmp", "root"):
        (root / folder).mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text(_USERS)
    (root / "etc/group").write_text(_GROUPS)


def _layer(name: str, key: bytes, fill: Callable[[Path], None]) -> Path:
    """Return the tar file of a layer: from the cache, or of what `fill` puts into an empty folder."""
    path = _images() / f"layer-{name}-{hashlib.sha256(key).hexdigest()[:12]}.tar"
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            root = Path(scratch) / "root"
            root.mkdir()
            fill(root)
            made = Path(scratch) / "layer.tar"
            with tarfile.open(made, "w") as tar:
                tar.add(root, arcname=".", filter=_of_root)
            made.rename(path)
    return path


def _of_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def _config(image: Image) -> Mapping[str, Any]:
    sums = [f"sha256:{_sha256(layer)}" for layer in image.layers]
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": list(image.command), "Env": [_PATH], "WorkingDir": image.folder},
        "rootfs": {"type": "layers", "diff_ids": sums},
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def _images() -> Path:
    folder = cache_folder() / "images"
    folder.mkdir(exist_ok=True)
    return folder
