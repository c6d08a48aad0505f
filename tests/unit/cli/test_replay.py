"""Recorded runs through today's planner, and through one that has changed."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from polyflow.cli.runs.replay import lines
from polyflow.events.recording import NotARecordingError, of_broker, read_messages
from polyflow.events.replaying import replay
from polyflow_services.planner.core import decide
from polyflow_shared.broker.codec import encode
from polyflow_shared.broker.memory import MemoryBroker
from polyflow_shared.clock import FakeClock
from polyflow_shared.deciding.decision import Decision
from polyflow_topics import catalog
from polyflow_topics.commands import LaunchOperation
from polyflow_topics.names import RunId
from tests.simulator.world import simulate
from tests.unit.planner.plan_builder import RUN, START, dag, plan
from tests.verifier.log import write_messages

LOG = simulate(4).messages


def without_launches(rows, message, at):
    """Decide as a planner that has forgotten how to launch."""
    decision = decide(rows, message, at)
    kept = [one for one in decision.messages if not isinstance(one, LaunchOperation)]
    return Decision(decision.writes, kept)


def impatient(rows, message, at):
    """Decide as a planner whose clock is wrong."""
    return decide(rows, message, at + timedelta(seconds=1))


def test_a_recorded_run_says_the_same_today(tmp_path: Path) -> None:
    write_messages(tmp_path / "log.jsonl", LOG)
    result = replay(read_messages(tmp_path / "log.jsonl"))
    assert result.differences == []
    assert result.handled > 10
    assert result.said > 10


def test_what_is_said_no_more_is_found_with_its_place() -> None:
    result = replay(LOG, without_launches)
    gone = {difference.recorded.type for difference in result.differences if difference.recorded}
    assert gone == {LaunchOperation.WIRE}
    assert all(difference.today is None for difference in result.differences)
    text = list(lines(result))
    assert text[0].startswith(f"not said today: {LaunchOperation.WIRE} ")
    assert text[1].startswith('  recorded: {"attempt": 0, "cluster"')
    assert text[-1].endswith(f": {len(result.differences):,} differences")


def test_what_is_said_otherwise_is_one_difference_with_both_in_full() -> None:
    result = replay(LOG, impatient)
    first = result.differences[0]
    assert first.recorded is not None
    assert first.today is not None
    assert first.recorded.identity == first.today.identity
    assert first.recorded.data != first.today.data


def test_a_recording_that_ends_in_the_middle_is_no_difference() -> None:
    inbox = [one for one in LOG if one.topic == catalog.RUN_INBOX.name]
    until = inbox[len(inbox) // 2].at
    assert replay([one for one in LOG if one.at < until]).differences == []


def test_a_file_that_is_no_recording_is_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('\n{"topic": "polyflow.run-inbox"}\n')
    with pytest.raises(NotARecordingError, match=r"log.jsonl:2: not a record"):
        read_messages(path)


async def test_records_of_a_run_are_read_from_a_broker() -> None:
    clock = FakeClock(START)
    broker = MemoryBroker(clock=clock)
    await broker.create(catalog.CATALOG, partitions=3, clusters=["local"])
    sink = await broker.sink("test")
    messages = plan(dag(a=""))
    await sink.send([encode(message, source="/polyflow/spec_validator", at=START) for message in messages])
    found = await of_broker(broker, RUN)
    assert [one.headers["ce_type"] for one in found] == [message.WIRE for message in messages]
    assert await of_broker(broker, RunId("0a1b2c3d-0000-5000-8000-0000000000ff")) == []
    assert msgspec.json.decode(found[0].value or b"")["run"] == RUN
