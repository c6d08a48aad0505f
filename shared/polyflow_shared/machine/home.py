"""Where things are kept on this machine: the history, and one folder for each run.

The folder's layout is public: `history.db`, `commons.db`, and in `runs/RUN/` the journal, the control socket,
the lock, the engine's log, `artifacts/` with what was uploaded, and `operations/NAME/ATTEMPT/` with
`log.txt`, `outputs.json`, `metrics.jsonl` and `artifacts/`.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from polyflow_shared.errors import InvariantError
from polyflow_topics.names import OperationName, RunId


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run that an engine on this machine runs, or has run."""

    path: Path

    @property
    def journal(self) -> Path:
        """The embedded broker's log."""
        return self.path / "journal.jsonl"

    @property
    def socket(self) -> Path:
        """Where the engine listens while it lives."""
        return self.path / "control.sock"

    @property
    def lock(self) -> Path:
        """Held by the engine while it lives; the kernel lets it go with the process, however that ends."""
        return self.path / "lock"

    @property
    def log(self) -> Path:
        """The engine's own log."""
        return self.path / "engine.log"

    @property
    def artifacts(self) -> Path:
        """What was uploaded for the run: each attempt has it among its own artifacts."""
        return self.path / "artifacts"

    def attempt(self, operation: OperationName, attempt: int) -> Path:
        """Return the folder of one attempt (counts from 0) of an operation."""
        return self.path / "operations" / operation / str(attempt)

    def live(self) -> bool:
        """Tell whether an engine runs this run at the moment."""
        with self.held() as held:
            return not held

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Let no engine run this run meanwhile; what is yielded is False where one does already."""
        try:
            descriptor = os.open(self.lock, os.O_RDWR)
        except FileNotFoundError:
            yield True
            return
        try:
            yield locked(descriptor)
        finally:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of everything that polyflow keeps on this machine."""

    path: Path

    @property
    def presets(self) -> Path:
        """Saved presets, a file each."""
        return self.path / "presets"

    @property
    def history(self) -> Path:
        """The SQLite read model."""
        return self.path / "history.db"

    @property
    def commons(self) -> Path:
        """The database of what the engines of all runs share."""
        return self.path / "commons.db"

    @property
    def runs(self) -> Path:
        """The folder of all runs' folders."""
        return self.path / "runs"

    def run(self, run: RunId) -> RunFolder:
        """Return the folder of one run, which may not exist."""
        return RunFolder(self.runs / run)


def locked(descriptor: int) -> bool:
    """Take the lock of an open file until it is closed; return False where another process has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def home(environment: Mapping[str, str]) -> Home:
    """Return the home folder: `$POLYFLOW_HOME`, or `~/.polyflow`."""
    return Home(Path(environment.get("POLYFLOW_HOME") or "~/.polyflow").expanduser().absolute())


def hubs_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the hubs to search, in this order: `$POLYFLOW_HUB`, separated by commas, or the home's own."""
    return listed(environment.get("POLYFLOW_HUB", "")) or (str(home(environment).path / "hub"),)


def private_hosts_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the hosts that a `urlRef` may lead to at a private address: `$POLYFLOW_PRIVATE_HOSTS`."""
    return listed(environment.get("POLYFLOW_PRIVATE_HOSTS", ""))


def connections_of(environment: Mapping[str, str]) -> Path | None:
    """Return the catalogue of connections: `$POLYFLOW_CONNECTIONS`, or the home's own if there is one."""
    if named := environment.get("POLYFLOW_CONNECTIONS"):
        return Path(named).expanduser().absolute()
    own = home(environment).path / "connections.yaml"
    return own if own.exists() else None


def queues_of(environment: Mapping[str, str]) -> Path | None:
    """Return the catalogue of queues: `$POLYFLOW_QUEUES`, or the home's own if there is one."""
    if named := environment.get("POLYFLOW_QUEUES"):
        return Path(named).expanduser().absolute()
    own = home(environment).path / "queues.yaml"
    return own if own.exists() else None


def max_concurrency_of(environment: Mapping[str, str]) -> int | None:
    """Return how many operations run at once, over all runs: `$POLYFLOW_MAX_CONCURRENCY`; none is any number.

    Raises:
        InvariantError: it is no number above 0.
    """
    text = environment.get("POLYFLOW_MAX_CONCURRENCY", "")
    if text and not (text.isdecimal() and int(text) > 0):
        raise InvariantError(f"POLYFLOW_MAX_CONCURRENCY is {text!r}; write a number above 0")
    return int(text) if text else None


def listed(text: str) -> tuple[str, ...]:
    """Return the parts of a variable that holds several, separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
