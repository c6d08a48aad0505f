"""From a trigger that is met to the queue for a slot: gates, each of which may end or hold an operation.

A gate that holds an operation remembers that in rows of its own; whatever opens it later calls `go_on`.
"""

from collections.abc import Callable
from typing import Final

from polyflow_services.planner.ends.endings import End, finish
from polyflow_services.planner.rows import state
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.starts import caching, gates, launching, opening, queries
from polyflow_services.planner.turn import Turn
from polyflow_topics.status import Pending, Status

Gate = Callable[[Turn, int, OperationRow], bool]
"""Lets an operation pass, as it is (true); or has ended it, or holds it until somebody calls `go_on` with
this gate."""


def ready(turn: Turn, index: int) -> None:
    """Start an operation whose trigger has fired, or let it wait for its turn."""
    _pass(turn, index, GATES)


def go_on(turn: Turn, index: int, gate: Gate) -> None:
    """Let an operation go on that this gate has held; what has changed meanwhile is looked at again."""
    _pass(turn, index, (not_closing, *GATES[GATES.index(gate) + 1 :]))


def not_closing(turn: Turn, index: int, row: OperationRow) -> bool:
    """End an operation whose scope, or one around it, is closing."""
    closing = turn.closing(row.scope)
    if closing is None:
        return True
    scope = closing[1]
    finish(turn, index, End(scope.rest or Status.STOPPED, scope.reason, scope.message))
    return False


def not_kept(turn: Turn, index: int, row: OperationRow) -> bool:
    """End an operation that has ended in the run which this one comes from."""
    end = gates.ended(turn, index) if row.kept else None
    if end is not None:
        finish(turn, index, end)
    return end is None


def wanted(turn: Turn, index: int, row: OperationRow) -> bool:
    """End an operation whose condition is not true, or that lacks a value.

    Only a condition, or a skipped upstream, is worth a look at the plan.
    """
    end = gates.closed(turn, index) if row.conditional or row.skipped else None
    if end is not None:
        finish(turn, index, end)
    return end is None


def approved(turn: Turn, index: int, row: OperationRow) -> bool:
    """Hold an operation that somebody is to approve."""
    if row.approval:
        message = f"it starts once it is approved: polyflow approve {turn.run} {row.name}"
        turn.hold(index, Pending.APPROVAL, (gates.APPROVAL_AWAITED, message))
    return not row.approval


GATES: Final[tuple[Gate, ...]] = (
    not_closing,
    not_kept,
    queries.answered,
    wanted,
    approved,
    caching.cached,
)
"""In the order in which an operation meets them."""


def _pass(turn: Turn, index: int, gates_left: tuple[Gate, ...]) -> None:
    row = turn.operation(index)
    for gate in gates_left:
        if not gate(turn, index, row):
            return
    if row.builds != state.NONE:
        why = ("BuildAwaited", f"its image is built by {row.name!r}")
        turn.hold(row.builds, Pending.BUILD, why)
    if row.opens == state.NONE or row.trial:
        launching.ask_for_slot(turn, index)
    else:
        opening.open_scope(turn, index)
