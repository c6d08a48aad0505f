"""The gateway's HTTP: paths, bodies within limits, answers in JSON."""

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.typedefs import Middleware

from polyflow_services.gateway.act import Ingestion
from polyflow_services.gateway.connections import BACKLOG, Doors, bounded
from polyflow_services.gateway.core import MAX_METRICS_BYTES, RefusedError, Sender, too_large
from polyflow_shared.errors import InvariantError
from polyflow_shared.loops.service import Shell
from polyflow_shared.observing.metrics import GATEWAY_REQUESTS, GATEWAY_SECONDS
from polyflow_topics.catalog import MAX_OUTPUT_BYTES

BODY_WITHIN: Final = 10.0
"""Seconds that a request's body may take to arrive."""
_ATTEMPT: Final = "/v1/runs/{run}/operations/{index}/attempts/{attempt}"


class _Limit(NamedTuple):
    """How much a body may be."""

    what: str
    most: int
    """Bytes."""
    remedy: str
    """What to do where it is more."""


_OUTPUTS: Final = _Limit("outputs", MAX_OUTPUT_BYTES, "write what is large to a file among the artifacts")
_METRICS: Final = _Limit("metrics", MAX_METRICS_BYTES, "send less in one request")


class _OfOurs(logging.Filter):
    """Leaves out errors of who sends what is no HTTP: anybody may, and is told."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether an error is not of the sender."""
        return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_OF_OURS: Final = _OfOurs()
_Take = Callable[[Sender, bytes, str | None], Awaitable[Mapping[str, Any]]]
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(ingestion: Ingestion, shell: Shell) -> web.Application:
    """Return the server's application."""
    app = web.Application(middlewares=[_answering(shell)])
    outputs = _taking(ingestion, ingestion.take_outputs, "number", _OUTPUTS)
    metrics = _taking(ingestion, ingestion.take_metrics, "first", _METRICS)
    app.router.add_post(f"{_ATTEMPT}/outputs", outputs)
    app.router.add_post(f"{_ATTEMPT}/metrics", metrics)
    return app


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int, doors: Doors) -> AsyncIterator[str]:
    """Serve for as long as the block takes; yield the address.

    Raises:
        InvariantError: the port is taken.
    """
    log = logging.getLogger("aiohttp.server.gateway")
    log.addFilter(_OF_OURS)
    runner = web.AppRunner(
        app,
        logger=log,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=BODY_WITHIN,
        keepalive_timeout=doors.idle,
    )
    await runner.setup()
    try:
        listener = await _listener(runner, doors, host, port)
        try:
            yield f"http://{host}:{listener.sockets[0].getsockname()[1]}"
        finally:
            listener.close()
    finally:
        await runner.cleanup()


async def _listener(runner: web.AppRunner, doors: Doors, host: str, port: int) -> asyncio.Server:
    server = runner.server
    if server is None:
        raise InvariantError("a runner that was set up has a server")
    try:
        take = bounded(server, doors)
        return await asyncio.get_running_loop().create_server(take, host, port, backlog=BACKLOG)
    except OSError as error:
        text = f"POLYFLOW_GATEWAY_PORT: nothing on {host}:{port}: {error.strerror}"
        raise InvariantError(text) from error


def _taking(ingestion: Ingestion, take: _Take, counted: str, limit: _Limit) -> _Handler:
    async def handle(request: web.Request) -> web.Response:
        who = ingestion.admit(request.match_info, request.headers.get("Authorization", ""))
        body = await _body(request, limit)
        answer = await take(who, body, request.query.get(counted))
        return web.json_response({"acknowledged": answer}, status=200)

    return handle


async def _body(request: web.Request, limit: _Limit) -> bytes:
    """Return the body; a larger one is not read to its end."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > limit.most:
                    raise too_large(*limit)
    except TimeoutError as error:
        message = f"the body has not come within {BODY_WITHIN:g} s: send it again"
        raise RefusedError(408, "BodyMissing", message, 0.0) from error
    except (web.RequestPayloadError, ConnectionError) as error:
        message = "the body is cut off, or not encoded as its head says: send it whole"
        raise RefusedError(400, "BodyInvalid", message) from error
    return bytes(body)


def _answering(shell: Shell) -> Middleware:
    @web.middleware
    async def answer(request: web.Request, handler: _Handler) -> web.StreamResponse:
        begun = shell.clock.monotonic()
        status = web.HTTPInternalServerError.status_code  # what the server makes of an error that is not ours
        try:
            response = await _answered(request, handler)
            status = response.status
            return response
        finally:
            shell.meter.count(GATEWAY_REQUESTS, code=str(status))
            shell.meter.observe(GATEWAY_SECONDS, shell.clock.monotonic() - begun)

    return answer


async def _answered(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusedError as error:
        return _refusal(error)
    except web.HTTPException as error:
        return _refusal(_unknown(error))


def _unknown(error: web.HTTPException) -> RefusedError:
    if error.status == web.HTTPNotFound.status_code:
        return RefusedError(404, "NotFound", "there are only $POLYFLOW_GATEWAY/outputs and .../metrics")
    if error.status == web.HTTPMethodNotAllowed.status_code:
        return RefusedError(405, "MethodNotAllowed", "use POST")
    return RefusedError(error.status, "BadRequest", error.reason)


def _refusal(error: RefusedError) -> web.Response:
    headers = {} if error.wait is None else {"Retry-After": str(math.ceil(error.wait))}
    if error.status == web.HTTPUnauthorized.status_code:
        headers["WWW-Authenticate"] = "Bearer"
    text = json.dumps({"error": {"reason": error.reason, "message": str(error)}})
    return web.Response(status=error.status, text=text, content_type="application/json", headers=headers)
