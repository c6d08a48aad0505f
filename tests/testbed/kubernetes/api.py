"""Questions to an API server, for the test bed and its tests: JSON in, JSON out, by the standard library alone."""

import http.client
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

TIMEOUT = 30.0
"""Seconds that an answer may take."""


class ApiError(Exception):
    """The API server has refused; `status` is its HTTP status."""

    def __init__(self, status: int, body: str) -> None:
        """Keep both."""
        super().__init__(f"{status}: {body[:500]}")
        self.status = status
        self.body = body


class Api:
    """A user of an API server."""

    def __init__(
        self, port: int, authority: Path, token: str, *, host: str = "127.0.0.1", identity: Path | None = None
    ) -> None:
        """Ask there, with this token.

        Args:
            port: of the server.
            authority: the certificate that the server must have, or of who has signed it.
            token: the user's; nothing, where a certificate tells who it is.
            host: of the server.
            identity: the user's certificate and key, in one file.
        """
        self._host, self._port = host, port
        self._context = ssl.create_default_context(cafile=str(authority))
        if identity:
            self._context.load_cert_chain(identity)
        self._token = token

    def get(self, path: str, **query: str) -> Any:
        """Return an object or a list."""
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path)

    def create(self, path: str, body: Mapping[str, Any]) -> Any:
        """Create an object and return it."""
        return self._ask("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Merge into an object and return it."""
        return self._ask("PATCH", path, body, kind="application/merge-patch+json")

    def delete(self, path: str, **query: str) -> Any:
        """Delete an object."""
        return self._ask("DELETE", f"{path}?{urlencode(query)}" if query else path)

    def text(self, path: str) -> str:
        """Return what is no JSON, such as a log or a health page."""
        return self._answer("GET", path, None, "").decode()

    def _ask(
        self, verb: str, path: str, body: Mapping[str, Any] | None = None, *, kind: str = "application/json"
    ) -> Any:
        return json.loads(self._answer(verb, path, body, kind))

    def _answer(self, verb: str, path: str, body: Mapping[str, Any] | None, kind: str) -> bytes:
        connection = http.client.HTTPSConnection(
            self._host, self._port, timeout=TIMEOUT, context=self._context
        )
        try:
            headers = {"Content-Type": kind, "Accept": "*/*"}
            if self._token:
                headers["Authorization"] = f"Bearer {self._token}"
            connection.request(verb, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise ApiError(answer.status, content.decode(errors="replace"))
        return content
