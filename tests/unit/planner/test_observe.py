"""What a dashboard sees of the planner's decisions."""

from datetime import UTC, datetime, timedelta

from polyflow_services.planner.observe import Observer
from polyflow_services.planner.rows.keys import run_key
from polyflow_services.planner.rows.state import CODEC, RunRow
from polyflow_shared.deciding.decision import Decision
from polyflow_shared.deciding.rows import StoredRows
from polyflow_shared.observing.metrics import HAND_OVER, OPEN_COMMANDS, OPERATIONS, RUNS, MemoryMeter
from polyflow_topics.commands import LaunchOperation
from polyflow_topics.events import OperationChanged, RunChanged
from polyflow_topics.inbox import OperationReported, TimerFired
from polyflow_topics.plan import Container
from polyflow_topics.status import Status

AT = datetime(2026, 1, 1, tzinfo=UTC)
SENT = AT + timedelta(seconds=0.25)
TIMER = TimerFired(run="r", name="t", due=AT)
LAUNCH = LaunchOperation(run="r", operation="b", index=1, attempt=0, cluster="local", container=Container())


def ended(status):
    return OperationReported(run="r", operation="a", index=0, attempt=0, status=status, at=AT)


def changed(status, reason=""):
    return OperationChanged(run="r", sequence=1, at=AT, operation="a", index=0, status=status, reason=reason)


def observed(*pairs):
    meter = MemoryMeter()
    observer = Observer(meter)
    for message, decision in pairs:
        observer.observe(message, decision, SENT)
    return meter


def test_statuses_are_counted_and_reasons_that_users_write_count_as_other():
    meter = observed(
        (
            TIMER,
            Decision(
                messages=[
                    changed(Status.FAILED, "Error"),
                    changed(Status.STOPPED, "I changed my mind"),
                    RunChanged(run="r", sequence=2, at=AT, status=Status.FAILED),
                ]
            ),
        )
    )
    assert meter.values[OPERATIONS.name, "failed", "Error"] == 1
    assert meter.values[OPERATIONS.name, "stopped", "Other"] == 1
    assert meter.values[RUNS.name, "failed", ""] == 1


def test_a_hand_over_lasts_from_the_end_seen_to_the_launch_sent():
    meter = observed((ended("succeeded"), Decision(messages=[LAUNCH])))
    assert meter.observed == {(HAND_OVER.name,): [0.25]}


def test_an_end_that_releases_nothing_and_a_launch_without_an_end_are_no_hand_over():
    meter = observed(
        (ended("succeeded"), Decision()),
        (ended("running"), Decision(messages=[LAUNCH])),
        (TIMER, Decision(messages=[LAUNCH])),
    )
    assert meter.observed == {}


def test_open_commands_are_summed_over_runs_and_forgotten_with_them():
    meter = observed(
        (TIMER, Decision(writes={run_key("r"): RunRow(unseen=3), run_key("s"): RunRow(unseen=2)})),
        (TIMER, Decision(writes={run_key("r"): RunRow(unseen=1)})),
        (TIMER, Decision(writes={run_key("s"): None})),
    )
    assert meter.values == {(OPEN_COMMANDS.name,): 1}


def stored(**unseen):
    rows = StoredRows(CODEC)
    for run, number in unseen.items():
        rows.put(run_key(run), CODEC.encode(RunRow(unseen=number)))
    return rows


def test_open_commands_are_added_up_anew_when_partitions_come_or_go():
    meter = MemoryMeter()
    observer = Observer(meter)
    observer.recount([stored(r=3), stored(s=2, t=0)])
    assert meter.values == {(OPEN_COMMANDS.name,): 5}
    observer.observe(TIMER, Decision(writes={run_key("r"): RunRow(unseen=1)}), SENT)
    assert meter.values == {(OPEN_COMMANDS.name,): 3}
    observer.recount([stored(r=1)])
    assert meter.values == {(OPEN_COMMANDS.name,): 1}
