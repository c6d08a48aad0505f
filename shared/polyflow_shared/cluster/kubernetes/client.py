"""Questions to an API server, through kubernetes-asyncio's connections.

What is asked and answered stays JSON as it is on the wire, for a typed object costs ten times as much as the
text that it was made of.
"""

import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import msgspec

from polyflow_shared.clock import Clock
from polyflow_shared.cluster.kubernetes import access
from polyflow_shared.cluster.kubernetes.access import Access, Reach
from polyflow_shared.cluster.kubernetes.limits import Gate
from polyflow_shared.errors import ClusterUnavailableError

Object = dict[str, Any]
"""An object of the API, as JSON has it."""
Query = Mapping[str, str | int]

STRATEGIC: Final = "application/strategic-merge-patch+json"
MERGE: Final = "application/merge-patch+json"
REQUEST_LIMIT: Final = 30.0
"""Seconds that an answer may take; the API server itself gives up after 60."""
PATIENCE: Final = 3
"""Times that a server that asks to come again later (429) is asked again by one request."""
LONGEST_PAUSE: Final = 10.0
"""Seconds that we wait, at most, before we ask such a server again."""
_TRANSIENT: Final = frozenset({401, 408, 429, 500, 502, 503, 504})
"""Answers that may be another one later."""
_NOT_FOUND: Final = 404
_UNKNOWN: Final = 401
"""The answer to whoever has no credentials that are good, or not any more."""
_OF_WEBHOOK: Final = ' webhook "'
"""Part of what the API server says where not it is to blame but an admission webhook, whatever the status."""


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
        """Whether there is no such object, by the word of the API server and not of a proxy before it."""
        its_own = self.body.get("kind") == "Status" and self.reason == "NotFound"
        return self.status == _NOT_FOUND and its_own

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

    def __init__(self, access: Access, gate: Gate, clock: Clock) -> None:
        """Take over the parts; made by `connect`."""
        self._access = access
        self._api = access.api
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
                if response.status == _UNKNOWN:
                    await self._access.renew()
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
            if status == _UNKNOWN and await self._access.renew():
                continue
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
    gate = Gate(clock, in_flight=reach.in_flight, per_second=reach.per_second)
    return Client(await access.found(reach, clock), gate, clock)


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
    if _OF_WEBHOOK in str(error):
        return error
    if status == _NOT_FOUND and not error.missing:
        return ClusterUnavailableError(f"something else than the API server says {error}")
    return ClusterUnavailableError(f"the API server says {error}") if status in _TRANSIENT else error


def _object(text: bytes) -> Object:
    read = msgspec.json.decode(text)
    if not isinstance(read, dict):
        raise msgspec.DecodeError("it is no object")
    return read
