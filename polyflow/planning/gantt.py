"""The simulated schedule as a picture in text: a line an operation, time to the right."""

from collections.abc import Iterator, Mapping
from typing import Final

from polyflow.planning.graph import Graph, Operation, rounds
from polyflow.planning.tree import matrix
from polyflow.planning.waves import Span

WIDTH: Final = 60
"""Characters of the whole time."""
MAX_NAME: Final = 40
"""Characters of a name; of a longer one the end is shown."""


def lines(graph: Graph, spans: Mapping[int, Span]) -> Iterator[str]:
    """Yield the picture line by line, operations in the order of their starts."""
    end = max((span.end for span in spans.values()), default=0.0)
    if not end:
        return
    yield f"simulated schedule{' of a trial' if graph.matrix else ''}, if everything that starts succeeds"
    names = {index: _short(operation.path) for index, operation in graph.operations.items()}
    width = max(map(len, names.values()))
    for index, span in sorted(spans.items(), key=lambda item: (item[1].start, item[0])):
        bar = _bar(span, end, graph.operations[index])
        yield f"  {names[index]:<{width}}  {bar:<{WIDTH}}  {_number(span.start)} to {_number(span.end)}"
    for index in sorted(graph.operations.keys() - spans.keys()):
        yield f"  {names[index]:<{width}}  {_why_not(graph.operations[index])}"
    yield from _sum(graph, spans, end)


def _bar(span: Span, end: float, operation: Operation) -> str:
    first = min(round(span.start / end * WIDTH), WIDTH - 1)
    length = max(1, round(span.end / end * WIDTH) - first)
    return " " * first + ("─" if operation.opens is not None else "█") * length


def _why_not(operation: Operation) -> str:
    trigger = f": {operation.trigger}" if operation.trigger.endswith("failed") else ""
    return f"does not start{trigger}"


def _sum(graph: Graph, spans: Mapping[int, Span], end: float) -> Iterator[str]:
    operations = "1 operation" if len(spans) == 1 else f"{len(spans)} operations"
    each = " a trial" if graph.matrix else ""
    yield f"  {operations}, {_units(end)} of time{each}"
    if graph.matrix:
        yield f"  {matrix(graph).removeprefix(', ')}; {_units(end * rounds(graph))} of time in all"
    if graph.trials is None or any(operation.trials is None for operation in graph.operations.values()):
        yield "  a matrix whose number of trials shows only as it runs counts as one trial"


def _units(time: float) -> str:
    return f"{_number(time)} unit{'' if time == 1 else 's'}"


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"…{name[1 - MAX_NAME :]}"


def _number(value: float) -> str:
    return f"{value:g}"
