"""Operations of a DAG: what is theirs alone, what they inherit, what their DAG hands down; presets over them."""

import pytest

from polyflow_services.spec_validator.layers.compose import MAX_LAYERS, handed_down
from tests.unit.spec_validator.layers.layered import (
    STRATEGIES,
    layered,
    plain,
    problems,
    run_of,
)

COMPONENT = {
    "name": "component",
    "dependencies": ["component"],
    "trigger": "all_done",
    "conditions": "component",
    "skipOnUpstreamSkip": True,
    "events": [{"kinds": ["run_status_done"], "ref": "ops.component"}],
    "joins": [{"query": "component", "params": {}}],
    "schedule": {"kind": "cron", "cron": "0 0 * * *"},
    "queue": "component",
    "matrix": {"kind": "mapping", "values": [{"a": 1}]},
    "inputs": [{"name": "a"}],
    "params": {"a": {"value": 1}},
    "run": {"kind": "job"},
}
GRAPH = (
    "dependencies", "trigger", "conditions", "skipOnUpstreamSkip", "events", "joins", "schedule",
)  # fmt: skip


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_its_place_in_the_graph_is_its_own_and_the_rest_is_inherited(strategy):
    node = {"name": "node", "dagRef": "component", "dependencies": ["node"], "patchStrategy": strategy}
    made = plain(layered(node, in_dag=True, components={"component": COMPONENT}).operation)
    assert made["name"] == "node"
    assert made["dependencies"] == ["node"]
    assert [made.get(name) for name in GRAPH[1:]] == [None] * len(GRAPH[1:])
    inherited = ("queue", "matrix", "inputs", "params")
    assert {name: made[name] for name in inherited} == {name: COMPONENT[name] for name in inherited}


def test_outside_of_a_dag_all_of_it_is_inherited():
    made = plain(layered({"component": COMPONENT}).operation)
    assert {name: made[name] for name in GRAPH} == {name: COMPONENT[name] for name in GRAPH}


def test_a_preset_does_not_move_an_operation_in_the_graph():
    node = {"name": "node", "run": {"kind": "job"}}
    preset = {"name": "preset", "dependencies": ["preset"], "queue": "preset"}
    made = plain(layered(node, in_dag=True, presets=[preset]).operation)
    assert (made["name"], made.get("dependencies"), made["queue"]) == ("node", None, "preset")


OUTER = {
    "queue": "outer",
    "termination": {"maxRetries": 1, "timeout": 1},
    "cache": {"ttl": 1},
    "plugins": {"shm": True},
    "description": "stays where it is",
    "run": {
        "kind": "dag",
        "operations": [{"name": "a", "run": {"kind": "job"}}],
        "environment": {"labels": {"a": "outer", "b": "outer"}, "nodeName": "outer"},
        "connections": ["outer"],
        "volumes": [{"name": "outer", "emptyDir": {}}],
    },
}


def handed(dag, outer=None):
    made = layered(dag)
    return handed_down(made.operation, made.run, outer)


def test_a_dag_hands_down_what_its_operations_do_not_say_themselves():
    node = {
        "name": "a",
        "termination": {"timeout": 2},
        "run": {
            "kind": "job",
            "environment": {"labels": {"a": "own"}},
            "connections": ["own"],
        },
    }
    made = layered(node, in_dag=True, handed=handed(OUTER))
    assert plain(made.operation)["termination"] == {"maxRetries": 1, "timeout": 2}
    assert made.operation.queue == "outer"
    assert plain(made.operation)["cache"] == {"ttl": 1}
    assert plain(made.operation)["plugins"] == {"shm": True}
    assert made.operation.description is None
    assert plain(made.run) == {
        "kind": "job",
        "environment": {"labels": {"a": "own", "b": "outer"}, "nodeName": "outer"},
        "connections": ["outer", "own"],
        "volumes": [{"name": "outer", "emptyDir": {}}],
    }


def test_the_roles_of_a_distributed_run_are_handed_it_too():
    node = {"name": "a", "run": {"kind": "tfjob", "worker": {"replicas": 2}}}
    dag = {"run": {**OUTER["run"], "environment": None, "volumes": None}}
    assert run_of(node, in_dag=True, handed=handed(dag)) == {
        "worker": {"replicas": 2, "connections": ["outer"]}
    }


def test_what_a_dag_was_handed_it_hands_on_with_its_own_before_it():
    inner = {
        "queue": "inner",
        "run": {"kind": "dag", "operations": [], "connections": ["inner"]},
    }
    made = layered({"name": "a", "run": {"kind": "job"}}, in_dag=True, handed=handed(inner, handed(OUTER)))
    assert made.operation.queue == "inner"
    assert sorted(plain(made.run)["connections"]) == ["inner", "outer"]


def test_a_dag_that_says_nothing_hands_on_what_it_was_handed():
    outer = handed(OUTER)
    assert handed({"run": {"kind": "dag", "operations": []}}, outer) is outer


def test_presets_are_laid_over_one_after_another_each_by_its_own_strategy():
    made = layered(
        {"queue": "own", "tags": ["own"], "run": {"kind": "job", "container": {"image": "own"}}},
        presets=[
            {"queue": "first", "tags": ["first"], "container": {"image": "first"}},
            {"queue": "second", "tags": ["second"], "patchStrategy": "pre_merge"},
            {"runPatch": {"container": {"image": "third"}}, "patchStrategy": "isnull"},
        ],
    )
    assert made.operation.queue == "first"
    assert made.operation.tags == ["second", "own", "first"]
    assert plain(made.run) == {"kind": "job", "container": {"image": "first"}}


def test_a_component_may_be_based_on_another():
    components = {
        "image": {"run": {"kind": "job", "container": {"image": "i"}}},
        "command": {"dagRef": "image", "container": {"command": ["c"]}},
    }
    made = run_of({"name": "a", "dagRef": "command", "env": {"A": "1"}}, in_dag=True, components=components)
    assert made == {
        "container": {"image": "i", "command": ["c"], "env": [{"name": "A", "value": "1"}]},
    }


def test_components_that_are_based_on_each_other_are_shown():
    components = {name: {"name": name, "dagRef": other} for name, other in ("ab", "bc", "ca")}
    assert problems({"name": "x", "dagRef": "a"}, in_dag=True, components=components) == [
        ("PF3006", ("run", "components", 2))
    ]


def test_components_without_end_are_refused():
    components = {f"c{number}": {"dagRef": f"c{number + 1}"} for number in range(10 * MAX_LAYERS)}
    assert problems({"name": "x", "dagRef": "c0"}, in_dag=True, components=components) == [
        ("PF3017", ("run", "components", MAX_LAYERS - 1))
    ]
