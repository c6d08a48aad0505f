"""The graph as a Mermaid flowchart, which code hosts draw where they show Markdown."""

from collections.abc import Iterator

from polyflow.planning.graph import Edge, EdgeKind, Graph, Operation
from polyflow.planning.tree import events, matrix

_ARROWS = {EdgeKind.PARAM: "-- param -->", EdgeKind.BUILD: "-- build -->"}


def lines(graph: Graph) -> Iterator[str]:
    """Yield the flowchart line by line."""
    yield "flowchart LR"
    if graph.matrix:
        yield f'  subgraph trials ["{_title(graph)}"]'
        yield from _scope(graph, 0, "    ")
        yield "  end"
    else:
        yield from _scope(graph, 0, "  ")
    for operation in graph.operations.values():
        for edge in operation.upstreams:
            yield f"  n{edge.upstream} {_arrow(edge)} n{operation.index}"


def _arrow(edge: Edge) -> str:
    if not edge.ends:
        return f"-. {events(edge)} .->"
    return next((_ARROWS[kind] for kind in edge.kinds if kind in _ARROWS), "-->")


def _scope(graph: Graph, number: int, indent: str) -> Iterator[str]:
    for index in graph.scopes[number].members if number in graph.scopes else ():
        operation = graph.operations[index]
        text = _title(operation)
        if operation.opens is None:
            yield f"{indent}n{index}" + (f'[["{text}"]]' if operation.matrix else f'["{text}"]')
            continue
        yield f'{indent}subgraph n{index} ["{text}"]'
        yield from _scope(graph, operation.opens, indent + "  ")
        yield f"{indent}end"


def _title(one: Operation | Graph) -> str:
    return _text(one.name) + _text(matrix(one)).replace(", ", "<br>", 1)


def _text(text: str) -> str:
    return text.replace("#", "#35;").replace('"', "#quot;")
