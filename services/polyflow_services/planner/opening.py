"""How an operation that is a DAG, or a matrix, begins: its scope is opened."""

from polyflow_services.planner import matrices, state
from polyflow_services.planner.turn import Turn
from polyflow_topics.status import Status


def open_scope(turn: Turn, index: int) -> None:
    """Let go what a scope begins with; one without operations has ended at once."""
    row = turn.operation(index)
    after = state.moved(row, Status.RUNNING)
    if after is row:
        return
    why, values = matrices.said_of(turn.planned(index))
    turn.put_operation(index, after)
    turn.tell_operation(index, after, why=why, values=(values, None))
    if turn.scope(row.opens).open:
        turn.release(row.opens, opening=True)
    else:
        turn.ended.append(row.opens)
