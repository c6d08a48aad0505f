import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyflow_shared.cluster.kubernetes.pods.manifest import manifest
from polyflow_shared.cluster.kubernetes.pods.names import label_value
from polyflow_shared.cluster.port import Pod
from polyflow_shared.errors import ClusterRejectedError
from polyflow_shared.language.kubernetes.check import check
from polyflow_shared.language.kubernetes.table import table
from polyflow_shared.stated.tokens import Attempt, Gateway, operation_of
from polyflow_topics.names import OperationName, RunId, pod_name
from polyflow_topics.plan import Container, EnvSource
from polyflow_topics.pods import PodParts
from tests.unit.language.kubernetes.kinds import objects, values

RUN = RunId("7c0f2c1e-5a52-5d8e-9a2b-3c1f6a1f0d11")
TRAIN = Container(image="python:3.11", command=("python", "train.py"), args=("--fast",))


def pod(runs=TRAIN, *, timeout=None, project="digits", **parts):
    return Pod(
        pod_name(RUN, 4, 1),
        RUN,
        OperationName("search.mlp"),
        4,
        1,
        runs,
        project=project,
        owner="ana",
        timeout=timeout,
        parts=PodParts(**parts),
    )


def made(one):
    return manifest(one, "blue", "ml")


def spec(*given, **parts):
    return made(pod(*given, **parts))["spec"]


def main(*given, **parts):
    return spec(*given, **parts)["containers"][0]


def test_artifacts_of_other_operations_are_in_the_folder_of_the_run():
    variables = {one["name"]: one["value"] for one in main(artifacts={"fit": ("model",)})["env"]}
    assert variables["POLYFLOW_ARTIFACTS_OF_fit"] == variables["POLYFLOW_ARTIFACTS_PATH"]


def test_a_pod_says_whose_it_is():
    assert made(pod()) | {"spec": None} == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "pf-7c0f2c1e5a525d8e9a2b3c1f6a1f0d11-4-1",
            "namespace": "ml",
            "labels": {
                "polyflow.io/run": RUN,
                "polyflow.io/index": "4",
                "polyflow.io/attempt": "1",
                "polyflow.io/project": "digits",
                "polyflow.io/owner": "ana",
                "polyflow.io/installation": "blue",
                "polyflow.io/tracked": "true",
                "polyflow.io/shard": "12",
                "app.kubernetes.io/managed-by": "polyflow",
            },
            "annotations": {"polyflow.io/operation": "search.mlp"},
            "finalizers": ["polyflow.io/tracked"],
        },
        "spec": None,
    }


def test_a_pod_runs_once_and_is_given_no_rights():
    assert spec() | {"containers": None} == {
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "volumes": [{"name": "polyflow", "emptyDir": {}}],
        "containers": None,
    }


def test_every_container_is_told_of_the_gateway_where_there_is_one():
    gateway = Gateway("http://gateway", b"x" * 32)
    one = manifest(pod(init=({"name": "before", "image": "a"},)), "blue", "ml", gateway=gateway)["spec"]
    for container in (*one["containers"], *one["initContainers"]):
        told = {variable["name"]: variable["value"] for variable in container["env"]}
        assert told["POLYFLOW_GATEWAY"] == f"http://gateway/v1/runs/{RUN}/operations/4/attempts/1"
        assert operation_of(told["POLYFLOW_TOKEN"], Attempt(RUN, 4, 1), b"x" * 32) == "search.mlp"


def test_the_users_container_is_the_main_one():
    one = main()
    assert {variable["name"]: variable["value"] for variable in one.pop("env")} == {
        "POLYFLOW_RUN": RUN,
        "POLYFLOW_OPERATION": "search.mlp",
        "POLYFLOW_ATTEMPT": "1",
        "POLYFLOW_PROJECT": "digits",
        "POLYFLOW_OWNER": "ana",
        "POLYFLOW_OUTPUTS": "/dev/termination-log",
        "POLYFLOW_OUTPUTS_PATH": "/polyflow/outputs",
        "POLYFLOW_ARTIFACTS_PATH": "/polyflow/artifacts",
    }
    assert one == {
        "name": "main",
        "image": "python:3.11",
        "command": ["python", "train.py"],
        "args": ["--fast"],
        "volumeMounts": [
            {"name": "polyflow", "mountPath": "/polyflow"},
            {"name": "polyflow", "mountPath": "/polyflow/outputs", "subPath": "outputs"},
            {"name": "polyflow", "mountPath": "/polyflow/artifacts", "subPath": "artifacts"},
        ],
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def test_without_an_image_nothing_runs():
    with pytest.raises(ClusterRejectedError, match="no image"):
        made(pod(Container(command=("true",))))


def test_in_what_polyflow_says_nothing_is_filled_in():
    mount = {"name": "data", "mountPath": "/$(POLYFLOW_RUN)$"}
    variables = main(container={"volumeMounts": [mount]})["env"]
    assert {"name": "POLYFLOW_VOLUME_DATA", "value": "/$$(POLYFLOW_RUN)$$"} in variables


SECRET = {"secretKeyRef": {"name": "data", "key": "token"}}
VARIABLES = {
    "a literal value": (Container(image="a", env={"A": "1"}), {}, [{"name": "A", "value": "1"}]),
    "one that is kept elsewhere": (
        Container(image="a"),
        {"TOKEN": SECRET},
        [{"name": "TOKEN", "valueFrom": SECRET}],
    ),
    "one that is kept elsewhere comes first, so that others can refer to it": (
        Container(image="a", env={"URL": "http://$(TOKEN)@host"}),
        {"TOKEN": SECRET},
        [{"name": "TOKEN", "valueFrom": SECRET}, {"name": "URL", "value": "http://$(TOKEN)@host"}],
    ),
    "what polyflow says cannot be changed": (
        Container(image="a", env={"POLYFLOW_RUN": "other", "A": ""}),
        {"POLYFLOW_OWNER": SECRET},
        [{"name": "A", "value": ""}],
    ),
}


@pytest.mark.parametrize(("container", "env", "found"), VARIABLES.values(), ids=VARIABLES)
def test_variables(container, env, found):
    assert main(container, env=env)["env"][8:] == found


def test_sources_of_variables_are_references():
    sources = (
        EnvSource(kind="secret", name="data"),
        EnvSource(kind="config_map", name="knobs", prefix="K_", optional=True),
    )
    assert main(Container(image="a", env_from=sources))["envFrom"] == [
        {"secretRef": {"name": "data"}},
        {"prefix": "K_", "configMapRef": {"name": "knobs", "optional": True}},
    ]


def test_further_fields_of_the_container_are_kept():
    resources = {"limits": {"nvidia.com/gpu": "1"}}
    mount = {"name": "data", "mountPath": "/data"}
    one = main(container={"resources": resources, "volumeMounts": [mount], "imagePullPolicy": "Always"})
    assert one["resources"] == resources
    assert one["imagePullPolicy"] == "Always"
    assert one["volumeMounts"][0] == mount
    assert len(one["volumeMounts"]) == 4


@pytest.mark.parametrize("path", ["/polyflow/artifacts", "/polyflow/artifacts/"])
def test_a_volume_for_artifacts_takes_the_place_of_the_pods_own_with_a_folder_for_each_run(path):
    one = main(container={"volumeMounts": [{"name": "store", "mountPath": path}]})
    assert one["volumeMounts"] == [
        {"name": "store", "mountPath": "/polyflow/artifacts", "subPathExpr": "$(POLYFLOW_RUN)"},
        {"name": "polyflow", "mountPath": "/polyflow"},
        {"name": "polyflow", "mountPath": "/polyflow/outputs", "subPath": "outputs"},
    ]


def test_init_containers_come_first_and_sidecars_go_on():
    fetch = {"name": "fetch", "image": "a", "env": [{"name": "A", "value": "1"}]}
    proxy = {"name": "proxy", "image": "b", "restartPolicy": "Never"}
    first, second = spec(init=[fetch], sidecars=[proxy])["initContainers"]
    assert (first["name"], first.get("restartPolicy"), first["env"][-1]) == ("fetch", None, fetch["env"][0])
    assert (second["name"], second["restartPolicy"]) == ("proxy", "Always")
    for container in (first, second):
        assert container["env"][0] == {"name": "POLYFLOW_RUN", "value": RUN}
        assert container["volumeMounts"][0]["mountPath"] == "/polyflow"


SPECS = {
    "a service account brings its token": (
        {"spec": {"serviceAccountName": "trainer"}},
        {"serviceAccountName": "trainer", "automountServiceAccountToken": True},
    ),
    "nodes are chosen": ({"spec": {"nodeSelector": {"pool": "gpu"}}}, {"nodeSelector": {"pool": "gpu"}}),
    "a pod is never started again": ({"spec": {"restartPolicy": "Always"}}, {"restartPolicy": "Never"}),
    "a time-out is a deadline": ({"timeout": 600}, {"activeDeadlineSeconds": 600}),
    "a deadline is at least a second": ({"timeout": 0}, {"activeDeadlineSeconds": 1}),
    "volumes stand beside ours": (
        {"volumes": [{"name": "data", "emptyDir": {}}]},
        {"volumes": [{"name": "data", "emptyDir": {}}, {"name": "polyflow", "emptyDir": {}}]},
    ),
}


@pytest.mark.parametrize(("given", "found"), SPECS.values(), ids=SPECS)
def test_specs(given, found):
    one = spec(**given)
    assert {key: one[key] for key in found} == found


def test_labels_and_annotations_of_the_user_are_kept_and_ours_win():
    metadata = made(
        pod(
            labels={"team": "vision", "polyflow.io/run": "other"},
            annotations={"note": "a b", "polyflow.io/operation": "other"},
            ttl=60,
        )
    )["metadata"]
    assert (metadata["labels"]["team"], metadata["labels"]["polyflow.io/run"]) == ("vision", RUN)
    assert metadata["annotations"] == {
        "note": "a b",
        "polyflow.io/operation": "search.mlp",
        "polyflow.io/ttl-seconds": "60",
    }


LABELS = {
    "what is allowed stays": ("team_1.a-B", "team_1.a-B"),
    "nothing stays nothing": ("", ""),
    "63 characters are allowed": ("a" * 63, "a" * 63),
    "what is not allowed is told apart by its hash": ("Ana Müller", "Ana-M-ller-b4f6ae1e"),
    "a long one is cut": ("a" * 64, "a" * 54 + "-ffe054fe"),
    "one without a letter is its hash": ("///", "732c4e97"),
}


@pytest.mark.parametrize(("text", "value"), LABELS.values(), ids=LABELS)
def test_labels_of_any_text(text, value):
    assert label_value(text) == value


@given(st.text(), st.text())
def test_labels_are_what_kubernetes_allows_and_stay_apart(one, other):
    for text in (one, other):
        value = label_value(text)
        assert len(value) <= 63
        assert all(character.isascii() and (character.isalnum() or character in "-_.") for character in value)
        assert value == value.strip("-_.")
    assert (label_value(one) == label_value(other)) is (one == other)


texts = st.dictionaries(st.sampled_from(["a", "polyflow.io/run", "b"]), st.text(max_size=5))
_OWN = frozenset({"name", "image", "command", "args", "env", "envFrom", "workingDir"})
_SPEC = frozenset(table()["V1PodSpec"]) - {"containers", "initContainers", "volumes", "ephemeralContainers"}
parts = st.builds(
    PodParts,
    container=objects("V1Container").map(lambda one: {k: v for k, v in one.items() if k not in _OWN}),
    env=st.dictionaries(st.sampled_from(["A", "POLYFLOW_RUN"]), objects("V1EnvVarSource")),
    init=st.lists(objects("V1Container"), max_size=2),
    sidecars=st.lists(objects("V1Container"), max_size=2),
    volumes=st.lists(objects("V1Volume"), max_size=2),
    labels=texts,
    annotations=texts,
    spec=st.fixed_dictionaries(
        {}, optional={key: values(table()["V1PodSpec"][key].type) for key in sorted(_SPEC)}
    ),
    ttl=st.none() | st.integers(0),
)
pods = st.builds(
    Pod,
    name=st.just(pod_name(RUN, 0, 0)),
    run=st.just(RUN),
    operation=st.text(),
    index=st.integers(0),
    attempt=st.integers(0),
    container=st.builds(
        Container,
        image=st.text(min_size=1),
        command=st.lists(st.text()).map(tuple),
        args=st.lists(st.text()).map(tuple),
        env=texts,
        working_dir=st.none() | st.text(),
    ),
    project=st.text(),
    owner=st.text(),
    timeout=st.none() | st.integers(0),
    parts=parts,
)


@settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(pods)
def test_every_manifest_has_the_fields_that_kubernetes_knows(one):
    found = made(one)
    assert found.keys() == {"apiVersion", "kind", "metadata", "spec"}
    template = {"metadata": found["metadata"], "spec": found["spec"]}
    checked = check("V1PodTemplateSpec", template)
    assert checked.findings == []
    assert found["metadata"]["labels"]["polyflow.io/run"] == RUN
    assert [container["name"] for container in found["spec"]["containers"]] == ["main"]
    for container in [*found["spec"].get("initContainers", ()), *found["spec"]["containers"]]:
        variables = [variable["name"] for variable in container["env"]]
        assert variables.count("POLYFLOW_RUN") == 1
