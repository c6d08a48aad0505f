"""What makes two operations one definition, or equal to the cache, and that a release changes neither."""

import json

import pytest

from polyflow_services.spec_validator.core import Installation
from polyflow_services.spec_validator.planning.definitions import definition
from polyflow_shared.declared.connections import catalogue
from polyflow_shared.declared.queues import read
from polyflow_topics.names import ClusterName, OperationName
from polyflow_topics.plan import (
    Container,
    EnvSource,
    OutputOf,
    PlannedCondition,
    PlannedOperation,
    PlannedParam,
)
from polyflow_topics.pods import PodParts, Service
from polyflow_topics.queries import Question
from polyflow_topics.status import Trigger
from tests.unit.spec_validator.requests import JOB, plan, record, validate

OPERATION = PlannedOperation(
    index=7,
    name=OperationName("inner.b"),
    trigger=Trigger.ALL_DONE,
    skips=True,
    condition=PlannedCondition(text="{{ x > 1 }}"),
    cluster=ClusterName("gpu"),
    container=Container(
        image="python",
        command=("fit",),
        args=("{{ x }}",),
        env={"A": "b"},
        env_from=(EnvSource(kind="secret", name="s"),),
        working_dir="/work",
    ),
    parts=PodParts(
        container={"resources": {"limits": {"cpu": 1}}},
        init=({"name": "init-0", "image": "busybox"},),
        labels={"team": "vision"},
        service=Service(ports=(80,)),
        namespace="own",
        ttl=60,
    ),
    templated=True,
    connections={"data": {"kind": "s3"}},
    params=(
        PlannedParam(name="x", value=0.5, kind="float", env="X"),
        PlannedParam(name="y", source=OutputOf(operation=3, output="loss"), required=False),
    ),
    outputs={"loss": 0},
    questions=(Question(query="status: succeeded"),),
    approval=True,
    max_retries=3,
)
NAMES = {3: "inner.a"}


def test_the_definition_of_an_operation_is_the_same_in_all_releases():
    assert definition(OPERATION, NAMES) == "43d684a9febb9bdb"
    assert definition(PlannedOperation(index=0, name=OperationName("a")), {}) == "d46495e3cd6882e4"


class LaterContainer(Container):
    shell: str = "sh"


class LaterParts(PodParts):
    tier: str | None = None
    spread: bool = False


class LaterParam(PlannedParam):
    secret: bool = False


class LaterOperation(PlannedOperation):
    container: LaterContainer | None = None
    parts: LaterParts | None = None
    params: tuple[LaterParam, ...] = ()
    weight: float = 1.0


def test_fields_that_a_later_release_adds_change_no_definition():
    later = LaterOperation.model_validate(OPERATION.model_dump())
    assert definition(later, NAMES) == definition(OPERATION, NAMES)
    weighty = later.model_copy(update={"weight": 2.0})
    assert definition(weighty, NAMES) != definition(OPERATION, NAMES)


CHANGES = {
    "another container": {"container": Container(image="python", command=("fit", "more"))},
    "another cluster": {"cluster": ClusterName("far")},
    "another pod": {"parts": PodParts(labels={"team": "speech"})},
    "no pod": {"parts": None},
    "another value": {"params": (PlannedParam(name="x", value=0.25, kind="float"),)},
    "a DAG": {"opens": 2},
    "another output": {
        "params": (OPERATION.params[0], PlannedParam(name="y", source=OutputOf(operation=3, output="l")))
    },
    "another upstream": {
        "params": (OPERATION.params[0], PlannedParam(name="y", source=OutputOf(operation=4, output="loss")))
    },
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_another_operation_has_another_definition(change):
    other = OPERATION.model_copy(update=change)
    assert definition(other, NAMES) != definition(OPERATION, NAMES)


QUEUES = read(
    """
queues:
- {name: plain}
- {name: fast, namespace: team-a, kueue: local-queue, limit: 3, priority: 9}
- {name: far, cluster: far}
""",
    "queues.yaml",
)
CATALOGUE = catalogue.read("connections: [{name: lake, kind: s3, schema: {bucket: 's3://lake'}}]", "c.yaml")
THERE = Installation(frozenset({"local", "far"}), CATALOGUE, QUEUES)


def main(text):
    body = json.dumps({"specification": text}).encode()
    return plan(validate(record(body), installation=THERE))[1]["main"]


SAME = {
    "another queue": ("queue: plain", "queue: fast"),
    "a queue where there was none": ("", "queue: fast"),
    "how long the pod is kept": ("", "termination: {ttl: 60}"),
    "how long the pod with a label is kept": (
        "environment: {labels: {a: b}}\ntermination: {ttl: 5}",
        "environment: {labels: {a: b}}\ntermination: {ttl: 60}\nqueue: fast",
    ),
    "a queue, in a namespace of its own": ("namespace: mine", "namespace: mine\nqueue: fast"),
}
ANOTHER = {
    "another cluster": ("queue: plain", "queue: far"),
    "another namespace of its own": ("queue: fast", "queue: fast\nnamespace: mine"),
    "another label": ("queue: fast", "queue: fast\nenvironment: {labels: {a: b}}"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME.keys())
def test_where_it_waits_and_how_long_its_pod_is_kept_are_no_part_of_a_definition(one, other):
    assert main(f"{one}\n{JOB}").definition == main(f"{other}\n{JOB}").definition


@pytest.mark.parametrize(("one", "other"), ANOTHER.values(), ids=ANOTHER.keys())
def test_where_it_runs_by_its_own_words_is_part_of_a_definition(one, other):
    assert main(f"{one}\n{JOB}").definition != main(f"{other}\n{JOB}").definition


def test_what_a_queue_adds_is_in_the_pod():
    parts = main(f"queue: fast\ntermination: {{ttl: 60}}\n{JOB}").parts
    assert parts == PodParts(namespace="team-a", labels={"kueue.x-k8s.io/queue-name": "local-queue"}, ttl=60)


CACHED = """
cache: {disable: false}
inputs: [{name: x, type: int, value: 1}]
outputs: [{name: loss, type: float, isOptional: true, validation: {ge: 0}}]
run:
  kind: job
  connections: [lake]
  init: [{container: {image: busybox, command: [ls]}}]
  sidecars: [{name: side, image: busybox, command: [sh]}]
  volumes: [{name: v, emptyDir: {}}]
  container: {image: python, command: [fit, '{{ x }}'], env: [{name: A, value: b}], resources: {limits: {cpu: 1}}}
"""


def test_what_makes_operations_equal_to_the_cache_is_the_same_in_all_releases():
    assert main(CACHED).cache.digest == "80ebaaf8f7d5bf8b9d357f886d623465d9a60bde81617e644dd2a269619bb155"
