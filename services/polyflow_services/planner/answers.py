"""Answers to requests about a run, and what is kept of those that come too early."""

from datetime import timedelta
from enum import Enum
from typing import Final

import msgspec

from polyflow_services.planner.rows import kept, keys, state, timers
from polyflow_services.planner.turn import Turn
from polyflow_topics.events import Problem, RequestAnswered, RequestRejected
from polyflow_topics.inbox import OperatingRequested
from polyflow_topics.plan import PlanBegun

WAITS: Final = timedelta(hours=1)
"""How long a request, or a stop, waits for a run that does not exist yet."""
MOST_HELD: Final = 100
"""Requests that wait for a run, at most."""
FORGOTTEN: Final = 200
"""Requests of an ended run that one decision forgets."""

Why = tuple[str, str]
"""A reason (a word in CamelCase) and a message (a sentence)."""


class Held(Enum):
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


def why_of(event: OperatingRequested) -> Why:
    """Return what is said of what a request brings about."""
    return event.reason or event.kind.title(), event.message


def was_answered(turn: Turn, event: OperatingRequested) -> bool:
    """Tell whether a request of this id was answered before: then it has come again, and is over."""
    return turn.find(_key(turn, event)) is not None


def forget(turn: Turn) -> list[str]:
    """Remove some of what is remembered of requests; return KIND/ID of each, nothing once all are gone."""
    head = keys.answered_key(turn.run, "")
    row = turn.find(head)
    gone: list[str] = []
    while row is not None and row.before and len(gone) < FORGOTTEN:
        gone.append(row.before)
        key = keys.answered_key(turn.run, row.before)
        row = turn.find(key)
        turn.put(key, None)
    if gone:
        turn.put(head, row if row is not None and row.before else None)
    return gone


def is_known(turn: Turn) -> bool:
    """Tell whether there is or was such a run."""
    return turn.find_run() is not None or turn.find(keys.stub_key(turn.run)) is not None


def _answer(turn: Turn, event: OperatingRequested, *, accepted: bool, why: Why) -> None:
    """Publish an answer; of a run that is known, once for each id of a request."""
    if is_known(turn) and event.kind != "explain":  # which changes nothing, however often it comes
        remember(turn, event)
    _say(turn, event, accepted=accepted, why=why)


def remember(turn: Turn, event: OperatingRequested) -> None:
    """Remember a request for as long as anything is known of its run."""
    key = _key(turn, event)
    if turn.find(key) is None:
        head = keys.answered_key(turn.run, "")
        turn.put(key, turn.find(head) or kept.AnsweredRow(""))
        turn.put(head, kept.AnsweredRow(f"{event.kind}/{event.request}"))


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


def _key(turn: Turn, event: OperatingRequested) -> str:
    return keys.answered_key(turn.run, f"{event.kind}/{event.request}")


def keep(turn: Turn, event: OperatingRequested) -> None:
    """Keep a request until its run begins, and say so; one that is kept already is not kept twice."""
    match put(turn, event):
        case Held.NOW:
            say_kept(turn, event)
            if turn.find_run() is None:
                turn.set_timer(timers.EARLY, turn.at + WAITS)
        case Held.NEVER:
            refuse(turn, event, ("TooMany", f"{MOST_HELD} requests wait for this run to begin"))
        case Held.BEFORE:
            pass


def say_kept(turn: Turn, event: OperatingRequested) -> None:
    """Say that a request is kept until its run begins."""
    known = turn.find_run() is not None
    begins = "the run has not begun; this is done when it does"
    message = begins if known else "there is no such run yet; this is kept for an hour"
    _say(turn, event, accepted=True, why=("Kept", message))


def put(turn: Turn, event: OperatingRequested) -> Held:
    """Keep a request behind those that are kept; tell whether it was kept."""
    body = event.model_dump_json().encode()
    for place in range(MOST_HELD):
        key = keys.early_key(turn.run, place)
        row = turn.find(key)
        if row is None:
            turn.put(key, state.DocumentRow(msgspec.Raw(body)))
            return Held.NOW
        if bytes(row.body) == body:
            return Held.BEFORE
    return Held.NEVER


def take(turn: Turn) -> list[OperatingRequested]:
    """Return what was kept, in order, and keep it no longer."""
    taken: list[OperatingRequested] = []
    while (row := turn.find(key := keys.early_key(turn.run, len(taken)))) is not None:
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
        refuse(turn, event, unknown(turn))


def unknown(turn: Turn) -> Why:
    """Return why a request about a run that has not come is refused."""
    return "UnknownRun", f"there is no run {turn.run}"
