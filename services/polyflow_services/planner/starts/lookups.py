"""What follows from the cache's answers: an operation is executed, has a result already, or waits for one."""

from typing import Final

from polyflow_services.planner.ends.endings import End, finish
from polyflow_services.planner.rows import claims
from polyflow_services.planner.rows.claims import LookUpRow
from polyflow_services.planner.starts import caching, starting
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.values.params import values_of
from polyflow_topics.results import ResultAnswered
from polyflow_topics.status import Pending, Status

_UNKNOWN: Final = ""


def answered(turn: Turn, event: ResultAnswered) -> None:
    """Take in an answer; one to a question that is not open any more gives back what it gave."""
    found = turn.result_asked(event.index)
    if found is None or (found.result, found.attempt) != (event.result, event.attempt):
        if event.answer != "found":
            about = LookUpRow(event.result, event.attempt)
            turn.send(claims.settled(turn.run, _name(turn, event.index), event.index, about))
    elif found.stage != "holds":
        _take(turn, event, found)


def execute(turn: Turn, index: int) -> bool:
    """Let an operation that waits for an equal one be executed for itself; return False where none waits."""
    found = turn.result_asked(index)
    if found is None or found.stage != "waits":
        return False
    _go_without(turn, index, found)
    return True


def _go_without(turn: Turn, index: int, found: LookUpRow) -> None:
    """Let an operation be executed for itself, its result not kept: an equal one is at it."""
    turn.send(claims.settled(turn.run, turn.operation(index).name, index, found))
    turn.put_alone(claims.look_up_key(turn.run, index), None)
    starting.go_on(turn, index, caching.cached)


def _take(turn: Turn, event: ResultAnswered, found: LookUpRow) -> None:
    match event.answer:
        case "absent":
            caching.moved(turn, event.index, found, "holds")
            starting.go_on(turn, event.index, caching.cached)
        case "found" if starting.not_closing(turn, event.index, turn.operation(event.index)):
            whose = f"operation {event.of_operation!r} of run {event.of_run}"
            message = f"the cached results of {whose} are used"
            params = values_of(turn.planned(event.index).params, turn.upstream)
            end = End(
                Status.SUCCEEDED, caching.HIT, message, outputs=event.outputs, params=params, ran=event.ran
            )
            finish(turn, event.index, end)
        case "awaited" if found.ttl == 0:
            _go_without(turn, event.index, found)
        case "awaited" if found.stage == "asked":
            whose = f"operation {event.of_operation!r} of run {event.of_run}"
            why = f"waits for {whose}, which is equal and is being executed"
            caching.moved(turn, event.index, found, "waits", why)
            turn.hold(event.index, Pending.CACHE, (caching.AWAITED, why))


def _name(turn: Turn, index: int) -> str:
    row = turn.find_operation(index)
    return _UNKNOWN if row is None else row.name
