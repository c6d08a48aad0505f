from typing import get_args

import pytest

from polyflow import k8s, schemas
from polyflow_shared.language import models
from polyflow_shared.language.models.distributed import CleanPodPolicy
from polyflow_shared.language.models.policies import PatchStrategy, Status
from polyflow_shared.language.models.relations import EventKind


def test_every_object_of_the_language_is_there():
    assert {name for name in models.__all__ if name.startswith("V1")} <= set(schemas.__all__)
    assert all(hasattr(schemas, name) for name in schemas.__all__)


def kinds(*members):
    return {member.model_fields["kind"].default for member in members}


def literals(model, field):
    """Return the words of a field that is a choice of words or nothing."""
    return set(get_args(get_args(model.model_fields[field].annotation)[0]))


MATRICES = (
    schemas.V1Bayes, schemas.V1GridSearch, schemas.V1Hyperband, schemas.V1Iterative, schemas.V1Mapping,
    schemas.V1RandomSearch, schemas.V1TPE,
)  # fmt: skip
SCHEDULES = (schemas.V1CronSchedule, schemas.V1IntervalSchedule, schemas.V1DateTimeSchedule)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (schemas.V1CleanPodPolicy, get_args(CleanPodPolicy)),
        (schemas.V1EventKind, get_args(EventKind)),
        (schemas.V1MatrixKind, kinds(*MATRICES)),
        (schemas.V1Optimization, literals(schemas.V1OptimizationMetric, "optimization")),
        (schemas.V1PatchStrategy, get_args(PatchStrategy)),
        (schemas.V1ResourceType, literals(schemas.V1OptimizationResource, "type")),
        (schemas.V1ScheduleKind, kinds(*SCHEDULES)),
        (schemas.V1Statuses, get_args(Status)),
    ],
)
def test_words_are_those_of_the_models(choices, words):
    assert set(choices) == set(words)


def operation():
    return schemas.V1Operation(
        name="search",
        tags=["a"],
        patch_strategy=schemas.V1PatchStrategy.ISNULL,
        trigger=schemas.V1TriggerPolicy.ALL_DONE,
        params={
            "lr": 0.1,
            "bound": schemas.V1Param.get("outputs.x", ref="ops.b"),
            "empty": {"value": {"a": None}},
        },
        matrix=schemas.V1GridSearch(params={"x": schemas.V1HpChoice(value=[1, 2])}, concurrency="{{ n }}"),
        schedule=schemas.V1DateTimeSchedule(start_at="2030-01-31T12:00:00+00:00"),
        component=schemas.V1Component(run=schemas.V1Job(container=k8s.V1Container(image="a", args=[1]))),
        run_patch={"container": k8s.V1Container(image="b")},
    )


WRITTEN = {
    "name": "search",
    "tags": ["a"],
    "patchStrategy": "isnull",
    "trigger": "all_done",
    "params": {
        "lr": {"value": 0.1},
        "bound": {"value": "outputs.x", "ref": "ops.b"},
        "empty": {"value": {"a": None}},
    },
    "matrix": {
        "kind": "grid",
        "params": {"x": {"kind": "choice", "value": [1, 2]}},
        "concurrency": "{{ n }}",
    },
    "schedule": {"kind": "datetime", "startAt": "2030-01-31T12:00:00Z"},
    "component": {"run": {"kind": "job", "container": {"image": "a", "args": ["1"]}}},
    "runPatch": {"container": {"image": "b"}},
}


def test_what_is_given_is_written_with_the_keys_of_files():
    assert operation().to_dict() == WRITTEN


@pytest.mark.parametrize(
    "text", [lambda model: model.to_yaml(), lambda model: model.to_json(), lambda model: model.to_dict()]
)
def test_what_is_written_is_read_again(text):
    assert schemas.V1Operation.read(text(operation())).to_dict() == WRITTEN


@pytest.mark.parametrize("as_path", [str, lambda path: path])
def test_a_file_is_read_by_its_name(tmp_path, as_path):
    path = tmp_path / "operation.yaml"
    path.write_text(operation().to_yaml())
    assert schemas.V1Operation.read(as_path(path)).to_dict() == WRITTEN


def test_text_that_cannot_be_read_is_told_with_its_line():
    with pytest.raises(ValueError, match=r"^2:"):
        schemas.V1Operation.read("name: a\nname: b\n")


def test_a_param_is_one_already():
    param = schemas.V1Param(value=1)
    assert schemas.V1Param.get(param) is param
    assert schemas.V1Param.get(1) == param
