"""Run events into the read model, a transaction a batch."""

from collections.abc import Sequence

from polyflow_services.projector.core import project
from polyflow_shared.broker.port import Record
from polyflow_shared.read_model.port import ReadModelWriter
from polyflow_topics.message import Message


class Projector:
    """Writes what events change."""

    def __init__(self, model: ReadModelWriter) -> None:
        """Write to this read model."""
        self._model = model

    async def act(self, events: Sequence[tuple[Message, Record]]) -> None:
        """Write what these events change; again changes nothing.

        Raises:
            ReadModelUnavailableError: try again later.
        """
        if events:
            self._model.apply(project(message for message, _ in events))
