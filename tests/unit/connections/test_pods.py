"""What connections are in a pod."""

import json

import pytest

from polyflow_shared.declared.connections.catalogue import read
from polyflow_shared.declared.connections.pods import connected, variable_of
from polyflow_topics.plan import Container, EnvSource
from polyflow_topics.pods import PodParts

SECRET = {"secretKeyRef": {"name": "own", "key": "k"}}


def added(connection, container=None, **parts):
    """Return what a connection adds to a pod, without the variable that says where it leads."""
    found = read(f"connections: [{{name: c, {connection}}}]", "c.yaml").connections["c"]
    container, parts = connected(container or Container(), PodParts(**parts) if parts else None, [found])
    env = {name: value for name, value in container.env.items() if name != variable_of("c")}
    said = {name: getattr(parts, name) for name in parts.model_fields_set}
    return {**said, **({"literal": env} if env else {}), **({"from": container.env_from} if container.env_from else {})}  # fmt: skip


GIVES = {
    "a claim": (
        "kind: volume_claim, schema: {volumeClaim: digits, mountPath: /data, readOnly: true}",
        {
            "volumes": ({"name": "connection-c", "persistentVolumeClaim": {"claimName": "digits"}},),
            "container": {
                "volumeMounts": [{"name": "connection-c", "mountPath": "/data", "readOnly": True}]
            },
        },
    ),
    "a folder of the node": (
        "kind: host_path, schema: {hostPath: /srv, mountPath: /data}",
        {
            "volumes": ({"name": "connection-c", "hostPath": {"path": "/srv"}},),
            "container": {"volumeMounts": [{"name": "connection-c", "mountPath": "/data"}]},
        },
    ),
    "a secret as variables": (
        "kind: s3, schema: {bucket: 's3://a'}, secret: {name: s}, configMap: {name: m}",
        {"from": (EnvSource(kind="secret", name="s"), EnvSource(kind="config_map", name="m"))},
    ),
    "some entries of a secret": (
        "kind: s3, schema: {bucket: 's3://a'}, secret: {name: s, items: [KEY]}",
        {"env": {"KEY": {"secretKeyRef": {"name": "s", "key": "KEY"}}}},
    ),
    "some entries of a config map": (
        "kind: custom, configMap: {name: m, items: [KEY]}",
        {"env": {"KEY": {"configMapKeyRef": {"name": "m", "key": "KEY"}}}},
    ),
    "a secret as files": (
        "kind: gcs, schema: {bucket: 'gs://a'}, secret: {name: s, items: [key.json], mountPath: /keys, defaultMode: 256}",
        {
            "volumes": (
                {
                    "name": "connection-c-secret",
                    "secret": {
                        "secretName": "s",
                        "items": [{"key": "key.json", "path": "key.json"}],
                        "defaultMode": 256,
                    },
                },
            ),
            "container": {
                "volumeMounts": [{"name": "connection-c-secret", "mountPath": "/keys", "readOnly": True}]
            },
        },
    ),
    "a config map as files": (
        "kind: custom, configMap: {name: m, mountPath: /conf}",
        {
            "volumes": ({"name": "connection-c-config-map", "configMap": {"name": "m"}},),
            "container": {
                "volumeMounts": [{"name": "connection-c-config-map", "mountPath": "/conf", "readOnly": True}]
            },
        },
    ),
    "variables and annotations": (
        "kind: custom, env: [{name: A, value: b}, {name: N, valueFrom: {fieldRef: {fieldPath: metadata.name}}}], annotations: {a: b}",
        {
            "literal": {"A": "b"},
            "env": {"N": {"fieldRef": {"fieldPath": "metadata.name"}}},
            "annotations": {"a": "b"},
        },
    ),
    "a registry": (
        "kind: registry, schema: {url: 'https://r'}, secret: {name: pull}",
        {"spec": {"imagePullSecrets": [{"name": "pull"}]}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("connection", "gives"), GIVES.values(), ids=GIVES)
def test_a_connection_gives(connection, gives):
    assert added(connection) == gives


def test_what_an_operation_says_itself_comes_first():
    container = Container(env={"A": "own"}, env_from=(EnvSource(kind="secret", name="own"),))
    found = added(
        "kind: registry, schema: {url: r}, secret: {name: pull}, annotations: {a: theirs},"
        " configMap: {name: m}, env: [{name: A, value: b}, {name: TOKEN, value: c}]",
        container,
        env={"TOKEN": SECRET},
        annotations={"a": "own"},
        spec={"imagePullSecrets": [{"name": "own"}], "priority": 0},
    )
    assert found["literal"] == {"A": "own"}
    assert found["env"] == {"TOKEN": SECRET}
    assert found["annotations"] == {"a": "own"}
    assert found["spec"] == {"imagePullSecrets": [{"name": "own"}, {"name": "pull"}], "priority": 0}
    assert [source.name for source in found["from"]] == ["m", "own"]  # the last one has the last word


def test_an_operation_is_told_where_a_connection_leads():
    text = "connections: [{name: my-lake, kind: s3, schema: {bucket: 's3://a$(B)'}, secret: {name: hidden}}]"
    container, parts = connected(Container(), None, [*read(text, "c.yaml").connections.values()])
    told = container.env["POLYFLOW_CONNECTION_MY_LAKE"]
    assert json.loads(told.replace("$$", "$")) == {"kind": "s3", "bucket": "s3://a$(B)"}
    assert "hidden" not in told
    assert "$$(B)" in told
    assert parts == PodParts()


def test_without_connections_a_pod_is_left_as_it_is():
    assert connected(Container(image="a"), None, []) == (Container(image="a"), None)
