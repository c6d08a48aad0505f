"""From commands to pods, and from what came of them to answers.  Pure."""

from datetime import datetime

from polyflow_shared.cluster.messages import reported
from polyflow_shared.cluster.port import Pod, PodReport
from polyflow_shared.cluster.released import LATE
from polyflow_topics.commands import Command, LaunchOperation
from polyflow_topics.inbox import OperationReported
from polyflow_topics.names import PodName, pod_name
from polyflow_topics.pods import PodParts
from polyflow_topics.status import POD_FINAL, PodStatus


def name_of(command: Command) -> PodName:
    """Return the one name that the pod of the command's attempt can have."""
    return pod_name(command.run, command.index, command.attempt)


def pod_of(launch: LaunchOperation) -> Pod:
    """Return the pod that a launch asks for."""
    return Pod(
        name=name_of(launch),
        run=launch.run,
        operation=launch.operation,
        index=launch.index,
        attempt=launch.attempt,
        container=launch.container,
        project=launch.project,
        owner=launch.owner,
        timeout=launch.timeout,
        parts=launch.parts or PodParts(),
    )


def seconds_left(said: datetime, now: datetime) -> float:
    """Return for how many seconds a launch may still be obeyed; less than 0 if it is too late.

    Its attempt may have ended and been forgotten by then.

    Args:
        said: the time of the command's record.
        now: the time of the launcher's clock.
    """
    return (said + LATE - now).total_seconds()


def answer(
    command: Command, status: PodStatus, *, at: datetime, reason: str = "", message: str = ""
) -> OperationReported:
    """Return what is said about the command's attempt."""
    return OperationReported(
        run=command.run,
        operation=command.operation,
        index=command.index,
        attempt=command.attempt,
        cluster=command.cluster,
        status=status,
        reason=reason,
        message=message,
        at=at,
    )


def found(command: Command, report: PodReport | None, *, at: datetime) -> OperationReported:
    """Return the answer to a verify: absent, present, or how the pod stands, lest its report was lost."""
    if report is None:
        return answer(command, PodStatus.ABSENT, at=at)
    if report.status in POD_FINAL or report.status is PodStatus.PENDING or report.outputs:
        return reported(report, command.cluster)
    return answer(command, PodStatus.PRESENT, at=at)
