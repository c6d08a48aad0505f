"""The table of patch strategies: what becomes of a field that both the base and the layer set."""

import pytest

from tests.unit.spec_validator.layers.layered import STRATEGIES, layered, plain

JOB = {"kind": "job"}

CASES = {
    "a text": (
        {"queue": "base"},
        {"queue": "layer"},
        {"post_merge": "layer", "pre_merge": "base", "replace": "layer", "isnull": "base"},
    ),
    "a number": ({"cost": 1}, {"cost": 2}, {"post_merge": 2, "pre_merge": 1, "replace": 2, "isnull": 1}),
    "false, which is a value": (
        {"isApproved": False},
        {"isApproved": True},
        {"post_merge": True, "pre_merge": False, "replace": True, "isnull": False},
    ),
    "a list": (
        {"tags": ["a", "b"]},
        {"tags": ["b", "c"]},
        {
            "post_merge": ["a", "b", "c"],
            "pre_merge": ["b", "c", "a"],
            "replace": ["b", "c"],
            "isnull": ["a", "b"],
        },
    ),
    "a list of objects": (
        {"inputs": [{"name": "a"}, {"name": "b", "type": "int"}]},
        {"inputs": [{"name": "b"}, {"name": "a"}]},
        {
            "post_merge": [{"name": "a"}, {"name": "b", "type": "int"}, {"name": "b"}],
            "pre_merge": [{"name": "b"}, {"name": "a"}, {"name": "b", "type": "int"}],
            "replace": [{"name": "b"}, {"name": "a"}],
            "isnull": [{"name": "a"}, {"name": "b", "type": "int"}],
        },
    ),
    "an object": (
        {"termination": {"maxRetries": 1, "timeout": 1}},
        {"termination": {"timeout": 2, "ttl": 2}},
        {
            "post_merge": {"maxRetries": 1, "timeout": 2, "ttl": 2},
            "pre_merge": {"maxRetries": 1, "timeout": 1, "ttl": 2},
            "replace": {"maxRetries": 1, "timeout": 2, "ttl": 2},
            "isnull": {"maxRetries": 1, "timeout": 1, "ttl": 2},
        },
    ),
    "a template over an object": (
        {"termination": {"timeout": 1}},
        {"termination": "{{ limits }}"},
        {
            "post_merge": "{{ limits }}",
            "pre_merge": {"timeout": 1},
            "replace": "{{ limits }}",
            "isnull": {"timeout": 1},
        },
    ),
    "params, each of them whole": (
        {"params": {"a": {"value": 1, "toEnv": "A"}, "b": {"value": 1}}},
        {"params": {"a": {"value": 2}, "c": {"value": 2}}},
        {
            "post_merge": {"a": {"value": 2}, "b": {"value": 1}, "c": {"value": 2}},
            "pre_merge": {"a": {"value": 1, "toEnv": "A"}, "b": {"value": 1}, "c": {"value": 2}},
            "replace": {"a": {"value": 2}, "c": {"value": 2}},
            "isnull": {"a": {"value": 1, "toEnv": "A"}, "b": {"value": 1}},
        },
    ),
    "a matrix of the same kind": (
        {"matrix": {"kind": "grid", "numRuns": 1, "params": {"a": {"kind": "choice", "value": [1]}}}},
        {"matrix": {"kind": "grid", "concurrency": 2, "params": {"b": {"kind": "choice", "value": [2]}}}},
        {
            "post_merge": {
                "kind": "grid",
                "numRuns": 1,
                "concurrency": 2,
                "params": {"a": {"kind": "choice", "value": [1]}, "b": {"kind": "choice", "value": [2]}},
            },
            "pre_merge": {
                "kind": "grid",
                "numRuns": 1,
                "concurrency": 2,
                "params": {"a": {"kind": "choice", "value": [1]}, "b": {"kind": "choice", "value": [2]}},
            },
            "replace": {
                "kind": "grid",
                "concurrency": 2,
                "params": {"b": {"kind": "choice", "value": [2]}},
            },
            "isnull": {"kind": "grid", "numRuns": 1, "params": {"a": {"kind": "choice", "value": [1]}}},
        },
    ),
    "a matrix of another kind": (
        {"matrix": {"kind": "mapping", "values": [{"a": 1}]}},
        {"matrix": {"kind": "grid", "params": {"b": {"kind": "choice", "value": [2]}}}},
        {
            "post_merge": {"kind": "grid", "params": {"b": {"kind": "choice", "value": [2]}}},
            "pre_merge": {"kind": "mapping", "values": [{"a": 1}]},
            "replace": {"kind": "grid", "params": {"b": {"kind": "choice", "value": [2]}}},
            "isnull": {"kind": "mapping", "values": [{"a": 1}]},
        },
    ),
    "a schedule of the same kind": (
        {"schedule": {"kind": "cron", "cron": "0 0 * * *", "maxRuns": 1}},
        {"schedule": {"kind": "cron", "cron": "1 0 * * *"}},
        {
            "post_merge": {"kind": "cron", "cron": "1 0 * * *", "maxRuns": 1},
            "pre_merge": {"kind": "cron", "cron": "0 0 * * *", "maxRuns": 1},
            "replace": {"kind": "cron", "cron": "1 0 * * *"},
            "isnull": {"kind": "cron", "cron": "0 0 * * *", "maxRuns": 1},
        },
    ),
    "strictParams, which only ever become stricter": (
        {"strictParams": True},
        {"strictParams": False},
        dict.fromkeys(STRATEGIES, True),
    ),
    "null over a value": (
        {"description": "base"},
        {"description": None},
        {"post_merge": None, "pre_merge": "base", "replace": None, "isnull": "base"},
    ),
    "a value over null": (
        {"description": None},
        {"description": "layer"},
        dict.fromkeys(STRATEGIES, "layer"),
    ),
    "the kind, which is the layer's own": (
        {"kind": "component"},
        {"kind": "operation"},
        dict.fromkeys(STRATEGIES, "operation"),
    ),
}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("case", CASES)
def test_a_field_that_both_set(case, strategy):
    base, layer, expected = CASES[case]
    (field,) = base
    made = layered({"component": {**base, "run": JOB}, **layer, "patchStrategy": strategy})
    assert plain(made.operation)[field] == expected[strategy]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("case", CASES)
def test_a_field_that_only_one_sets_is_as_it_is_there(case, strategy):
    base, layer, _ = CASES[case]
    (field,) = base
    inherited = layered(
        {"component": {**base, "run": JOB}, "kind": base.get("kind"), "patchStrategy": strategy}
    )
    own = layered({"component": {"run": JOB}, **layer, "patchStrategy": strategy})
    assert plain(inherited.operation)[field] == base[field]
    assert plain(own.operation)[field] == layer[field]


RUNS = {
    "a container is an object": (
        {"container": {"image": "base", "command": ["base"]}},
        {"container": {"image": "layer", "workingDir": "/layer"}},
        {
            "post_merge": {"container": {"image": "layer", "command": ["base"], "workingDir": "/layer"}},
            "pre_merge": {"container": {"image": "base", "command": ["base"], "workingDir": "/layer"}},
            "replace": {"container": {"image": "layer", "command": ["base"], "workingDir": "/layer"}},
            "isnull": {"container": {"image": "base", "command": ["base"], "workingDir": "/layer"}},
        },
    ),
    "the lists of a container are lists": (
        {"container": {"args": ["a", "b"]}},
        {"container": {"args": ["b", "c"]}},
        {
            "post_merge": {"container": {"args": ["a", "b", "c"]}},
            "pre_merge": {"container": {"args": ["b", "c", "a"]}},
            "replace": {"container": {"args": ["b", "c"]}},
            "isnull": {"container": {"args": ["a", "b"]}},
        },
    ),
    "what is below the fields of a container are maps": (
        {"container": {"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}},
        {"container": {"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "2"}}}},
        {
            "post_merge": {
                "container": {
                    "resources": {"requests": {"cpu": "2", "memory": "1Gi"}, "limits": {"cpu": "2"}}
                }
            },
            "pre_merge": {
                "container": {
                    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2"}}
                }
            },
            "replace": {
                "container": {"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "2"}}},
            },
            "isnull": {"container": {"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}},
        },
    ),
    "a list in a map is one value: half a command is none": (
        {"container": {"livenessProbe": {"exec": {"command": ["is", "it", "up"]}}}},
        {"container": {"livenessProbe": {"exec": {"command": ["up"]}}}},
        {
            "post_merge": {"container": {"livenessProbe": {"exec": {"command": ["up"]}}}},
            "pre_merge": {"container": {"livenessProbe": {"exec": {"command": ["is", "it", "up"]}}}},
            "replace": {"container": {"livenessProbe": {"exec": {"command": ["up"]}}}},
            "isnull": {"container": {"livenessProbe": {"exec": {"command": ["is", "it", "up"]}}}},
        },
    ),
    "labels are a map, tolerations a list, settings of pods an object": (
        {"environment": {"labels": {"a": "1", "b": "1"}, "tolerations": [{"key": "a"}], "priority": 1}},
        {"environment": {"labels": {"b": "2"}, "tolerations": [{"key": "b"}, {"key": "a"}]}},
        {
            "post_merge": {
                "environment": {
                    "labels": {"a": "1", "b": "2"},
                    "tolerations": [{"key": "a"}, {"key": "b"}],
                    "priority": 1,
                }
            },
            "pre_merge": {
                "environment": {
                    "labels": {"a": "1", "b": "1"},
                    "tolerations": [{"key": "b"}, {"key": "a"}],
                    "priority": 1,
                }
            },
            "replace": {
                "environment": {
                    "labels": {"b": "2"},
                    "tolerations": [{"key": "b"}, {"key": "a"}],
                    "priority": 1,
                }
            },
            "isnull": {
                "environment": {
                    "labels": {"a": "1", "b": "1"},
                    "tolerations": [{"key": "a"}],
                    "priority": 1,
                }
            },
        },
    ),
}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("case", RUNS)
def test_runs_of_the_same_kind_are_merged(case, strategy):
    base, layer, expected = RUNS[case]
    made = layered(
        {
            "component": {"run": {"kind": "job", **base}},
            "run": {"kind": "job", **layer},
            "patchStrategy": strategy,
        }
    )
    assert plain(made.run) == {"kind": "job", **expected[strategy]}


@pytest.mark.parametrize(
    ("strategy", "kind"),
    {"post_merge": "service", "pre_merge": "job", "replace": "service", "isnull": "job"}.items(),
)
def test_a_run_of_another_kind_is_taken_or_left(strategy, kind):
    made = layered(
        {
            "component": {"run": {"kind": "job", "container": {"image": "job"}}},
            "run": {"kind": "service", "container": {"image": "service"}},
            "patchStrategy": strategy,
        }
    )
    assert plain(made.run) == {"kind": kind, "container": {"image": kind}}


GROUPS = ({"h": {"replicas": 1, "connections": ["a"]}}, {"h": {"replicas": 2}, "g": {"replicas": 2}})


@pytest.mark.parametrize(
    ("strategy", "expected"),
    {
        "post_merge": {"h": {"replicas": 2, "connections": ["a"]}, "g": {"replicas": 2}},
        "pre_merge": {"h": {"replicas": 1, "connections": ["a"]}, "g": {"replicas": 2}},
        "replace": {"h": {"replicas": 2, "connections": ["a"]}, "g": {"replicas": 2}},
        "isnull": {"h": {"replicas": 1, "connections": ["a"]}, "g": {"replicas": 2}},
    }.items(),
)
def test_groups_of_workers_are_objects_and_new_ones_are_added(strategy, expected):
    base, layer = ({"kind": "raycluster", "workers": groups} for groups in GROUPS)
    made = layered({"component": {"run": base}, "run": layer, "patchStrategy": strategy})
    assert plain(made.run)["workers"] == expected


def test_each_layer_is_laid_over_by_its_own_strategy():
    made = layered(
        {
            "queue": "outermost",
            "tags": ["outermost"],
            "component": {
                "patchStrategy": "pre_merge",
                "queue": "middle",
                "tags": ["middle"],
                "component": {"queue": "innermost", "tags": ["innermost"], "run": JOB},
            },
        }
    )
    assert made.operation.queue == "outermost"
    assert made.operation.tags == ["middle", "innermost", "outermost"]
