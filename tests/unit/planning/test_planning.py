"""The graph of a specification as it is drawn, and the schedule that is simulated for it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow.checking import check_text
from polyflow.collecting import Options
from polyflow.planning import dot, gantt, mermaid, tree
from polyflow.planning.graph import Edge, Graph, Operation, Scope, graph_of
from polyflow.planning.waves import Span, schedule

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


def planned(text):
    checking = check_text(text.encode(), file="a.yaml", options=Options())
    assert checking.checked.errors == ()
    return graph_of(checking.checked.compiled)


def test_the_tree_says_what_runs_and_what_waits_for_what():
    assert list(tree.lines(planned(PIPELINE))) == [
        "nightly, 2 at once",
        "├─ load (job of work)",
        "├─ search (job of work, grid: 3 trials, 2 at once)  ← load (param)",
        "├─ watch (job of work)  ← load (event)",
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
    assert "  n0 -. event .-> n2" in lines
    assert "  n4 --> n5" in lines


def test_dot_names_are_quoted():
    lines = list(dot.lines(planned(PIPELINE)))
    assert lines[0] == 'digraph "nightly" {'
    assert lines[-1] == "}"
    assert '  n0 -> n1 [label="param"];' in lines
    assert json.dumps("search\ngrid: 3 trials, 2 at once") in "".join(lines)


def test_the_schedule_keeps_to_concurrency_and_goes_by_the_order_of_the_file():
    graph = planned(PIPELINE)
    spans = {graph.operations[index].name: span for index, span in schedule(graph, {"watch": 3}).items()}
    assert spans == {
        "load": Span(0, 1),
        "search": Span(1, 3),  # three trials, two at once
        "watch": Span(1, 4),
        "inner": Span(1, 3),  # takes no room
        "one": Span(1, 2),
        "two": Span(2, 3),
        "report": Span(4, 5),
    }


def test_the_picture_has_a_line_for_each_operation():
    graph = planned(PIPELINE)
    lines = list(gantt.lines(graph, schedule(graph, {})))
    assert [line.split()[0] for line in lines[:-1]] == [
        "load", "search", "watch", "inner", "inner.one", "inner.two", "report",
    ]  # fmt: skip
    assert lines[-1].split() == ["7", "operations,", "4", "units", "of", "time"]


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
