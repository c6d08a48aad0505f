"""An operation by its name, in bounded steps: names are not indexed, for only a person's request has one."""

from dataclasses import dataclass
from typing import Final

from polyflow_services.planner.rows import keys, state
from polyflow_services.planner.turn import Turn

STEP: Final = 2000
"""Operations that one decision looks at."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation is.

    Attributes:
        index: its number; none if it is not known, or is not there.
        cursor: the operation from which to look on; none where all were looked at.
    """

    index: int | None = None
    cursor: int | None = None


def find(turn: Turn, name: str, cursor: int) -> Place:
    """Look for an operation among those of its scope, from number `cursor` on.

    Args:
        turn: the decision.
        name: scoped.
        cursor: what an earlier step has returned; 0 for the first.
    """
    number = scope_of(turn, name)
    if number is not None:
        return Place(index=turn.scope_plan(number).owner)
    parent = scope_of(turn, name.rpartition(".")[0])
    if parent is None:
        return Place()
    plan = turn.scope_plan(parent)
    index = max(cursor, plan.first)
    for _ in range(STEP):
        if index >= plan.last:
            return Place()
        row = turn.operation(index)
        if row.name == name:
            return Place(index=index)
        index = index + 1 if row.opens == state.NONE else turn.scope_plan(row.opens).last
    return Place(cursor=index)


def scope_of(turn: Turn, name: str) -> int | None:
    """Return the number of the scope with this name; None where there is none."""
    row = turn.find(keys.scope_number_key(turn.run, name))
    return None if row is None else row.number
