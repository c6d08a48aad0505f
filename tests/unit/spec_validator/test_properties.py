"""Any DAG compiles to what was declared; any bytes get an answer."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_topics.events import RequestRejected
from polyflow_topics.plan import EDGES_PER_CHUNK
from tests.unit.spec_validator.requests import ask, plan, record, validate
from tests.unit.spec_validator.test_core import PIPELINE

JOB = {"kind": "job", "container": {"command": ["a"]}}


@st.composite
def dags(draw, depth=0):
    """A DAG without cycles, whose operations are declared in any order and may be DAGs."""
    size = draw(st.integers(1, 5))
    operations = []
    for number in range(size):
        upstreams = draw(st.sets(st.integers(0, number - 1))) if number else set()
        nested = depth < 2 and draw(st.integers(0, 4)) == 0
        operations.append(
            {
                "name": f"o{number}",
                "dependencies": [f"o{upstream}" for upstream in upstreams],
                "run": draw(dags(depth + 1)) if nested else JOB,
            }
        )
    return {"kind": "dag", "operations": draw(st.permutations(operations))}


def declared(dag, prefix=""):
    """Yield scoped names of all edges, in either order of declaration."""
    for operation in dag["operations"]:
        name = prefix + operation["name"]
        for upstream in operation["dependencies"]:
            yield prefix + upstream, name
        if operation["run"]["kind"] == "dag":
            yield from declared(operation["run"], f"{name}.")


@given(dags())
@settings(deadline=None)
def test_edges_are_those_that_were_declared(dag):
    _, operations, edges, opening, scopes = plan(ask({"run": dag}))
    names = {operation.index: name for name, operation in operations.items()}
    assert sorted(names) == list(range(len(names)))
    assert {(names[source], names[target]) for source, target in edges} == set(declared(dag))
    for operation in operations.values():
        assert operation.upstreams == sum(target == operation.index for _, target in edges)
        assert ((operation.scope, operation.index) in opening) == (operation.upstreams == 0)
    for scope in scopes:
        inside = {index for index, name in names.items() if name.startswith(scope.name and f"{scope.name}.")}
        assert inside == set(range(scope.first, scope.last))
        assert scope.members == sum(operation.scope == scope.number for operation in operations.values())
        assert scope.owner is None or operations[scope.name].opens == scope.number


@given(dags())
@settings(deadline=None)
def test_the_same_bytes_give_the_same_messages(dag):
    assert ask({"run": dag}) == ask({"run": dag})


@given(st.integers(1, 1000))
@settings(max_examples=10, deadline=None)
def test_chunks_are_bounded(width):
    operations = [{"name": "a", "run": JOB}]
    operations += [{"name": f"w{number}", "dependencies": ["a"], "run": JOB} for number in range(width)]
    messages = ask({"run": {"kind": "dag", "operations": operations}})
    chunks = [edge for part in messages[1:-1] for edge in part.edges if not edge.opening]
    assert all(1 <= len(edge.targets) <= EDGES_PER_CHUNK for edge in chunks)
    assert [edge.chunk for edge in chunks] == list(range(len(chunks)))


def answered(body):
    messages = validate(record(body))
    if isinstance(messages[0], RequestRejected):
        assert messages[0].problems
    for message in messages:
        message.model_dump_json()


@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(body):
    answered(body)


PIECES = st.binary(max_size=4) | st.sampled_from([b"{", b"\n", b": ", b"- ", b"ops."])


@given(st.data())
def test_a_mutated_request_gets_an_answer(data):
    text = PIPELINE.encode()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = start + data.draw(st.integers(0, 12))
        text = text[:start] + data.draw(PIECES) + text[end:]
    answered(
        b'{"specification": '
        + json.dumps(text.decode("utf-8", "replace")).encode()
        + b', "params": {"lr": 1}}'
    )


TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["dag", "job", "inputs.x", "ops.a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "run",
                    "kind",
                    "operations",
                    "components",
                    "name",
                    "params",
                    "inputs",
                    "outputs",
                    "container",
                    "command",
                    "ref",
                    "value",
                    "type",
                    "dependencies",
                    "component",
                    "dagRef",
                    "earlyStopping",
                    "termination",
                    "trigger",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(TREES)
def test_any_tree_gets_an_answer(tree):
    answered(json.dumps({"specification": tree}).encode())
