"""Programs of the test bed: found or missed with advice, started with a log file, ended by process id."""

import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

END_LIMIT = 20.0
"""Seconds that a process may take to end before it is killed."""
_PORTS: Final = range(10_000, 30_000)
"""Below those that the system gives to outgoing connections: one of them could take a free port before its server."""
_GIVEN: Final[set[int]] = set()
"""Ports that were asked for before: their servers may not listen yet, or be down for a moment."""


class TestbedError(Exception):
    """The test bed cannot be set up; the message says what to do."""

    __test__ = False


def cache_folder() -> Path:
    """Return the folder where fetched and built parts stay."""
    folder = Path(os.environ.get("POLYFLOW_CACHE", "~/.cache/polyflow")).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def program(name: str, advice: str) -> str:
    """Return the path of a program.

    Raises:
        TestbedError: it is not on the PATH; `advice` says how to get it.
    """
    found = shutil.which(name)
    if found is None:
        raise TestbedError(f"{name} is not on the PATH; install {advice}")
    return found


def run(command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return what it printed.

    Raises:
        TestbedError: it failed; the message has the end of what it printed.
    """
    surroundings = {**os.environ, **(env or {})}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=surroundings)
    if done.returncode:
        raise TestbedError(f"{command[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


_STARTED: Final[list[subprocess.Popen[bytes]]] = []


def start(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, which writes to a log file."""
    with log.open("ab") as file:
        process = subprocess.Popen(
            command,
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=environment,
        )
    # Who drops the handle of a process that goes on is warned, and some outlive this one on purpose.
    _STARTED.append(process)
    return process


def end_process(pid: int, number: signal.Signals = signal.SIGTERM) -> None:
    """Send a signal and return when the process has ended."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(watched, number)
        if not _ended(watched, END_LIMIT):
            signal.pidfd_send_signal(watched, signal.SIGKILL)
            _ended(watched, END_LIMIT)
    finally:
        os.close(watched)


def is_running(pid: int, mark: str) -> bool:
    """Tell whether a process with `mark` in its command line has this id: an id may belong to another by now."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    # In its first moments a process has no command line; neither has one that has ended and waits to be reaped.
    return mark.encode() in command if command else state != "Z"


def listens(port: int) -> bool:
    """Tell whether somebody accepts connections at this port of 127.0.0.1."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody listens at now, none of them twice in this process."""
    ports: list[int] = []
    while len(ports) < count:
        port = secrets.choice(_PORTS)
        if port not in _GIVEN and _is_free(port):
            _GIVEN.add(port)
            ports.append(port)
    return ports


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _ended(watched: int, seconds: float) -> bool:
    # Unlike select, poll takes descriptors of any number.
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
