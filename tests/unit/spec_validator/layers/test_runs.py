"""Runs without a kind, and `runPatch`."""

import pytest

from polyflow_shared.language.codes import Stage
from tests.unit.spec_validator.layers.layered import STRATEGIES, compose, layered, plain, problems, run_of

JOB = {"run": {"kind": "job", "container": {"image": "base"}, "connections": ["base"]}}
TF = {"run": {"kind": "tfjob", "worker": {"replicas": 2}, "chief": {"container": {"image": "base"}}}}


def test_a_run_without_a_kind_is_of_the_kind_that_it_is_based_on():
    made = layered({"component": JOB, "run": {"container": {"command": ["a"]}}})
    assert plain(made.run) == {
        "kind": "job",
        "container": {"image": "base", "command": ["a"]},
        "connections": ["base"],
    }


def test_a_run_without_a_kind_is_merged_by_the_strategy():
    part = {"container": {"image": "layer"}}
    images = {
        strategy: run_of({"component": JOB, "run": part, "patchStrategy": strategy})["container"]["image"]
        for strategy in STRATEGIES
    }
    assert images == {"post_merge": "layer", "pre_merge": "base", "replace": "layer", "isnull": "base"}


def test_null_takes_the_run_away_under_the_strategies_by_which_the_layer_wins():
    made = {
        strategy: layered({"component": JOB, "run": None, "patchStrategy": strategy}).run is not None
        for strategy in STRATEGIES
    }
    assert made == {"post_merge": False, "pre_merge": True, "replace": False, "isnull": True}


PATCHES = {
    "it comes after the run and the shortcuts": (
        {"component": JOB, "container": {"image": "layer"}, "runPatch": {"container": {"image": "patch"}}},
        {"container": {"image": "patch"}, "connections": ["base"]},
    ),
    "it may name the kind that the run has": (
        {"component": JOB, "runPatch": {"kind": "job", "connections": ["patch"]}},
        {"container": {"image": "base"}, "connections": ["base", "patch"]},
    ),
    "it is laid over by the layer's strategy": (
        {"component": JOB, "runPatch": {"connections": ["patch"]}, "patchStrategy": "replace"},
        {"container": {"image": "base"}, "connections": ["patch"]},
    ),
    "on a distributed run it is one of that kind": (
        {"component": TF, "runPatch": {"worker": {"replicas": 3}, "cleanPodPolicy": "All"}},
        {
            "worker": {"replicas": 3},
            "chief": {"container": {"image": "base"}},
            "cleanPodPolicy": "All",
        },
    ),
    "or a job for every role that is written out": (
        {"component": TF, "runPatch": {"container": {"image": "patch"}, "environment": {"nodeName": "n"}}},
        {
            "worker": {
                "replicas": 2,
                "container": {"image": "patch"},
                "environment": {"nodeName": "n"},
            },
            "chief": {"container": {"image": "patch"}, "environment": {"nodeName": "n"}},
        },
    ),
    "or a role for every role": (
        {"component": TF, "runPatch": {"replicas": 4}, "patchStrategy": "isnull"},
        {"worker": {"replicas": 2}, "chief": {"container": {"image": "base"}, "replicas": 4}},
    ),
    "on a Ray cluster for every group as well": (
        {
            "run": {"kind": "raycluster", "workers": {"g": {"replicas": 1}}},
            "runPatch": {"rayStartParams": {"a": "b"}},
        },
        {"workers": {"g": {"replicas": 1, "rayStartParams": {"a": "b"}}}},
    ),
}


@pytest.mark.parametrize("case", PATCHES)
def test_run_patch(case):
    given, expected = PATCHES[case]
    assert run_of(given) == expected


WRONG = {
    "a run needs a kind from somewhere": (
        {"component": {"inputs": []}, "run": {"container": {"image": "i"}}},
        ("PF2006", ("run",)),
    ),
    "a run without a kind has the fields of that kind": (
        {"component": JOB, "run": {"ports": [80]}},
        ("PF2001", ("run", "ports")),
    ),
    "a patch has the fields of the run's kind": (
        {"component": JOB, "runPatch": {"ports": [80]}},
        ("PF2001", ("runPatch", "ports")),
    ),
    "the fields of a patch are checked to their depth": (
        {"component": JOB, "runPatch": {"environment": {"priority": "high"}}},
        ("PF2003", ("runPatch", "environment", "priority")),
    ),
    "those of a patch for roles as well, where they were written": (
        {"component": TF, "runPatch": {"environment": {"priority": "high"}}},
        ("PF2003", ("runPatch", "environment", "priority")),
    ),
    "it is the final kind that counts": (
        {"component": JOB, "run": {"kind": "service"}, "runPatch": {"worker": {}}},
        ("PF2001", ("runPatch", "worker")),
    ),
    "a patch does not change the kind": (
        {"component": JOB, "runPatch": {"kind": "service", "ports": [80]}},
        ("PF2004", ("runPatch", "kind")),
    ),
    "a patch needs a run": (
        {"component": {"inputs": []}, "runPatch": {"container": {"image": "i"}}},
        ("PF3004", ("runPatch",)),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused_where_it_stands_when_compiled(case):
    given, expected = WRONG[case]
    __, findings = compose(given)
    assert [(str(finding.code), finding.path) for finding in findings] == [expected]
    assert findings[0].refused_at is Stage.COMPILE


def test_the_rest_of_a_patch_counts_though_a_part_of_it_is_wrong():
    composed, _ = compose({"component": JOB, "runPatch": {"ports": [80], "container": {"image": "patch"}}})
    assert plain(composed.run)["container"] == {"image": "patch"}


def test_a_preset_needs_no_run():
    parts = {"isPreset": True, "run": {"container": {"image": "i"}}, "runPatch": {"connections": ["c"]}}
    assert problems(parts) == []


def test_what_is_based_on_something_that_is_not_there_is_refused_once():
    given = {"dagRef": "gone", "run": {"container": {"image": "i"}}, "runPatch": {"connections": ["c"]}}
    assert problems(given, components={"gine": JOB}) == [("PF3005", ("dagRef",))]
