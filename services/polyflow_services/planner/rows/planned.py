"""The row that an operation begins with, as its plan says."""

from polyflow_services.planner.rows import state
from polyflow_services.planner.rows.state import OperationRow
from polyflow_topics.plan import PlannedOperation


def operation_row(operation: PlannedOperation, attempts: int) -> OperationRow:
    """Return the row of an operation; that of a trial says what all trials of its matrix have in common.

    Args:
        operation: what the plan says of it.
        attempts: the number that attempts of this generation of the run count from.
    """
    return OperationRow(
        name=operation.name,
        cluster=operation.cluster,
        scope=operation.scope,
        upstreams=operation.upstreams,
        trigger=operation.trigger,
        opens=state.NONE if operation.opens is None else operation.opens,
        retries=operation.max_retries,
        defaults=bool(operation.outputs),
        skips=operation.skips,
        conditional=operation.condition is not None,
        stated=False,
        cached=operation.cache is not None and operation.opens is None,
        limited=operation.queue is not None and operation.opens is None,
        approval=operation.approval,
        service=is_service(operation),
        trial=operation.trial,
        asks=bool(operation.questions),
        read=operation.read,
        kept=operation.kept is not None,
        builds=state.NONE if operation.builds is None else operation.builds,
        attempt=0 if operation.kept else attempts,
    )


def is_service(operation: PlannedOperation) -> bool:
    """Tell whether an operation goes on until it is ended."""
    return operation.parts is not None and operation.parts.service is not None
