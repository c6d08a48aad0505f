"""Pods whose fields are right and whose names are not."""

import pytest
import yaml

from polyflow_shared.language import schema
from polyflow_shared.language.sanity.pods import pod_doubts

RUN = "{{kind: job, container: {{image: a{}}}{}}}"


def found(container, rest):
    read = schema.read({"run": yaml.safe_load(RUN.format(container, rest))})
    assert read.findings == []
    return [
        (one.code.value, ".".join(map(str, one.path)), one.message) for one in pod_doubts(read.operation.run)
    ]


MOUNT = ", volumeMounts: [{{name: {}, mountPath: {}}}]"
DATA = ", volumes: [{name: data, emptyDir: {}}]"
WRONG = {
    "a label of ours": (
        ("", ", environment: {labels: {polyflow.io/run: x}}"),
        ("PF2004", "environment.labels.polyflow.io/run", "`polyflow.io/run` is polyflow's own"),
    ),
    "an annotation of ours": (
        ("", ", environment: {annotations: {app.kubernetes.io/managed-by: x}}"),
        (
            "PF2004",
            "environment.annotations.app.kubernetes.io/managed-by",
            "`app.kubernetes.io/managed-by` is polyflow's own",
        ),
    ),
    "a label's name": (
        ("", ", environment: {labels: {'a b': x}}"),
        ("PF2004", "environment.labels.a b", "`a b` cannot be the name of a label or annotation"),
    ),
    "a label's value": (
        ("", ", environment: {labels: {a: 'b c'}}"),
        ("PF2004", "environment.labels.a", "`b c` cannot be the value of a label"),
    ),
    "a sidecar called main": (
        ("", ", sidecars: [{name: main}]"),
        ("PF6005", "sidecars.0.name", "`main` is the name of the operation's own container"),
    ),
    "two containers of one name": (
        ("", ", init: [{container: {image: a}}], sidecars: [{name: init-0}]"),
        ("PF6005", "sidecars.0.name", "`init-0` is the name of another container"),
    ),
    "a container's name": (
        ("", ", sidecars: [{name: My_Proxy}]"),
        ("PF2004", "sidecars.0.name", "`My_Proxy` cannot be the name of a container"),
    ),
    "two volumes of one name": (
        ("", ", volumes: [{name: data, emptyDir: {}}, {name: data, emptyDir: {}}]"),
        ("PF6005", "volumes.1.name", "`data` is the name of another volume"),
    ),
    "our volume": (
        ("", ", volumes: [{name: polyflow, emptyDir: {}}]"),
        ("PF2004", "volumes.0.name", "`polyflow` is polyflow's own volume"),
    ),
    "a volume that is not there": (
        (MOUNT.format("date", "/d"), DATA),
        ("PF3023", "container.volumeMounts.0.name", "there is no volume `date`"),
    ),
    "a volume that is not there, in a sidecar": (
        ("", ", sidecars: [{name: s, volumeMounts: [{name: data, mountPath: /d}]}]"),
        ("PF3023", "sidecars.0.volumeMounts.0.name", "there is no volume `data`"),
    ),
    "our folder": (
        (MOUNT.format("data", "/polyflow/x"), DATA),
        ("PF2004", "container.volumeMounts.0.mountPath", "`/polyflow` is polyflow's own folder"),
    ),
    "an image's name": (
        ("", ", sidecars: [{name: s, image: 'Busybox:Latest:x'}]"),
        ("PF2004", "sidecars.0.image", "`Busybox:Latest:x` cannot be the name of an image"),
    ),
    "an image's name with capitals": (
        ("", ", sidecars: [{name: s, image: ghcr.io/Team/train}]"),
        ("PF2004", "sidecars.0.image", "`ghcr.io/Team/train` cannot be the name of an image"),
    ),
    "a folder twice": (
        (", volumeMounts: [{name: data, mountPath: /d}, {name: data, mountPath: /d/, subPath: a}]", DATA),
        ("PF6005", "container.volumeMounts.1.mountPath", "another volume is mounted at `/d`"),
    ),
}


@pytest.mark.parametrize(("fields", "wrong"), WRONG.values(), ids=WRONG)
def test_a_pod_that_kubernetes_would_refuse_is_told_of(fields, wrong):
    assert found(*fields) == [wrong]


IMAGES = (
    "python",
    "python:3.11-slim",
    "team/train_x.y--z:V1.0_a",
    "localhost/a",
    "Registry.example.com:5000/a/b:c@sha256:" + "0f" * 32,
    "[fd00::1]:5000/a",
    "{{ image }}",
    "train:{{ tag }}",
)
RIGHT = {
    "the main container's own name counts for nothing": (", name: init-0", ", init: [{container: {image: a}}]"),
    "labels with a prefix": ("", ", environment: {labels: {example.com/team.a: 'v_1'}, annotations: {a: 'b c'}}"),
    "images": ("", ", sidecars: [" + ", ".join(f"{{name: s{n}, image: '{i}'}}" for n, i in enumerate(IMAGES)) + "]"),
    "an empty value": ("", ", environment: {labels: {a: ''}}"),
    "templates": (
        MOUNT.format("'{{ a }}'", "/d"),
        ", environment: {labels: {a: '{{ b }} c'}}, volumes: [{name: '{{ a }}', emptyDir: {}}]",
    ),
    "a template for all volumes": (MOUNT.format("data", "/d"), ", volumes: '{{ a }}'"),
    "a template for all mounts": (", volumeMounts: '{{ a }}'", ""),
}  # fmt: skip


@pytest.mark.parametrize("fields", RIGHT.values(), ids=RIGHT)
def test_nothing_is_said_of_what_may_work(fields):
    assert found(*fields) == []
