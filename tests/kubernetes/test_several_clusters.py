"""One run on several clusters: this machine, and two namespaces of a Kubernetes cluster, over a real Kafka."""

from contextlib import AsyncExitStack

import pytest

from polyflow_shared.broker.kafka import KafkaBroker
from polyflow_topics.catalog import CATALOG
from polyflow_topics.events import OperationChanged
from tests.kafka.conftest import config, environment, kafka
from tests.kafka.test_processes import CLUSTER, ON_KAFKA, request, started, story
from tests.kubernetes.namespaces import a_namespace

__all__ = ["config", "environment", "kafka"]

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(180)]

LAB = "lab"
PIPELINE = """\
kind: component
name: everywhere
run:
  kind: dag
  operations:
    - name: here
      component:
        outputs: [{{name: word, type: str}}]
        run:
          kind: job
          container: {{command: [sh, -c, 'echo "{{\\"word\\": \\"hello\\"}}" > "$POLYFLOW_OUTPUTS"']}}
    - name: there
      queue: lab
      namespace: {first}
      params: {{word: {{ref: ops.here, value: outputs.word}}}}
      component:
        inputs: [{{name: word, type: str}}]
        run: {{kind: job, container: {{image: fake/shell, command: [echo, "{{{{ word }}}}"]}}}}
    - name: elsewhere
      queue: lab/nightly
      namespace: {second}
      dependencies: [there]
      component: {{run: {{kind: job, container: {{image: fake/shell, command: ["true"]}}}}}}
    - name: back
      dependencies: [elsewhere]
      component: {{run: {{kind: job, container: {{command: ["true"]}}}}}}
    - name: nowhere
      queue: lab
      namespace: kube-system
      component: {{run: {{kind: job, container: {{image: fake/shell, command: ["true"]}}}}}}
"""


@pytest.fixture
def namespaces(plane):
    return a_namespace(plane), a_namespace(plane)


@pytest.fixture
async def broker(config):
    broker = KafkaBroker(config)
    await broker.create(CATALOG, partitions=2, clusters=["local", LAB])
    yield broker
    await broker.close()


async def test_a_run_has_operations_on_this_machine_and_in_two_namespaces(
    plane, namespaces, broker, config, environment
):
    first, second = namespaces
    lab = {
        **environment,
        "KUBECONFIG": str(plane.kubeconfig),
        "POLYFLOW_CLUSTER": LAB,
        "POLYFLOW_CLUSTER_KIND": "kubernetes",
        "POLYFLOW_KUBERNETES_NAMESPACES": f"{first},{second}",
    }
    validator = {**environment, "POLYFLOW_CLUSTERS": f"local,{LAB}"}
    every = [
        (ON_KAFKA["spec_validator"], validator),
        (ON_KAFKA["planner"], environment),
        (CLUSTER, environment),
    ]
    for service in ("pod_launcher", "status_watcher"):
        every += [(ON_KAFKA[service], environment), (ON_KAFKA[service], lab)]
    await request(config, PIPELINE.format(first=first, second=second))
    async with AsyncExitStack() as stack:
        for module, given in every:
            service = await stack.enter_async_context(started(module, given))
            await service.page()
        events = await story(broker)
    ends = {
        event.operation: (event.cluster, event.status, event.reason)
        for event in events
        if isinstance(event, OperationChanged)
    }
    assert ends == {
        "here": ("local", "succeeded", ""),
        "there": (LAB, "succeeded", ""),
        "elsewhere": (LAB, "succeeded", ""),
        "back": ("local", "succeeded", ""),
        "nowhere": (LAB, "failed", "NamespaceNotAllowed"),
    }
    made = {name: plane.api.get(f"/api/v1/namespaces/{name}/pods")["items"] for name in namespaces}
    commands = {name: [pod["spec"]["containers"][0]["command"] for pod in made[name]] for name in namespaces}
    assert commands == {first: [["echo", "hello"]], second: [["true"]]}
