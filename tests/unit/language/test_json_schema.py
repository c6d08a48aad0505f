"""The JSON Schema for editors: it says what the models say, in the words of their docstrings."""

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from polyflow_shared.language.json_schema import specification_schema

SCHEMA = specification_schema()
EXAMPLES = sorted(Path(__file__).parents[3].glob("examples/**/*.yaml"))


def test_it_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_the_examples_are_valid(path):
    assert list(Draft202012Validator(SCHEMA).iter_errors(yaml.safe_load(path.read_text()))) == []


@pytest.mark.parametrize(
    "value",
    [
        {"runn": {}},
        {"run": {"kind": "jobb"}},
        {"termination": {"timeout": "5"}},
        {"run": {"kind": "job", "x": 1}},
    ],
)
def test_what_is_wrong_is_not_valid(value):
    assert list(Draft202012Validator(SCHEMA).iter_errors(value))


def test_every_field_has_its_hover_text():
    without = [
        f"{name}.{field}"
        for name, definition in SCHEMA["$defs"].items()
        if name.startswith("V1") and definition.get("description")
        for field, shown in definition.get("properties", {}).items()
        if not shown.get("description") and "$ref" not in shown and name in _MODELS
    ]
    assert without == []


def test_short_forms_are_valid():
    value = {"tags": "a, b", "params": {"lr": 0.1}, "run": {"container": {"image": "i"}}}
    assert list(Draft202012Validator(SCHEMA).iter_errors(value)) == []


_MODELS = {
    "V1Operation",
    "V1Job",
    "V1Service",
    "V1Dag",
    "V1Termination",
    "V1Hook",
    "V1GridSearch",
    "V1Environment",
}
