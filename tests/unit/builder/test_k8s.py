import copy
import inspect
import pickle

import pytest

from polyflow import k8s
from polyflow_shared.language.kubernetes.table import table


def volume():
    return k8s.V1Volume(
        name="v", persistent_volume_claim=k8s.V1PersistentVolumeClaimVolumeSource(claim_name="pvc1")
    )


def test_an_object_is_written_as_in_yaml():
    assert volume().to_dict() == {"name": "v", "persistentVolumeClaim": {"claimName": "pvc1"}}


def test_objects_in_lists_and_maps_are_written_out():
    pod = k8s.V1PodSpec(
        containers=[k8s.V1Container(name="a", env=[k8s.V1EnvVar(name="A", value="1")])],
        node_selector={"gpu": "yes"},
    )
    assert pod.to_dict() == {
        "containers": [{"name": "a", "env": [{"name": "A", "value": "1"}]}],
        "nodeSelector": {"gpu": "yes"},
    }


def test_fields_are_attributes_and_what_is_not_given_is_none():
    made = volume()
    made.persistent_volume_claim.claim_name = "pvc2"
    assert (made.name, made.empty_dir) == ("v", None)
    assert made.to_dict()["persistentVolumeClaim"] == {"claimName": "pvc2"}


def test_a_word_of_python_is_spelled_as_in_the_client_or_as_in_yaml():
    action = k8s.V1ExecAction(command=["true"])
    assert k8s.V1Probe(_exec=action) == k8s.V1Probe(exec=action)
    assert k8s.V1Probe(exec=action).to_dict() == {"exec": {"command": ["true"]}}


def test_objects_are_equal_if_they_say_the_same():
    assert volume() == volume() == copy.deepcopy(volume()) == pickle.loads(pickle.dumps(volume()))
    assert volume() != k8s.V1Volume(name="v")
    assert k8s.V1LocalObjectReference(name="a") != k8s.V1ConfigMapEnvSource(name="a")


def test_an_object_shows_how_it_was_made():
    made = volume()
    assert (
        repr(made)
        == "V1Volume(name='v', persistent_volume_claim=V1PersistentVolumeClaimVolumeSource(claim_name='pvc1'))"
    )
    assert eval(repr(made), vars(k8s) | {kind: getattr(k8s, kind) for kind in table()}) == made


WRONG = {
    "a field that is not known": (
        lambda: k8s.V1Container(imgae="a"),
        TypeError,
        "V1Container has no field `imgae`; did you mean `image`?",
    ),
    "a field that is set later": (
        lambda: setattr(volume(), "nam", "w"),
        TypeError,
        "V1Volume has no field `nam`; did you mean `name`?",
    ),
    "a field that is read": (lambda: volume().nam, AttributeError, "V1Volume has no field `nam`; did you mean `name`?"),
    "a required field that is missing": (k8s.V1Volume, ValueError, "V1Volume.name: field `name` of Volume is required"),
    "a wrong type": (
        lambda: k8s.V1ContainerPort(container_port="80"),
        ValueError,
        "V1ContainerPort.containerPort: `containerPort`: this should be an integer, not `80`; write it without quotes",
    ),
    "an object of another kind": (
        lambda: k8s.V1Volume(name="v", config_map=k8s.V1EmptyDirVolumeSource(medium="Memory")),
        ValueError,
        "V1Volume.configMap.medium: unknown field `medium` of ConfigMapVolumeSource",
    ),
    "a class that is not known": (
        lambda: k8s.V1Volum,
        AttributeError,
        "Kubernetes has no object `V1Volum`; did you mean `V1Volume`?",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "kind", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_at_once(make, kind, message):
    with pytest.raises(kind) as caught:
        make()
    assert str(caught.value) == message


def test_a_class_is_made_once_and_says_what_it_takes():
    assert k8s.V1Volume is k8s.V1Volume
    assert "empty_dir" in inspect.signature(k8s.V1Volume).parameters
    assert "mount_path: Path within the container" in k8s.V1VolumeMount.__doc__


@pytest.mark.parametrize("kind", dir(k8s))
def test_every_kind_has_a_class(kind):
    assert getattr(k8s, kind).__name__ == kind
