"""Every field of every object: it is there, and it takes what its type takes and nothing else."""

import pytest
from pydantic import ValidationError

from polyflow_shared.language import models
from polyflow_shared.language.models import joins
from tests.unit.language.models.reference import FIELDS, OURS

TEMPLATES = ["{{ x }}", "a {{ x }} b"]
TYPES = {
    "any": ([1, "x", [], {}], []),
    "bool": ([True, "yes", "off", 1, "0"], ["maybe", 2, []]),
    "int": ([5, 0, -1], ["5", 5.0, True, [5]]),
    "int>0": ([1, "5", 2.0], [0, -1, 1.5, "x"]),
    "ints": ([[], [5]], [5, ["5"], [5.0]]),
    "labels": ([{}, {"a": 1, "b": True, "c": "x"}], [{"a": []}, []]),
    "map": ([{}, {"a": [1]}], ["x", []]),
    "maps": ([[], [{"a": [1]}]], ["x", {}, ["x"]]),
    "name": (["a-B_1"], ["a b", "a.b", "", 1]),
    "number": ([1, 0.5, "50"], ["x", [1], float("nan"), float("inf")]),
    "object": ([], ["x", 1, []]),
    "objects": ([[]], ["x", {}, ["x"]]),
    "objects by name": ([{}], ["x", [], {"a": 1}]),
    "str": (["x"], [1, True, ["x"], {}]),
    "texts": ([[], ["x"]], ["x", {}, [1], [True]]),
    "texts by name": ([{}, {"a": "x"}], ["x", [], {"a": 1}, {"a": True}]),
    "word": ([], ["nonsense", 1, []]),
    "words": ([[]], ["nonsense", ["nonsense"], {}]),
}
ANY_TEXT = ("any", "name", "str")


def model(name):
    return getattr(models, name, None) or getattr(joins, name)


def _rows():
    for name, by_type in FIELDS.items():
        for type_, fields in by_type.items():
            for field in fields.split():
                yield pytest.param(model(name), field, type_, id=f"{name}.{field}: {type_}")


ROWS = list(_rows())


def refused(model, field, value):
    try:
        model.model_validate({field: value}, by_alias=True, by_name=False)
    except ValidationError as error:
        return any(one["loc"][:1] == (field,) for one in error.errors())
    return False


@pytest.mark.parametrize("name", FIELDS)
def test_an_object_has_the_fields_of_the_reference_and_no_others(name):
    written = {field.alias or name for name, field in model(name).model_fields.items()}
    assert written - OURS.get(name, frozenset()) == {
        field for fields in FIELDS[name].values() for field in fields.split()
    }


@pytest.mark.parametrize("name", FIELDS)
def test_any_other_field_is_refused(name):
    assert refused(model(name), "sideCar", 1)


@pytest.mark.parametrize(("model", "field", "type_"), ROWS)
def test_a_field_takes_what_its_type_takes(model, field, type_):
    type_, rendered = type_.rstrip("†"), type_.endswith("†")
    right, wrong = TYPES.get(type_, ([], []))
    if type_ not in (*ANY_TEXT, "other"):
        right, wrong = (right + TEMPLATES, wrong) if rendered else (right, wrong + TEMPLATES)
    assert [value for value in right if refused(model, field, value)] == []
    assert [value for value in wrong if not refused(model, field, value)] == []


@pytest.mark.parametrize(("model", "field", "type_"), ROWS)
def test_null_is_a_value_of_every_field_that_may_be_absent(model, field, type_):
    declared = next(one for name, one in model.model_fields.items() if field == (one.alias or name))
    assert refused(model, field, None) is (declared.is_required() or declared.default is not None)


def test_null_is_told_from_absent():
    operation = models.V1Operation.model_validate({"description": None})
    assert operation.model_fields_set == {"description"}
