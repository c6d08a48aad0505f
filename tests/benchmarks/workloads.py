"""DAGs of commands that do nothing, so that all that is measured is the engine."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COMMAND = "/bin/true"
AT_ONCE = 8
"""Operations that may be active at once, for everybody."""

Graph = Mapping[str, Sequence[str]]
"""Operations in an order that respects their edges, each with its upstreams."""


@dataclass(frozen=True)
class Workload:
    """One DAG.

    Attributes:
        title: how it is called in the table.
        graph: its operations.
        goal: seconds for the whole command (`polyflow run`, cold start to exit).
    """

    title: str
    graph: Graph
    goal: float


def chain(length: int) -> Graph:
    """Return operations that wait for each other, one after the other."""
    return {f"op-{n}": [f"op-{n - 1}"] if n else [] for n in range(length)}


def fan(width: int) -> Graph:
    """Return one operation, then `width` at once, then one."""
    middle = [f"mid-{n}" for n in range(width)]
    return {"first": [], **{name: ["first"] for name in middle}, "last": middle}


def layers(depth: int, width: int) -> Graph:
    """Return layers, each operation of which waits for all of the layer before."""
    names = [[f"l{layer}-{n}" for n in range(width)] for layer in range(depth)]
    return {name: names[layer - 1] if layer else [] for layer in range(depth) for name in names[layer]}


WORKLOADS = (
    Workload("one operation", chain(1), 0.45),
    Workload("chain of 50", chain(50), 0.65),
    Workload("1 → 200 → 1", fan(200), 1.0),
    Workload("10 layers of 20, each on all before", layers(10, 20), 0.9),
)


def specification(graph: Graph, *, at_once: int | None = AT_ONCE) -> dict[str, object]:
    """Return a pipeline that runs the command once for each operation of the graph."""
    component = {"name": "nothing", "run": {"kind": "job", "container": {"command": [COMMAND]}}}
    operations = [
        {"name": name, "dagRef": "nothing", "dependencies": list(deps)} for name, deps in graph.items()
    ]
    limit = {"concurrency": at_once} if at_once else {}
    run = {"kind": "dag", "components": [component], "operations": operations, **limit}
    return {"version": 1.1, "kind": "component", "name": "benchmark", "run": run}


def write(graph: Graph, folder: Path) -> tuple[Path, Path]:
    """Write the graph for the bare loop and Luigi, and as a pipeline; return both files."""
    bare, pipeline = folder / "graph.json", folder / "pipeline.json"
    bare.write_text(json.dumps({name: list(deps) for name, deps in graph.items()}))
    pipeline.write_text(json.dumps(specification(graph)))
    return bare, pipeline
