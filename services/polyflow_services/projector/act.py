"""Run events into the read model, a transaction a batch."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from polyflow_services.projector.answering import answer
from polyflow_services.projector.core import generations, moment_of, project
from polyflow_shared.broker.port import Record
from polyflow_shared.read_model.port import ReadModel
from polyflow_topics.events import RequestAccepted
from polyflow_topics.message import Message
from polyflow_topics.queries import RunsQueried

Send = Callable[[Sequence[Message]], Awaitable[None]]

REQUESTS_KEPT: Final = 365.0
"""Days for which requests are kept; see the settings."""


class Projector:
    """Writes what events change."""

    def __init__(self, model: ReadModel, send: Send, *, requests_kept: float = REQUESTS_KEPT) -> None:
        """Write to this read model, and answer questions about it.

        Args:
            model: the read model.
            send: publishes answers; returns when the broker has them.
            requests_kept: days after which requests are forgotten.
        """
        self._model = model
        self._send = send
        self._kept = timedelta(days=requests_kept)

    async def act(self, events: Sequence[tuple[Message, Record]]) -> None:
        """Write what these events change, then answer the questions among them; again changes nothing.

        Raises:
            ReadModelUnavailableError: try again later.
        """
        for together in generations(message for message, _ in events):
            if together:
                self._model.apply(project(together))
        self._forget(events)
        asked = [message for message, _ in events if isinstance(message, RunsQueried)]
        if asked:
            await self._send([answer(self._model, one) for one in asked])

    def _forget(self, events: Sequence[tuple[Message, Record]]) -> None:
        moments = [record.at for message, record in events if isinstance(message, RequestAccepted)]
        if moments:
            self._model.forget_requests(moment_of(max(moments) - self._kept))
