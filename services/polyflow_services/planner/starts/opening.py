"""How an operation that is a DAG, or a matrix, begins: its scope is opened."""

from polyflow_services.planner.ends.endings import finish
from polyflow_services.planner.rows import matrices, state
from polyflow_services.planner.starts import gates
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.values import reading
from polyflow_services.planner.values.params import ParamError, values_of
from polyflow_topics.plan import PlannedOperation
from polyflow_topics.status import Status


def open_scope(turn: Turn, index: int) -> None:
    """Let go what a scope begins with; one without operations has ended at once."""
    row = turn.operation(index)
    after = state.moved(row, Status.RUNNING)
    if after is row:
        return
    planned = turn.planned(index)
    if row.read and not _inputs_kept(turn, index, planned):
        return
    why, values = matrices.said_of(planned)
    turn.put_operation(index, after)
    turn.tell_operation(index, after, why=why, values=(values, None))
    if turn.scope(row.opens).open:
        turn.release(row.opens, opening=True)
    else:
        turn.ended.append(row.opens)


def _inputs_kept(turn: Turn, index: int, planned: PlannedOperation) -> bool:
    """Keep the inputs of a scope for those that read them; end what opens it where one is missing."""
    try:
        values = values_of(planned.params, turn.upstream)
    except ParamError as error:
        finish(turn, index, gates.end_of(error))
        return False
    reading.keep(turn, index, turn.operation(index), values)
    return True
