"""Run events into the read model, a transaction a batch; and what is old out of it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from polyflow_services.projector.answering import answer
from polyflow_services.projector.core import generations, moment_of, project
from polyflow_shared.broker.port import Record
from polyflow_shared.clock import Clock
from polyflow_shared.read_model.port import ReadModel, ReadModelWriter
from polyflow_topics.message import Message
from polyflow_topics.queries import RunsQueried

Send = Callable[[Sequence[Message]], Awaitable[None]]

REQUESTS_KEPT: Final = 365.0
"""Days for which requests are kept; see the settings."""
RUNS_KEPT: Final = 365.0
"""Days for which runs are kept on Kafka; see the settings."""
FORGET_EVERY: Final = 3600.0
"""Seconds between two looks for what is old, where the first one has left nothing."""


class Projector:
    """Writes what events change."""

    def __init__(self, model: ReadModel, send: Send, forget: Callable[[], None] = lambda: None) -> None:
        """Write to this read model, and answer questions about it.

        Args:
            model: the read model.
            send: publishes answers; returns when the broker has them.
            forget: removes a part of what is old; called with each batch.
        """
        self._model = model
        self._send = send
        self._forget = forget

    async def act(self, events: Sequence[tuple[Message, Record]]) -> None:
        """Write what these events change, then answer the questions among them; again changes nothing.

        Raises:
            ReadModelUnavailableError: try again later.
        """
        for together in generations(message for message, _ in events):
            if together:
                self._model.apply(project(together))
        self._forget()
        asked = [message for message, _ in events if isinstance(message, RunsQueried)]
        if asked:
            await self._send([answer(self._model, one) for one in asked])


class Forgetting:
    """Removes what is old: a part with each batch, and an hour after the last of it the next."""

    def __init__(
        self,
        model: ReadModelWriter,
        clock: Clock,
        *,
        requests_kept: float = REQUESTS_KEPT,
        runs_kept: float | None = None,
    ) -> None:
        """Remove from this read model.

        Args:
            model: the read model.
            clock: that of this machine; one wrong date of a message must not remove a whole history.
            requests_kept: days after which requests are removed.
            runs_kept: days after its end after which a run is removed; never, if not given.
        """
        self._model = model
        self._clock = clock
        self._requests_kept = requests_kept
        self._runs_kept = runs_kept
        self._due = clock.monotonic()

    def step(self) -> None:
        """Remove a part of what is old, if it is time.

        Raises:
            ReadModelUnavailableError: try again later.
        """
        now = self._clock.monotonic()
        if now < self._due:
            return
        runs = None if self._runs_kept is None else self._ago(self._runs_kept)
        more = self._model.forget(self._ago(self._requests_kept), runs)
        self._due = now if more else now + FORGET_EVERY

    def _ago(self, days: float) -> str:
        return moment_of(self._clock.now() - timedelta(days=days))
