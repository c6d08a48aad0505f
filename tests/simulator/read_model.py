"""The read model, as a process sees that may die while it writes; there is one for all projectors."""

import asyncio
from typing import Any

from polyflow_shared.read_model.changes import Changes
from polyflow_shared.read_model.port import ReadModel, ReadModelUnavailableError
from tests.simulator.process import Life


class SimulatedReadModel:
    """Reads and writes; at times it cannot, or its process dies when it has written."""

    def __init__(self, model: ReadModel, life: Life) -> None:
        self._model = model
        self._life = life

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def apply(self, changes: Changes) -> None:
        """Write all of it, or nothing."""
        around = self._life.around
        if around.chance(around.faults.broker_fails):
            raise ReadModelUnavailableError("a simulated fault: the read model is locked")
        self._model.apply(changes)
        if self._life.dies("has written the read model"):
            raise asyncio.CancelledError
