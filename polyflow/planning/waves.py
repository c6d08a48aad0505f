"""When each operation would start and end: the planner's rules with durations that are given.

Time is in units of the durations.  An operation starts when all its upstreams have ended and its DAG has room
for it; a nested DAG takes no room in the DAG around it; of those that are ready the first in the file goes
first.
"""

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from polyflow.planning.graph import Graph, Operation


@dataclass(frozen=True, slots=True)
class Span:
    """When an operation runs."""

    start: float
    end: float


@dataclass(slots=True)
class _Progress:
    """How far the simulation of one DAG is."""

    waiting: dict[int, int]
    """For each operation the upstreams that have not ended."""
    downstreams: dict[int, list[int]]
    ready: list[int] = field(default_factory=list)
    running: list[tuple[float, int]] = field(default_factory=list)
    active: int = 0


def schedule(graph: Graph, durations: Mapping[str, float]) -> dict[int, Span]:
    """Return when each operation would run, by its number.

    Args:
        graph: the graph.
        durations: how long operations take, by name; 1 for any other (> 0).
    """
    spans: dict[int, Span] = {}
    if graph.scopes:
        _scope(graph, 0, 0.0, durations, spans)
    return spans


def _scope(
    graph: Graph, number: int, begin: float, durations: Mapping[str, float], spans: dict[int, Span]
) -> float:
    """Simulate a DAG that opens at a moment; return the moment of its end."""
    scope = graph.scopes[number]
    progress = _opened(graph, number)
    now, limit = begin, scope.concurrency or math.inf
    while progress.ready or progress.running:
        _start(graph, progress, limit, now, durations, spans)
        now, index = heapq.heappop(progress.running)
        progress.active -= graph.operations[index].opens is None
        for downstream in progress.downstreams[index]:
            progress.waiting[downstream] -= 1
            if progress.waiting[downstream] == 0:
                heapq.heappush(progress.ready, downstream)
    return now


def _opened(graph: Graph, number: int) -> _Progress:
    members = graph.scopes[number].members
    upstreams = {index: graph.operations[index].upstreams for index in members}
    progress = _Progress(
        waiting={index: len(edges) for index, edges in upstreams.items()},
        downstreams={index: [] for index in members},
        ready=sorted(index for index, edges in upstreams.items() if not edges),
    )
    for index, edges in upstreams.items():
        for edge in edges:
            progress.downstreams[edge.upstream].append(index)
    return progress


def _start(
    graph: Graph,
    progress: _Progress,
    limit: float,
    now: float,
    durations: Mapping[str, float],
    spans: dict[int, Span],
) -> None:
    """Start what is ready, as far as there is room."""
    held: list[int] = []
    while progress.ready:
        index = heapq.heappop(progress.ready)
        operation = graph.operations[index]
        if operation.opens is None and progress.active >= limit:
            held.append(index)
            continue
        end = _end(graph, operation, now, durations, spans)
        spans[index] = Span(now, end)
        progress.active += operation.opens is None
        heapq.heappush(progress.running, (end, index))
    progress.ready = held


def _end(
    graph: Graph, operation: Operation, now: float, durations: Mapping[str, float], spans: dict[int, Span]
) -> float:
    if operation.opens is not None:
        return _scope(graph, operation.opens, now, durations, spans)
    trials = 1 if operation.trials is None else operation.trials
    rounds = math.ceil(trials / (operation.trial_limit or max(1, trials)))
    return now + durations.get(operation.name, 1.0) * rounds
