"""The planner's core alone, without a broker: what an event costs, of a small DAG and of a large one."""

import time
from statistics import median

from polyflow_services.planner import core, state
from polyflow_shared.rows import Overlay, StoredRows
from polyflow_topics.catalog import RUN_INBOX, topic_of
from polyflow_topics.commands import LaunchOperation
from polyflow_topics.inbox import OperationReported
from polyflow_topics.message import Message
from polyflow_topics.status import PodStatus
from tests.benchmarks.engine import CLOCK, plan_of
from tests.benchmarks.table import Row
from tests.benchmarks.workloads import fan, specification

SMALL, LARGE = 100, 10_000
RUNS = {SMALL: 15, LARGE: 3}
"""Measured runs of each width; the median counts."""
GOAL = 1.3
"""Seconds of an event of the large one, against the small one."""
BATCH = 500
"""Messages that are decided on before rows are written, as in the planner's loop."""
ENDS = (PodStatus.RUNNING, PodStatus.SUCCEEDED)
"""What is heard of each pod."""


class Bench:
    """Rows, and the processor time that decisions and rows have taken."""

    def __init__(self) -> None:
        """Begin empty."""
        self.rows = StoredRows(state.CODEC)
        self.events = 0
        self.seconds = 0.0

    def play(self, log: list[Message]) -> None:
        """Take all messages, and those that follow from them, until nothing follows."""
        while log:
            said = self._batch(log[:BATCH])
            log = log[BATCH:] + [message for message in said if topic_of(message) == RUN_INBOX.name]
            launches = (message for message in said if isinstance(message, LaunchOperation))
            log += [_report(launch, status) for launch in launches for status in ENDS]

    def _batch(self, batch: list[Message]) -> list[Message]:
        began, now = time.process_time(), CLOCK.now()
        overlay: Overlay[state.Row] = Overlay(self.rows)
        said: list[Message] = []
        for message in batch:
            decision = core.decide(overlay, message, now)
            overlay.apply(decision.writes)
            said += decision.messages
        for key, row in overlay.writes.items():
            self.rows.put(key, None if row is None else state.CODEC.encode(row))
        self.seconds += time.process_time() - began
        self.events += len(batch)
        return said


def _report(launch: LaunchOperation, status: PodStatus) -> OperationReported:
    return OperationReported(
        run=launch.run,
        operation=launch.operation,
        index=launch.index,
        attempt=launch.attempt,
        cluster=launch.cluster,
        status=status,
        at=CLOCK.now(),
    )


def per_event(width: int) -> float:
    """Return the median of processor seconds an event."""
    return median(_once(width) for _ in range(RUNS[width]))


def _once(width: int) -> float:
    bench = Bench()
    bench.play(plan_of(specification(fan(width), at_once=None), f"core-{width}"))
    return bench.seconds / bench.events


def rows() -> list[Row]:
    """Return the row of the table."""
    small, large = per_event(SMALL), per_event(LARGE)
    ratio = large / small
    told = f"{1 / large:,.0f} events/s, {ratio:.2f} times the cost of {SMALL}"
    return [Row(f"planner's core, 1 → {LARGE:,} → 1", "-", "-", told, f"≤ {GOAL} times", ratio <= GOAL)]
