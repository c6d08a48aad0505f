"""What is said of a wrong field: one short sentence, and what to write in its place."""

import pytest

from polyflow_shared.language import document, schema
from polyflow_shared.language.findings import MAX_MESSAGE

SAID = {
    "a boolean for a text": (
        "conditions: true",
        "`conditions`: this should be a text, not `true`",
        "write it in quotes",
    ),
    "a number for a text": ("env: {A: 1}", "`A`: this should be a text, not `1`", "write it in quotes"),
    "null for a text": ("env: {A: null}", "`A`: this should be a text, not null", ""),
    "a map for a text": ("hubRef: {name: a}", "`hubRef`: this should be a text, not a map", ""),
    "a text for a list": (
        "dependencies: a",
        "`dependencies`: this should be a list, not `a`",
        "write `[a]`",
    ),
    "a map for a list": (
        "inputs: {a: int}",
        "`inputs`: this should be a list, not a map",
        "begin each item with `- `",
    ),
    "a list for a map": (
        "env: [A]",
        "`env`: this should be a map, not a list",
        "write `name: value`, without `- `",
    ),
    "a text for an object": ("cache: x", "`cache`: this should be a map of fields, not `x`", ""),
    "an integer in quotes": (
        "termination: {timeout: '5'}",
        "`timeout`: this should be an integer, not `5`",
        "write it without quotes",
    ),
    "an integer that is too large without quotes as well": (
        "termination: {timeout: '99999999999999999999'}",
        "`timeout`: this should be an integer, not `99999999999999999999`",
        "it is too large",
    ),
    "an integer with a point": (
        "termination: {timeout: 5.0}",
        "`timeout`: this should be an integer, not `5.0`",
        "write 5",
    ),
    "an integer with a unit": (
        "termination: {timeout: 5m}",
        "`timeout`: this should be an integer, not `5m`",
        "",
    ),
    "an octal number": (
        "termination: {timeout: '010'}",
        "`timeout`: this should be an integer, not `010`",
        "a leading zero means octal; write 10",
    ),
    "a word for a boolean": (
        "strictParams: maybe",
        "`strictParams`: this should be true or false, not `maybe`",
        "",
    ),
    "none of a few words": (
        "patchStrategy: merge",
        "`patchStrategy`: this should be `post_merge`, `pre_merge`, `replace` or `isnull`, not `merge`",
        "did you mean `pre_merge`?",
    ),
    "none of many words": (
        "hooks: [{hubRef: a, trigger: succeded}]",
        "`trigger`: this should be one of 20 words (`created`, `resuming`, `on_schedule`, …), not `succeded`",
        "did you mean `succeeded`?",
    ),
    "one of several types": (
        "resources: {cpu: []}",
        "`cpu`: this should be a number or a text, not a list",
        "",
    ),
    "a name with a space": (
        "name: a b",
        "`name`: this should be made of letters, digits, `-` and `_`, not `a b`",
        "write `a-b`",
    ),
    "what was left out": (
        "params: ...",
        "`params`: this should be a map, not `...`",
        "`...` stands for something that was left out; write it, or remove the dots",
    ),
    "a moment that is none": (
        "schedule: {kind: datetime, startAt: soon}",
        "`startAt`: this should be a moment such as `2030-01-31T12:00:00`, or a date, not `soon`",
        "",
    ),
    "a kind of run where a document's is meant": (
        "kind: dag",
        "`kind`: this should be `component` or `operation`, not `dag`",
        "`kind: dag` belongs under `run:`",
    ),
    "a run by the name of its kind": (
        "run: dag",
        "`run`: this should be a map of fields, not `dag`",
        "write `kind: dag` below it",
    ),
    "a kind that belongs to another matrix": (
        "matrix: {kind: grid, params: {x: {kind: uniform, value: [0, 1]}}}",
        "kind `uniform` cannot stand here; known are `choice`, `range`, `daterange`, `datetimerange`, "
        "`linspace`, `logspace`, `geomspace`",
        "",
    ),
    "a list for a kind": (
        "run: {kind: [job]}",
        "`kind`: this should be one word, not a list",
        "write `kind: job`",
    ),
    "a map for a kind": (
        "run: {kind: {job: {}}}",
        "`kind`: this should be one word, not a map",
        "write `kind: job`",
    ),
    "no kind": (
        "schedule: {cron: '@daily'}",
        "`schedule` needs a kind",
        "write `kind: cron`, or another kind: `interval`, `datetime`",
    ),
    "a param in short form where it is none": (
        "hooks: [{hubRef: a, params: {b: true}}]",
        "`b`: this should be a map of fields, not `true`",
        "write `{value: true}`",
    ),
    "no kind, of a param that is called as a field": (
        "matrix: {kind: random, numRuns: 1, params: {value: {value: [1]}}}",
        "`value` needs a kind",
        "write `kind: choice`, or another kind: `range`, `daterange`, `datetimerange`, `linspace`, `logspace`, "
        "`geomspace`, `pchoice`, `uniform`, `quniform`, `loguniform`, `qloguniform`, `normal`, `qnormal`, "
        "`lognormal`, `qlognormal`",
    ),
    "a field of the container": (
        "run: {kind: job, image: a}",
        "unknown field `image`",
        "`image` belongs under `container:`",
    ),
    "a field of a DAG in a job": (
        "run: {kind: job, operations: []}",
        "unknown field `operations`",
        "`operations` belongs under `run:` with `kind: dag`",
    ),
}


def findings(text):
    return schema.read(document.read(text).value).findings


@pytest.mark.parametrize(("text", "message", "hint"), SAID.values(), ids=SAID)
def test_what_is_said(text, message, hint):
    assert [(finding.message, str(finding.hint)) for finding in findings(text)] == [(message, hint)]


def test_a_long_value_is_cut_short():
    [finding] = findings(f"cache: {'x' * 100_000}")
    assert len(finding.message) < MAX_MESSAGE


def test_words_of_the_platform_are_not_proposed():
    [finding] = findings("run: {kind: jobber}")
    assert "cleaner" not in finding.message
    [finding] = findings("kind: compiled")
    assert "compiled_operation" not in finding.message
    assert "compiled_operation" not in str(finding.hint)


def test_every_field_of_an_object_that_is_given_twice_is_told_of_once():
    text = "run: {kind: dag, operations: [{nme: a}, {nme: b}]}"
    assert len(findings(text)) == 2
