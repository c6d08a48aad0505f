"""What becomes of a request: its sender is proved and held to a rate; the broker has it before the answer."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from polyflow_services.gateway import core
from polyflow_services.gateway.core import RefusedError, Sender
from polyflow_services.gateway.limits import Buckets
from polyflow_shared.broker import codec
from polyflow_shared.errors import BrokerUnavailableError, PolyflowError, RecordTooLargeError
from polyflow_shared.loops.service import Shell
from polyflow_shared.observing.metrics import BROKER_UNAVAILABLE, SENT
from polyflow_topics.message import Message

ACKNOWLEDGED_WITHIN: Final = 10.0
"""Seconds until a broker that has not acknowledged counts as unavailable."""
COME_AGAIN: Final = 1.0
"""Seconds after which a request may be sent again that this gateway or the broker had no room for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken: requests of one attempt in a second, and requests at the same time."""

    per_second: float = 20.0
    at_once: int = 256


class Ingestion:
    """Takes outputs and metrics in."""

    def __init__(self, shell: Shell, key: bytes, limits: Limits) -> None:
        """Publish through this shell what is proved with this key."""
        self._shell = shell
        self._key = key
        self._buckets = Buckets(limits.per_second)
        self._places = limits.at_once

    def admit(self, path: Mapping[str, str], authorization: str) -> Sender:
        """Return who sends, before the body is read.

        Raises:
            RefusedError: not to be taken, or not now.
        """
        attempt = core.attempt_at(path["run"], path["index"], path["attempt"])
        who = core.sender(attempt, authorization, self._key)
        wait = self._buckets.take(attempt, self._shell.clock.monotonic())
        if wait:
            message = "this attempt sends too often: put more into one request"
            raise RefusedError(429, "TooManyRequests", message, wait)
        return who

    async def take_outputs(self, who: Sender, body: bytes, number: str | None) -> Mapping[str, Any]:
        """Publish outputs; return what is acknowledged.

        Raises:
            RefusedError: not to be taken, or not now.
        """
        stated = core.outputs_in(who, body, number, self._shell.clock.now())
        await self._publish([stated])
        return {"number": stated.number}

    async def take_metrics(self, who: Sender, body: bytes, first: str | None) -> Mapping[str, Any]:
        """Publish measurements; return what is acknowledged.

        Raises:
            RefusedError: not to be taken, or not now.
        """
        measured = core.metrics_in(who, body, first, self._shell.clock.now())
        await self._publish(measured)
        return {"measurements": len(measured)}

    async def _publish(self, messages: Sequence[Message]) -> None:
        if self._places == 0:
            raise RefusedError(503, "Busy", "the gateway is busy: send it again", COME_AGAIN)
        self._places -= 1
        try:
            await self._send(messages)
        finally:
            self._places += 1

    async def _send(self, messages: Sequence[Message]) -> None:
        shell, at = self._shell, self._shell.clock.now()
        records = [codec.encode(message, source=shell.name, at=at) for message in messages]
        try:
            async with asyncio.timeout(ACKNOWLEDGED_WITHIN):
                await shell.sink.send(records)
        except (PolyflowError, TimeoutError) as error:
            raise self._not_published(error) from error
        for sent in messages:
            shell.meter.count(SENT, service=shell.service, type=sent.WIRE)

    def _not_published(self, error: PolyflowError | TimeoutError) -> RefusedError:
        """Return what a sender is told; what an administrator has to mend is for the log."""
        if isinstance(error, BrokerUnavailableError | TimeoutError):
            self._shell.meter.count(BROKER_UNAVAILABLE, service=self._shell.service)
            message = "the broker has not acknowledged it: send it again, which does no harm"
            return RefusedError(503, "BrokerUnavailable", message, COME_AGAIN)
        self._shell.log.error("not_published", error=str(error))
        if isinstance(error, RecordTooLargeError):
            message = "the broker takes nothing as large as this: send less in one request"
            return RefusedError(413, "TooLarge", message)
        message = "the broker refuses it, until an administrator has mended what the gateway's log says"
        return RefusedError(500, "NotPublished", message)
