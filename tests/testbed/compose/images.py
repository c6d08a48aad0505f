"""Stand-ins for the base images, built of Debian's packages and of the Kafka that the test bed has."""

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Final

from tests.testbed import kafka
from tests.testbed.compose.daemon import Docker
from tests.testbed.processes import TestbedError, program, run

STAND_INS: Final = Path(__file__).parent / "stand_ins"
NAMES: Final = {
    "python": "python:3.11-slim",
    "kafka": "apache/kafka:4.1.0",
    "prometheus": "prom/prometheus:v3.5.0",
}
"""By folder in `stand_ins`: the image in whose place it stands, as the project's files call it."""
_ROOT: Final = "polyflow-testbed:root"
_SUITE: Final = "bookworm"
"""Debian 12: its Python is 3.11, the version of the image that it stands in for."""
_PACKAGES: Final = (
    "bash",
    "busybox",
    "ca-certificates",
    "default-jre-headless",
    "prometheus",
    "python3",
    "python3-pip",
    "python3-venv",
)
_AUTHORITIES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_LABEL: Final = "io.polyflow.testbed.recipe"


def ensure(docker: Docker) -> None:
    """Build the stand-ins that are not there, or that were built by another recipe: about two minutes once.

    Raises:
        TestbedError: something is missing on this machine, or a build has failed.
    """
    jars = kafka.get()
    recipe = _recipe(jars)
    if all(_built_by(docker, image) == recipe for image in NAMES.values()):
        return
    with tempfile.TemporaryDirectory(prefix="polyflow-images-") as scratch:
        docker("import", str(_root(Path(scratch))), _ROOT)
        for folder, image in NAMES.items():
            context = Path(scratch) / folder
            shutil.copytree(STAND_INS / folder, context)
            if folder == "kafka":
                shutil.copytree(jars, context / "libs")
            docker("build", "--network=none", f"--label={_LABEL}={recipe}", f"--tag={image}", str(context))


def _root(folder: Path) -> Path:
    """Make a small Debian with all packages as a tar file, and return its path."""
    if run(["dpkg", "--print-architecture"]).strip() not in {"amd64", "arm64"}:
        raise TestbedError("the stand-ins are built on amd64 and arm64 only")
    target = folder / "root.tar"
    command = [
        program("mmdebstrap", "mmdebstrap (Debian: apt install mmdebstrap)"),
        "--variant=apt",
        f"--include={','.join(_PACKAGES)}",
        # pip inside must trust whom this machine trusts.
        f"--customize-hook=upload {_AUTHORITIES} {_AUTHORITIES}",
        _SUITE,
        str(target),
    ]
    run(command)
    return target


def _recipe(jars: Path) -> str:
    """Return what tells one set of stand-ins from another."""
    files = sorted(path for path in STAND_INS.rglob("*") if path.is_file())
    parts = [*_PACKAGES, _SUITE, jars.name, *(path.read_text() for path in files)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _built_by(docker: Docker, image: str) -> str | None:
    try:
        return docker(
            "image", "inspect", "--format", f'{{{{index .Config.Labels "{_LABEL}"}}}}', image
        ).strip()
    except TestbedError:
        return None
