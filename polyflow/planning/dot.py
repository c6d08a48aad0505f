"""The graph in Graphviz' language."""

import json
from collections.abc import Iterator

from polyflow.planning.graph import EdgeKind, Graph, Operation
from polyflow.planning.tree import matrix

_STYLES = {EdgeKind.PARAM: ' [label="param"]', EdgeKind.EVENT: ' [label="event", style=dashed]'}


def lines(graph: Graph) -> Iterator[str]:
    """Yield the graph line by line; edges from and to a nested DAG end at its border."""
    yield f"digraph {_quoted(graph.name)} {{"
    yield "  rankdir=LR; compound=true; node [shape=box, style=rounded];"
    yield from _scope(graph, 0, "  ")
    for operation in graph.operations.values():
        for edge in operation.upstreams:
            yield f"  n{edge.upstream} -> n{operation.index}{_style(edge.kinds)};"
    yield "}"


def _scope(graph: Graph, number: int, indent: str) -> Iterator[str]:
    for index in graph.scopes[number].members if number in graph.scopes else ():
        operation = graph.operations[index]
        if operation.opens is None:
            yield f"{indent}n{index} [label={_quoted(_label(operation))}];"
            continue
        yield f"{indent}subgraph cluster_{index} {{ label={_quoted(operation.name)};"
        yield f'{indent}  n{index} [shape=point, label=""];'
        yield from _scope(graph, operation.opens, indent + "  ")
        yield f"{indent}}}"


def _label(operation: Operation) -> str:
    return operation.name + matrix(operation).replace(", ", "\n", 1)


def _style(kinds: tuple[EdgeKind, ...]) -> str:
    return next((_STYLES[kind] for kind in kinds if kind in _STYLES), "")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
