"""What a cluster says, as the messages that carry it: for the status watcher and the pod launcher.  Pure."""

from datetime import datetime

from polyflow_shared.cluster.port import LogTail, Measurement, PodReport
from polyflow_topics.commands import Command
from polyflow_topics.inbox import OperationReported
from polyflow_topics.logs import LogTailSaved
from polyflow_topics.metrics import MetricsLogged
from polyflow_topics.names import ClusterName


def reported(report: PodReport, cluster: ClusterName) -> OperationReported:
    """Return the message that says how a pod of this cluster stands."""
    return OperationReported(
        run=report.run,
        operation=report.operation,
        index=report.index,
        attempt=report.attempt,
        status=report.status,
        cluster=cluster,
        reason=report.reason,
        message=report.message,
        exit_code=report.exit_code,
        outputs=report.outputs,
        infrastructure=report.infrastructure,
        awaited=report.awaited,
        at=report.at,
    )


def saved(tail: LogTail, command: Command, at: datetime) -> LogTailSaved:
    """Return the message that carries the end of a log of the command's attempt."""
    return LogTailSaved(
        run=command.run,
        operation=command.operation,
        index=command.index,
        attempt=command.attempt,
        container=tail.container,
        text=tail.text,
        cut=tail.cut,
        missing=tail.missing,
        at=at,
    )


def measured(measurement: Measurement) -> MetricsLogged:
    """Return the message that says what a pod measured."""
    return MetricsLogged(
        run=measurement.run,
        operation=measurement.operation,
        attempt=measurement.attempt,
        line=measurement.line,
        step=measurement.step,
        values=measurement.values,
        at=measurement.at,
    )
