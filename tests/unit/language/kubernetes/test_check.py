import pytest

from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import path_text
from polyflow_shared.language.kubernetes.check import check
from polyflow_shared.language.kubernetes.table import table

MAIN = frozenset({"name"})


def told(kind, value, **about):
    """Return each problem as `path: message (hint)`, as a user reads it."""
    return [
        f"{path_text(finding.path)}: {finding.message}" + (f" ({finding.hint})" if str(finding.hint) else "")
        for finding in check(kind, value, **about).findings
    ]


READ = {
    "what is right is left as it is": (
        {"name": "main", "image": "busybox", "command": ["sh", "-c"], "stdin": True, "resources": {"limits": {"cpu": "500m"}}},
        {"name": "main", "image": "busybox", "command": ["sh", "-c"], "stdin": True, "resources": {"limits": {"cpu": "500m"}}},
    ),
    "names as in Python are read at any depth": (
        {"name": "m", "volume_mounts": [{"name": "v", "mount_path": "/v"}], "env_from": [{"secret_ref": {"name": "s"}}]},
        {"name": "m", "volumeMounts": [{"name": "v", "mountPath": "/v"}], "envFrom": [{"secretRef": {"name": "s"}}]},
    ),
    "one argument may stand alone": ({"name": "m", "command": "train"}, {"name": "m", "command": ["train"]}),
    "arguments are texts, and null is none": (
        {"name": "m", "args": ["--epochs", 10, 0.5, True, None]},
        {"name": "m", "args": ["--epochs", "10", "0.5", "true"]},
    ),
    "the value of a variable is a text": (
        {"name": "m", "env": [{"name": "A", "value": 1}, {"name": "B", "value": True}]},
        {"name": "m", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "true"}]},
    ),
    "one thing may stand for a list of one": (
        {"name": "m", "volumeMounts": {"name": "v", "mountPath": "/v"}},
        {"name": "m", "volumeMounts": [{"name": "v", "mountPath": "/v"}]},
    ),
    "amounts may be numbers": (
        {"name": "m", "resources": {"requests": {"cpu": 1, "memory": "1.5Gi", "nvidia.com/gpu": 2}}},
        {"name": "m", "resources": {"requests": {"cpu": "1", "memory": "1.5Gi", "nvidia.com/gpu": "2"}}},
    ),
    "null is kept, because it is a value when layers are merged": ({"name": "m", "image": None}, {"name": "m", "image": None}),
    "a template stands for anything": (
        {"name": "m", "image": "{{ image }}", "resources": "{{ resources }}", "stdin": "{{ stdin }}", "ports": [{"containerPort": "{{ port }}"}], "env": "{{ env }}"},
        {"name": "m", "image": "{{ image }}", "resources": "{{ resources }}", "stdin": "{{ stdin }}", "ports": [{"containerPort": "{{ port }}"}], "env": "{{ env }}"},
    ),
    "a probe's port is a number or a name": (
        {"name": "m", "livenessProbe": {"httpGet": {"port": "http"}}, "readinessProbe": {"tcpSocket": {"port": 80}, "exec": {"command": ["true"]}}},
        {"name": "m", "livenessProbe": {"httpGet": {"port": "http"}}, "readinessProbe": {"tcpSocket": {"port": 80}, "exec": {"command": ["true"]}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("written", "read"), READ.values(), ids=READ)
def test_a_container_is_read_as_kubernetes_wants_it(written, read):
    checked = check("V1Container", written)
    assert (checked.value, checked.findings) == (read, [])


WRONG = {
    "a key that is not known": ("V1Container", {"name": "m", "imag": "a"}, ["imag: unknown field `imag` of Container (did you mean `image`?)"]),
    "a key deep down": (
        "V1Container",
        {"name": "m", "resources": {"limit": {"cpu": 1}}},
        ["resources.limit: unknown field `limit` of ResourceRequirements (did you mean `limits`?)"],
    ),
    "amounts without limits": (
        "V1Container",
        {"name": "m", "resources": {"cpu": 1}},
        ["resources.cpu: unknown field `cpu` of ResourceRequirements (it belongs under `requests:` or `limits:`)"],
    ),
    "what belongs beside a container": ("V1Container", {"name": "m", "volumes": []}, ["volumes: unknown field `volumes` of Container (it belongs beside `container:`)"]),
    "a name that is missing": ("V1Volume", {"emptyDir": {}}, ["name: field `name` of Volume is required"]),
    "null for a name": ("V1Volume", {"name": None}, ["name: field `name` of Volume is required"]),
    "a field missing in a list": (
        "V1Container",
        {"name": "m", "volumeMounts": [{"name": "v", "mountPath": "/"}, {"name": "w"}]},
        ["volumeMounts[1].mountPath: field `mountPath` of VolumeMount is required"],
    ),
    "a number for a text": ("V1Container", {"name": "m", "image": 3.1}, ["image: `image`: this should be a text, not `3.1` (write it in quotes)"]),
    "a boolean for a text": ("V1Toleration", {"key": False}, ["key: `key`: this should be a text, not `false` (write it in quotes)"]),
    "a text for a number": ("V1HostPathVolumeSource", {"path": 1}, ["path: `path`: this should be a text, not `1` (write it in quotes)"]),
    "a number in quotes": ("V1ContainerPort", {"containerPort": "80"}, ["containerPort: `containerPort`: this should be an integer, not `80` (write it without quotes)"]),
    "a boolean is no number": ("V1ContainerPort", {"containerPort": True}, ["containerPort: `containerPort`: this should be an integer, not `true`"]),
    "a text for a boolean": ("V1Container", {"name": "m", "tty": "yes"}, ["tty: `tty`: this should be true or false, not `yes`"]),
    "variables as a map": (
        "V1Container",
        {"name": "m", "env": {"A": 1}},
        ["env: `env`: this should be a list, not a map (write `- name: A` with `value:` below it, for each variable)"],
    ),
    "a list for a map": ("V1Container", {"name": "m", "resources": []}, ["resources: `resources`: this should be a map of the fields of ResourceRequirements, not a list"]),
    "null in a list": ("V1Container", {"name": "m", "env": [None]}, ["env[0]: `env`: this should be a map of the fields of EnvVar, not null"]),
    "a text for a list": ("V1HostAlias", {"ip": "1.1.1.1", "hostnames": "a"}, ["hostnames: `hostnames`: this should be a list, not `a` (write `[a]`)"]),
    "bytes of another spelling": (
        "V1ResourceRequirements",
        {"limits": {"memory": "4 GB"}},
        ["limits.memory: `memory`: this should be an amount such as `1`, `500m` or `2Gi`, not `4 GB` (write `4G`)"],
    ),
    "less than nothing": ("V1ResourceRequirements", {"limits": {"cpu": -1}}, ["limits.cpu: `cpu`: this should be an amount such as `1`, `500m` or `2Gi`, not `-1`"]),
    "a port out of range": ("V1TCPSocketAction", {"port": 70000}, ["port: `port`: this should be a port from 1 to 65535, not `70000`"]),
    "a moment that is none": ("V1ObjectMeta", {"creationTimestamp": "soon"}, ["creationTimestamp: `creationTimestamp`: this should be a moment such as `2030-01-31T12:00:00Z`, not `soon`"]),
    "the same field twice": ("V1Container", {"name": "m", "workingDir": "/a", "working_dir": "/b"}, ["working_dir: `working_dir` is `workingDir`, which is given already"]),
    "something else altogether": ("V1Volume", "data", [": this should be a map of the fields of Volume, not `data`"]),
    "everything at once": (
        "V1Container",
        {"imag": "a", "tty": 1, "env": [{"value": "x"}]},
        ["imag: unknown field `imag` of Container (did you mean `image`?)", "tty: `tty`: this should be true or false, not `1`", "env[0].name: field `name` of EnvVar is required", "name: field `name` of Container is required"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "problems"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_with_its_path(kind, value, problems):
    assert told(kind, value) == problems


STAGES = {
    "an unknown field of the object itself": ("V1Container", {"name": "m", "imag": "a"}, Stage.SCHEMA),
    "a missing field of the object itself": ("V1Volume", {}, Stage.SCHEMA),
    "not a map at all": ("V1Toleration", "x", Stage.SCHEMA),
    "a wrong type, which the released reader hands on": (
        "V1Container",
        {"name": "m", "image": 1},
        Stage.RUN_READY,
    ),
    "an unknown field deeper down": (
        "V1Container",
        {"name": "m", "resources": {"limit": {}}},
        Stage.RUN_READY,
    ),
    "a missing field deeper down": ("V1Volume", {"name": "v", "persistentVolumeClaim": {}}, Stage.RUN_READY),
    "a container without a name": ("V1Container", {"image": "a"}, Stage.RUN_READY),
}


@pytest.mark.parametrize(("kind", "value", "stage"), STAGES.values(), ids=STAGES)
def test_the_stage_is_the_one_at_which_the_released_reader_refuses(kind, value, stage):
    (finding,) = check(kind, value).findings
    assert finding.refused_at is stage


def test_the_main_container_needs_no_name():
    assert check("V1Container", {"image": "a"}, optional=MAIN).findings == []


def test_fields_that_do_nothing_here_are_a_warning():
    (finding,) = check(
        "V1PodSecurityContext", {"fsGroup": 1, "privileged": True}, other="V1SecurityContext"
    ).findings
    assert (finding.code, finding.path, finding.refused_at) == (Code.UNKNOWN_FIELD, ("privileged",), None)


def test_an_object_that_was_built_says_what_it_is():
    class Built:
        def to_dict(self):
            return {"claim_name": "pvc"}

    checked = check("V1Volume", {"name": "v", "persistentVolumeClaim": Built()})
    assert (checked.value, checked.findings) == (
        {"name": "v", "persistentVolumeClaim": {"claimName": "pvc"}},
        [],
    )


def test_every_type_in_the_table_can_be_checked():
    for kind in table():
        every = dict.fromkeys(table()[kind], object())
        assert all(finding.path[0] in every for finding in check(kind, every).findings)
