"""Documents from the web, fetched so that a specification cannot reach what only this machine can reach.

Every address is checked at the moment of connecting to it, so neither a redirect nor a name that changes its
meaning leads to a private one.  Proxies of the environment are ignored: behind one, nothing could be checked.
"""

import http.client
import socket
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import lru_cache
from string import punctuation
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, quote, urljoin

from polyflow_shared.language.findings import Finding
from polyflow_shared.language.references import url_parts
from polyflow_shared.references.addresses import is_public
from polyflow_shared.references.errors import (
    MAX_BYTES,
    ForbiddenError,
    MissingError,
    TooLargeError,
    UnreachableError,
    text_of,
)

if TYPE_CHECKING:
    import ssl

MAX_REDIRECTS: Final = 5
TIMEOUT: Final = 10.0
"""Seconds for one document, from the first connection to the last byte, over all redirects."""

Resolve = Callable[[str, int], Sequence[str]]
"""Return the IP addresses of a host and port, in the order of preference.  May raise OSError."""

_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_GONE: Final = frozenset({404, 410})
_ATTEMPTS: Final = 3
"""Addresses of a host that are tried."""
_HEADERS: Final = {"User-Agent": "polyflow", "Accept": "*/*", "Accept-Encoding": "identity"}


def system_addresses(host: str, port: int) -> Sequence[str]:
    """Return the addresses that this machine knows for a host.

    Raises:
        OSError: it knows none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Web:
    """Fetches documents over HTTP and HTTPS."""

    def __init__(
        self,
        *,
        private_hosts: Collection[str] = (),
        resolve: Resolve = system_addresses,
        timeout: float = TIMEOUT,
    ) -> None:
        """Connect to nothing yet.

        Args:
            private_hosts: hosts that may be at private addresses, as they are written in URLs.
            resolve: returns the addresses of a host.
            timeout: seconds for one document (> 0).
        """
        self._private = frozenset(host.lower().strip("[]") for host in private_hosts)
        self._resolve = resolve
        self._timeout = timeout

    def read(self, url: str) -> str:
        """Return the text that a URL leads to.  Blocks for `timeout` and what finding addresses takes.

        Raises:
            NotReadError: it leads to nothing, or to where it must not, or to what is no text of at most
                `MAX_BYTES`.
        """
        with _Deadline(self._timeout) as deadline:
            for _ in range(MAX_REDIRECTS + 1):
                answer = self._ask(_target(url), deadline)
                if isinstance(answer, bytes):
                    return text_of(answer, url)
                url = _redirected(url, answer.location)
        raise UnreachableError(f"{url} leads through more than {MAX_REDIRECTS} redirects")

    def _ask(self, target: "_Target", deadline: "_Deadline") -> "bytes | _Moved":
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.default_port = target.default_port
        try:
            with closing(connection):
                connection.sock = self._connected(target, deadline)
                connection.request("GET", target.path, headers=_HEADERS)
                with connection.getresponse() as response:
                    answer = _body(response, target)
        except UnreachableError:
            deadline.check(target)
            raise
        except (OSError, http.client.HTTPException) as error:
            deadline.check(target)
            raise UnreachableError(f"{target.url} cannot be fetched: {_reason(error)}") from error
        deadline.check(target)
        return answer

    def _connected(self, target: "_Target", deadline: "_Deadline") -> socket.socket:
        """Return a connection to an address that was checked."""
        failure: OSError | None = None
        for address in self._addresses(target)[:_ATTEMPTS]:
            try:
                plain = socket.create_connection((address, target.port), timeout=self._timeout / _ATTEMPTS)
            except OSError as error:
                failure = error
                continue
            plain.settimeout(None)  # the deadline ends it, and says why
            return _secured(deadline.watch(plain), target, deadline)
        raise failure or UnreachableError(f"`{target.host}` has no address")

    def _addresses(self, target: "_Target") -> Sequence[str]:
        try:
            addresses = self._resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:
            raise UnreachableError(f"`{target.host}` is not known: {_reason(error)}") from error
        if target.host in self._private or all(is_public(address) for address in addresses):
            return addresses
        message = f"`{target.host}` is at a private address, which a specification must not reach"
        raise ForbiddenError(message, "whoever runs polyflow can allow the host")


@dataclass(frozen=True, slots=True)
class _Target:
    """Where one request goes."""

    url: str
    secure: bool
    host: str
    port: int
    path: str

    @property
    def default_port(self) -> int:
        return 443 if self.secure else 80


@dataclass(frozen=True, slots=True)
class _Moved:
    """An answer that names another place."""

    location: str


def _target(url: str) -> _Target:
    parts = _checked(url)
    secure = parts.scheme == "https"
    path = quote(parts._replace(scheme="", netloc="").geturl(), safe=punctuation)
    port = parts.port or (443 if secure else 80)
    return _Target(
        url, secure, _ascii(parts.hostname or "", url), port, path if path[:1] == "/" else f"/{path}"
    )


def _ascii(host: str, url: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError as error:
        raise UnreachableError(f"{url} has no host that can be looked up") from error


def _checked(url: str) -> SplitResult:
    parts = url_parts(url)
    if isinstance(parts, Finding):
        raise ForbiddenError(parts.message)
    return parts


def _redirected(url: str, location: str) -> str:
    target = urljoin(url, location)
    if not target.isprintable():
        raise UnreachableError(f"{url} is redirected to what is no URL")
    if url.startswith("https:") and not target.startswith("https:"):
        raise ForbiddenError(f"{url} is redirected to {target}, which is not encrypted")
    return target


def _body(response: http.client.HTTPResponse, target: _Target) -> bytes | _Moved:
    location = response.getheader("Location")
    if response.status in _MOVED and location:
        return _Moved(location)
    if response.status in _GONE:
        raise MissingError(f"there is nothing at {target.url} ({response.status})")
    if response.status != 200:
        raise UnreachableError(f"{target.url} was answered with {response.status}")
    if (response.length or 0) > MAX_BYTES:
        raise TooLargeError(f"{target.url} has more than {MAX_BYTES:,} bytes")
    body = response.read(MAX_BYTES + 1)
    if response.length and len(body) <= MAX_BYTES:
        raise UnreachableError(f"{target.url} ended before its announced length")
    return body


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return type(error).__name__


def _secured(plain: socket.socket, target: _Target, deadline: "_Deadline") -> socket.socket:
    if not target.secure:
        return plain
    try:
        secured = _tls().wrap_socket(plain, server_hostname=target.host, do_handshake_on_connect=False)
    except OSError:
        plain.close()
        raise
    deadline.watch(secured)
    try:
        secured.do_handshake()
    except OSError:
        secured.close()
        raise
    return secured


@lru_cache
def _tls() -> "ssl.SSLContext":
    import ssl  # noqa: PLC0415 (most documents do without)

    return ssl.create_default_context()


class _Deadline:
    """Ends a connection when its time is over, however slowly the other side dribbles."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._over = threading.Event()
        self._socket: socket.socket | None = None

    def __enter__(self) -> "_Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, connected: socket.socket) -> socket.socket:
        """End this connection when the time is over."""
        self._socket = connected
        if self._over.is_set():
            self._end()
        return connected

    def check(self, target: _Target) -> None:
        """Raise UnreachableError if the time is over: what was read may be cut off."""
        if self._over.is_set():
            raise UnreachableError(f"{target.url} did not answer within {self._seconds:g} s")

    def _end(self) -> None:
        self._over.set()
        if self._socket is not None:
            with suppress(OSError):  # it is closed already
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
