"""The order of execution in text: what can start at once, level by level, for each DAG."""

from collections.abc import Iterator
from itertools import groupby
from textwrap import wrap
from typing import Final

from polyflow.planning.graph import Graph

WIDTH: Final = 100
"""Characters of a line."""


def lines(graph: Graph) -> Iterator[str]:
    """Yield the levels of each DAG, the outermost first."""
    yield "order of execution" + (" of each trial" if graph.matrix else "")
    names = {operation.opens: operation.path for operation in graph.operations.values()}
    for number in graph.scopes:
        if number:
            yield f"  in {names[number]}"
        yield from _levels(graph, number, "    " if number else "  ")


def _levels(graph: Graph, number: int, indent: str) -> Iterator[str]:
    members = (graph.operations[index] for index in graph.scopes[number].members)
    for level, operations in groupby(members, key=lambda operation: operation.level):
        text = f"{level}. " + ", ".join(operation.name for operation in operations)
        yield from wrap(
            text, WIDTH, initial_indent=indent, subsequent_indent=indent + "   ",
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
