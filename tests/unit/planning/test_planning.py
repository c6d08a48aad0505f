"""The graph of a specification as it is drawn, and the schedule that is simulated for it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow.planning import dot, gantt, mermaid, order, tree
from polyflow.planning.graph import Edge, Graph, Operation, Scope, graph_of
from polyflow.planning.waves import Span, schedule
from polyflow.specifications.checking import check_text
from polyflow.specifications.collecting import Options

PIPELINE = """
name: nightly
run:
  kind: dag
  concurrency: 2
  components:
  - {name: work, inputs: [{name: x, type: int, value: 1}], run: {kind: job, container: {image: i}}}
  operations:
  - {name: load, dagRef: work, outputs: [{name: data, type: str}]}
  - name: search
    dagRef: work
    params: {data: {ref: ops.load, value: outputs.data}}
    matrix: {kind: grid, concurrency: 2, params: {x: {kind: choice, value: [1, 2, 3]}}}
  - name: watch
    dagRef: work
    events: [{kinds: [run_status_running], ref: ops.load}]
  - name: inner
    dependencies: [load]
    run:
      kind: dag
      operations: [{name: one, dagRef: work}, {name: two, dagRef: work, dependencies: [one]}]
  - {name: report, dagRef: work, dependencies: [search, watch, inner], trigger: all_done}
"""


def planned(text, **options):
    checking = check_text(text.encode(), file="a.yaml", options=Options(**options))
    assert checking.checked.errors == ()
    return graph_of(checking.checked.compiled)


def test_the_tree_says_what_runs_and_what_waits_for_what():
    assert list(tree.lines(planned(PIPELINE))) == [
        "nightly, 2 at once",
        "├─ load (job of work)",
        "├─ search (job of work, grid: 3 trials, 2 at once)  ← load (param)",
        "│     0: x=1",
        "│     1: x=2",
        "│     2: x=3",
        "├─ watch (job of work)  ← load (event running)",
        "├─ inner (dag)  ← load",
        "│  ├─ one (job of work)",
        "│  └─ two (job of work)  ← one",
        "└─ report (job of work)  ← search, watch, inner [all_done]",
    ]


def test_mermaid_has_nested_dags_as_subgraphs_and_kinds_on_its_edges():
    lines = list(mermaid.lines(planned(PIPELINE)))
    assert lines[0] == "flowchart LR"
    assert '  n1[["search<br>grid: 3 trials, 2 at once"]]' in lines
    assert '  subgraph n3 ["inner"]' in lines
    assert "  n0 -- param --> n1" in lines
    assert "  n0 -. running .-> n2" in lines
    assert "  n4 --> n5" in lines


def test_dot_names_are_quoted():
    lines = list(dot.lines(planned(PIPELINE)))
    assert lines[0] == 'digraph "nightly" {'
    assert lines[-1] == "}"
    assert '  n0 -> n1 [label="param"];' in lines
    assert '  n0 -> n2 [label="running", style=dashed];' in lines
    assert "  n0 -> n3 [lhead=cluster_3];" in lines
    assert "  n3 -> n6 [ltail=cluster_3];" in lines
    assert json.dumps("search\ngrid: 3 trials, 2 at once") in "".join(lines)


def times(graph, durations=None):
    return {graph.operations[index].path: span for index, span in schedule(graph, durations or {}).items()}


def test_the_schedule_keeps_to_concurrency_and_goes_by_the_order_of_the_file():
    assert times(planned(PIPELINE), {"watch": 3}) == {
        "load": Span(0, 1),
        "search": Span(1, 3),  # three trials, two at once
        "watch": Span(0, 3),  # from when `load` runs
        "inner": Span(1, 3),
        "inner.one": Span(1, 2),
        "inner.two": Span(2, 3),
        "report": Span(3, 4),
    }


def dag(*operations, concurrency=None):
    run = {"kind": "dag", "operations": list(operations)}
    if concurrency:
        run["concurrency"] = concurrency
    return planned(json.dumps({"run": run}))


def op(name, *upstreams, **more):
    run = {"kind": "job", "container": {"image": "i"}}
    return {"name": name, "dependencies": list(upstreams), "run": run, **more}


GRID = {"matrix": {"kind": "grid", "concurrency": 1, "params": {"x": {"kind": "choice", "value": [1, 2, 3]}}}}
INNER = {"run": {"kind": "dag", "operations": [op("a"), op("b", "a")]}}

SCHEDULES = {
    "who asks first goes first": (
        dag(op("a"), op("b"), op("late", "a"), op("c"), concurrency=2),
        {"a": 1, "b": 3},
        {"a": (0, 1), "b": (0, 3), "c": (1, 2), "late": (2, 3)},
    ),
    "of those that ask at one moment the first in the file goes first": (
        dag(op("a"), op("b"), op("last", "a"), op("first", "b"), concurrency=1),
        {},
        {"a": (0, 1), "b": (1, 2), "last": (2, 3), "first": (3, 4)},
    ),
    "nested DAGs and matrices take no room": (
        dag(op("dag", **INNER), op("search", **GRID), op("a"), op("b"), concurrency=1),
        {},
        {"dag": (0, 2), "dag.a": (0, 1), "dag.b": (1, 2), "search": (0, 3), "a": (0, 1), "b": (1, 2)},
    ),
    "a matrix of DAGs takes the time of each": (
        dag(op("dag", **INNER, **GRID), op("after", "dag")),
        {},
        {"dag": (0, 6), "dag.a": (0, 1), "dag.b": (1, 2), "after": (6, 7)},
    ),
    "a full name goes before an own one": (
        dag(op("a"), op("dag", **INNER)),
        {"a": 2, "dag.a": 5},
        {"a": (0, 2), "dag": (0, 6), "dag.a": (0, 5), "dag.b": (5, 6)},
    ),
    "the first of several is enough where the trigger says so": (
        dag(op("a"), op("b"), op("c", "a", "b", trigger="one_succeeded")),
        {"a": 4},
        {"a": (0, 4), "b": (0, 1), "c": (1, 2)},
    ),
    "an event is waited for no longer than until it has happened": (
        dag(
            op("a"),
            op("b", events=[{"kinds": ["run_status_running", "run_status_failed"], "ref": "ops.a"}]),
            op("both", "a", events=[{"kinds": ["run_status_running"], "ref": "ops.a"}]),
            op("end", events=[{"kinds": ["run_status_done"], "ref": "ops.a"}]),
            op("never", events=[{"kinds": ["run_status_failed"], "ref": "ops.a"}]),
            op("sorry", trigger="one_failed", events=[{"kinds": ["run_status_upstream_failed"], "ref": "ops.never"}]),
        ),
        {"a": 2, "b": 5},
        {"a": (0, 2), "b": (0, 5), "both": (2, 3), "end": (2, 3), "sorry": (2, 3)},
    ),
    "what waits for failures does not start, nor does what waits for that": (
        dag(op("a"), op("sorry", "a", trigger="one_failed"), op("next", "sorry"), op("b", "next", trigger="all_done")),
        {},
        {"a": (0, 1), "b": (1, 2)},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("graph", "durations", "expected"), SCHEDULES.values(), ids=SCHEDULES)
def test_a_schedule_follows_the_planners_rules(graph, durations, expected):
    assert times(graph, durations) == {name: Span(*span) for name, span in expected.items()}


def test_the_picture_has_a_line_for_each_operation():
    graph = planned(PIPELINE)
    heading, *lines, total = gantt.lines(graph, schedule(graph, {}))
    assert heading == "simulated schedule, if everything that starts succeeds"
    assert [line.split()[0] for line in lines] == [
        "load", "watch", "search", "inner", "inner.one", "inner.two", "report",
    ]  # fmt: skip
    assert total == "  7 operations, 4 units of time"
    assert lines[1].split()[1:] == ["█" * 15, "0", "to", "1"]
    assert lines[2].split()[1:] == ["█" * 30, "1", "to", "3"]
    assert lines[3].split()[1:] == ["─" * 30, "1", "to", "3"]


def test_the_picture_says_what_does_not_start_and_what_is_not_known():
    graph = dag(op("a"), op("sorry", "a", trigger="all_failed"), op("search", matrix=TPE))
    assert list(gantt.lines(graph, schedule(graph, {})))[-3:] == [
        "  sorry   does not start: all_failed",
        "  2 operations, 1 unit of time",
        "  a matrix whose number of trials shows only as it runs counts as one trial",
    ]


def test_a_matrix_around_everything_is_said_in_every_form():
    graph = planned(json.dumps({"name": "nest", **GRID, **INNER}))
    assert next(tree.lines(graph)) == "nest (dag, grid: 3 trials, 1 at once)"
    assert next(order.lines(graph)) == "order of execution of each trial"
    assert times(graph) == {"a": Span(0, 1), "b": Span(1, 2)}
    assert list(gantt.lines(graph, schedule(graph, {})))[-2:] == [
        "  2 operations, 2 units of time a trial",
        "  grid: 3 trials, 1 at once; 6 units of time in all",
    ]
    assert list(mermaid.lines(graph))[1] == '  subgraph trials ["nest<br>grid: 3 trials, 1 at once"]'
    assert json.dumps("nest\ngrid: 3 trials, 1 at once") in list(dot.lines(graph))[2]


def test_the_matrix_of_a_single_operation_is_its_own():
    graph = planned(json.dumps({**GRID, **op("only")}))
    assert (graph.matrix, graph.operations[0].trials) == ("", 3)
    assert times(graph) == {"only": Span(0, 3)}


TPE = {
    "kind": "tpe",
    "maxIterations": 3,
    "metric": {"name": "loss", "optimization": "minimize"},
    "params": {"x": {"kind": "uniform", "value": [0, 1]}},
}


def test_a_short_operation_at_the_end_stays_in_the_picture():
    graph = dag(op("a"), op("b", "a"))
    *_, line, _ = gantt.lines(graph, schedule(graph, {"a": 1000}))
    assert line == f"  b  {' ' * 59}█  1000 to 1001"


def test_the_order_of_execution_is_told_level_by_level_for_each_dag():
    assert list(order.lines(planned(PIPELINE))) == [
        "order of execution",
        "  1. load",
        "  2. search, watch, inner",
        "  3. report",
        "  in inner",
        "    1. one",
        "    2. two",
    ]


def test_a_long_level_is_wrapped_between_names():
    names = [f"operation-{number}" for number in range(20)]
    _, *lines = order.lines(dag(*map(op, names)))
    assert all(len(line) <= order.WIDTH for line in lines)
    assert " ".join(line.strip() for line in lines) == f"1. {', '.join(names)}"


def test_an_image_that_is_built_first_is_an_upstream(tmp_path):
    (tmp_path / "k").mkdir()
    (tmp_path / "k" / "latest.yaml").write_text(
        "inputs: [{name: destination, type: str}]\nrun: {kind: job, container: {image: k}}"
    )
    graph = planned(
        "run: {kind: dag, operations: [{name: a, run: {kind: job, container: {image: i}}},"
        " {name: b, dependencies: [a], build: {hubRef: k, params: {destination: {value: 'i:1'}}},"
        " run: {kind: job, container: {command: [c]}}}]}",
        hubs=[str(tmp_path)],
    )
    assert list(tree.lines(graph))[1:] == [
        "├─ a (job)",
        "├─ b-build (job of k)  ← a",
        "└─ b (job)  ← b-build (build)",
    ]


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 12))
    operations = {
        index: Operation(
            index, f"o{index}", "job",
            upstreams=tuple(Edge(one, ()) for one in draw(st.sets(st.integers(0, max(0, index - 1)))) if index),
        )
        for index in range(count)
    }  # fmt: skip
    scope = Scope(0, tuple(range(count)), draw(st.none() | st.integers(1, 4)))
    return Graph("g", {0: scope}, operations)


@given(graphs())
def test_everything_runs_once_after_its_upstreams_and_never_too_much_at_once(graph):
    spans = schedule(graph, {})
    assert spans.keys() == graph.operations.keys()
    for index, span in spans.items():
        assert all(spans[edge.upstream].end <= span.start for edge in graph.operations[index].upstreams)
    limit = graph.scopes[0].concurrency or len(spans)
    for moment in {span.start for span in spans.values()}:
        assert sum(span.start <= moment < span.end for span in spans.values()) <= limit


@pytest.mark.parametrize("lines", [tree.lines, mermaid.lines, dot.lines])
def test_one_operation_alone_is_a_graph(lines):
    assert any("main" in line for line in lines(planned("run: {kind: job, container: {image: i}}")))
