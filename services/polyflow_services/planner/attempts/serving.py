"""Operations that are services: from when they are up, what waits for them goes on.

A service counts as a succeeded upstream once it is up, whatever becomes of it later.  Its end with its DAG is
in `endings.py`.
"""

from polyflow_services.planner.ends import endings
from polyflow_services.planner.rows import keys, state
from polyflow_services.planner.turn import Turn
from polyflow_topics.inbox import OperationReported
from polyflow_topics.status import PodStatus, Status


def up(turn: Turn, event: OperationReported) -> None:
    """Note that a service is up and where, and let go on what waits for it.

    An answer that it is only present says neither.
    """
    before = turn.operation(event.index)
    after = state.moved(before, Status.RUNNING, up=True, slot=False)
    if after is before or event.status is PodStatus.PRESENT:
        return
    # It may be up as long as anything needs it, which must not keep others from starting.
    endings.give_slot_back(turn, before)
    if turn.scope(before.scope).services:
        endings.return_slot(turn, event.index, before)
    turn.put_operation(event.index, after)
    if event.outputs:
        turn.put_document(keys.outputs_key(turn.run, event.index), event.outputs)
    turn.tell_operation(event.index, after, values=(None, event.outputs or None))
    if turn.closing(after.scope) is None:
        turn.release(event.index)
