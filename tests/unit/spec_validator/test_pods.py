"""The pod parts of a specification: what is planned of them, and what is refused on which cluster."""

import json

import pytest

from polyflow_services.spec_validator.checked import check
from polyflow_services.spec_validator.core import Installation
from polyflow_services.spec_validator.shape.around import Around
from polyflow_topics.pods import PodParts
from tests.unit.spec_validator.requests import plan, problems, record, validate

CLUSTERS = frozenset({"local", "gpu"})


def ask(specification):
    body = json.dumps({"specification": specification}).encode()
    return validate(record(body), installation=Installation(CLUSTERS))


def planned(pod, *, more=""):
    """Return the parts that a job on the cluster `gpu` is planned with."""
    _, operations, *_ = plan(ask(f"queue: gpu\n{more}\nrun:\n  kind: job\n{pod}"))
    return operations["main"]


def said(parts):
    return parts and {name: getattr(parts, name) for name in parts.model_fields_set}


PARTS = {
    "a command alone": ("  container: {image: a, command: [b], env: [{name: A, value: 1}]}", None),
    "fields of the container": (
        """
  container:
    name: mine
    image: a
    resources: {limits: {cpu: 1, memory: 2Gi}}
    imagePullPolicy: Always
    ports: [{containerPort: 80, name: null}]
    livenessProbe: {httpGet: {path: /, port: http}}
""",
        {
            "container": {
                "resources": {"limits": {"cpu": "1", "memory": "2Gi"}},
                "imagePullPolicy": "Always",
                "ports": [{"containerPort": 80}],
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}},
            }
        },
    ),
    "variables that are kept elsewhere": (
        """
  container:
    image: a
    env:
    - {name: A, value: b}
    - {name: TOKEN, valueFrom: {secretKeyRef: {name: s, key: k}}}
""",
        {"env": {"TOKEN": {"secretKeyRef": {"name": "s", "key": "k"}}}},
    ),
    "containers before and beside, and their volumes": (
        """
  volumes: [{name: data, persistentVolumeClaim: {claimName: digits}}]
  init:
  - container: {image: i, command: [fetch]}
  - {}
  - container: {name: unpack, image: i}
  sidecars: [{name: proxy, image: p, restartPolicy: Always}]
  container: {image: a, volumeMounts: [{name: data, mountPath: /data}]}
""",
        {
            "container": {"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
            "init": (
                {"name": "init-0", "image": "i", "command": ["fetch"]},
                {"name": "unpack", "image": "i"},
            ),
            "sidecars": ({"name": "proxy", "image": "p", "restartPolicy": "Always"},),
            "volumes": ({"name": "data", "persistentVolumeClaim": {"claimName": "digits"}},),
        },
    ),
    "the whole environment": (
        """
  container: {image: a}
  environment:
    labels: {team: vision, size: 3}
    annotations: {note: a b}
    nodeSelector: {gpu: true}
    nodeName: n1
    affinity: {nodeAffinity: {}}
    tolerations: [{key: gpu, operator: Exists, tolerationSeconds: 0}]
    serviceAccountName: trainer
    hostAliases: [{ip: 10.0.0.1, hostnames: [db]}]
    securityContext: {runAsUser: 0, fsGroup: 5}
    imagePullSecrets: [registry]
    hostNetwork: false
    hostPID: true
    dnsPolicy: ClusterFirst
    dnsConfig: {nameservers: [1.1.1.1]}
    schedulerName: kueue
    priorityClassName: high
    priority: 0
    restartPolicy: Never
""",
        {
            "labels": {"team": "vision", "size": "3"},
            "annotations": {"note": "a b"},
            "spec": {
                "nodeSelector": {"gpu": "true"},
                "nodeName": "n1",
                "affinity": {"nodeAffinity": {}},
                "tolerations": [{"key": "gpu", "operator": "Exists", "tolerationSeconds": 0}],
                "serviceAccountName": "trainer",
                "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["db"]}],
                "securityContext": {"runAsUser": 0, "fsGroup": 5},
                "imagePullSecrets": [{"name": "registry"}],
                "hostNetwork": False,
                "hostPID": True,
                "dnsPolicy": "ClusterFirst",
                "dnsConfig": {"nameservers": ["1.1.1.1"]},
                "schedulerName": "kueue",
                "priorityClassName": "high",
                "priority": 0,
            },
        },
    ),
}


@pytest.mark.parametrize(("pod", "parts"), PARTS.values(), ids=PARTS)
def test_parts_of_a_pod_are_planned(pod, parts):
    operation = planned(pod)
    assert said(operation.parts) == parts
    assert operation.templated is False


def test_of_a_container_the_plan_says_each_thing_once():
    operation = planned(
        "  container: {image: a, command: [b], env: [{name: A, value: 1},"
        " {name: T, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: T, value: last}]}"
    )
    assert operation.container.env == {"A": "1", "T": "last"}
    assert operation.parts is None


def test_zero_seconds_of_keeping_are_said():
    assert said(planned("  container: {image: a}", more="termination: {ttl: 0}").parts) == {"ttl": 0}


TEMPLATED = {
    "in the container": "  container: {image: a, resources: {limits: {cpu: '{{ n }}'}}}",
    "in its image": "  container: {image: 'a:{{ n }}'}",
    "in an init container": "  container: {image: a}\n  init: [{container: {image: a, args: ['{{ n }}']}}]",
    "in a label": "  container: {image: a}\n  environment: {labels: {n: '{{ n }}'}}",
}


@pytest.mark.parametrize("pod", TEMPLATED.values(), ids=TEMPLATED)
def test_templates_are_left_to_the_planner(pod):
    assert planned(pod, more="inputs: [{name: n, type: int, value: 1}]").templated is True


def test_what_a_dag_says_reaches_its_operations():
    text = """
run:
  kind: dag
  environment: {labels: {team: vision}, nodeSelector: {pool: cpu}}
  volumes: [{name: data, emptyDir: {}}]
  operations:
  - name: a
    queue: gpu
    run:
      kind: job
      environment: {nodeSelector: {pool: gpu}}
      container: {image: a, volumeMounts: [{name: data, mountPath: /data}]}
"""
    _, operations, *_ = plan(ask(text))
    assert said(operations["a"].parts) == {
        "container": {"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        "labels": {"team": "vision"},
        "spec": {"nodeSelector": {"pool": "gpu"}},
        "volumes": ({"name": "data", "emptyDir": {}},),
    }


JOB = "run: {{kind: job, container: {{image: a, command: [b]{}}}{}}}"
REFUSED = {
    "a container that is started again": ((", restartPolicy: Always", ""), "run.container.restartPolicy"),
    "a pod that is started again": (
        ("", ", environment: {restartPolicy: OnFailure}"),
        "run.environment.restartPolicy",
    ),
    "a repository": (("", ", init: [{git: {url: 'https://a/b'}}]"), "run.init[0].git"),
    "files of a connection": (("", ", init: [{connection: c, paths: [a]}]"), "run.init[0].paths"),
    "a folder for a step": (("", ", init: [{container: {image: a}, path: /x}]"), "run.init[0].path"),
    "a template for a connection": (("", ", connections: ['{{ globals.uuid }}']"), "run.connections[0]"),
    "a template for all connections": (("", ", connections: '{{ globals.uuid }}'"), "run.connections"),
    "a template for all volumes": (("", ", volumes: '{{ globals.uuid }}'"), "run.volumes"),
    "a template for the environment": (("", ", environment: '{{ globals.uuid }}'"), "run.environment"),
    "a template for an init container": (
        ("", ", init: [{container: '{{ globals.uuid }}'}]"),
        "run.init[0].container",
    ),
    "a template for a sidecar's variables": (
        ("", ", sidecars: [{name: s, command: [a], env: '{{ globals.uuid }}'}]"),
        "run.sidecars[0].env",
    ),
}


@pytest.mark.parametrize(("fields", "path"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_run_yet_is_refused_by_name(fields, path):
    found = problems(ask(f"queue: gpu\n{JOB.format(*fields)}"))
    assert ("PF2005", path) in [(one.code, one.path) for one in found]


SECRET = "volumes: [{name: d, secret: {secretName: c}}]"
NOT_HERE = {
    "a volume of the cluster": (("", f", {SECRET}"), "run.volumes[0].secret"),
    "an init container without a command": (
        ("", ", init: [{container: {image: a}}]"),
        "run.init[0].container",
    ),
    "a sidecar without a command": (("", ", sidecars: [{name: s, image: a}]"), "run.sidecars[0]"),
    "commands when it starts": (
        (", lifecycle: {postStart: {exec: {command: [a]}}}", ""),
        "run.container.lifecycle",
    ),
    "a variable of the node": (
        (", env: [{name: A, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}]", ""),
        "run.container.env[0].valueFrom.fieldRef",
    ),
    "a variable of resources": (
        (", env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}]", ""),
        "run.container.env[0].valueFrom.resourceFieldRef",
    ),
}


@pytest.mark.parametrize(("fields", "path"), NOT_HERE.values(), ids=NOT_HERE)
def test_what_a_process_cannot_have_is_refused_on_this_machine_alone(fields, path):
    text = JOB.format(*fields)
    found = problems(ask(text))
    assert [(one.code, one.path) for one in found] == [("PF2005", path)]
    assert "processes of this machine" in found[0].message
    assert "`queue`" in found[0].hint
    assert check(text, file="a.yaml").errors == ()
    plan(ask(f"queue: gpu\n{text}"))


def test_what_says_nothing_to_a_process_is_left_aside():
    plan(ask(JOB.format(", resources: {limits: {cpu: 1}}, livenessProbe: {exec: {command: [a]}}", "")))
    plan(ask(JOB.format("", ", environment: {nodeSelector: {a: b}, tolerations: [{key: a}], priority: 1}")))


def test_a_wrong_part_is_told_where_it_was_written():
    text = """
run:
  kind: dag
  components:
  - name: c
    run: {kind: job, container: {image: a, command: [b], volumeMounts: [{name: data, mountPath: /d}]}}
  operations:
  - {name: a, dagRef: c, volumes: [{name: date, emptyDir: {}}]}
"""
    checked = check(text, file="a.yaml", around=Around(clusters=CLUSTERS))
    assert [(one.code, one.path, one.line) for one in checked.errors] == [
        ("PF3023", "run.components[0].run.container.volumeMounts[0].name", 6)
    ]
    assert "did you mean `date`" in checked.errors[0].hint


def test_parts_travel_and_come_back_as_they_were():
    parts = planned(PARTS["the whole environment"][0]).parts
    assert PodParts.model_validate_json(parts.model_dump_json()) == parts
