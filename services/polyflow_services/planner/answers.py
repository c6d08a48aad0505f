"""Answers to requests about a run, and what is kept of those that come too early."""

from datetime import timedelta
from enum import Enum
from typing import Final

import msgspec
from msgspec.structs import replace

from polyflow_services.planner.rows import kept, state, timers
from polyflow_services.planner.turn import Turn
from polyflow_topics.events import Problem, RequestAnswered, RequestRejected
from polyflow_topics.inbox import OperatingRequested
from polyflow_topics.plan import PlanBegun

WAITS: Final = timedelta(hours=1)
"""How long a request, or a stop, waits for a run that does not exist yet."""
KEPT: Final = 100
"""Requests that wait for a run, at most."""

Why = tuple[str, str]
"""A reason (a word in CamelCase) and a message (a sentence)."""


class Kept(Enum):
    """Whether a request is kept for its run."""

    NOW = "now"
    BEFORE = "before"
    NEVER = "never"


def accept(turn: Turn, event: OperatingRequested, why: Why = ("", "")) -> None:
    """Say that a request was followed, or that things are as it wants them."""
    _answer(turn, event, accepted=True, why=why)


def refuse(turn: Turn, event: OperatingRequested, why: Why) -> None:
    """Say that a request means nothing as things stand."""
    _answer(turn, event, accepted=False, why=why)


def reject(turn: Turn, event: PlanBegun, problem: Problem) -> None:
    """Refuse a request whose plan is about a run that it cannot be about."""
    turn.send(
        RequestRejected(
            run=turn.run,
            project=event.project,
            owner=event.owner,
            name=event.name,
            tags=event.tags,
            problems=(problem,),
            specification=event.specification,
            at=turn.at,
            origin=event.origin,
        )
    )


def was_answered(turn: Turn, event: OperatingRequested) -> bool:
    """Tell whether a request of this id was answered before: then it has come again, and is over."""
    return turn.find(_key(turn, event)) is not None


def forget(turn: Turn) -> None:
    """Remove what is remembered of requests."""
    last = turn.run_row().answered
    while last:
        key = kept.answered_key(turn.run, last)
        last = turn.need(key, kept.AnsweredRow).before
        turn.remove(key)


def _answer(turn: Turn, event: OperatingRequested, *, accepted: bool, why: Why) -> None:
    """Publish an answer; of a run that goes on, once for each id of a request."""
    if _live(turn):
        turn.put(_key(turn, event), kept.AnsweredRow(turn.run_row().answered))
        turn.put_run(replace(turn.run_row(), answered=f"{event.kind}/{event.request}"))
    _say(turn, event, accepted=accepted, why=why)


def _say(turn: Turn, event: OperatingRequested, *, accepted: bool, why: Why) -> None:
    turn.send(
        RequestAnswered(
            run=turn.run,
            sequence=0,
            at=turn.at,
            request=event.request,
            kind=event.kind,
            operation=event.operation,
            accepted=accepted,
            reason=why[0],
            message=why[1],
        )
    )


def _live(turn: Turn) -> bool:
    """Tell whether a run is there and has not ended, so that something can be remembered with it."""
    run = turn.find_run()
    return run is not None and not state.final(run.status)


def _key(turn: Turn, event: OperatingRequested) -> str:
    return kept.answered_key(turn.run, f"{event.kind}/{event.request}")


def keep(turn: Turn, event: OperatingRequested) -> None:
    """Keep a request until its run begins, and say so; one that is kept already is not kept twice."""
    known = turn.find_run() is not None
    begins = "the run has not begun; this is done when it does"
    message = begins if known else "there is no such run yet; this is kept for an hour"
    match put(turn, event):
        case Kept.NOW:
            _say(turn, event, accepted=True, why=("Kept", message))
            if not known:
                turn.set_timer(timers.EARLY, turn.at + WAITS)
        case Kept.NEVER:
            refuse(turn, event, ("TooMany", f"{KEPT} requests wait for this run to begin"))
        case Kept.BEFORE:
            pass


def put(turn: Turn, event: OperatingRequested) -> Kept:
    """Keep a request behind those that are kept; tell whether it was kept."""
    body = event.model_dump_json().encode()
    for place in range(KEPT):
        key = kept.early_key(turn.run, place)
        row = turn.find(key)
        if row is None:
            turn.put(key, state.DocumentRow(msgspec.Raw(body)))
            return Kept.NOW
        if bytes(row.body) == body:
            return Kept.BEFORE
    return Kept.NEVER


def take(turn: Turn) -> list[OperatingRequested]:
    """Return what was kept, in order, and keep it no longer."""
    taken: list[OperatingRequested] = []
    while (row := turn.find(key := kept.early_key(turn.run, len(taken)))) is not None:
        taken.append(OperatingRequested.model_validate_json(bytes(row.body)))
        turn.put(key, None)
    turn.drop_timer(timers.EARLY)
    return taken


def give_up(turn: Turn) -> None:
    """Refuse what was kept for a run that has not come."""
    if turn.find_run() is not None:
        turn.drop_timer(timers.EARLY)
        return
    for event in take(turn):
        refuse(turn, event, ("UnknownRun", f"there is no run {turn.run}"))
