"""The planner's core alone, without a broker: what an event costs, of small and large DAGs, and what rows take.

An event is one message decided on, with its rows read from and written to their stored form.  The mix is that
of a run's life: its plan, what the planner says to itself, and two reports of each operation's pod.
"""

import time
import tracemalloc
from collections.abc import Iterator, Sequence
from statistics import median

from polyflow_services.planner import core
from polyflow_services.planner.rows import state
from polyflow_shared.deciding.rows import Overlay, StoredRows
from polyflow_topics.catalog import RUN_INBOX, topic_of
from polyflow_topics.commands import LaunchOperation
from polyflow_topics.inbox import OperationReported
from polyflow_topics.message import Message
from polyflow_topics.plan import EDGES_PER_CHUNK, PlanBegun, PlannedEdges, PlannedOperation, PlanPart
from polyflow_topics.status import PodStatus
from tests.benchmarks.engine import CLOCK, plan_of
from tests.benchmarks.table import Row
from tests.benchmarks.workloads import fan, specification

SMALL, LARGE, HUGE = 100, 10_000, 100_000
RUNS = {SMALL: 15, LARGE: 3, HUGE: 1}
"""Measured runs of each width; the median counts."""
EVENTS_GOAL = 50_000
"""Events a second of the large one."""
GOAL = 1.3
"""Seconds of an event of a larger one, against a smaller one."""
MEMORY_GOAL = 250
"""Megabytes that the rows of the huge one take before anything has begun."""
BATCH = 500
"""Messages that are decided on before rows are written, as in the planner's loop."""
PART = 500
"""Operations of one part of a plan."""
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
            said = self.take(log[:BATCH])
            log = log[BATCH:] + [message for message in said if topic_of(message) == RUN_INBOX.name]
            launches = (message for message in said if isinstance(message, LaunchOperation))
            log += [report_of(launch, status) for launch in launches for status in ENDS]

    def take(self, batch: Sequence[Message]) -> list[Message]:
        """Decide on a batch and write its rows; return what was said."""
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


def report_of(launch: LaunchOperation, status: PodStatus, exit_code: int | None = None) -> OperationReported:
    """Return what the cluster says of the attempt that a launch asks for."""
    return OperationReported(
        run=launch.run,
        operation=launch.operation,
        index=launch.index,
        attempt=launch.attempt,
        cluster=launch.cluster,
        status=status,
        exit_code=exit_code,
        at=CLOCK.now(),
    )


def plan_of_fan(width: int) -> list[Message]:
    """Return the plan of 1 → `width` → 1, with the operations that the validator makes of 1 → 1 → 1.

    A file that lists so many would be larger than a request may be.
    """
    begun, part, ended = plan_of(specification(fan(1), at_once=None), f"fan-{width}")
    assert isinstance(begun, PlanBegun)
    assert isinstance(part, PlanPart)
    first, middle, last = part.operations
    operations = [
        first,
        *(middle.model_copy(update={"index": n, "name": f"mid-{n}"}) for n in range(1, width + 1)),
        last.model_copy(update={"index": width + 1, "upstreams": width}),
    ]
    parts = [part.model_copy(update=fields) for fields in _fields_of_parts(part, operations)]
    about = {"operations": len(operations), "parts": len(parts)}
    numbered = [one.model_copy(update={"part": n}) for n, one in enumerate(parts)]
    return [begun.model_copy(update=about), *numbered, ended]


def _fields_of_parts(part: PlanPart, operations: list[PlannedOperation]) -> Iterator[dict[str, object]]:
    count = len(operations)
    root = part.scopes[0].model_copy(update={"last": count, "members": count})
    opening = tuple(edges for edges in part.edges if edges.opening)
    middle = range(1, count - 1)
    released = tuple(
        PlannedEdges(source=0, chunk=chunk, targets=tuple(middle[start : start + EDGES_PER_CHUNK]))
        for chunk, start in enumerate(range(0, len(middle), EDGES_PER_CHUNK))
    )
    yield {"scopes": (root,), "operations": (), "edges": opening + released}
    for start in range(0, count, PART):
        some = tuple(operations[start : start + PART])
        edges = (
            PlannedEdges(source=one.index, chunk=0, targets=(count - 1,))
            for one in some
            if 0 < one.index < count - 1
        )
        yield {"scopes": (), "operations": some, "edges": tuple(edges)}


def per_event(width: int) -> float:
    """Return the median of processor seconds an event."""
    return median(_once(width) for _ in range(RUNS[width]))


def _once(width: int) -> float:
    bench = Bench()
    bench.play(plan_of_fan(width))
    return bench.seconds / bench.events


def megabytes(width: int) -> float:
    """Return what the rows of a run take when its plan has arrived and nothing of it has begun."""
    bench, (begun, *parts, _) = Bench(), plan_of_fan(width)
    tracemalloc.start()
    for message in (begun, *parts):
        bench.take([message])
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken / 1e6


def rows() -> list[Row]:
    """Return the rows of the table."""
    small, large, huge = per_event(SMALL), per_event(LARGE), per_event(HUGE)
    speed, ratio, far, memory = 1 / large, large / small, huge / large, megabytes(HUGE)
    title = f"planner's core, 1 → {LARGE:,} → 1"
    return [
        Row(title, "-", "-", f"{speed:,.0f} events/s", f"≥ {EVENTS_GOAL:,}", speed >= EVENTS_GOAL),
        Row(f"… per event, against 1 → {SMALL} → 1", "-", "-", f"{ratio:.2f}", f"≤ {GOAL}", ratio <= GOAL),
        Row(f"… per event of 1 → {HUGE:,} → 1, against it", "-", "-", f"{far:.2f}", f"≤ {GOAL}", far <= GOAL),
        Row(
            f"rows of {HUGE:,} pending operations",
            "-",
            "-",
            f"{memory:.0f} MB",
            f"≤ {MEMORY_GOAL} MB",
            memory <= MEMORY_GOAL,
        ),
    ]
