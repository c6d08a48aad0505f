"""Removing what was kept of a run that has ended, in bounded steps, the last rows first.  Pure.

A step that is made twice, or is interrupted, is harmless: what tells which rows there are shrinks with them.
"""

from typing import Final

from polyflow_services.early_stopping_monitor import state
from polyflow_services.early_stopping_monitor.comparing import PER_ROW, chunks
from polyflow_services.early_stopping_monitor.state import (
    ClosingRow,
    LookRow,
    MemberRow,
    PoliciesRow,
    ScopesRow,
    TallyRow,
)
from polyflow_shared.deciding.draft import Draft

STEP: Final = 240
"""Rows that one decision removes, or finds missing; a few more at most."""


def forget(rows: Draft, run: str, room: int) -> bool:
    """Remove rows of a run; return whether all are gone.

    Args:
        rows: what the monitor remembers.
        run: the run, which has ended.
        room: rows that may be removed.
    """
    scopes: ScopesRow | None = rows.get(state.scopes_key(run))
    names = scopes.names if scopes is not None else ()
    closing: ClosingRow = rows.get(state.closing_key(run)) or ClosingRow()
    for number in range(closing.scope, len(names)):
        room = _of_scope(rows, run, names[number], room)
        if room <= 0:
            rows.put(state.closing_key(run), ClosingRow(number))
            return False
    # The list goes last: while it is there, what is left of the others can still be found.
    _remove(rows, state.scopes_key(run))
    _remove(rows, state.closing_key(run))
    return True


def _of_scope(rows: Draft, run: str, scope: str, room: int) -> int:
    """Remove rows of a scope; return for how many more there is room: for none where some are left."""
    policies: PoliciesRow | None = rows.get(state.policies_key(run, scope))
    for number in range(len(policies.policies) if policies is not None else 0):
        room = _of_comparison(rows, state.comparison_key(run, scope, number), room)
        if room <= 0:
            return 0
    _remove(rows, state.policies_key(run, scope))
    _remove(rows, state.stopped_key(run, scope))
    return room - 2


def _of_comparison(rows: Draft, key: str, room: int) -> int:
    tally: TallyRow | None = rows.get(key)
    if tally is None:
        return room - 1
    operations, looks = tally.operations, tally.looks
    while room > 0 and operations:
        operations -= 1
        room -= _member(rows, key, operations)
    while room > 0 and looks:
        room -= _look(rows, key, looks, room)
        looks -= rows.get(state.look_key(key, looks)) is None
    if operations or looks:
        rows.put(key, TallyRow(operations, looks))
        return 0
    _remove(rows, key)
    return room


def _member(rows: Draft, key: str, number: int) -> int:
    member: MemberRow | None = rows.get(state.member_key(key, number))
    if member is not None:
        _remove(rows, state.curve_key(key, member.operation))
        _remove(rows, state.member_key(key, number))
    return 2


def _look(rows: Draft, key: str, look: int, room: int) -> int:
    """Remove a look, or as much of its values as there is room for; return how many rows were looked for."""
    there: LookRow | None = rows.get(state.look_key(key, look))
    if there is None:
        return 1
    last = chunks(there.count)
    first = max(0, last - room)
    for chunk in range(first, last):
        _remove(rows, state.samples_key(key, look, chunk))
    rows.put(state.look_key(key, look), LookRow(first * PER_ROW, there.best) if first else None)
    return last - first + 1


def _remove(rows: Draft, key: str) -> None:
    if rows.get(key) is not None:
        rows.put(key, None)
