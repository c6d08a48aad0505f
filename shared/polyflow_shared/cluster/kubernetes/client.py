"""Questions to an API server, through kubernetes-asyncio, which is imported here and nowhere else.

That library finds the server and who we are, renews tokens and keeps connections; what is asked and answered
stays JSON as it is on the wire, for a typed object costs ten times as much as the text that it was made of.
"""

import logging
import os
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import yaml
from kubernetes_asyncio.client import ApiClient, Configuration
from kubernetes_asyncio.config import ConfigException, load_incluster_config, load_kube_config

from polyflow_shared.clock import Clock
from polyflow_shared.cluster.kubernetes.limits import Gate
from polyflow_shared.errors import ClusterUnavailableError, InvariantError

Object = dict[str, Any]
"""An object of the API, as JSON has it."""
Query = Mapping[str, str | int]

STRATEGIC: Final = "application/strategic-merge-patch+json"
MERGE: Final = "application/merge-patch+json"
REQUEST_LIMIT: Final = 30.0
"""Seconds that an answer may take; the API server itself gives up after 60."""
PATIENCE: Final = 3
"""Times that a server that asks to come again later (429) is asked again by one request."""
_DEFAULT_FILE: Final = "~/.kube/config"
"""Where kubectl looks; the library's own constant is what `KUBECONFIG` was when it was imported."""
LONGEST_PAUSE: Final = 10.0
"""Seconds that we wait, at most, before we ask such a server again."""
_TRANSIENT: Final = frozenset({401, 408, 429, 500, 502, 503, 504})
"""Answers that may be another one later; a token may be renewed after a 401."""
_OF_WEBHOOK: Final = ' webhook "'
"""Part of what the API server says where not it is to blame but an admission webhook, whatever the status."""


_LIBRARY: Final = logging.getLogger("kubernetes_asyncio.config.kube_config")
_NO_KUBECONFIG: Final = (
    ValueError, TypeError, AttributeError, KeyError, AssertionError, yaml.YAMLError,
)  # fmt: skip
"""What the library raises about a file of another form than it takes for granted."""


class RefusedError(Exception):
    """The API server has answered, and the answer is no.

    Attributes:
        status: HTTP's.
        body: the `Status` object that the server gives as its reason, or nothing.
    """

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        """Keep both."""
        super().__init__(f"{status}: {body.get('message', 'no reason given')}")
        self.status = status
        self.body = body

    @property
    def missing(self) -> bool:
        """Whether there is no such object."""
        return self.status == 404

    @property
    def conflict(self) -> bool:
        """Whether the object has changed meanwhile, or another one is in its place."""
        return self.status == 409

    @property
    def expired(self) -> bool:
        """Whether a version is too old to go on from."""
        return self.status == 410

    @property
    def reason(self) -> str:
        """Kubernetes' word for it, such as `AlreadyExists`."""
        return str(self.body.get("reason") or "")


class SilentError(Exception):
    """Nothing was heard for too long: the connection may be dead without a word."""


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


@dataclass(frozen=True, slots=True)
class Turn:
    """When a request goes to the server.

    Attributes:
        whose: whose it is, such as a run's id; each gets its turn after the other.
        hurried: whether anything waits for it.
    """

    whose: str = ""
    hurried: bool = True


UNHURRIED: Final = Turn(hurried=False)
"""For what nothing waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    verb: str
    path: str
    query: Query = field(default_factory=dict)
    body: Object | None = None
    kind: str = "application/json"


class Client:
    """A user of an API server.

    Every verb but `watch` waits for its turn at the gate.  All of them raise
    ClusterUnavailableError where there is no answer, or one that may be another later, and RefusedError for
    any other answer but success.
    """

    def __init__(self, api: ApiClient, gate: Gate, clock: Clock) -> None:
        """Take over the parts; made by `connect`."""
        self._api = api
        self._gate = gate
        self._clock = clock

    async def get(self, path: str, query: Query | None = None, turn: Turn = UNHURRIED) -> Object:
        """Return an object or a list; `path` is such as `/api/v1/namespaces/a/pods/b`."""
        answer = await self.text(path, query, turn)
        with _our_errors(f"GET {path}"):
            return _object(answer)

    async def text(self, path: str, query: Query | None = None, turn: Turn = UNHURRIED) -> bytes:
        """Return an answer as it is, such as a log."""
        return await self._ask(_Request(verb="GET", path=path, query=query or {}), turn)

    async def create(self, path: str, body: Object, query: Query, turn: Turn) -> None:
        """Create an object; after ClusterUnavailableError it may be there all the same."""
        await self._ask(_Request(verb="POST", path=path, query=query, body=body), turn)

    async def patch(self, path: str, body: Object, *, kind: str = MERGE, turn: Turn = UNHURRIED) -> None:
        """Change an object."""
        await self._ask(_Request(verb="PATCH", path=path, body=body, kind=kind), turn)

    async def delete(
        self, path: str, body: Object | None = None, query: Query | None = None, *, turn: Turn = UNHURRIED
    ) -> None:
        """Delete an object, or all of a collection that the query selects."""
        await self._ask(_Request(verb="DELETE", path=path, query=query or {}, body=body), turn)

    async def watch(self, path: str, query: Query, *, silence: float) -> AsyncIterator[list[Object]]:
        """Yield the events of a watch as they arrive, those that arrive together at once.

        Half a line at the end is left out: whoever goes on from the last event gets it whole.

        Args:
            path: of the collection.
            query: without `watch`.
            silence: seconds without a word after which the connection counts as dead (> 0).

        Raises:
            ClusterUnavailableError: it broke.
            RefusedError: the server has refused it.
            SilentError: nothing was heard for so long.
        """
        request = _Request(verb="GET", path=path, query={**query, "watch": 1})
        limits = aiohttp.ClientTimeout(total=None, connect=REQUEST_LIMIT, sock_read=silence)
        with _our_errors(f"watching {path}"):
            response = await self._send(request, limits)
            try:
                if response.status >= 300:
                    raise _refusal(response.status, await response.read())
                rest = b""
                while chunk := await response.content.readany():
                    *lines, rest = (rest + chunk).split(b"\n")
                    if lines:
                        yield [_object(line) for line in lines if line]
            finally:
                _hang_up(response)

    async def close(self) -> None:
        """Hang up."""
        self._gate.close()
        await self._api.close()

    async def _ask(self, request: _Request, turn: Turn) -> bytes:
        tries = 0
        while True:
            tries += 1
            async with self._gate.turn(turn.whose, hurried=turn.hurried):
                status, after, answer = await self._answer(request)
            if status < 300:
                return answer
            if status != 429 or tries > PATIENCE:
                raise _refusal(status, answer)
            await self._clock.sleep(min(after, LONGEST_PAUSE) * random.uniform(1.0, 1.5))

    async def _answer(self, request: _Request) -> tuple[int, float, bytes]:
        """Return status, seconds until it may be asked again, and text."""
        with _our_errors(f"{request.verb} {request.path}"):
            async with await self._send(request, aiohttp.ClientTimeout(total=REQUEST_LIMIT)) as response:
                after = response.headers.get("Retry-After", "")
                return response.status, float(after) if after.isdigit() else 1.0, await response.read()

    async def _send(self, request: _Request, limits: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        headers = {"Accept": "application/json, */*", "Content-Type": request.kind, "User-Agent": "polyflow"}
        await self._api.update_params_for_auth(headers, [], ["BearerToken"])
        return await self._api.rest_client.request(  # type: ignore[no-any-return]
            request.verb,
            f"{self._api.configuration.host}{request.path}",
            query_params=dict(request.query),
            headers=headers,
            body=request.body,
            _preload_content=False,
            _request_timeout=limits,
        )


async def connect(reach: Reach, clock: Clock) -> Client:
    """Return a client; nothing is asked yet.

    Raises:
        InvariantError: nothing says how to reach an API server; the message says what was looked at.
    """
    configuration = Configuration()
    # 0 is no limit: the gate has one for requests, and every watch needs a connection of its own.
    configuration.connection_pool_maxsize = 0
    configuration.retries = None
    gate = Gate(clock, in_flight=reach.in_flight, per_second=reach.per_second)
    return Client(await _located(reach, configuration), gate, clock)


async def _located(reach: Reach, configuration: Configuration) -> ApiClient:
    named = reach.kubeconfig or os.environ.get("KUBECONFIG") or None  # an empty one is none to kubectl
    try:
        if named is None and "KUBERNETES_SERVICE_HOST" in os.environ:
            load_incluster_config(configuration)  # type: ignore[no-untyped-call]
        else:
            files = _there(str(named or _DEFAULT_FILE))
            with _says_what_it_logs():
                await load_kube_config(files, reach.context, configuration, persist_config=False)
        return ApiClient(configuration)  # which reads the certificates
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


@contextmanager
def _our_errors(what: str) -> Iterator[None]:
    try:
        yield
    except aiohttp.SocketTimeoutError as error:
        raise SilentError(f"{what}: nothing was heard") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        why = str(error) or type(error).__name__
        raise ClusterUnavailableError(f"{what}: the API server is away: {why}") from error
    except msgspec.DecodeError as error:
        raise ClusterUnavailableError(f"{what}: the answer is no JSON: {error}") from error


def _hang_up(response: aiohttp.ClientResponse) -> None:
    """Drop a connection that goes on sending: a polite end would wait for the other side."""
    if response.connection is not None and response.connection.transport is not None:
        response.connection.transport.abort()
    response.close()


def _refusal(status: int, answer: bytes) -> Exception:
    try:
        body = msgspec.json.decode(answer)
    except msgspec.DecodeError:
        body = {"message": answer[:500].decode(errors="replace")}
    error = RefusedError(status, body if isinstance(body, dict) else {})
    passing = status in _TRANSIENT and _OF_WEBHOOK not in str(error)
    return ClusterUnavailableError(f"the API server says {error}") if passing else error


def _object(text: bytes) -> Object:
    read = msgspec.json.decode(text)
    if not isinstance(read, dict):
        raise msgspec.DecodeError("it is no object")
    return read
