"""Where an API server is and who we are to it: from a kubeconfig, or from the pod's own service account.

kubernetes-asyncio reads both, and keeps connections.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml
from kubernetes_asyncio.client import ApiClient, Configuration
from kubernetes_asyncio.config import ConfigException, load_incluster_config, load_kube_config

from polyflow_shared.clock import Clock
from polyflow_shared.errors import ClusterUnavailableError, InvariantError

RENEWED_EVERY: Final = 10.0
"""Seconds between two looks for credentials that are good, at least."""
_DEFAULT_FILE: Final = "~/.kube/config"
"""Where kubectl looks; the library's own constant is what `KUBECONFIG` was when it was imported."""
_LIBRARY: Final = logging.getLogger("kubernetes_asyncio.config.kube_config")
_NO_KUBECONFIG: Final = (
    ValueError, TypeError, AttributeError, KeyError, AssertionError, yaml.YAMLError,
)  # fmt: skip
"""What the library raises about a file of another form than it takes for granted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How to reach an API server.

    Attributes:
        kubeconfig: the file; if not given, `$KUBECONFIG`, then the pod's own service account, then
            `~/.kube/config`.
        context: which context of the file; its current one if not given.
        in_flight: requests at the same time (>= 1).
        per_second: requests in a second, over a while (> 0).
    """

    kubeconfig: Path | None = None
    context: str | None = None
    in_flight: int = 64
    per_second: float = 500.0


class Access:
    """Who we are to an API server; made by `found`.

    Attributes:
        api: the library's connections to it.
    """

    def __init__(self, reach: Reach, configuration: Configuration, clock: Clock) -> None:
        """Take over what was found."""
        self.api = ApiClient(configuration)  # which reads the certificates
        self._reach = reach
        self._configuration = configuration
        self._clock = clock
        self._renewed = clock.monotonic()

    async def renew(self) -> bool:
        """Find our token anew: the server does not know us, and one that a plug-in gave us may have expired.

        A certificate that a plug-in gives is read once, for the library's connections are made with it.

        Returns:
            Whether that was done now, and not a moment ago.

        Raises:
            ClusterUnavailableError: what gives us credentials does not do so now.
        """
        now = self._clock.monotonic()
        if now - self._renewed < RENEWED_EVERY:
            return False
        self._renewed = now
        try:
            await _load(self._reach, self._configuration)
        except InvariantError as error:
            raise ClusterUnavailableError(f"the API server does not know us (401), and {error}") from error
        return True


async def found(reach: Reach, clock: Clock) -> Access:
    """Return who we are to an API server, and how it is reached.

    Raises:
        InvariantError: nothing says that; the message says what was looked at.
    """
    configuration = Configuration()
    # 0 is no limit: the gate has one for requests, and every watch needs a connection of its own.
    configuration.connection_pool_maxsize = 0
    configuration.retries = None
    await _load(reach, configuration)
    with _our_errors(_named(reach)):
        return Access(reach, configuration, clock)


async def _load(reach: Reach, configuration: Configuration) -> None:
    named = _named(reach)
    with _our_errors(named):
        if named is None and "KUBERNETES_SERVICE_HOST" in os.environ:
            load_incluster_config(configuration)  # type: ignore[no-untyped-call]
        else:
            files = _there(str(named or _DEFAULT_FILE))
            with _says_what_it_logs():
                await load_kube_config(files, reach.context, configuration, persist_config=False)


def _named(reach: Reach) -> Path | str | None:
    return reach.kubeconfig or os.environ.get("KUBECONFIG") or None  # an empty one is none to kubectl


@contextmanager
def _our_errors(named: Path | str | None) -> Iterator[None]:
    try:
        yield
    except (ConfigException, OSError) as error:
        raise _unlocated(named, str(error).strip().rstrip(".")) from error
    except _NO_KUBECONFIG as error:
        raise _unlocated(named, "it is no kubeconfig file, or not a whole one") from error


@contextmanager
def _says_what_it_logs() -> Iterator[None]:
    """Keep to ourselves what the library logs as an error, and raise it where the library has gone on.

    Of a credential plug-in that fails it does both, log and raise; of one that gives no credentials only the
    former, though every request would be refused.
    """
    said: list[str] = []

    def hears(record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR:
            said.append(record.getMessage())
        return record.levelno < logging.ERROR

    _LIBRARY.addFilter(hears)
    try:
        yield
    finally:
        _LIBRARY.removeFilter(hears)
    if said:
        raise ConfigException(said[-1])


def _unlocated(named: Path | str | None, why: str) -> InvariantError:
    return InvariantError(
        f"how to reach Kubernetes is not known from {named or _DEFAULT_FILE}: {why}.  Set KUBECONFIG to a "
        "file that `kubectl --kubeconfig FILE get pods` works with"
    )


def _there(files: str) -> str:
    # The library would only log that there is none of them, and go on with nothing.
    paths = [Path(file).expanduser() for file in files.split(os.pathsep)]
    if not any(path.is_file() for path in paths):
        folder = any(path.is_dir() for path in paths)
        raise FileNotFoundError("it is a folder" if folder else "there is no such file")
    return files
