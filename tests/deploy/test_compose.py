"""docker-compose.yml, started for real: pipelines run, and every panel of the dashboard has data."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from polyflow.cli.installation.serve import SERVICES
from tests.testbed.compose.stack import ROOT, Stack, running_stack

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]

DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboards/polyflow.json").read_text())
VARIABLES = {"$__rate_interval": "20s"}
"""What Grafana would put in: four times the interval of scrapes."""
LIMIT = 90.0
"""Seconds for something that takes a few."""
OURS = set(SERVICES)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running_stack() as stack:
        until(lambda: healthy(stack), "everything is healthy")
        yield stack


def healthy(stack: Stack) -> bool:
    states = {name: each["State"] for name, each in stack.containers().items()}
    return all(state["Health"]["Status"] == "healthy" for state in states.values() if state["Running"])


def until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < end, f"not so in {LIMIT:g} s: {what}"
        time.sleep(1)


def test_everything_is_up_and_healthy_and_the_topics_were_created(stack: Stack):
    states = {name: each["State"] for name, each in stack.containers().items()}
    running = {name for name, state in states.items() if state["Running"]}
    assert running == OURS | {"kafka", "prometheus"}
    assert states["topics"]["ExitCode"] == 0


def test_services_run_as_a_user_of_their_own_on_a_read_only_root(stack: Stack):
    for name, container in stack.containers().items():
        if name in OURS:
            assert container["Config"]["User"] == "10001:10001", name
            assert container["HostConfig"]["ReadonlyRootfs"], name
    say = "import os; print(os.getuid()); open('/tmp/x', 'w'); open('/opt/polyflow/x', 'w')"
    with pytest.raises(Exception, match="Read-only file system"):
        stack.inside("planner", "python", "-c", say)


def test_a_pipeline_runs_through_the_broker_and_the_read_model_knows_it(stack: Stack):
    done = stack.polyflow("run", "examples/02_outputs.yaml", "--format", "json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert run["status"] == "succeeded"

    def shown() -> bool:
        view = json.loads(stack.inside("projector", "polyflow", "ls", "--format", "json"))
        return any(each["id"] == run["id"] and each["status"] == "succeeded" for each in view)

    until(shown, "the read model shows the run")


def test_a_service_that_dies_is_started_again_and_the_run_ends_right(stack: Stack):
    before = stack.containers()["planner"]["State"]["StartedAt"]
    # The process ends by itself: what the daemon is asked to kill, it does not start again.
    stack.inside("planner", "python", "-c", "import os, signal; os.kill(1, signal.SIGTERM)")
    until(
        lambda: stack.containers()["planner"]["State"]["StartedAt"] != before, "the planner was started again"
    )
    done = stack.polyflow("run", "examples/01_hello.yaml", "--format", "json")
    assert done.returncode == 0, done.stderr


def panels() -> list[tuple[str, str]]:
    asked = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]
    for name, value in VARIABLES.items():
        asked = [(title, expression.replace(name, value)) for title, expression in asked]
    return asked


def publish(stack: Stack, text: str | None) -> None:
    """Publish a request that is refused; without a text, a record that is no request."""
    identity = str(uuid4())
    kind = "polyflow.pipeline.request.v1" if text else "garbage.v1"
    event = {"specversion": "1.0", "id": identity, "source": "/test", "type": kind}
    headers = [(f"ce_{name}", value.encode()) for name, value in event.items()]

    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=f"localhost:{stack.kafka}") as producer:
            body = json.dumps({"specification": text}).encode()
            await producer.send_and_wait(
                "polyflow.pipeline-requests", body, key=identity.encode(), headers=headers
            )

    asyncio.run(send())


@pytest.fixture(scope="module")
def busy(stack: Stack) -> Stack:
    """The same, after it has done something of everything that the dashboard shows."""
    for _ in range(2):
        publish(stack, "a text that is no pipeline")
        publish(stack, None)
        for example in ("01_hello", "03_nested", "04_retries_and_triggers", "05_early_stopping"):
            stack.polyflow("run", f"examples/{example}.yaml", "--quiet")
        # A counter that was not there before has no rate until it was scraped once.
        time.sleep(6)
    return stack


@pytest.mark.parametrize(("title", "expression"), panels())
def test_every_panel_has_data(busy: Stack, title: str, expression: str):
    assert "$" not in expression
    until(lambda: bool(busy.query(expression, seconds=120)), title)


def test_what_happened_is_what_the_dashboard_shows(busy: Stack):
    assert max(busy.query('sum(up{job="polyflow"})', seconds=15)) == len(OURS) - 1
    assert max(busy.query('sum(polyflow_runs_total{status="succeeded"})', seconds=15)) >= 6
    assert max(busy.query('sum(polyflow_runs_total{status="failed"})', seconds=15)) >= 2
    assert max(busy.query("sum(polyflow_metric_to_stop_seconds_count)", seconds=15)) >= 2
    assert max(busy.query("sum(polyflow_dead_letters_total)", seconds=15)) == 2
    assert max(busy.query("sum(polyflow_requests_rejected_total)", seconds=15)) == 2
    assert max(busy.query("sum(polyflow_hand_over_seconds_count)", seconds=15)) > 0


def test_prometheus_takes_the_rules_and_each_holds_to_its_example(stack: Stack):
    stack.inside("prometheus", "promtool", "check", "config", "/etc/prometheus/prometheus.yml")
    mounted = [f"--volume={ROOT / folder}:/repository/{folder}:ro" for folder in ("deploy", "tests/deploy")]
    image = stack.containers()["prometheus"]["Config"]["Image"]
    told = stack.docker(
        "run", "--rm", "--network=none", *mounted, "--entrypoint=promtool", image,
        "test", "rules", "/repository/tests/deploy/alerts.yml",
    )  # fmt: skip
    assert "SUCCESS" in told
