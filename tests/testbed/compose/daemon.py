"""A Docker daemon beside the machine's own: its images stay in the cache folder, its socket goes when it ends."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.testbed.processes import TestbedError, cache_folder, end_process, program, run, start

START_LIMIT: Final = 60.0
"""Seconds for the daemon to answer; it takes one to three."""
_INSTALL: Final = "Docker (Debian: apt install docker.io docker-compose)"


@dataclass(frozen=True, slots=True)
class Docker:
    """A daemon that answers at a socket."""

    socket: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which Docker's programs reach it; the builder that needs no further image is chosen."""
        return {"DOCKER_HOST": f"unix://{self.socket}", "DOCKER_BUILDKIT": "0"}

    def __call__(self, *words: str, env: Mapping[str, str] | None = None) -> str:
        """Run `docker` to its end and return what it printed.

        Raises:
            TestbedError: it failed.
        """
        return run([program("docker", _INSTALL), *words], env={**self.environment, **(env or {})})

    def compose(self, files: Sequence[Path], project: str, *words: str, env: Mapping[str, str]) -> str:
        """Run `docker-compose` to its end and return what it printed.

        Raises:
            TestbedError: it failed.
        """
        named = [option for file in files for option in ("--file", str(file))]
        command = [program("docker-compose", _INSTALL), "--project-name", project, *named, *words]
        return run(command, env={**self.environment, **env})


@contextmanager
def running_docker() -> Iterator[Docker]:
    """Yield a daemon that answers; with the context it ends, and what it runs with it.

    Containers reach each other, and the machine reaches the ports that they publish; nothing else is reached.

    Raises:
        TestbedError: Docker is not installed, this is not root, or the daemon has ended.
    """
    daemon = program("dockerd", _INSTALL)
    if os.geteuid() != 0:
        raise TestbedError("a Docker daemon of its own needs root")
    data = cache_folder() / "docker"
    folder = Path(tempfile.mkdtemp(prefix="polyflow-docker-"))
    docker = Docker(folder / "docker.sock")
    process = start(
        [
            daemon, f"--host=unix://{docker.socket}", f"--data-root={data}", f"--exec-root={folder / 'exec'}",
            f"--pidfile={folder / 'pid'}", "--bridge=none", "--ip-forward=false",
        ],
        folder / "log",
    )  # fmt: skip
    try:
        _wait(docker, process, folder / "log")
        _clean(docker)
        yield docker
        _clean(docker)
    finally:
        end_process(process.pid)
        process.wait()
        # The daemon leaves the machine's network namespace mounted, and a mount cannot be removed.
        for mounted in (folder / "exec" / "netns").glob("*"):
            subprocess.run(["umount", str(mounted)], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _clean(docker: Docker) -> None:
    """Remove containers, networks and volumes, those of a test that was killed among them; images stay."""
    if containers := docker("ps", "--all", "--quiet").split():
        docker("rm", "--force", "--volumes", *containers)
    docker("network", "prune", "--force")
    if volumes := docker("volume", "ls", "--quiet").split():
        docker("volume", "rm", *volumes)
    # Layers of builds that were superseded; those of today make the next build quick.
    docker("image", "prune", "--force", "--filter=until=24h")


def _wait(docker: Docker, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_LIMIT
    while True:
        try:
            docker("version")
        except TestbedError as error:
            if process.poll() is not None or time.monotonic() > end:
                raise TestbedError(f"dockerd does not answer: {log.read_text()[-1000:]}") from error
            time.sleep(0.2)
        else:
            return
