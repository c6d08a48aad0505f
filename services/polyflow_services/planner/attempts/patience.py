"""Attempts that wait for their image: after a while they are given up, and others take their place.

Kubernetes waits for ever.  What waits for room, or for a quota, is left alone: that may take long.
"""

from datetime import timedelta
from typing import Final

from polyflow_services.planner.rows import timers
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.turn import Turn
from polyflow_topics.commands import StopOperation
from polyflow_topics.status import Status

IMAGE: Final = frozenset(
    {
        "ErrImageNeverPull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
"""Reasons of a pod that waits for an image."""
PATIENCE: Final = timedelta(minutes=10)


def note(turn: Turn, index: int, before: OperationRow, reason: str) -> None:
    """Begin to count the time when an attempt is first said to wait for its image."""
    if reason in IMAGE and before.waits not in IMAGE:
        turn.set_timer(timers.of_operation(timers.IMAGE, index), turn.at + PATIENCE)


def due(turn: Turn, index: int) -> None:
    """Stop the pod of an attempt that still waits; its end makes room for the next one."""
    turn.drop_timer(timers.of_operation(timers.IMAGE, index))
    row = turn.operation(index)
    if row.status is Status.SCHEDULED and row.waits in IMAGE:
        turn.send(StopOperation(**turn.about(index, row), reason=row.waits))
