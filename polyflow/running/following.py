"""A run that goes on elsewhere: its events, as they come."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from polyflow.history import History
from polyflow_shared.clock import Clock
from polyflow_shared.machine import control
from polyflow_shared.read_model.views import StoredEvent
from polyflow_topics.catalog import MESSAGES
from polyflow_topics.message import Message
from polyflow_topics.names import RunId

LOOK_AGAIN: Final = 0.2
"""Seconds between two looks at what another process writes: the history of a run, or a log."""


async def events(history: History, run: RunId, clock: Clock) -> AsyncGenerator[StoredEvent, None]:
    """Yield a run's events, those so far and those to come, until it has ended or its engine is gone."""
    last = -1
    async with aclosing(_signs(history, run, clock)) as signs:
        async for _ in signs:
            for event in history.events(run, after=last):
                yield event
                last = event.sequence


def message_of(event: StoredEvent) -> Message:
    """Return an event of the history as the message that it was."""
    return MESSAGES[event.type].model_validate_json(event.body)


async def _signs(history: History, run: RunId, clock: Clock) -> AsyncGenerator[None, None]:
    """Yield whenever the history may have something new, and once more after the end."""
    try:
        async with aclosing(control.follow(history.engine(run).socket)) as told:
            async for _ in told:
                yield
    except control.EngineGoneError:
        pass
    while history.goes_on(run):
        yield
        await clock.sleep(LOOK_AGAIN)
    yield
