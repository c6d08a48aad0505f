"""The graph in Graphviz' language."""

import json
from collections.abc import Iterator

from polyflow.planning.graph import Edge, EdgeKind, Graph, Operation
from polyflow.planning.tree import events, matrix

_STYLES = {
    EdgeKind.PARAM: 'label="param"',
    EdgeKind.BUILD: 'label="build"',
}


def lines(graph: Graph) -> Iterator[str]:
    """Yield the graph line by line; edges from and to a nested DAG end at its border."""
    yield f"digraph {_quoted(graph.name)} {{"
    yield "  rankdir=LR; compound=true; node [shape=box, style=rounded];"
    if graph.matrix:
        yield f"  label={_title(graph)};"
    yield from _scope(graph, 0, "  ")
    for operation in graph.operations.values():
        for edge in operation.upstreams:
            yield f"  n{edge.upstream} -> n{operation.index}{_style(graph, edge, operation)};"
    yield "}"


def _scope(graph: Graph, number: int, indent: str) -> Iterator[str]:
    for index in graph.scopes[number].members if number in graph.scopes else ():
        operation = graph.operations[index]
        label = _title(operation)
        if operation.opens is None:
            yield f"{indent}n{index} [label={label}];"
            continue
        yield f"{indent}subgraph cluster_{index} {{ label={label};"
        yield f'{indent}  n{index} [shape=point, style=invis, label=""];'
        yield from _scope(graph, operation.opens, indent + "  ")
        yield f"{indent}}}"


def _style(graph: Graph, edge: Edge, operation: Operation) -> str:
    said = [_STYLES[kind] for kind in edge.kinds if kind in _STYLES][:1]
    if not edge.ends:
        said = [f'label="{events(edge)}", style=dashed']
    if graph.operations[edge.upstream].opens is not None:
        said.append(f"ltail=cluster_{edge.upstream}")
    if operation.opens is not None:
        said.append(f"lhead=cluster_{operation.index}")
    return f" [{', '.join(said)}]" if said else ""


def _title(one: Operation | Graph) -> str:
    return _quoted(one.name + matrix(one).replace(", ", "\n", 1))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
