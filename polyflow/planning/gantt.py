"""The simulated schedule as a picture in text: a line an operation, time to the right."""

from collections.abc import Iterator, Mapping
from typing import Final

from polyflow.planning.graph import Graph
from polyflow.planning.waves import Span

WIDTH: Final = 60
"""Characters of the whole time."""


def lines(graph: Graph, spans: Mapping[int, Span]) -> Iterator[str]:
    """Yield the picture line by line, operations in the order of their starts."""
    end = max((span.end for span in spans.values()), default=0.0)
    if not end:
        return
    names = dict(_names(graph, 0, ""))
    width = max(map(len, names.values()))
    for index, name in sorted(names.items(), key=lambda item: (spans[item[0]].start, item[0])):
        span = spans[index]
        first = round(span.start / end * WIDTH)
        length = max(1, round(span.end / end * WIDTH) - first)
        mark = "─" if graph.operations[index].opens is not None else "█"
        bar = " " * first + mark * length
        yield f"{name:<{width}}  {bar:<{WIDTH}}  {_number(span.start)} to {_number(span.end)}"
    yield f"{'':<{width}}  {len(names)} operations, {_number(end)} units of time"


def _names(graph: Graph, number: int, prefix: str) -> Iterator[tuple[int, str]]:
    for index in graph.scopes[number].members:
        operation = graph.operations[index]
        yield index, prefix + operation.name
        if operation.opens is not None:
            yield from _names(graph, operation.opens, f"{prefix}{operation.name}.")


def _number(value: float) -> str:
    return f"{value:g}"
