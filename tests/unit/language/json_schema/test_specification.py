"""The JSON Schema for editors: it says what the models say, in the words of their docstrings."""

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from polyflow_shared.language import document, models
from polyflow_shared.language.json_schema.specification import specification_schema
from polyflow_shared.language.models import Model
from tests.unit.language.models.test_fields import ROWS, TEMPLATES, TYPES, refused
from tests.unit.language.models.test_rules import ACCEPTED, REFUSED

SCHEMA = specification_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
DEFINITIONS = SCHEMA["$defs"]
EXAMPLES = sorted(Path(__file__).parents[4].glob("examples/**/*.yaml"))
OURS = [name for name in DEFINITIONS if issubclass(getattr(models, name, object), Model)]
NOT_IN_JSON = {"5.0", "[5.0]", "nan", "inf"}
"""No numbers of JSON; and 5.0 is an integer there, in the language it is none."""


def read(text):
    return document.read(text).value


def test_it_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_the_examples_are_valid(path):
    assert list(VALIDATOR.iter_errors(yaml.safe_load(path.read_text()))) == []


@pytest.mark.parametrize(("model", "field", "type_"), ROWS)
def test_a_field_takes_what_the_models_take(model, field, type_):
    shown = Draft202012Validator({"$defs": DEFINITIONS, **DEFINITIONS[model.__name__]["properties"][field]})
    right, wrong = TYPES.get(type_.rstrip("†"), ([], []))
    for value in [*right, *wrong, *TEMPLATES, None]:
        if repr(value) not in NOT_IN_JSON:
            assert shown.is_valid(value) is not refused(model, field, value), value


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_what_the_models_accept_is_valid(text):
    assert list(VALIDATOR.iter_errors(read(text))) == []


@pytest.mark.parametrize("text", [text for text, _ in REFUSED.values()], ids=REFUSED)
def test_what_the_models_refuse_is_not_valid(text):
    assert not VALIDATOR.is_valid(read(text))


FORMS = {
    "a range as a list": "{kind: range, value: [1, 10, 2]}",
    "a range as a map": "{kind: range, value: {start: 1, stop: 10, step: 2}}",
    "a range as a text": '{kind: range, value: "1:10:2"}',
    "a range that is rendered": '{kind: range, value: "{{ r }}"}',
    "days": "{kind: daterange, value: [2030-01-31, 2030-02-28, 1]}",
    "powers of 2": "{kind: logspace, value: [0, 1, 5, 2]}",
    "weighted values": "{kind: pchoice, value: [[a, 0.1], [b, 0.9]]}",
}
NO_FORMS = {
    "a range of two values": "{kind: range, value: [1, 10]}",
    "a range of words": "{kind: range, value: [a, 10, 2]}",
    "a range without an end": "{kind: range, value: {start: 1, step: 2}}",
    "days as a text": '{kind: daterange, value: "2030-01-31:2030-02-28:1"}',
    "values without weights": "{kind: pchoice, value: [a, b]}",
    "no kind": "{value: [1]}",
}


def of_matrix(distribution):
    return read(f"matrix: {{kind: random, numRuns: 1, params: {{x: {distribution}}}}}")


@pytest.mark.parametrize("distribution", FORMS.values(), ids=FORMS)
def test_the_forms_of_a_distribution_are_valid(distribution):
    assert list(VALIDATOR.iter_errors(of_matrix(distribution))) == []


@pytest.mark.parametrize("distribution", NO_FORMS.values(), ids=NO_FORMS)
def test_other_forms_of_a_distribution_are_not_valid(distribution):
    assert not VALIDATOR.is_valid(of_matrix(distribution))


WHERE = {
    "an unknown field of a run": ("run: {kind: job, x: 1}", "$.run", "'x' was unexpected"),
    "an unknown kind": ("run: {kind: jobb}", "$.run.kind", "'jobb' is not one of"),
    "a field of a nested operation": (
        "run: {kind: dag, operations: [{name: a, dependency: b}]}",
        "$.run.operations[0]",
        "'dependency' was unexpected",
    ),
    "a field of a container": (
        "run: {kind: job, container: {imag: a}}",
        "$.run.container",
        "'imag' does not",
    ),
    "a field of a param": ("params: {a: {value: 1, typ: int}}", "$.params.a", "'typ' was unexpected"),
}


@pytest.mark.parametrize(("text", "where", "what"), WHERE.values(), ids=WHERE)
def test_what_is_wrong_is_said_where_it_is(text, where, what):
    said = {(error.json_path, error.message) for error in _deepest(VALIDATOR.iter_errors(read(text)))}
    assert any(path == where and what in message for path, message in said), said


def _deepest(errors):
    for error in errors:
        yield error
        yield from _deepest(error.context)


KUBERNETES = {
    "keys of Kubernetes' Python client": "container: {working_dir: /a, volume_mounts: [{name: v, mount_path: /v}]}",
    "one thing in place of a list": "container: {volumeMounts: {name: v, mountPath: /v}}",
    "one argument": "container: {args: 5}",
    "a container's field in a pod": "environment: {securityContext: {privileged: true}}",
    "a template": 'container: {ports: [{containerPort: "{{ port }}"}]}',
}


@pytest.mark.parametrize("fields", KUBERNETES.values(), ids=KUBERNETES)
def test_what_is_read_of_kubernetes_as_well_is_valid(fields):
    assert list(VALIDATOR.iter_errors(read(f"run: {{kind: job, {fields}}}"))) == []


def test_every_object_and_field_has_its_hover_text():
    fields = [(name, field, text) for name in OURS for field, text in DEFINITIONS[name]["properties"].items()]
    assert len(OURS) > 60
    assert [name for name in OURS if not DEFINITIONS[name]["description"]] == []
    assert [(name, field) for name, field, text in fields if not text.get("description")] == []


def test_every_kind_says_what_it_is():
    runs = DEFINITIONS["V1Operation"]["properties"]["run"]["anyOf"][0]["properties"]["kind"]
    assert (
        dict(zip(runs["enum"], runs["enumDescriptions"], strict=True))["job"]
        == "One container that runs to its end."
    )
    assert all(runs["enumDescriptions"])


EXCLUDED = {
    "a second reference": ("hubRef: a\nurlRef: b", "$.urlRef", "at most one reference may be given"),
    "a second source": (
        "init: [{git: {url: a}, paths: b}]",
        "$.init[0].git",
        "an init step has one source",
    ),
    "what composes a compiled operation": (
        "{kind: compiled_operation, params: {}}",
        "$.params",
        "a compiled operation has nothing to compose",
    ),
    "a default that must not be": (
        "inputs: [{name: a, type: int, isOptional: false, value: 1}]",
        "$.inputs[0].value",
        "what has a default is optional",
    ),
}


@pytest.mark.parametrize(("text", "where", "why"), EXCLUDED.values(), ids=EXCLUDED)
def test_an_editor_says_why_a_field_must_not_be_there_and_does_not_offer_it(text, where, why):
    errors = list(_deepest(VALIDATOR.iter_errors(read(text))))
    said = [
        (error.schema["errorMessage"], error.schema["doNotSuggest"])
        for error in errors
        if error.json_path == where
    ]
    assert (why, True) in said


def test_nothing_has_a_name_that_only_a_program_knows():
    def titles(value):
        if isinstance(value, list):
            return [title for item in value for title in titles(item)]
        if not isinstance(value, dict):
            return []
        own = [text for key, text in value.items() if key == "title" and isinstance(text, str)]
        return own + titles([*value.values()])

    assert titles(SCHEMA) == ["polyflow specification"]
