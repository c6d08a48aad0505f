"""Hooks and notifications on real Kafka, where their runs are runs like any other."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from polyflow.cli.starting.remote import WAITING
from tests.e2e.command import interrupt, rest_of, wait_for
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
    assert "  hook notify/webhook #1 was refused: ConditionInvalid" in done.stdout
    assert done.stdout.count("hook notify/webhook") == 1


def named(polyflow: OnKafka, name: str) -> str:
    """Return the id of the run of this name."""
    (run,) = polyflow.json("ls", "-q", f"name: {name}")
    return str(run["id"])


def _all_hooks_succeeded(view: Mapping[str, Any]) -> bool:
    return len(view["hooks"]) == 2 and all(one["status"] == "succeeded" for one in view["hooks"])


def hub_with(polyflow: OnKafka, name: str, command: str) -> Path:
    """Return a hub that has a component of this name."""
    component = polyflow.folder / "hub" / name
    component.mkdir(parents=True, exist_ok=True)
    (component / "latest.yaml").write_text(f"run: {{kind: job, container: {{command: {command}}}}}\n")
    return component.parent


def hook_of(polyflow: OnKafka, run: str, status: str) -> str:
    """Return the run of a run's only hook, once it has a status."""
    view = polyflow.shown(run, lambda view: [one["status"] for one in view["hooks"]] == [status])
    return str(view["hooks"][0]["run"])


def test_61_a_run_waits_for_its_hooks_and_ends_with_those_that_failed(polyflow: OnKafka) -> None:
    hub = hub_with(polyflow, "bad", "[sh, -c, exit 3]")
    user = polyflow.elsewhere()
    file = polyflow.file("hooks: [{hubRef: bad}]\n" + dag(job("a", "true", ", hooks: [{hubRef: bad}]")))
    done = user("run", file, "--hub", hub, "--name", "failing")
    assert done.returncode == 0, done.stderr
    view = polyflow.json("show", named(polyflow, "failing"))
    see = [
        f"polyflow explain {hook['run']} --kafka {polyflow.environment['POLYFLOW_KAFKA']}"
        for hook in view["hooks"]
    ]
    assert [line for line in done.stdout.splitlines() if "hook" in line] == [
        f"  hook bad #1 of a failed: OperationsFailed: 1 of 1 operations failed; see: {see[0]}",
        f"  hook bad #1 failed: OperationsFailed: 1 of 1 operations failed; see: {see[1]}",
    ]
    told = user(*see[1].split()[1:]).stdout.splitlines()
    assert told[0] == "the run failed: OperationsFailed: 1 of 1 operations failed"
    assert told[1].endswith("failed: Error: exit code 3")
    as_json = user.json("run", file, "--hub", hub)
    assert [one["status"] for one in as_json["hooks"]] == ["failed", "failed"]


def test_61_the_run_of_a_hook_is_stopped(polyflow: OnKafka) -> None:
    hub = hub_with(polyflow, "slow", "[sleep, '60']")
    file = polyflow.file("hooks: [{hubRef: slow}]\n" + dag(job("a", "true")))
    going = polyflow.begin("run", file, "--hub", hub, "--name", "first")
    wait_for(going, WAITING)
    hook = hook_of(polyflow, named(polyflow, "first"), "running")
    done = polyflow("stop", hook)
    assert "stop accepted" in done.stdout, done.stderr
    assert "hook slow" not in rest_of(going)
    hook_of(polyflow, named(polyflow, "first"), "stopped")


def test_61_hooks_that_take_long_are_left_alone(polyflow: OnKafka) -> None:
    hub = hub_with(polyflow, "slow", "[sleep, '60']")
    file = polyflow.file("hooks: [{hubRef: slow}]\n" + dag(job("a", "true")))
    going = polyflow.begin("run", file, "--hub", hub, "--name", "second")
    wait_for(going, WAITING)
    hook = hook_of(polyflow, named(polyflow, "second"), "running")
    interrupt(going)
    assert f"  hook slow #1 is still running; see: polyflow show {hook}\n" in rest_of(going)
    assert going.returncode == 0
    assert polyflow.json("show", hook)["status"] == "running"
    quiet = polyflow("run", file, "--hub", hub, "--quiet")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    for run in polyflow.json("ls", "-q", "cloning_kind: hook", "--status", "running"):
        polyflow("stop", run["id"])
