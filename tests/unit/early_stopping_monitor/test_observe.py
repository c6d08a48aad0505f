"""What the monitor's decisions add to its metrics."""

from datetime import UTC, datetime, timedelta

from polyflow_services.early_stopping_monitor.observe import observer
from polyflow_shared.deciding.decision import Decision
from polyflow_shared.observing.metrics import METRIC_TO_STOP, MemoryMeter
from polyflow_topics.inbox import StopRequested

AT = datetime(2026, 1, 1, tzinfo=UTC)


def observed(*stops, sent=AT + timedelta(seconds=0.25)):
    meter = MemoryMeter()
    observer(meter)(StopRequested(run="r"), Decision(messages=stops), sent)
    return meter.observed.get((METRIC_TO_STOP.name,), [])


def test_the_time_from_a_metric_to_its_stop_is_observed():
    assert observed(StopRequested(run="r", by_policy=True, caused_at=AT)) == [0.25]


def test_a_decision_without_a_stop_adds_nothing():
    assert observed() == []


def test_clocks_that_differ_never_make_it_negative():
    assert observed(StopRequested(run="r", caused_at=AT), sent=AT - timedelta(seconds=1)) == [0.0]
