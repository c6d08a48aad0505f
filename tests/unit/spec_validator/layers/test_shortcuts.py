"""Fields beside `run` that mean a part of it."""

import pytest

from tests.unit.spec_validator.layers.layered import STRATEGIES, layered, plain, problems, run_of

SCRIPT = ["/bin/sh", "-c"]

MADE = {
    "ports make a service": ({"ports": [80]}, {"kind": "service", "ports": [80]}),
    "a container makes a job": (
        {"container": {"image": "i"}},
        {"kind": "job", "container": {"image": "i"}},
    ),
    "lines make a script": (
        {"cmd": ["a", "b"]},
        {"kind": "job", "container": {"command": SCRIPT, "args": ["set -e\na\nb"]}},
    ),
    "one line makes a script": (
        {"cmd": "a"},
        {"kind": "job", "container": {"command": SCRIPT, "args": ["set -e\na"]}},
    ),
    "ports come first, and all of them are one run": (
        {
            "volumes": [{"name": "v", "emptyDir": {}}],
            "sidecars": [{"name": "s"}],
            "connections": ["c"],
            "init": [{"connection": "c"}],
            "environment": {"nodeName": "n"},
            "resources": {"cpu": 1},
            "env": {"A": "1"},
            "cmd": "a",
            "container": {"image": "i"},
            "ports": [80],
        },
        {
            "kind": "service",
            "ports": [80],
            "container": {
                "image": "i",
                "command": SCRIPT,
                "args": ["set -e\na"],
                "env": [{"name": "A", "value": "1"}],
                "resources": {"requests": {"cpu": "1"}},
            },
            "environment": {"nodeName": "n"},
            "init": [{"connection": "c"}],
            "connections": ["c"],
            "sidecars": [{"name": "s"}],
            "volumes": [{"name": "v", "emptyDir": {}}],
        },
    ),
    "they are laid over the layer's own run": (
        {
            "run": {"kind": "job", "container": {"image": "run", "workingDir": "/"}},
            "container": {"image": "i"},
        },
        {"kind": "job", "container": {"image": "i", "workingDir": "/"}},
    ),
}


@pytest.mark.parametrize("case", MADE)
def test_shortcuts_make_a_run(case):
    given, expected = MADE[case]
    assert plain(layered(given).run) == expected


RESOURCES = {
    "an amount is asked for": ({"cpu": 1, "memory": "1Gi"}, {"requests": {"cpu": "1", "memory": "1Gi"}}),
    "a range says both": (
        {"cpu": "500m..2"},
        {"requests": {"cpu": "500m"}, "limits": {"cpu": "2"}},
    ),
    "a range may lack its end": ({"cpu": "1.."}, {"requests": {"cpu": "1"}}),
    "a range may lack its start": ({"memory": "..1Gi"}, {"limits": {"memory": "1Gi"}}),
    "a GPU is both, and has a longer name": (
        {"gpu": 1},
        {"requests": {"nvidia.com/gpu": "1"}, "limits": {"nvidia.com/gpu": "1"}},
    ),
    "what is counted is both": (
        {"google.com/tpu": "8"},
        {"requests": {"google.com/tpu": "8"}, "limits": {"google.com/tpu": "8"}},
    ),
}


@pytest.mark.parametrize("case", RESOURCES)
def test_resources(case):
    given, expected = RESOURCES[case]
    assert run_of({"resources": given})["container"]["resources"] == expected


BASE = {
    "run": {
        "kind": "job",
        "container": {
            "command": ["base"],
            "env": [{"name": "A", "value": "base"}, {"name": "B", "value": "base"}],
            "resources": {"requests": {"cpu": "1", "memory": "1Gi"}},
        },
        "connections": ["base"],
    }
}


def over(shortcuts, strategy):
    return run_of({"component": BASE, **shortcuts, "patchStrategy": strategy})


def test_a_script_replaces_command_and_arguments_as_a_pair_or_leaves_both():
    pair = {"command": SCRIPT, "args": ["set -e\nlayer"]}
    own = {"command": ["base"], "args": None}
    expected = {"post_merge": pair, "replace": pair, "pre_merge": own, "isnull": own}
    for strategy in STRATEGIES:
        container = over({"cmd": "layer"}, strategy)["container"]
        assert {name: container.get(name) for name in pair} == expected[strategy], strategy


def test_one_of_several_variables_of_a_name_stays_the_last_at_its_place():
    base = [{"name": name, "value": "base"} for name in "AB"]
    layer = [{"name": name, "value": "layer"} for name in "CA"]
    expected = {
        "post_merge": [base[1], *layer],
        "pre_merge": [layer[0], *base],
        "replace": layer,
        "isnull": base,
    }
    for strategy in STRATEGIES:
        made = over({"env": {"C": "layer", "A": "layer"}}, strategy)
        assert made["container"]["env"] == expected[strategy], strategy


def test_variables_that_are_a_template_are_one_value():
    base = {"run": {"kind": "job", "container": {"env": "{{ variables }}"}}}
    made = run_of({"component": base, "env": {"A": "1"}, "patchStrategy": "pre_merge"})
    assert made["container"]["env"] == "{{ variables }}"


def test_resources_are_merged_by_name():
    expected = {
        "post_merge": {"requests": {"cpu": "2", "memory": "1Gi"}, "limits": {"cpu": "3"}},
        "pre_merge": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "3"}},
        "replace": {"requests": {"cpu": "2"}, "limits": {"cpu": "3"}},
        "isnull": {"requests": {"cpu": "1", "memory": "1Gi"}},
    }
    for strategy in STRATEGIES:
        made = over({"resources": {"cpu": "2..3"}}, strategy)
        assert made["container"]["resources"] == expected[strategy], strategy


def test_connections_are_a_list_of_the_run():
    expected = {
        "post_merge": ["base", "layer"],
        "pre_merge": ["layer", "base"],
        "replace": ["layer"],
        "isnull": ["base"],
    }
    for strategy in STRATEGIES:
        assert over({"connections": ["layer"]}, strategy)["connections"] == expected[strategy], strategy


DISTRIBUTED = {
    "mpijob": ["launcher", "worker"],
    "pytorchjob": ["master", "worker"],
    "tfjob": ["chief", "ps", "worker", "evaluator"],
    "daskcluster": ["scheduler", "worker"],
}


@pytest.mark.parametrize("kind", DISTRIBUTED)
def test_on_a_distributed_run_they_go_to_every_role_that_is_written_out(kind):
    first, *others = DISTRIBUTED[kind]
    run = {"kind": kind, first: {"replicas": 1}, others[0]: {"container": {"image": "own"}}}
    made = run_of({"run": run, "container": {"image": "i"}, "env": {"A": "1"}, "connections": ["c"]})
    added = {"env": [{"name": "A", "value": "1"}]}
    assert made == {
        first: {"replicas": 1, "container": {"image": "i", **added}, "connections": ["c"]},
        others[0]: {"container": {"image": "i", **added}, "connections": ["c"]},
    }


def test_on_a_ray_cluster_they_go_to_its_head_and_every_group_of_workers():
    run = {"kind": "raycluster", "head": {}, "workers": {"small": {"replicas": 2}, "large": {}}}
    made = run_of({"run": run, "cmd": "a"})
    container = {"command": SCRIPT, "args": ["set -e\na"]}
    assert made == {
        "head": {"container": container},
        "workers": {"small": {"replicas": 2, "container": container}, "large": {"container": container}},
    }


DAG = {"kind": "dag", "operations": [{"name": "a", "cmd": "a"}]}
WRONG = {
    "a DAG has no container": ({"run": DAG, "container": {"image": "i"}}, ("container",)),
    "a DAG has no script": ({"run": DAG, "cmd": "a"}, ("cmd",)),
    "a DAG has no variables": ({"run": DAG, "env": {"A": "1"}}, ("env",)),
    "a DAG has no resources": ({"run": DAG, "resources": {"cpu": 1}}, ("resources",)),
    "a DAG has no ports": ({"run": DAG, "ports": [80]}, ("ports",)),
    "a DAG has no preparation": ({"run": DAG, "init": [{"connection": "c"}]}, ("init",)),
    "a job has no ports": ({"run": {"kind": "job"}, "ports": [80]}, ("ports",)),
    "roles have no ports": ({"run": {"kind": "tfjob", "worker": {}}, "ports": [80]}, ("ports",)),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_the_run_does_not_have_is_refused_where_it_stands(case):
    given, path = WRONG[case]
    assert problems(given) == [("PF2001", path)]


def test_a_dag_has_environment_connections_and_volumes():
    volumes = [{"name": "v", "emptyDir": {}}]
    made = run_of({"run": DAG, "environment": {"nodeName": "n"}, "connections": ["c"], "volumes": volumes})
    assert (made["environment"], made["connections"], made["volumes"]) == ({"nodeName": "n"}, ["c"], volumes)


def test_a_container_that_is_a_template_is_left_to_be_rendered():
    made = run_of({"run": {"kind": "job", "container": "{{ container }}"}, "env": {"A": "1"}})
    assert made == {"container": "{{ container }}"}
