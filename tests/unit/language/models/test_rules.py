"""Rules that a type alone does not say: values of one field, fields that go together."""

import pytest

from polyflow_shared.language import document, schema
from polyflow_shared.language.findings import path_text

ACCEPTED = {
    "an operation without anything": "{}",
    "tags with commas": "tags: a, b",
    "presets as a list": "presets: [a, b]",
    "a version of any number": 'version: "1.05"',
    "one line of shell": "cmd: echo",
    "several lines of shell": "cmd: [cd x, echo]",
    "amounts": "{resources: {cpu: 0.5, memory: 1Gi..2Gi, gpu: 1, google.com/tpu: ..4}}",
    "uploads": "mount: [a, b:c, {from: d, to: e}]",
    "a run without a kind": "run: {container: {image: a}}",
    "a run that is a part, with fields of its own": "run: {anything: 1}",
    "a container without an image": "run: {kind: job, container: {}}",
    "a job without a container": "run: {kind: job}",
    "a distributed run without roles": "run: {kind: tfjob}",
    "a DAG without operations": "run: {kind: dag}",
    "a template for the operations of a DAG": 'run: {kind: dag, operations: "{{ x }}"}',
    "a component beside the reference that it is": "hubRef: a\ncomponent: {run: {kind: job}}",
    "components within components": "component: {component: {component: {run: {kind: job}}}}",
    "an empty step": "init: [{}]",
    "a repository that the connection has": "init: [{git: {revision: main}, connection: repo}]",
    "paths of all forms": "init: [{paths: a}, {paths: [a, [b, c]]}]",
    "files of all forms": "init: [{artifacts: {files: [a, [b, c]], dirs: [d]}}]",
    "a step that is a container": "init: [{container: {image: a}}]",
    "images of all forms": "init: [{dockerfile: {image: a}}, {dockerfile: {image: 'r.io:5000/a/b:1'}}]",
    "an event without kinds": "events: [{kinds: [], ref: ops.a}]",
    "numbers that make no sense, yet are numbers": "termination: {maxRetries: -1, timeout: 0}\ncost: -5",
    "a schedule with times": "schedule: {kind: cron, cron: x, startAt: 2030-01-31, endAt: '2030-02-01T10:00:00'}",
    "an interval in words": "schedule: {kind: interval, frequency: PT2M}",
    "an interval in seconds": "schedule: {kind: interval, frequency: 0.5}",
    "params in their short forms": "params: {a: 1, b: [1], c: {x: 1}, d: null, e: {}}",
    "a param that is files of another run": "params: {a: {ref: ops.x, value: {files: [a]}}}",
}

REFUSED = {
    "a text with nothing in it": ('cmd: ""', ["cmd"]),
    "no lines": ("cmd: []", ["cmd"]),
    "a blank line": ("cmd: [a, ' ']", ["cmd"]),
    "an unknown resource": ("resources: {limits: 1}", ["resources.limits"]),
    "a resource by Kubernetes' name": ("resources: {nvidia.com/gpu: 1}", ["resources.nvidia.com/gpu"]),
    "half a device": ("resources: {gpu: 0.5}", ["resources.gpu"]),
    "an amount that is a boolean": ("resources: {cpu: true}", ["resources.cpu"]),
    "variables as a list": ("env: [{name: A, value: b}]", ["env"]),
    "two references": ("hubRef: a\nurlRef: b", ["urlRef"]),
    "three references": ("hubRef: a\nurlRef: b\npathRef: c", ["urlRef"]),
    "a component by its name": ("component: a", ["component"]),
    "a kind of run as the kind of the file": ("kind: dag", ["kind"]),
    "a boolean as a condition": ("conditions: true", ["conditions"]),
    "a list of conditions": ("conditions: [a]", ["conditions"]),
    "a run that is a text": ("run: job", ["run"]),
    "a container of a distributed run": ("run: {kind: mpijob, container: {}}", ["run.container"]),
    "a replica in quotes": ("run: {kind: mpijob, worker: {replicas: '2'}}", ["run.worker.replicas"]),
    "a sidecar without a name": ("sidecars: [{image: a}]", ["sidecars[0].name"]),
    "a volume without a name": ("run: {kind: job, volumes: [{emptyDir: {}}]}", ["run.volumes[0].name"]),
    "a repository without an address": ("init: [{git: {}}]", ["init[0].git"]),
    "two sources of a step": ("init: [{paths: a, modelRef: b}]", ["init[0].modelRef"]),
    "a Dockerfile without an image": ("init: [{dockerfile: {}}]", ["init[0].dockerfile.image"]),
    "an image with a space": ("init: [{dockerfile: {image: a b}}]", ["init[0].dockerfile.image"]),
    "a file without content": ("init: [{file: {filename: a}}]", ["init[0].file.content"]),
    "variables of the environment": ("environment: {env: []}", ["environment.env"]),
    "a restart policy in small letters": (
        "environment: {restartPolicy: never}",
        ["environment.restartPolicy"],
    ),
    "a hook without a component": ("hooks: [{trigger: failed}]", ["hooks[0].hubRef"]),
    "a hook with a path": ("hooks: [{hubRef: a, pathRef: b}]", ["hooks[0].pathRef"]),
    "a hook's param in short form": ("hooks: [{hubRef: a, params: {b: 1}}]", ["hooks[0].params.b"]),
    "a hook's presets with commas": ("hooks: [{hubRef: a, presets: b}]", ["hooks[0].presets"]),
    "a build without a component": ("build: {params: {}}", ["build.hubRef"]),
    "a build's param in short form": ("build: {hubRef: a, params: {b: 1}}", ["build.params.b"]),
    "an event that never was": (
        "events: [{kinds: [run_status_initializing], ref: a}]",
        ["events[0].kinds[0]"],
    ),
    "an event of nothing": ("events: [{kinds: []}]", ["events[0].ref"]),
    "an unknown section of the cache": ("cache: {sections: [image]}", ["cache.sections[0]"]),
    "an upload from nowhere": ("mount: [{to: a}]", ["mount[0].from"]),
    "the number of seconds in quotes": (
        "schedule: {kind: interval, frequency: '60'}",
        ["schedule.frequency"],
    ),
    "an end of what happens once": (
        "schedule: {kind: datetime, startAt: 2030-01-31, maxRuns: 1}",
        ["schedule.maxRuns"],
    ),
    "a ref to a number": ("params: {a: {ref: dag, value: 5}}", ["params.a.value"]),
    "a param with a field too many": ("params: {a: {value: 1, other: 2}}", ["params.a.other"]),
    "a compiled operation with params": ("kind: compiled_operation\nparams: {}", ["params"]),
}


def paths(text):
    return [path_text(finding.path) for finding in schema.read(document.read(text).value).findings]


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_accepted(text):
    assert paths(text) == []


@pytest.mark.parametrize(("text", "where"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_and_where(text, where):
    assert paths(text) == where


@pytest.mark.parametrize("text", [text for text, _ in REFUSED.values()], ids=REFUSED)
def test_the_rest_of_a_refused_text_is_read(text):
    wrapped = {"name": "main", "component": document.read(text).value}
    read = schema.read(wrapped)
    assert read.findings
    assert read.operation is not None
    assert read.operation.name == "main"


@pytest.mark.parametrize("kind", ["mxjob", "paddlejob", "xgbjob", "rayjob", "daskjob", "spark", "flink"])
def test_a_kind_that_is_no_more_says_what_to_write(kind):
    [finding] = schema.read({"run": {"kind": kind, "worker": {}}}).findings
    assert path_text(finding.path) == "run.kind"
    assert str(finding.hint).startswith("write `kind: ")


@pytest.mark.parametrize("kind", ["job", "service", "notifier", "cleaner", "tuner"])
def test_kinds_that_are_one_container(kind):
    run = schema.read({"run": {"kind": kind, "container": {"image": "a"}}}).operation.run
    assert run.kind == kind
    assert run.container == {"image": "a"}
