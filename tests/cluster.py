"""Every test that needs real servers, part by part, and a table of what became of them.

`make test-cluster` does all parts, `make test-kafka` and its like one each.  What goes to the tests goes by
variables: $KILLS, and $PYTEST_ADDOPTS, which is pytest's own.

A part that cannot run here says in one line what is missing, and counts as failed: what was not tried is not
known to work.  Only Docker may be missing.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.testbed import helm, kafka
from tests.testbed.kubernetes import images, programs
from tests.testbed.processes import TestbedError, program

_PASSED: Final = re.compile(r"\b[1-9]\d* passed\b")
_SUMMARY: Final = re.compile(r"^(?:=+ )?(\d+ \w+.*) in [\d.]+s(?: \([\d:]+\))?(?: =+)?$")
_DOCKER: Final = ("dockerd", "docker", "docker-compose", "mmdebstrap")
"""What the stack is started with, and its images are made with."""


class MissingError(Exception):
    """A part is left out here, which is no failure; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Part:
    """Tests with one mark.

    Attributes:
        name: as on the command line.
        folders: where the tests are.
        mark: their marker.
        prepare: gets what they need, once, into the cache.
    """

    name: str
    folders: Sequence[str]
    mark: str
    prepare: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a part: `passed`, `failed` or `left out`."""

    part: str
    outcome: str
    seconds: float
    says: str


def _broker() -> None:
    kafka.get()


def _control_plane() -> None:
    kafka.get()
    if not programs.is_built("control"):
        sys.stderr.write("Building Kubernetes takes about ten minutes, once …\n")
    programs.control_plane()
    program("openssl", "OpenSSL (Debian: apt install openssl)")


def _node() -> None:
    if os.geteuid() != 0:
        raise TestbedError("a real node needs root: it makes namespaces, mounts and control groups")
    _control_plane()
    programs.container_runtime()
    # Tests have a limit of time, and what is not in the cache yet takes minutes.
    _ = images.python().layers


def _charts() -> None:
    _control_plane()
    helm.get()


def _docker() -> None:
    if os.geteuid() != 0:
        raise MissingError("Docker's daemon needs root")
    if missing := [name for name in _DOCKER if shutil.which(name) is None]:
        packages = "apt install docker.io docker-compose mmdebstrap"
        raise MissingError(
            f"{', '.join(missing)} not found; install Docker and mmdebstrap (Debian: {packages})"
        )
    kafka.get()


PARTS: Final = (
    Part("kafka", ("tests/kafka", "tests/e2e"), "kafka", _broker),
    Part("kubernetes", ("tests/kubernetes",), "kubernetes", _node),
    Part("faults", ("tests/faults",), "faults", _control_plane),
    Part("deploy", ("tests/deploy",), "deploy", _charts),
    Part("compose", ("tests/deploy",), "compose", _docker),
)


def main() -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    names = [part.name for part in PARTS]
    parser.add_argument("parts", nargs="*", help=f"{', '.join(names)}; all of them if none is given")
    wanted = parser.parse_args().parts or names
    if unknown := [name for name in wanted if name not in names]:
        parser.error(f"there is no part {unknown[0]!r}: {', '.join(names)}")
    results = [run(part) for part in PARTS if part.name in wanted]
    sys.stdout.write("\n" + "".join(f"{line}\n" for line in table(results)))
    return status(results)


def run(part: Part) -> Result:
    """Run the tests of a part; what they print goes to standard output as it comes."""
    begun = time.monotonic()
    sys.stdout.write(f"\n{part.name}\n")
    sys.stdout.flush()
    try:
        part.prepare()
    except MissingError as error:
        return Result(part.name, "left out", time.monotonic() - begun, first_line(error))
    except TestbedError as error:
        return Result(part.name, "failed", time.monotonic() - begun, first_line(error))
    command = [sys.executable, "-m", "pytest", "-m", part.mark, *part.folders]
    with tempfile.TemporaryFile() as log:
        code = _printed(command, log.write)
        log.seek(0)
        says = summary(log.read().decode(errors="replace").splitlines())
    return Result(part.name, outcome(code, says), time.monotonic() - begun, says)


def _printed(command: Sequence[str], write: Callable[[bytes], object]) -> int:
    """Run a program, copy what it prints, and return its exit status."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=_ROOT) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()
                write(line)
        except KeyboardInterrupt:
            process.communicate()  # it was interrupted as well, and has servers to end
            raise
    return process.returncode


def summary(lines: Sequence[str]) -> str:
    """Return the counts of pytest's last line; its last words where it came to no count."""
    for line in reversed(lines):
        if found := _SUMMARY.match(line.strip()):
            return found[1]
    return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")


def outcome(code: int, says: str) -> str:
    """Return what became of a part: where no test has passed, it is not known to work.

    Args:
        code: pytest's exit status.
        says: its summary; what was skipped stands there.
    """
    return "passed" if code == 0 and _PASSED.search(says) else "failed"


def first_line(error: Exception) -> str:
    """Return the first line of an error's message."""
    return str(error).partition("\n")[0]


def table(results: Sequence[Result]) -> Iterator[str]:
    """Yield the lines of a table of results."""
    yield f"{'part':<12}{'':<10}{'time':>7}  "
    for one in results:
        minutes, seconds = divmod(round(one.seconds), 60)
        yield f"{one.part:<12}{one.outcome:<10}{minutes:>4}:{seconds:02}  {one.says}"


def status(results: Sequence[Result]) -> int:
    """Return the exit status: 0 if no part has failed."""
    return int(any(one.outcome == "failed" for one in results))


_ROOT: Final = Path(__file__).parents[1]

if __name__ == "__main__":
    sys.exit(main())
