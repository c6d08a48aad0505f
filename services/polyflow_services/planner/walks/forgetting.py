"""Removing rows in bounded steps: those of a run that has ended, and of a plan that another one replaces."""

from collections.abc import Callable
from itertools import count
from typing import Final

from msgspec.structs import replace

from polyflow_services.planner.attempts import deliveries
from polyflow_services.planner.ends import endings, hooks
from polyflow_services.planner.rows import event_edges, keys, state, sweep_names
from polyflow_services.planner.rows.kept import ResumeRow
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.starts import asking
from polyflow_services.planner.turn import Turn
from polyflow_topics.inbox import SweepContinued
from polyflow_topics.names import THE_RUN
from polyflow_topics.plan import EDGES_PER_CHUNK

STEP: Final = 200
"""Operations whose rows one decision removes."""


def step(turn: Turn, event: SweepContinued) -> None:
    """Go one step on in removing an ended run; at last leave its stub."""
    if not state.final(turn.run_row().status):
        return
    last = turn.head().operations
    until = min(event.cursor + STEP, last)
    for index in range(event.cursor, until):
        _forget_operation(turn, index)
    if until < last:
        turn.sweep(event.sweep, until)
    else:
        _forget_scope(turn, 0)
        asking.forget(turn)
        endings.leave_stub(turn)


def clear(turn: Turn, plan: str) -> None:
    """Begin to remove what has come of a plan that never began; until that is done another one goes round.

    A decision removes the rows of `STEP` operations: those of the largest run are gone after 500.

    Args:
        turn: the decision; its run is as the plan that is replaced has left it.
        plan: the one that replaces it.
    """
    key = keys.resume_key(turn.run)
    row = turn.find_of(key, ResumeRow)
    if turn.run_row().parts:
        hooks.forget(turn, THE_RUN, turn.head().hooks)
        turn.put_alone(key, ResumeRow(plan, last=turn.head().operations + 1))
        clear_step(turn, SweepContinued(run=turn.run, sweep=sweep_names.CLEAR, cursor=0))
    elif row is not None:
        turn.put_alone(key, replace(row, plan=plan))  # what it waits for is still to be removed, if anything


def clear_step(turn: Turn, event: SweepContinued) -> None:
    """Go one step on in removing a plan; a step that was made before is a repetition."""
    key = keys.resume_key(turn.run)
    row = turn.find_of(key, ResumeRow)
    if row is None or row.ready or row.cursor != event.cursor:
        return
    until = min(event.cursor + STEP, row.last)
    for number in range(event.cursor, until):
        _clear(turn, number)
    turn.put_alone(key, replace(row, cursor=until, ready=until == row.last))
    if until < row.last:
        turn.sweep(sweep_names.CLEAR, until)


def _clear(turn: Turn, number: int) -> None:
    """Remove what a plan says of the operation and of the scope of a number; of both it may not have come."""
    if turn.find(keys.scope_plan_key(turn.run, number)) is not None:
        _forget_scope(turn, number)
    else:
        _forget_edges(turn, number, opening=True)
    row = turn.find_operation(number)
    if row is not None:
        _forget_rows_of(turn, number, row)
    else:
        _forget_edges(turn, number, opening=False)


def _forget_operation(turn: Turn, index: int) -> None:
    row = turn.find_operation(index)
    if row is None:
        return
    if row.opens != state.NONE:
        _forget_scope(turn, row.opens)
    _forget_rows_of(turn, index, row)


def _forget_rows_of(turn: Turn, index: int, row: OperationRow) -> None:
    _forget_what_few_have(turn, index, row)
    deliveries.forget(turn, index)
    turn.remove_operation(index)
    turn.remove(keys.plan_key(turn.run, index))
    if turn.find(outputs := keys.outputs_key(turn.run, index)) is not None:
        turn.remove(outputs)
    _forget_edges(turn, index, opening=False)


def _forget_what_few_have(turn: Turn, index: int, row: OperationRow) -> None:
    if row.read:
        turn.remove(keys.told_key(turn.run, index))
    if row.asks:
        turn.remove(keys.answers_key(turn.run, index))
    if row.hooks:
        hooks.forget(turn, index, row.hooks)
    if row.kept:
        turn.remove(keys.ended_key(turn.run, index))
    for group in range(row.groups):
        _forget_group(turn, index, group)


def _forget_scope(turn: Turn, number: int) -> None:
    turn.put(keys.scope_number_key(turn.run, turn.scope_plan(number).name), None)
    turn.put(keys.scope_key(turn.run, number), None)
    turn.put(keys.scope_plan_key(turn.run, number), None)
    _forget_edges(turn, number, opening=True)


def _forget_edges(turn: Turn, source: int, *, opening: bool) -> None:
    _forget_chunks(turn, lambda chunk: keys.edges_key(turn.run, source, opening, chunk))


def _forget_group(turn: Turn, source: int, group: int) -> None:
    _forget_chunks(turn, lambda chunk: event_edges.event_edges_key(turn.run, source, group, chunk))
    turn.remove(event_edges.group_key(turn.run, source, group))


def _forget_chunks(turn: Turn, key_of: Callable[[int], str]) -> None:
    """Remove the chunks of edges that there are; only a full one has another behind it."""
    for chunk in count():
        key = key_of(chunk)
        edges = turn.find(key)
        if edges is not None:
            turn.remove(key)
        if edges is None or len(edges.targets) < EDGES_PER_CHUNK:
            return
