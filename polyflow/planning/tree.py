"""The graph as a tree of text: DAGs in DAGs, and below each operation's name what it waits for."""

from collections.abc import Iterator

from polyflow.planning.graph import Edge, EdgeKind, Graph, Operation

_KINDS = {EdgeKind.PARAM: "param", EdgeKind.BUILD: "build"}


def lines(graph: Graph) -> Iterator[str]:
    """Yield the tree line by line, each DAG's operations in the order of their execution."""
    trials = f" (dag{matrix(graph)})" if graph.matrix else ""
    yield f"{graph.name}{trials}{_limit(graph, 0)}"
    yield from _first_trials(graph, "│  " if graph.scopes else "   ")
    yield from _scope(graph, 0, "")


def _scope(graph: Graph, number: int, indent: str) -> Iterator[str]:
    members = graph.scopes[number].members if number in graph.scopes else ()
    for position, index in enumerate(members):
        operation = graph.operations[index]
        last = position == len(members) - 1
        branch = "└─ " if last else "├─ "
        yield f"{indent}{branch}{label(operation)}{_inner(graph, operation)}{_after(graph, operation)}"
        below = indent + ("   " if last else "│  ")
        yield from _first_trials(operation, below + ("│  " if operation.opens is not None else "   "))
        if operation.opens is not None:
            yield from _scope(graph, operation.opens, below)


def _first_trials(one: Operation | Graph, indent: str) -> Iterator[str]:
    """Yield the values of the first trials of a matrix, a line each."""
    for number, values in enumerate(one.first_trials):
        yield f"{indent}{number}: {values}"
    more = (one.trials or 0) - len(one.first_trials)
    if one.first_trials and more > 0:
        yield f"{indent}… and {more} more"


def label(operation: Operation) -> str:
    """Return an operation's name and what it runs, in one line."""
    component = f" of {operation.component}" if operation.component else ""
    return f"{operation.name} ({operation.runs}{component}{matrix(operation)})"


def matrix(one: Operation | Graph) -> str:
    """Return what there is to say of the matrix of an operation, or of that around everything."""
    if not one.matrix:
        return ""
    trials = "trials" if one.trials is None else f"{one.trials} trial{'' if one.trials == 1 else 's'}"
    limit = f", {one.trial_limit} at once" if one.trial_limit else ""
    return f", {one.matrix}: {trials}{limit}"


def _inner(graph: Graph, operation: Operation) -> str:
    return _limit(graph, operation.opens) if operation.opens is not None else ""


def _limit(graph: Graph, number: int) -> str:
    limit = graph.scopes[number].concurrency if number in graph.scopes else None
    return f", {limit} at once" if limit else ""


def _after(graph: Graph, operation: Operation) -> str:
    names = [graph.operations[edge.upstream].name + _why(edge) for edge in operation.upstreams]
    trigger = f" [{operation.trigger}]" if operation.trigger else ""
    return (f"  ← {', '.join(names)}" if names else "") + trigger


def events(edge: Edge) -> str:
    """Return what of its upstream an operation waits for, where that is an event."""
    return " or ".join(edge.events)


def _why(edge: Edge) -> str:
    words = [_KINDS[kind] for kind in edge.kinds if kind in _KINDS]
    words += [f"event {events(edge)}"] if edge.events else []
    return f" ({', '.join(words)})" if words else ""
