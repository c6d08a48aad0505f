from typing import Annotated, Any

import pytest
from pydantic import ValidationError

from polyflow_shared.language import schema
from polyflow_shared.language.findings import path_text
from polyflow_shared.language.kubernetes.annotation import Kubernetes
from polyflow_shared.language.models.base import Model, Templated


class Pod(Model):
    main: (
        Templated[Annotated[dict[str, Any], Kubernetes("V1Container", optional=frozenset({"name"}))]] | None
    ) = None
    volumes: Templated[list[Annotated[dict[str, Any], Kubernetes("V1Volume")]]] | None = None


def test_every_problem_is_raised_at_once_where_it_is():
    with pytest.raises(ValidationError) as caught:
        Pod.model_validate({"main": {"imag": 1, "resources": {"limit": 1}}, "volumes": [{"name": "v"}, {}]})
    assert [error["loc"] for error in caught.value.errors()] == [
        ("main", "imag"),
        ("main", "resources", "limit"),
        ("volumes", 1),
    ]


def test_the_value_is_a_plain_map():
    assert Pod(main={"working_dir": "/", "args": 1}).main == {"workingDir": "/", "args": ["1"]}


def test_editors_get_a_definition_a_kind_with_its_words():
    found = Pod.model_json_schema()
    assert found["properties"]["main"]["anyOf"][0] == {"$ref": "#/$defs/V1ContainerOptionalName"}
    assert found["properties"]["volumes"]["anyOf"][0]["items"] == {"$ref": "#/$defs/V1Volume"}
    assert "required" not in found["$defs"]["V1ContainerOptionalName"]
    assert found["$defs"]["V1Volume"]["required"] == ["name"]
    assert "Must not contain ':'" in found["$defs"]["V1VolumeMount"]["properties"]["mountPath"]["description"]


def test_a_specification_is_told_all_and_the_rest_is_read():
    container = {"image": "a", "comand": "b", "resources": {"limits": {"cpu": "4 GB"}, "limit": 1}}
    read = schema.read({"run": {"kind": "job", "container": container, "volumes": [{"emptyDir": {}}]}})
    assert sorted((path_text(finding.path), finding.refused_at.value) for finding in read.findings) == [
        ("run.container.comand", "schema"),
        ("run.container.resources.limit", "run_ready"),
        ("run.container.resources.limits.cpu", "run_ready"),
        ("run.volumes[0].name", "schema"),
    ]
    assert read.operation.run.container == {"image": "a", "resources": {"limits": {}}}
