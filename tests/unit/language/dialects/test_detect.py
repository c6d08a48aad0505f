"""Which dialect a document is in."""

import pytest

from polyflow_shared.language import document
from polyflow_shared.language.codes import Code
from polyflow_shared.language.dialects import Dialect, dialect_of, translate

JOB = "{kind: job, container: {command: [x]}}"
SHAPES = {
    "a pipeline is beta": ("kind: pipeline\nops: []", Dialect.BETA),
    "an operation that names a template is beta": ("ops: [{name: a, template: {name: t}}]", Dialect.BETA),
    "so is one in a DAG": ("run: {kind: dag, operations: [{name: a, template: {event: e}}]}", Dialect.BETA),
    "templates are beta": ("templates: []", Dialect.BETA),
    "ops at the top are version 1": ("ops: []", Dialect.VERSION_1),
    "components without a run are version 1": ("components: []", Dialect.VERSION_1),
    "a DAG is current": ("run: {kind: dag, operations: [{name: a}], components: []}", Dialect.CURRENT),
    "a job is current": (f"run: {JOB}", Dialect.CURRENT),
    "the spelling of 2.16 is current": (f"version: 1.1\nkind: component\nrun: {JOB}", Dialect.CURRENT),
    "a lock is no template of an operation": (
        "run: {kind: dag, operations: [{name: a, template: {enabled: true}}]}",
        Dialect.CURRENT,
    ),
    "a list is nothing that is older": ("[1]", Dialect.CURRENT),
    "nothing is older about maps of another shape": ("run: 3\noperations: 4", Dialect.CURRENT),
}


@pytest.mark.parametrize(("text", "dialect"), SHAPES.values(), ids=SHAPES.keys())
def test_shapes(text, dialect):
    assert dialect_of(document.read(text).value) is dialect


MIXTURES = {
    "ops beside run": ("run: {kind: dag}\nops: []", "`ops` and `run`", (2, 1)),
    "ops beside operations": ("operations: []\nops: []", "`ops` and `operations`", (2, 1)),
    "templates beside components": ("templates: []\ncomponents: []", "`templates` and `components`", (1, 1)),
    "templates beside run": ("kind: pipeline\nrun: {}\ntemplates: []", "`templates` and `run`", (3, 1)),
}


@pytest.mark.parametrize(("text", "which", "position"), MIXTURES.values(), ids=MIXTURES.keys())
def test_a_mixture_is_one_error(text, which, position):
    read = translate(document.read(text)).document
    (finding,) = read.findings
    assert read.value is None
    assert (finding.code, finding.position) == (Code.MIXED_DIALECTS, position)
    assert which in finding.message
    assert "under `" in finding.hint


def test_what_is_current_comes_back_as_it_is():
    read = document.read(f"run: {JOB}")
    translated = translate(read)
    assert translated.document is read
    assert (translated.notice, translated.whole) == (None, read)
