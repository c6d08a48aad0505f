"""Outputs that come by themselves, through the gateway, and the ends that wait for them.

An attempt that has succeeded says the number of the last statement of outputs that was acknowledged to it;
until that one is here, its end is held back, and a timer bounds the wait.  Statements may come before the end
or after it, twice and in any order: each says all outputs so far, so the one with the highest number counts
alone.  Those without a number are added to what is here.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from polyflow_services.planner.rows import keys, timers
from polyflow_services.planner.rows.kept import ArrivedRow
from polyflow_services.planner.rows.state import DocumentRow
from polyflow_services.planner.turn import Turn
from polyflow_topics.catalog import MAX_OUTPUT_BYTES
from polyflow_topics.inbox import OperationReported, OutputsLogged
from polyflow_topics.message import Values


@dataclass(frozen=True, slots=True)
class Arrived:
    """What is here of an attempt's outputs.

    Attributes:
        number: of the last statement.
        values: by the output's name.
        excess: bytes that all outputs would have taken; 0 where they fit.
    """

    number: int = 0
    values: Values = field(default_factory=dict)
    excess: int = 0


NOTHING: Final = Arrived()


def arrived(turn: Turn, index: int, attempt: int) -> Arrived:
    """Return what is here of the outputs of an attempt."""
    stated = turn.operation(index).stated
    row = turn.find(keys.arrived_key(turn.run, index)) if stated else None
    if row is None or row.attempt != attempt:
        return NOTHING
    return Arrived(row.number, msgspec.json.decode(row.body), row.excess)


def keep(turn: Turn, event: OutputsLogged) -> None:
    """Keep a statement of outputs, unless a later one is here."""
    before = arrived(turn, event.index, event.attempt)
    if event.number and event.number <= before.number:
        return
    values = event.outputs if event.number else {**before.values, **event.outputs}
    excess = 0 if event.number else before.excess
    body = msgspec.json.encode(values)
    if len(body) > MAX_OUTPUT_BYTES:
        # What is too large is not kept: rows have to stay small whatever is sent.
        body, excess = msgspec.json.encode(before.values), len(body)
    row = ArrivedRow(event.attempt, event.number or before.number, msgspec.Raw(body), excess)
    turn.put(keys.arrived_key(turn.run, event.index), row)
    _note(turn, event.index)


def hold(turn: Turn, event: OperationReported) -> None:
    """Hold an end back until its outputs are here, and set the timer."""
    body = event.model_dump_json().encode()
    turn.put(keys.held_key(turn.run, event.index), DocumentRow(msgspec.Raw(body)))
    _note(turn, event.index)
    due = turn.at + timedelta(seconds=turn.outputs_wait)
    turn.set_timer(timers.of_operation(timers.OUTPUTS, event.index), due)


def held(turn: Turn, index: int, attempt: int) -> OperationReported | None:
    """Return the end of an attempt that is held back, if it is."""
    row = turn.find(keys.held_key(turn.run, index)) if turn.operation(index).stated else None
    if row is None:
        return None
    event = OperationReported.model_validate_json(bytes(row.body))
    return event if event.attempt == attempt else None


def let_go(turn: Turn, index: int) -> None:
    """Remove the end that was held back, and its timer, if there is one."""
    if not turn.operation(index).stated:
        return
    if turn.find(keys.held_key(turn.run, index)) is not None:
        turn.put(keys.held_key(turn.run, index), None)
        turn.drop_timer(timers.of_operation(timers.OUTPUTS, index))


def forget(turn: Turn, index: int) -> None:
    """Remove all that is kept here of an operation."""
    let_go(turn, index)
    if turn.operation(index).stated:
        turn.remove(keys.arrived_key(turn.run, index))


def _note(turn: Turn, index: int) -> None:
    row = turn.operation(index)
    if not row.stated:
        turn.put_operation(index, replace(row, stated=True))
