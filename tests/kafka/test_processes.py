"""Every service as the process that `python -m` starts, on a real Kafka: a run from request to end."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.request import urlopen

import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from polyflow_shared.broker import codec
from polyflow_shared.broker.kafka import KafkaBroker
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics.catalog import CATALOG, RUN_EVENTS
from polyflow_topics.events import OperationChanged, RunChanged
from tests.contract.test_shape import ROOT

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

CLUSTER = "polyflow_shared.cluster"
ON_KAFKA = {
    "spec_validator": "polyflow_services.spec_validator",
    "planner": "polyflow_services.planner",
    "pod_launcher": "polyflow_services.pod_launcher",
    "status_watcher": "polyflow_services.status_watcher",
    "early_stopping_monitor": "polyflow_services.early_stopping_monitor",
    "projector": "polyflow_services.projector",
    "cache": "polyflow_services.cache",
    "admission": "polyflow_services.admission",
    "gateway": "polyflow_services.gateway",
}
LIMIT = 60.0
"""Seconds within which anything that a test waits for has happened."""

PIPELINE = """\
kind: component
name: two-in-a-row
run:
  kind: dag
  operations:
    - name: first
      component:
        outputs: [{name: answer, type: int}]
        run:
          kind: job
          container: {command: [sh, -c, 'echo "{\\"answer\\": 0}" > "$POLYFLOW_OUTPUTS"']}
    - name: second
      params: {answer: {ref: ops.first, value: outputs.answer}}
      component:
        inputs: [{name: answer, type: int}]
        run:
          kind: job
          container: {command: [test, "{{ answer }}", "=", "0"]}
"""


JOIN = """\
kind: component
name: joined
run:
  kind: dag
  operations:
    - {name: zero, dagRef: answer, params: {answer: 0}}
    - {name: seven, dagRef: answer, params: {answer: 7}}
    - name: pick
      dependencies: [zero, seven]
      joins:
        - {query: "pipeline: {{ globals.uuid }}, status: succeeded", sort: outputs.answer,
           params: {answers: {value: outputs.answer}}}
      component: {run: {kind: job, container: {command: ["true"]}}}
  components:
    - name: answer
      inputs: [{name: answer, type: int}]
      run: {kind: job, container: {command: [sh, -c, 'echo "{\\"answer\\": {{ answer }}}" > $POLYFLOW_OUTPUTS']}}
"""


class Service:
    """A started process, and the lines of its log that were read so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[dict] = []

    async def line(self, event: str) -> dict:
        """Return the next line of the log about an event."""
        async with asyncio.timeout(LIMIT):
            while raw := await self._process.stderr.readline():
                self.lines.append(json.loads(raw))
                if self.lines[-1]["event"] == event:
                    return self.lines[-1]
        raise AssertionError(f"it ended without {event}: {self.lines}")

    async def page(self) -> str:
        """Return where its metrics are, once it has started; nothing for a cluster, which has none."""
        return (await self.line("service_started")).get("metrics", "")

    async def end(self, number: signal.Signals | None = None) -> int:
        """Send a signal, or none; return the exit status."""
        if number:
            self._process.send_signal(number)
        async with asyncio.timeout(LIMIT):
            rest = await self._process.stderr.read()
            self.lines.extend(json.loads(raw) for raw in rest.splitlines())
            return await self._process.wait()


@pytest.fixture
async def broker(config):
    broker = KafkaBroker(config)
    await broker.create(CATALOG, partitions=2, clusters=["local"])
    yield broker
    await broker.close()


@asynccontextmanager
async def started(module: str, environment) -> AsyncIterator[Service]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, cwd=ROOT, env=environment, stderr=-1, limit=2**20
    )
    try:
        yield Service(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def request(config, specification: str) -> None:
    """Publish as a program of any language would: a key, headers, JSON."""
    async with AIOKafkaProducer(bootstrap_servers=config.bootstrap_servers) as producer:
        headers = {
            "ce_specversion": "1.0",
            "ce_id": "one",
            "ce_source": "/tests",
            "ce_type": "polyflow.pipeline.request.v1",
            "content-type": "application/json",
        }
        await producer.send_and_wait(
            config.outer("polyflow.pipeline-requests"),
            json.dumps({"specification": specification}).encode(),
            key=b"one",
            headers=[(name, value.encode()) for name, value in headers.items()],
        )


async def story(broker) -> list:
    """Return the run's events up to the one that ends it."""
    source = await broker.source([RUN_EVENTS.name], group="observer", member="observer")
    events: list = []
    async with asyncio.timeout(LIMIT):
        while not (
            events and isinstance(events[-1], RunChanged) and events[-1].status in {"succeeded", "failed"}
        ):
            events.extend(codec.decode(record) for record in await source.take(100))
    await source.close()
    return events


async def test_services_in_processes_of_their_own_run_a_pipeline_and_end_when_told(
    broker, config, environment, tmp_path
):
    await request(config, PIPELINE)
    async with AsyncExitStack() as stack:
        services = {
            module: await stack.enter_async_context(started(module, environment))
            for module in (CLUSTER, *ON_KAFKA.values())
        }
        pages = {module: await service.page() for module, service in services.items()}
        events = await story(broker)
        assert events[-1].status == "succeeded", events
        done = [
            event.operation
            for event in events
            if isinstance(event, OperationChanged) and event.status == "succeeded"
        ]
        assert done == ["first", "second"]
        projector = services[ON_KAFKA["projector"]]
        await shown(projector, tmp_path / "history.db", events[-1].run)
        await assert_metrics(services[ON_KAFKA["planner"]], pages[ON_KAFKA["planner"]])
        for module, service in services.items():
            assert await service.end(signal.SIGTERM) == 0, (module, service.lines)
            assert service.lines[-1]["event"] == "service_ended"
            # Of ours: the client's own errors, while topics are new or connections are cut, are passing ones.
            assert not [line for line in service.lines if line["level"] == "error" and "service" in line]


async def test_a_join_is_answered_by_the_projector(broker, config, environment):
    """The answer knows what the run has done, for the question travels behind its events."""
    await request(config, JOIN)
    async with AsyncExitStack() as stack:
        for module in (CLUSTER, *ON_KAFKA.values()):
            await stack.enter_async_context(started(module, environment))
        events = await story(broker)
    assert events[-1].status == "succeeded", events
    told = [event for event in events if isinstance(event, OperationChanged) and event.operation == "pick"]
    assert [event.params for event in told if event.status == "scheduled"] == [{"answers": [0, 7]}]


async def shown(projector: Service, history, run: str) -> None:
    """Return when the read model shows the run's end."""
    while True:
        await projector.line("batch_handled")
        model = SqliteReadModel.open(history)
        try:
            if (view := model.run(run)) and view.status == "succeeded":
                return
        finally:
            model.close()


async def assert_metrics(planner: Service, page: str) -> None:
    values: dict[tuple[str, ...], float] = {}
    while ("polyflow_runs_total", "", "succeeded") not in values:
        await planner.line("batch_handled")
        values = await asyncio.to_thread(read_metrics, page)
    assert values["polyflow_hand_over_seconds_count",] == 1.0
    assert values["polyflow_open_commands",] == 0.0


def read_metrics(page: str) -> dict[tuple[str, ...], float]:
    """Return values by name and labels' values, in the order of the labels' names."""
    with urlopen(page, timeout=LIMIT) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize("service", ON_KAFKA)
async def test_a_service_without_its_topics_ends_and_says_how_to_create_them(environment, service):
    async with started(ON_KAFKA[service], environment) as process:
        assert await process.end() == 1
        failed = process.lines[-1]
    assert failed["event"] == "service_failed"
    assert failed["error"] == "TopicError"
    assert "polyflow topics create" in failed["message"]
