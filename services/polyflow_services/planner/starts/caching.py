"""The gate before which an operation waits while the cache is asked for the result of an equal one."""

from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from polyflow_services.planner.ends.endings import finish
from polyflow_services.planner.rows import claims
from polyflow_services.planner.rows.claims import LookUpRow
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.starts import gates
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.values.params import ParamError, context_of, values_of
from polyflow_topics.message import Values
from polyflow_topics.plan import PlannedCache, PlannedOperation
from polyflow_topics.results import VerifyLookUp

HIT: Final = "CacheHit"
AWAITED: Final = "CacheAwaited"


def cached(turn: Turn, index: int, row: OperationRow) -> bool:
    """Ask the cache, if the plan wants it to be asked; `lookups.answered` goes on."""
    if not row.cached:
        return True
    planned = turn.planned(index)
    try:
        values = values_of(planned.params, turn.upstream)
    except ParamError as error:
        finish(turn, index, gates.end_of(error))
        return False
    cache = planned.cache or PlannedCache(digest="")
    asked = LookUpRow(_result(turn, planned, cache, values), row.attempt, cache.ttl)
    turn.name_attempt(row.attempt)
    turn.put_alone(claims.look_up_key(turn.run, index), asked)
    turn.send(claims.look_up(turn.run, row.name, index, asked))
    return False


def ask_again(turn: Turn, index: int) -> None:
    """Ask the cache once more; an answer that was heard already changes nothing."""
    found = turn.result_asked(index)
    if found is not None:
        turn.send(claims.look_up(turn.run, turn.operation(index).name, index, found))


def verified(turn: Turn, event: VerifyLookUp) -> None:
    """Say whether an operation still holds the place of its result."""
    found = turn.result_asked(event.index)
    if found is not None and (found.result, found.stage) == (event.result, "holds"):
        turn.send(claims.look_up(turn.run, event.operation, event.index, found))
    else:
        about = LookUpRow(event.result, event.attempt)
        turn.send(claims.settled(turn.run, event.operation, event.index, about))


def moved(turn: Turn, index: int, found: LookUpRow, stage: claims.Stage, why: str = "") -> None:
    """Note how the cache has answered."""
    after = replace(found, stage=stage, why=why[: claims.TOLD])
    turn.put_alone(claims.look_up_key(turn.run, index), after)


def _result(turn: Turn, planned: PlannedOperation, cache: PlannedCache, values: Values) -> str:
    """Return what the result of an operation is kept under.

    Project and owner count: nobody gets the results of others.
    """
    head = turn.head()
    context = context_of(head, turn.run, planned.name)
    counted: list[Any] = [
        cache.digest,
        head.project,
        head.owner,
        {name: value for name, value in values.items() if cache.io is None or name in cache.io},
        {name: value for name, value in context.items() if name in cache.names or "*" in cache.names},
    ]
    return sha256(msgspec.json.encode(counted, order="sorted")).hexdigest()
