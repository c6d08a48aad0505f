"""Hooks and notifications on real Kafka, where their runs are runs like any other."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.e2e.command import rest_of
from tests.e2e.test_run import dag, job
from tests.kafka.installation import OnKafka, an_installation
from tests.unit.notify.servers import Receiver, receiving

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture(scope="module")
def polyflow(kafka: str, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnKafka]:
    folder = tmp_path_factory.mktemp("installation")
    connections = folder / "connections.yaml"
    connections.write_text(
        f"connections: [{{name: ops, kind: webhook, schema: {{url: '{receiver.url}'}}}}]\n"
    )
    with an_installation(folder, kafka, connections=str(connections)) as installed:
        yield installed


def test_64_the_webhook_receives_the_final_status(polyflow: OnKafka, receiver: Receiver) -> None:
    receiver.got.clear()
    more = f", hooks: [{{hubRef: notify/slack, params: {{url: {{value: '{receiver.url}'}}}}}}]"
    text = "plugins: {notifications: [{connections: [ops], trigger: failed}]}\n"
    done = polyflow("run", polyflow.file(text + dag(job("a", "exit 3", more))))
    assert done.returncode == 1, done.stderr
    view = polyflow.shown(named(polyflow, "test"), _all_hooks_succeeded)
    told = {one["hub"]: one["operation"] for one in view["hooks"]}
    assert told == {"notify/slack": "a", "notify/webhook": None}
    bodies = {"data" in posted.body: posted.body for posted in receiver.got}
    assert len(receiver.got) == 2
    assert (bodies[True]["data"]["id"], bodies[True]["data"]["status"]) == (view["id"], "failed")
    assert bodies[False]["text"].startswith("operation a of run test: failed\n")


def test_62_the_end_of_a_run_tells_of_a_hook_that_was_refused(polyflow: OnKafka) -> None:
    hook = "{hubRef: notify/webhook, params: {url: {value: 'http://127.0.0.1:9'}}"
    hooks = f"hooks: [{hook}, conditions: outputs.none > 1}}, {hook}, trigger: failed}}]\n"
    done = polyflow("run", polyflow.file(hooks + dag(job("a", "true"))), "--name", "refused")
    assert done.returncode == 0, done.stderr
    assert "  hook notify/webhook was refused: ConditionInvalid" in done.stdout
    assert done.stdout.count("hook notify/webhook") == 1


def named(polyflow: OnKafka, name: str) -> str:
    """Return the id of the run of this name."""
    (run,) = polyflow.json("ls", "-q", f"name: {name}")
    return str(run["id"])


def _all_hooks_succeeded(view: Mapping[str, Any]) -> bool:
    return len(view["hooks"]) == 2 and all(one["status"] == "succeeded" for one in view["hooks"])


def test_61_the_run_of_a_hook_is_stopped(polyflow: OnKafka) -> None:
    hub = polyflow.folder / "hub" / "slow"
    hub.mkdir(parents=True)
    (hub / "latest.yaml").write_text("run: {kind: job, container: {command: [sleep, '60']}}\n")
    text = "hooks: [{hubRef: slow}]\n" + dag(job("a", "true"))
    going = polyflow.begin("run", polyflow.file(text), "--hub", polyflow.folder / "hub", "--name", "first")
    rest_of(going)
    run = named(polyflow, "first")
    hook = polyflow.shown(run, lambda view: [one["status"] for one in view["hooks"]] == ["running"])["hooks"][
        0
    ]
    done = polyflow("stop", hook["run"])
    assert "stop accepted" in done.stdout, done.stderr
    polyflow.shown(run, lambda view: view["hooks"][0]["status"] == "stopped")
