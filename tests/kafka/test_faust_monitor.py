"""The early-stopping monitor on Faust and a real Apache Kafka, as a process that is killed."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from base64 import b64decode
from datetime import UTC, datetime

import pytest

from polyflow_shared.broker import codec
from polyflow_shared.broker.partitioner import partition_of
from polyflow_shared.broker.port import Outgoing
from polyflow_topics.catalog import DEAD_LETTERS, MONITOR_ROWS, RUN_INBOX, RUN_METRICS
from polyflow_topics.metrics import MetricPolicy, MetricsLogged, PoliciesClosed, PoliciesDeclared
from tests.contract.brokers import PARTITIONS
from tests.contract.deliveries import LIMIT
from tests.contract.test_shape import ROOT
from tests.kafka.retention import remove
from tests.testbed.processes import end_process

pytestmark = pytest.mark.kafka

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUN = "a-run"
ODD = "odd-run"
STUMBLING = f"""
import runpy
from polyflow_services.early_stopping_monitor import core
sound = core.decide
def decide(rows, message, at):
    if message.run == "{ODD}":
        raise KeyError("scope")
    return sound(rows, message, at)
core.decide = decide
runpy.run_module("polyflow_services.early_stopping_monitor", run_name="__main__")
"""


@pytest.fixture
async def broker(broker):
    await broker.create([MONITOR_ROWS, DEAD_LETTERS], partitions=PARTITIONS, clusters=[])
    return broker


@pytest.fixture
def log(tmp_path):
    """Where the monitor's processes write their log."""
    return tmp_path / "log"


@pytest.fixture
def monitor(config, log):
    """Start the monitor's process, as often as is asked for."""
    started = []

    def start(script=None):
        started.append(_process(config, log, script))
        return started[-1]

    yield start
    for process in started:
        end_process(process.pid, signal.SIGKILL)
        process.wait()


async def test_what_it_knows_survives_a_kill_and_repetitions_stop_nothing_twice(broker, config, monitor):
    stops = await broker.source([RUN_INBOX.name], group="tests", member="one")
    process = monitor()
    await say(broker, declared("a", "b"), *[logged("a.x")] * 3)
    assert await scopes(stops, 1) == ["a"]
    # The first one's rows are saved once the next one is handled.
    await say(broker, declared("a", "b", run="other"), logged("b.x", run="other"))
    assert await scopes(stops, 1) == ["b"]
    end_process(process.pid, signal.SIGKILL)
    await forget_messages(broker, config)
    monitor()
    await say(broker, declared("a", "b"), logged("a.x"), logged("a.x"), logged("b.x"), logged("b.x"))
    assert await scopes(stops, 1) == ["b"]


async def test_one_that_was_paused_gives_way_to_its_successor(broker, monitor):
    stops = await broker.source([RUN_INBOX.name], group="tests", member="one")
    paused = monitor()
    await say(broker, declared("a", "b", "c"), logged("a.x"))
    assert await scopes(stops, 1) == ["a"]
    paused.send_signal(signal.SIGSTOP)
    monitor()
    await say(broker, logged("b.x"))
    assert await scopes(stops, 1) == ["b"]
    paused.send_signal(signal.SIGCONT)
    assert await asyncio.to_thread(paused.wait, LIMIT) == 1
    await say(broker, logged("c.x"))
    found = await scopes_until(stops, "c")
    # What was on its way to the paused one may be said twice.
    assert [scope for scope in found if scope != "b"] == ["c"]


async def test_a_run_that_has_ended_leaves_nothing_behind(broker, monitor):
    stops = await broker.source([RUN_INBOX.name], group="tests", member="one")
    rows = await broker.source([MONITOR_ROWS.name], group="tests-rows", member="one")
    monitor()
    await say(broker, declared("a"), logged("a.x"), PoliciesClosed(run=RUN), logged("a.x"))
    found = await exactly(rows, 6)
    assert {record.key for record in found[:3]} == {record.key for record in found[3:]}
    assert [record.value is None for record in found] == [False] * 3 + [True] * 3
    assert await scopes(stops, 1) == ["a"]


async def test_what_is_no_message_is_set_aside_with_its_reason(broker, monitor):
    stops = await broker.source([RUN_INBOX.name], group="tests", member="one")
    letters = await broker.source([DEAD_LETTERS.name], group="tests-letters", member="one")
    monitor()
    sink = await broker.sink("tests")
    await sink.send([Outgoing(RUN_METRICS.name, RUN, b"\xff nothing"), Outgoing(RUN_METRICS.name, RUN, None)])
    await say(broker, declared("a"), logged("a.x"))
    assert await scopes(stops, 1) == ["a"]
    parked = [codec.decode(record) for record in await exactly(letters, 2)]
    assert [(letter.service, letter.reason, letter.topic) for letter in parked] == [
        ("early_stopping_monitor", "NotDecodable", RUN_METRICS.name)
    ] * 2
    assert [b64decode(letter.value) for letter in parked] == [b"\xff nothing", b""]


async def test_what_it_stumbles_over_is_set_aside_and_the_next_one_is_handled(broker, config, monitor, log):
    stops = await broker.source([RUN_INBOX.name], group="tests", member="one")
    letters = await broker.source([DEAD_LETTERS.name], group="tests-letters", member="one")
    stumbling = monitor(STUMBLING)
    odd = declared("a", run=ODD)
    await say(broker, odd, declared("a"), logged("a.x"))
    assert await scopes(stops, 1) == ["a"]
    (letter,) = [codec.decode(record) for record in await exactly(letters, 1)]
    assert (letter.service, letter.reason) == ("early_stopping_monitor", "Unforeseen")
    assert PoliciesDeclared.model_validate_json(b64decode(letter.value)) == odd
    assert "in decide" in log.read_text()
    stumbling.kill()
    publish_again(config, letter)
    monitor()
    await say(broker, logged("a.x", run=ODD))
    async with asyncio.timeout(LIMIT):
        # The other run's may be said again, as its rows were perhaps not saved yet.
        while ODD not in {codec.decode(record).run for record in await stops.take(100)}:
            pass


async def test_it_ends_by_itself_when_told_to(broker, monitor):
    stops = await broker.source([RUN_INBOX.name], group="tests", member="one")
    process = monitor()
    await say(broker, declared("a"), logged("a.x"))
    assert await scopes(stops, 1) == ["a"]
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, LIMIT) == 0


async def test_without_its_topics_it_ends_and_says_what_is_missing(monitor, log):
    process = monitor()
    assert await asyncio.to_thread(process.wait, LIMIT) == 1
    assert "does not exist" in log.read_text()


def publish_again(config, letter):
    """Do with a letter as the documentation says."""
    (script,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/kafka.md").read_text(), re.DOTALL)
    command = [sys.executable, "-c", script, config.bootstrap_servers, config.prefix]
    subprocess.run(command, input=letter.model_dump_json() + "\n", text=True, check=True, timeout=LIMIT)


def declared(*names, run=RUN):
    policies = [MetricPolicy(scope=name, metric="loss", value=0.5, optimization="minimize") for name in names]
    return PoliciesDeclared(run=run, policies=policies)


def logged(operation, run=RUN):
    return MetricsLogged(run=run, operation=operation, attempt=0, line=0, values={"loss": 0.1}, at=NOW)


async def say(broker, *messages):
    sink = await broker.sink("tests")
    await sink.send([codec.encode(message, source="/tests", at=NOW) for message in messages])


async def scopes(source, number) -> list[str]:
    return [codec.decode(record).scope for record in await exactly(source, number)]


async def scopes_until(source, last) -> list[str]:
    found: list[str] = []
    async with asyncio.timeout(LIMIT):
        while last not in found:
            found += [codec.decode(record).scope for record in await source.take(100)]
    return found


async def exactly(source, number):
    """Return so many records, and fail if there are more."""
    found = []
    async with asyncio.timeout(LIMIT):
        while len(found) < number:
            found += await source.take(100)
    found += await source.take(100, wait=0.3)
    assert len(found) == number
    return found


async def forget_messages(broker, config):
    """Remove all messages from the topic, so that nothing can be read a second time."""
    log = await broker.log("tests")
    ends = {number: await log.end(RUN_METRICS.name, number) for number in range(PARTITIONS)}
    assert ends[partition_of(RUN, PARTITIONS)] > 0
    await remove(config, RUN_METRICS.name, ends)


def _process(config, log, script) -> subprocess.Popen:
    settings = {
        "POLYFLOW_BROKERS": config.bootstrap_servers,
        "POLYFLOW_PREFIX": config.prefix,
        "POLYFLOW_MEMBER": "one",
        "POLYFLOW_SESSION_TIMEOUT": "6",
    }
    what = ["-c", script] if script else ["-m", "polyflow_services.early_stopping_monitor"]
    command = [sys.executable, *what]
    with log.open("ab") as stderr:
        return subprocess.Popen(command, env=os.environ | settings, stderr=stderr)
