"""What the API server says of our manifests: every field is known to it, strictly, and the whole makes sense."""

from dataclasses import replace

import pytest

from polyflow_shared.cluster.kubernetes.pods.manifest import manifest
from polyflow_topics.plan import Container, EnvSource
from polyflow_topics.pods import PodParts
from tests.contract.clusters import pod
from tests.testbed.kubernetes.api import ApiError

pytestmark = pytest.mark.kubernetes

SECRET = {"secretKeyRef": {"name": "api", "key": "TOKEN", "optional": True}}
MOUNT = {"name": "shared-data", "mountPath": "/data"}
WHOLE = PodParts(
    container={
        "resources": {"requests": {"cpu": "500m"}, "limits": {"memory": "2Gi", "nvidia.com/gpu": "1"}},
        "imagePullPolicy": "Always",
        "ports": [{"containerPort": 8080, "name": "http"}],
        "volumeMounts": [MOUNT, {"name": "claim", "mountPath": "/claim", "subPath": "x", "readOnly": True}],
        "securityContext": {"runAsUser": 1000, "allowPrivilegeEscalation": False},
        "lifecycle": {"preStop": {"exec": {"command": ["sync"]}}},
        "livenessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 5},
    },
    env={"TOKEN": SECRET, "NODE": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
    init=({"name": "fetch", "image": "a", "command": ["fetch"], "volumeMounts": [MOUNT]},),
    sidecars=(
        {"name": "proxy", "image": "b", "startupProbe": {"tcpSocket": {"port": 80}}, "volumeMounts": [MOUNT]},
    ),
    volumes=(
        {"name": "shared-data", "emptyDir": {"sizeLimit": "1Gi"}},
        {"name": "claim", "persistentVolumeClaim": {"claimName": "digits"}},
        {"name": "keys", "secret": {"secretName": "keys"}},
    ),
    labels={"team": "vision"},
    annotations={"note": "a b"},
    spec={
        "nodeSelector": {"pool": "gpu"},
        "affinity": {"podAntiAffinity": {}},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "serviceAccountName": "default",
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["db"]}],
        "securityContext": {"fsGroup": 5},
        "imagePullSecrets": [{"name": "registry"}],
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["1.1.1.1"]},
        "schedulerName": "kueue",
        "priority": 0,
        "hostPID": False,
    },
    ttl=60,
)
CONTAINER = Container(
    image="python:3.11",
    command=("python", "train.py"),
    env={"A": ""},
    env_from=(EnvSource(kind="secret", name="s", prefix="S_", optional=True),),
    working_dir="/work",
)
PODS = {
    "a command alone": replace(pod(), container=Container(image="a", command=("true",))),
    "everything": replace(pod(), container=CONTAINER, parts=WHOLE, timeout=60, owner="Ana Müller"),
}


def created(plane, namespace, body):
    path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All&fieldValidation=Strict"
    return plane.api.create(path, body)


def within(ours, theirs):
    """Tell whether all that we say is what was understood; the server adds defaults and drops what is empty."""
    if isinstance(ours, dict):
        return all(within(value, theirs.get(key)) for key, value in ours.items() if value)
    if isinstance(ours, list):
        return len(ours) <= len(theirs) and all(map(within, ours, theirs))
    return ours == theirs


@pytest.mark.parametrize("name", PODS)
def test_the_server_takes_every_field_as_it_is(plane, namespace, name):
    body = manifest(PODS[name], "blue", namespace)
    made = created(plane, namespace, body)
    assert made["metadata"]["labels"] == body["metadata"]["labels"]
    assert within(body["spec"], made["spec"])


def test_a_field_that_there_is_not_is_refused(plane, namespace):
    wrong = replace(PODS["everything"], parts=PodParts(spec={"nodeSelectors": {}}))
    with pytest.raises(ApiError, match="nodeSelectors"):
        created(plane, namespace, manifest(wrong, "blue", namespace))
