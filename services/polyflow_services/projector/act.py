"""Run events into the read model, a transaction a batch."""

from collections.abc import Awaitable, Callable, Sequence

from polyflow_services.projector.answering import answer
from polyflow_services.projector.core import project
from polyflow_shared.broker.port import Record
from polyflow_shared.read_model.port import ReadModel
from polyflow_topics.message import Message
from polyflow_topics.queries import RunsQueried

Send = Callable[[Sequence[Message]], Awaitable[None]]


class Projector:
    """Writes what events change."""

    def __init__(self, model: ReadModel, send: Send) -> None:
        """Write to this read model, and answer questions about it.

        Args:
            model: the read model.
            send: publishes answers; returns when the broker has them.
        """
        self._model = model
        self._send = send

    async def act(self, events: Sequence[tuple[Message, Record]]) -> None:
        """Write what these events change, then answer the questions among them; again changes nothing.

        Raises:
            ReadModelUnavailableError: try again later.
        """
        if events:
            self._model.apply(project(message for message, _ in events))
        asked = [message for message, _ in events if isinstance(message, RunsQueried)]
        if asked:
            await self._send([answer(self._model, one) for one in asked])
