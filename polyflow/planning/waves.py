"""When each operation would start and end: the planner's rules with durations that are given.

Every operation that starts succeeds.  Time is in units of the durations.  An operation starts when its
trigger says so, by the planner's own rule, and its DAG has room for it: who asked first goes first, and of
those that ask at one moment the first in the file.  Nested DAGs and matrices take no room in the DAG around
them: what is in them is in a scope of its own.
"""

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from polyflow.planning.graph import Graph, Operation, rounds
from polyflow_services.planner.rows import event_edges
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.values.triggers import Source, Verdict, counted, verdict
from polyflow_topics.status import Status, Trigger


@dataclass(frozen=True, slots=True)
class Span:
    """When an operation runs."""

    start: float
    end: float


@dataclass(slots=True)
class _Progress:
    """How far the simulation of one DAG is."""

    rows: dict[int, OperationRow]
    """What the trigger of each operation has seen."""
    downstreams: dict[int, list[tuple[int, tuple[str, ...]]]]
    """By upstream: who waits, and for which events of it; for none who waits for its end."""
    room: float
    """How many more operations may start."""
    opening: list[int] = field(default_factory=list)
    """What takes no room and is to start."""
    waiting: list[tuple[float, int]] = field(default_factory=list)
    """What waits for room: since when, and its number."""
    running: list[tuple[float, int]] = field(default_factory=list)
    """When what runs will end."""


def schedule(graph: Graph, durations: Mapping[str, float]) -> dict[int, Span]:
    """Return when each operation would run, by its number; one whose trigger never comes true has no time.

    Of a matrix around everything it is the first trial that has these times.

    Args:
        graph: the graph.
        durations: how long operations take, by full or own name; 1 for any other (> 0).
    """
    simulation = _Simulation(graph, durations)
    if graph.scopes:
        simulation.run(0, 0.0)
    return simulation.spans


class _Simulation:
    """The times that are known so far."""

    def __init__(self, graph: Graph, durations: Mapping[str, float]) -> None:
        """Begin with no times known."""
        self.spans: dict[int, Span] = {}
        self._graph = graph
        self._durations = durations

    def run(self, number: int, begin: float) -> float:
        """Run a DAG from a moment on; return the moment of its end."""
        progress = _opened(self._graph, number)
        for index, row in progress.rows.items():
            if not row.upstreams:
                self._ask(progress, index, begin)
        now = begin
        self._start(progress, now)
        while progress.running:
            now = progress.running[0][0]
            while progress.running and progress.running[0][0] == now:
                _, index = heapq.heappop(progress.running)
                progress.room += _takes_room(self._graph.operations[index])
                self._tell(progress, index, Status.SUCCEEDED, now)
            self._start(progress, now)
        return now

    def _ask(self, progress: _Progress, index: int, now: float) -> None:
        if _takes_room(self._graph.operations[index]):
            heapq.heappush(progress.waiting, (now, index))
        else:
            progress.opening.append(index)

    def _start(self, progress: _Progress, now: float) -> None:
        """Start what may start by now."""
        while progress.opening or (progress.waiting and progress.room > 0):
            if progress.opening:
                index = progress.opening.pop()
            else:
                progress.room -= 1
                index = heapq.heappop(progress.waiting)[1]
            self._start_one(progress, index, now)

    def _start_one(self, progress: _Progress, index: int, now: float) -> None:
        end = now + self._duration(self._graph.operations[index], now)
        self.spans[index] = Span(now, end)
        heapq.heappush(progress.running, (end, index))
        self._tell(progress, index, Status.RUNNING, now)

    def _duration(self, operation: Operation, now: float) -> float:
        if operation.opens is not None:
            once = self.run(operation.opens, now) - now
        else:
            name = operation.path if operation.path in self._durations else operation.name
            once = self._durations.get(name, 1.0)
        return once * rounds(operation)

    def _tell(self, progress: _Progress, index: int, status: Status, now: float) -> None:
        """Tell a status to all downstream, and further down where a trigger can no longer come true."""
        told = [(index, status)]
        while told:
            upstream, how = told.pop()
            for downstream, events in progress.downstreams[upstream]:
                match _heard(progress, downstream, events, how):
                    case Verdict.START:
                        self._ask(progress, downstream, now)
                    case Verdict.NEVER:
                        told.append((downstream, Status.UPSTREAM_FAILED))


def _heard(progress: _Progress, index: int, events: tuple[str, ...], status: Status) -> Verdict:
    """Return what an operation's trigger says now that an upstream has a status, unless it has spoken before.

    Args:
        progress: its DAG.
        index: its number.
        events: what of the upstream it waits for; nothing where it waits for the end.
        status: of the upstream.
    """
    met = _decided(events, status)
    if met is None:
        return Verdict.WAIT
    before = progress.rows[index]
    group = event_edges.GroupRow(events, status, met) if events else None
    row = progress.rows[index] = counted(before, Source("", status, group))
    return verdict(row) if verdict(before) is Verdict.WAIT else Verdict.WAIT


def _decided(events: tuple[str, ...], status: Status) -> bool | None:
    """Return whether what is waited for has happened with a status; None where that decides nothing anew."""
    begun = event_edges.has_happened(events, Status.RUNNING, ran=False)
    if status is Status.RUNNING:
        return True if begun else None
    if begun and status is Status.SUCCEEDED:
        return None  # told when it began
    return not events or event_edges.has_happened(events, status, ran=False)


def _takes_room(operation: Operation) -> bool:
    return operation.opens is None and not operation.matrix


def _opened(graph: Graph, number: int) -> _Progress:
    scope = graph.scopes[number]
    operations = {index: graph.operations[index] for index in scope.members}
    progress = _Progress(
        rows={index: _row(operation) for index, operation in operations.items()},
        downstreams={index: [] for index in operations},
        room=scope.concurrency or math.inf,
    )
    for index, operation in operations.items():
        for edge in operation.upstreams:
            waiting = progress.downstreams[edge.upstream]
            if edge.ends:
                waiting.append((index, ()))
            if edge.events:
                waiting.append((index, edge.events))
    return progress


def _row(operation: Operation) -> OperationRow:
    trigger = Trigger(operation.trigger) if operation.trigger else Trigger.ALL_SUCCEEDED
    upstreams = sum(edge.ends + bool(edge.events) for edge in operation.upstreams)
    return OperationRow(name=operation.path, cluster="", scope=0, upstreams=upstreams, trigger=trigger)
