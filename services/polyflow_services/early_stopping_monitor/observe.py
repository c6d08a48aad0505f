"""What the monitor's decisions add to its metrics."""

from datetime import datetime

from polyflow_shared.deciding.decision import Decision
from polyflow_shared.loops.decider import Observe
from polyflow_shared.observing.metrics import METRIC_TO_STOP, Meter
from polyflow_topics.inbox import StopRequested
from polyflow_topics.message import Message


def observer(meter: Meter) -> Observe:
    """Return what is told of each decision: it times how long a metric takes to become a stop."""

    def observe(_: Message, decision: Decision, sent: datetime) -> None:
        for stop in decision.messages:
            if isinstance(stop, StopRequested) and stop.caused_at is not None:
                # The clocks of two machines may differ.
                meter.observe(METRIC_TO_STOP, max(0.0, (sent - stop.caused_at).total_seconds()))

    return observe
