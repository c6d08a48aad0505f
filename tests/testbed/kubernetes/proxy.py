"""A proxy before the API server that fails as an API server can: refuses, times out, cuts watches, is away."""

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import aiohttp
import yaml
from aiohttp import web

from tests.testbed.kubernetes.control import ControlPlane

WatchFault = Literal["none", "expired", "silent", "half a line", "cut"]
FIRST_EVENTS: Final = 5
"""Portions of a watch, at most, before its fault."""
_HOPS: Final = {
    "connection",
    "content-length",
    "host",
    "transfer-encoding",
    "accept-encoding",
    "content-encoding",
}


@dataclass
class Faults:
    """What goes wrong now; may be changed at any time.

    Attributes:
        refused: the share of requests that are answered 429, 500 or 504 (0 to 1); half of the 504 are done.
        watches: how watches fail.
        away: whether nobody answers.
    """

    refused: float = 0.0
    watches: WatchFault = "none"
    away: bool = False
    counted: int = 0
    """Faults that were made, so far."""


class Proxy:
    """Stands between users and an API server."""

    def __init__(self, plane: ControlPlane, seed: int) -> None:
        """Stand before this control plane; the seed decides what fails."""
        self._plane = plane
        self._random = random.Random(seed)
        self._session: aiohttp.ClientSession | None = None
        self.faults = Faults()
        self.port = 0

    def kubeconfig(self, path: Path) -> Path:
        """Write a file by which the administrator reaches the API server through here; return its path."""
        config = yaml.safe_load(self._plane.kubeconfig.read_text())
        config["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{self.port}"}
        path.write_text(yaml.safe_dump(config))
        return path

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on, or fail."""
        if self.faults.away:
            return self._hang_up(request)
        watch = request.query.get("watch") in ("1", "true")
        refused = self._random.random() < self.faults.refused
        status = self._random.choice((429, 500, 504)) if refused else 0
        if status and not (status == 504 and not watch and self._random.random() < 0.5):
            return self._refuse(status)
        async with self._pass_on(request) as answer:
            if watch:
                return await self._stream(request, answer)
            body = await answer.read()
            if status:
                return self._refuse(status)
            headers = {key: value for key, value in answer.headers.items() if key.lower() not in _HOPS}
            return web.Response(status=answer.status, headers=headers, body=body)

    def _refuse(self, status: int) -> web.Response:
        self.faults.counted += 1
        headers = {"Retry-After": "1"} if status == 429 else {}
        body = {"kind": "Status", "code": status, "message": "a planned fault", "reason": "Planned"}
        return web.json_response(body, status=status, headers=headers)

    def _hang_up(self, request: web.Request) -> web.Response:
        self.faults.counted += 1
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=503)

    def _pass_on(self, request: web.Request) -> "aiohttp.client._RequestContextManager":
        assert self._session is not None
        headers = {key: value for key, value in request.headers.items() if key.lower() not in _HOPS}
        url = f"https://127.0.0.1:{self._plane.ports['apiserver']}{request.rel_url}"
        return self._session.request(request.method, url, headers=headers, data=request.content)

    async def _stream(self, request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
        await response.prepare(request)
        left = self._random.randrange(1, FIRST_EVENTS + 1)
        async for chunk in answer.content.iter_any():
            if self.faults.away:
                return self._hang_up(request)
            if self.faults.watches != "none" and (left := left - 1) <= 0:
                return await self._fail(request, response, chunk)
            try:
                await response.write(chunk)
            except ConnectionResetError:
                break
        return response

    async def _fail(
        self, request: web.Request, response: web.StreamResponse, chunk: bytes
    ) -> web.StreamResponse:
        self.faults.counted += 1
        match self.faults.watches:
            case "expired":
                status = {
                    "kind": "Status",
                    "code": 410,
                    "message": "too old resource version",
                    "reason": "Expired",
                }
                await response.write(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
            case "half a line":
                await response.write(chunk[: len(chunk) // 2])
                self._hang_up(request)
            case "silent":
                # Nothing comes any more, and nobody hangs up.
                await asyncio.sleep(3600)
            case _:
                self._hang_up(request)
        return response


@asynccontextmanager
async def running_proxy(plane: ControlPlane, seed: int = 1) -> AsyncIterator[Proxy]:
    """Yield a proxy that listens on 127.0.0.1."""
    proxy = Proxy(plane, seed)
    context = ssl.create_default_context(cafile=str(plane.authority))
    connector = aiohttp.TCPConnector(ssl=context, limit=0)
    application = web.Application(client_max_size=16 * 1024 * 1024)
    application.router.add_route("*", "/{path:.*}", proxy.answer)
    # Who hangs up, as one that is killed does, ends what was asked for on its behalf.
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    async with aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(total=None)
    ) as session:
        proxy._session = session
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        proxy.port = runner.addresses[0][1]
        try:
            yield proxy
        finally:
            await runner.cleanup()
