"""What people ask of a run that goes on: to stop, skip or approve something, to pause.

Each request may come twice, at any time: it is followed, or things are as it wants them already, or the
answer says why it means nothing.  What comes before the run has begun is kept until it does.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from polyflow_services.planner import answers
from polyflow_services.planner.answers import refuse
from polyflow_services.planner.requests import of_operation, of_run
from polyflow_services.planner.rows import state
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.walks import finding
from polyflow_topics.inbox import OperatingKind, OperatingRequested
from polyflow_topics.status import Status

_BEFORE: Final = frozenset({"approve", "pause", "unpause", "limit", "explain"})
"""Requests that are noted before the run begins; others are kept until it has."""


def handle(turn: Turn, event: OperatingRequested) -> None:
    """Follow a request, keep it for a run that has not begun, or refuse it."""
    if answers.was_answered(turn, event):
        return
    run = turn.find_run()
    if not answers.is_known(turn):
        answers.keep(turn, event)
    elif run is None or state.final(run.status):
        refuse(turn, event, ("RunEnded", "the run has ended"))
    elif run.status is Status.CREATED and not _can_be_noted(turn, event):
        answers.keep(turn, event)
    elif event.operation and event.kind != "limit":
        _about_operation(turn, event)
    else:
        _OF_RUN[event.kind](turn, event)


def catch_up(turn: Turn) -> None:
    """Follow what was kept for a run, as far as it has come; the rest is kept on."""
    for event in answers.take(turn):
        if turn.run_row().status is not Status.CREATED or _can_be_noted(turn, event):
            handle(turn, event)
        else:
            answers.put(turn, event)


def _can_be_noted(turn: Turn, event: OperatingRequested) -> bool:
    if turn.run_row().parts != turn.head().parts:
        return False
    held = turn.run_row().pending is not None and not event.operation
    return held or event.kind in _BEFORE


def _about_operation(turn: Turn, event: OperatingRequested) -> None:
    place = finding.find(turn, event.operation, event.cursor)
    if place.index is not None:
        of_operation.HANDLERS[event.kind](turn, event, place.index)
    elif place.cursor is not None:
        turn.send(event.model_copy(update={"cursor": place.cursor}))
    else:
        refuse(turn, event, ("UnknownOperation", f"the run has no operation {event.operation!r}"))


_OF_RUN: Final[Mapping[OperatingKind, Callable[[Turn, OperatingRequested], None]]] = {
    "skip": partial(of_run.skip, catch_up=catch_up),
    "approve": partial(of_run.approve, catch_up=catch_up),
    "pause": of_run.pause,
    "unpause": of_run.unpause,
    "limit": of_run.limit,
    "explain": of_run.explain,
    "upload": partial(of_run.upload, catch_up=catch_up),
}
