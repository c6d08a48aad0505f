"""Images that are built first."""

import json

from polyflow_topics.status import Trigger
from tests.unit.spec_validator.requests import plan, problems, record, validate

BUILDER = {
    "name": "hubRef kaniko:latest",
    "text": "inputs: [{name: destination, type: str}]\nrun: {kind: job, container: {command: [build]}}",
}
BUILD = "build: {hubRef: kaniko, params: {destination: {value: 'repo/app:1'}}}"
JOB = "run: {kind: job, container: {image: old, command: [train]}}"


def ask(text, *sent):
    return validate(record(json.dumps({"specification": text, "references": sent}).encode()))


def test_the_builder_waits_in_place_of_the_operation_whose_image_it_builds():
    text = (
        "run: {kind: dag, operations: [{name: load, run: {kind: job, container: {command: [load]}}}, "
        f"{{name: train, dependencies: [load], trigger: all_done, {BUILD}, {JOB}}}]}}"
    )
    _, operations, edges, _opening, _ = plan(ask(text, BUILDER))
    names = {operation.index: name for name, operation in operations.items()}
    assert {(names[source], names[target]) for source, target in edges} == {
        ("load", "train-build"), ("train-build", "train"),
    }  # fmt: skip
    assert operations["train-build"].trigger is Trigger.ALL_DONE
    assert operations["train"].trigger is Trigger.ALL_SUCCEEDED
    assert operations["train"].container.image == "repo/app:1"


def test_one_operation_alone_has_its_builder_as_well():
    _, operations, *_ = plan(ask(f"{BUILD}\n{JOB}", BUILDER))
    assert operations["main"].container.image == "repo/app:1"
    assert operations["main-build"].container.command == ("build",)


def test_a_builder_that_is_not_there_is_named():
    (problem,) = problems(ask(f"{BUILD}\n{JOB}"))
    assert (problem.code, problem.path) == ("PF7007", "build.hubRef")


def test_secrets_and_config_maps_go_with_the_container():
    text = "run: {kind: job, container: {command: [a], envFrom: [{secretRef: {name: s3}, prefix: A_}]}}"
    _, operations, *_ = plan(ask(text))
    (source,) = operations["main"].container.env_from
    assert (source.kind, source.name, source.prefix, source.optional) == ("secret", "s3", "A_", False)


def test_a_built_image_is_all_that_a_container_needs():
    for run in ("run: {kind: job, container: {}}", "run: {kind: job}"):
        _, operations, *_ = plan(ask(f"{BUILD}\n{run}", BUILDER))
        assert operations["main"].container.image == "repo/app:1"


def test_an_image_that_is_not_known_before_it_is_built_is_not_enough():
    found = problems(ask("build: {hubRef: kaniko}\nrun: {kind: job, container: {}}", BUILDER))
    assert "PF3015" in [problem.code for problem in found]
