"""What older dialects say is what today's spelling says, at the places of the older text."""

from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_services.spec_validator.checked import check
from polyflow_shared.language import dialects, document, schema
from polyflow_shared.language.codes import Code

SEEDS = Path(__file__).parents[3] / "fixtures" / "seeds"
HEAD = "kind: pipeline\nops: []\n"


def translated(text):
    return dialects.translate(document.read(text))


def value(text):
    found = translated(text).document
    assert not found.findings, found.findings
    return found.value


def template(more, **fields):
    """Return what a beta template with these further lines becomes, with what is always so left out."""
    (component,) = value(f"{HEAD}templates:\n- {{name: t, {more}}}")["component"]["run"]["components"]
    assert component.pop("name") == "t"
    return component


def operation(more):
    (found,) = value(f"kind: pipeline\nops:\n- {{name: a, {more}}}")["component"]["run"]["operations"]
    assert found.pop("name") == "a"
    return found


TEMPLATES = {
    "a kind is the run's": ("kind: job", {"run": {"kind": "job"}}),
    "an experiment is a job": ("kind: experiment", {"run": {"kind": "job"}}),
    "a notebook is a service": ("kind: notebook", {"run": {"kind": "service"}}),
    "the run's own kind stays": ("kind: job, run: {kind: service}", {"run": {"kind": "service"}}),
    "types have their names of today": (
        "inputs: [{name: a, type: s3_path}, {name: b, type: gcs_path, is_optional: true}, {name: c, type: wasb_path}]",
        {"inputs": [{"name": "a", "type": "s3"}, {"name": "b", "type": "gcs", "isOptional": True}, {"name": "c", "type": "wasb"}]},
    ),
    "a default is a value": ("inputs: [{name: a, default: 3}]", {"inputs": [{"name": "a", "value": 3}]}),
    "a build is a component of the hub": (
        "build: {dockerfile: a/Dockerfile, context: b}",
        {"build": {"hubRef": "kaniko", "params": {"dockerfile": {"value": "a/Dockerfile"}, "context": {"value": "b"}}}},
    ),
    "a build that is an image only is the image": (
        "build: {image: python}, run: {kind: job}",
        {"run": {"kind": "job", "container": {"image": "python"}}},
    ),
    "a build of today stays": ("build: {hubRef: b}", {"build": {"hubRef": "b"}}),
    "settings of the pod are the run's": (
        "environment: {node_selector: {a: b}, service_account: s, image_pull_secrets: [p], labels: {l: m}}",
        {"run": {"environment": {"nodeSelector": {"a": "b"}, "serviceAccountName": "s", "imagePullSecrets": ["p"], "labels": {"l": "m"}}}},
    ),
    "secrets and config maps are the container's": (
        "environment: {secret_refs: [s], config_map_refs: [c, d]}",
        {"run": {"container": {"envFrom": [{"secretRef": {"name": "s"}}, {"configMapRef": {"name": "c"}}, {"configMapRef": {"name": "d"}}]}}},
    ),
    "restarts are retries": ("environment: {max_restarts: 2}", {"termination": {"maxRetries": 2}}),
    "settings join those that are there": (
        "environment: {service_account: s}, run: {kind: job, environment: {labels: {a: b}}}",
        {"run": {"kind": "job", "environment": {"labels": {"a": "b"}, "serviceAccountName": "s"}}},
    ),
    "a command line is the shortcut": (
        "kind: job, run: {cmd: python train.py}",
        {"run": {"kind": "job"}, "cmd": "python train.py"},
    ),
    "a pipeline in a pipeline is a DAG": (
        "kind: pipeline, ops: [{name: b, template: {name: c}}], templates: [{name: c, kind: job}]",
        {"run": {"kind": "dag", "operations": [{"name": "b", "dagRef": "c"}], "components": [{"name": "c", "run": {"kind": "job"}}]}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("written", "today"), TEMPLATES.values(), ids=TEMPLATES.keys())
def test_templates(written, today):
    assert template(written) == today


OPERATIONS = {
    "a template by name": ("template: {name: t}", {"dagRef": "t"}),
    "an action": ("template: {action: t}", {"hubRef": "t"}),
    "an event": (
        "template: {event: e}",
        {"hubRef": "e", "events": [{"kinds": ["project_custom_event"], "ref": "hub.e"}]},
    ),
    "a bare param": ("params: {lr: 0.05}", {"params": {"lr": {"value": 0.05}}}),
    "a param that is null": ("params: {lr: null}", {"params": {"lr": {"value": None}}}),
    "a map of another kind": ("params: {o: {a: 1}}", {"params": {"o": {"value": {"a": 1}}}}),
    "a param in full": ("params: {lr: {value: 1}, x: {}}", {"params": {"lr": {"value": 1}, "x": {}}}),
    "a ref in braces": (
        "params: {x: '{{ ops.b.outputs.y }}', z: '{{dag.inputs.y}}'}",
        {"params": {"x": {"ref": "ops.b", "value": "outputs.y"}, "z": {"ref": "dag", "value": "inputs.y"}}},
    ),
    "text around a ref": (
        "params: {x: 'a {{ ops.b.outputs.y }}'}",
        {"params": {"x": {"value": "a {{ ops.b.outputs.y }}"}}},
    ),
    "retries": ("max_restarts: 3", {"termination": {"maxRetries": 3}}),
    "a field in snake case": ("skip_on_upstream_skip: true", {"skipOnUpstreamSkip": True}),
}


@pytest.mark.parametrize(("written", "today"), OPERATIONS.values(), ids=OPERATIONS.keys())
def test_operations(written, today):
    assert operation(written) == today


def test_a_beta_pipeline_is_an_operation_with_a_dag_inside():
    text = (
        "version: 1\nkind: pipeline\nname: p\nconcurrency: 2\n"
        "schedule: {kind: cron, cron: '0 0 * * *', start_at: '2020-01-01', depends_on_past: true}\n"
        "inputs: [{name: a, type: s3_path}]\nops: [{name: a, template: {name: t}}]\ntemplates: [{name: t, kind: job}]"
    )
    assert value(text) == {
        "version": 1.1,
        "kind": "operation",
        "name": "p",
        "schedule": {
            "kind": "cron",
            "cron": "0 0 * * *",
            "startAt": "2020-01-01",
            "dependsOnPast": True,
        },
        "component": {
            "inputs": [{"name": "a", "type": "s3"}],
            "run": {
                "kind": "dag",
                "operations": [{"name": "a", "dagRef": "t"}],
                "components": [{"name": "t", "run": {"kind": "job"}}],
                "concurrency": 2,
            },
        },
    }


def test_version_1_is_a_component_with_a_dag():
    assert value((SEEDS / "as_printed" / "002.yaml").read_text()) == {
        "version": 1.1,
        "kind": "component",
        "name": "test-pipeline",
        "run": {
            "kind": "dag",
            "operations": [
                {
                    "name": "job1",
                    "dagRef": "job-template",
                    "params": {"bucket": {"value": "s3://bucket-with-data"}},
                },
                {
                    "name": "deep-wide-experiment",
                    "hubRef": "deep-wide-model",
                    "dependencies": ["job1"],
                    "params": {"lr": {"value": 0.05}},
                },
            ],
            "components": [
                {
                    "name": "job-template",
                    "inputs": [{"name": "input-bucket", "type": "s3"}],
                    "run": {
                        "kind": "job",
                        "container": {
                            "name": "data-processing-image",
                            "command": ["run.sh"],
                            "args": ["--input-bucket"],
                        },
                        "environment": {
                            "nodeSelector": {"polyaxon": "experiments"},
                            "serviceAccountName": "my-service",
                        },
                    },
                }
            ],
        },
    }


def test_the_service_account_has_both_names_in_every_dialect():
    for name in ("serviceAccount", "serviceAccountName"):
        text = f"run: {{kind: job, environment: {{{name}: a}}, container: {{command: [x]}}}}"
        checked = check(text, file="x.yaml")
        assert checked.accepted
        assert checked.compiled.top.run.environment.service_account_name == "a"


WRONG = {
    "a slip in the name of an older field": (
        f"{HEAD}templates: [{{name: t, environment: {{secret_ref: [a]}}}}]",
        (Code.UNKNOWN_FIELD, (3, 37), "did you mean `secret_refs`?"),
    ),
    "a slip in the name of a build's field": (
        f"{HEAD}templates: [{{name: t, build: {{dockerfil: a}}}}]",
        (Code.UNKNOWN_FIELD, (3, 31), "did you mean `dockerfile`?"),
    ),
    "a slip in a reference": (
        "ops: [{name: a, template: {name: t, acton: b}}]",
        (Code.UNKNOWN_FIELD, (1, 37), "did you mean `action`?"),
    ),
    "two references at once": (
        "ops: [{name: a, template: {name: t, action: b}}]",
        (Code.SEVERAL_DEFINITIONS, (1, 27), ""),
    ),
    "both spellings at once": (
        f"{HEAD}templates: [{{name: t, environment: {{serviceAccountName: a, service_account: b}}}}]",
        (Code.DUPLICATE_KEY, (3, 60), "remove one of them"),
    ),
    "a name where a list is meant": (
        f"{HEAD}templates: [{{name: t, environment: {{secret_refs: a}}}}]",
        (Code.WRONG_TYPE, (3, 50), "write `secret_refs: [a]`"),
    ),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_an_older_text(text, expected):
    (finding,) = translated(text).document.findings
    assert (finding.code, finding.position, str(finding.hint)) == expected


def test_a_field_that_there_never_was_is_said_once():
    checked = check(f"{HEAD}templates: [{{name: t, kind: job, nothing_like_it: 1}}]", file="x.yaml")
    assert [(one.code, one.line) for one in checked.errors if one.code == "PF2001"] == [("PF2001", 3)]


def test_there_is_one_notice_and_it_says_what_to_write():
    text = "ops: [{name: a, params: {x: 1}}, {name: b, params: {x: 1}}]\ncomponents: []"
    notice = translated(text).notice
    assert (notice.code, notice.warning, notice.position) == (Code.OLDER_DIALECT, True, (1, 1))
    assert notice.message == (
        "this is the version 1 dialect: `ops` is `run.operations` today, `name: value` is"
        " `name: {value: value}` today, `components` is `run.components` today"
    )
    assert notice.hint == "`polyflow migrate FILE` rewrites the file"


TEXT = """\
# A comment, so that nothing stands in the first line.
kind: pipeline
ops:
  - name: a
    template: {name: t}
    params:
      lr: 0.05
templates:
  - kind: job
    name: t
    environment:
      secret_refs: [s]
      service_account: x
"""
PLACES = {
    "kind": (2, 7),
    "component.run": (4, 3),
    "component.run.operations": (4, 3),
    "component.run.operations.0.dagRef": (5, 22),
    "component.run.operations.0.params.lr.value": (7, 11),
    "component.run.components.0.run.kind": (9, 11),
    "component.run.components.0.run.environment.serviceAccountName": (13, 24),
    "component.run.components.0.run.container.envFrom.0.secretRef.name": (12, 21),
}


@pytest.mark.parametrize(("path", "position"), PLACES.items(), ids=PLACES.keys())
def test_values_are_found_where_they_were_written(path, position):
    parts = tuple(int(part) if part.isdigit() else part for part in path.split("."))
    assert translated(TEXT).document.locate(parts, False) == position


def test_keys_are_found_where_they_were_written():
    locate = translated(TEXT).document.locate
    assert locate(("component", "run", "operations"), True) == (3, 1)
    assert locate(
        ("component", "run", "components", 0, "run", "environment", "serviceAccountName"), True
    ) == (13, 7)


SCALARS = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["a", "{{ ops.a.outputs.x }}", "job"])
)
KEYS = st.sampled_from(
    ["kind", "name", "ops", "templates", "components", "run", "operations", "params", "environment", "build",
     "template", "action", "event", "secret_refs", "service_account", "max_restarts", "inputs", "type", "schedule",
     "start_at", "component", "cmd", "concurrency", "zzz"]
)  # fmt: skip
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@given(st.dictionaries(KEYS, TREES, max_size=6), st.sampled_from([{"kind": "pipeline"}, {"ops": []}, {}]))
def test_whatever_is_in_a_document_is_translated_or_said_and_the_document_is_left_alone(value, more):
    whole = {**value, **more}
    before = deepcopy(whole)
    result = dialects.translate(document.Document(whole))
    assert whole == before
    if result.dialect is not dialects.Dialect.CURRENT:
        assert (
            result.document.value is None
            or dialects.dialect_of(result.document.value) is dialects.Dialect.CURRENT
            or schema.read(result.document.value).findings  # what has no room today is an unknown field
        )


@given(st.dictionaries(KEYS, TREES, max_size=6))
def test_what_is_at_a_path_today_was_somewhere_before(value):
    whole = {**value, "kind": "pipeline"}
    asked = []

    def locate(path, _at_key):
        asked.append(path)
        return (1, 1)

    result = dialects.translate(document.Document(whole, (), locate))
    for path in _paths(result.document.value):
        assert result.document.locate(path, False) == (1, 1)
        assert _exists(whole, asked[-1]), (path, asked[-1])


def _paths(node, path=()):
    yield path
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, item in pairs:
        yield from _paths(item, (*path, key))


def _exists(node, path):
    for part in path:
        if not (isinstance(node, dict) and part in node) and not (
            isinstance(node, list) and isinstance(part, int) and part < len(node)
        ):
            return False
        node = node[part]
    return True
