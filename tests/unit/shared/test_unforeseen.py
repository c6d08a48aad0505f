"""What becomes of a record on which our own code fails in a way that nobody foresaw."""

import asyncio
import errno
import logging
from base64 import b64decode
from datetime import datetime

import pytest

from polyflow_shared.clock import FakeClock
from polyflow_shared.loops.effector import run_effector
from polyflow_shared.loops.service import TRIES, on_message, run_batches
from polyflow_shared.observing.metrics import DEAD_LETTERS, HANDLED
from polyflow_topics.catalog import DEAD_LETTERS as LETTERS
from polyflow_topics.inbox import StopRequested
from polyflow_topics.metrics import PoliciesClosed
from polyflow_topics.names import RunId
from tests.unit.shared.shells import a_broker, a_shell, everything_on, publish, running, until
from tests.unit.shared.test_service import INBOX, Echo, ask, committed


async def patient(serving, clock: FakeClock):
    """Return what comes of it, while time goes by."""
    async with running(serving) as task:
        while not task.done():
            await clock.move(0.1)
        return task.result()


async def parking(broker, echo: Echo, answers: int = 1):
    """Return the answers and the shell of a service that parks what nobody foresaw."""
    clock = FakeClock()
    shell = await a_shell(broker, clock=clock, parks=True)
    source = await broker.source([INBOX], group="g", member="m")
    async with running(run_effector(on_message(echo.act), source, shell)):
        return await patient(until(broker, "polyflow.run-metrics", answers), clock), shell


async def test_what_nobody_foresaw_is_tried_again_and_then_parked_and_the_next_one_is_handled(caplog) -> None:
    broker, echo = await a_broker(), Echo(*[KeyError("scope")] * TRIES)
    await publish(broker, ask("a"), ask("a", "Next"))
    found, shell = await parking(broker, echo)
    assert [message.run for message in found] == ["a"]
    assert echo.seen == [("a", "Stopped")] * TRIES + [("a", "Next")]
    (letter,) = await everything_on(broker, LETTERS.name)
    assert (letter.reason, letter.message, letter.offset) == ("Unforeseen", "KeyError: 'scope'", 0)
    assert StopRequested.model_validate_json(b64decode(letter.value)) == ask("a")
    assert shell.meter.values[DEAD_LETTERS.name, "planner", "Unforeseen"] == 1
    (line,) = [line for line in caplog.records if line.getMessage() == "message_parked"]
    assert line.levelname == "ERROR"
    assert "in act" in caplog.handler.format(line)


async def test_what_fails_but_once_unforeseen_is_answered() -> None:
    broker, echo = await a_broker(), Echo(RuntimeError("closed"))
    await publish(broker, ask("a"))
    await parking(broker, echo)
    assert await everything_on(broker, LETTERS.name) == []


async def test_whatever_an_error_says_can_be_written(caplog) -> None:
    # Workers of the tests hand their log on, and can hand no half of a surrogate pair.
    caplog.set_level(logging.CRITICAL)
    broker, echo = await a_broker(), Echo(*[ValueError("\ud800" + "x" * 9_000_000)] * TRIES)
    await publish(broker, ask("a"), ask("a", "Next"))
    await parking(broker, echo)
    (letter,) = await everything_on(broker, LETTERS.name)
    assert letter.message.startswith(r"ValueError: \ud800xxx")
    assert len(letter.message) < 3_000


async def test_an_answer_that_cannot_be_written_is_as_unforeseen() -> None:
    broker = await a_broker()
    await publish(broker, ask("a"), ask("b"))

    class Odd(Echo):
        async def act(self, message, at: datetime):
            return [PoliciesClosed(run=RunId("\ud800" if message.run == "a" else "b"))]

    found, _ = await parking(broker, Odd())
    assert [message.run for message in found] == ["b"]
    assert [letter.reason for letter in await everything_on(broker, LETTERS.name)] == ["Unforeseen"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), MemoryError()])
async def test_what_the_machine_is_to_blame_for_ends_the_service_and_nothing_is_parked(error) -> None:
    broker = await a_broker()
    await publish(broker, ask("a"))
    source, shell = await broker.source([INBOX], group="g", member="m"), await a_shell(broker, parks=True)
    with pytest.raises(type(error)):
        await asyncio.wait_for(run_effector(on_message(Echo(error).act), source, shell), 10)
    assert await everything_on(broker, LETTERS.name) == []


async def test_whoever_serves_one_run_hears_at_once_what_nobody_foresaw() -> None:
    broker = await a_broker()
    await publish(broker, ask("a"))
    source = await broker.source([INBOX], group="g", member="m")
    with pytest.raises(KeyError, match="scope"):
        await run_effector(on_message(Echo(KeyError("scope")).act), source, await a_shell(broker))
    assert await everything_on(broker, LETTERS.name) == []


async def test_one_of_a_batch_that_fails_unforeseen_is_parked_and_the_others_are_taken_in() -> None:
    broker, clock, taken = await a_broker(), FakeClock(), []
    await publish(broker, ask("a"), ask("b"), ask("c"))

    async def act(pairs) -> None:
        if "b" in [message.run for message, _ in pairs]:
            raise ZeroDivisionError
        taken.extend(message.run for message, _ in pairs)

    shell = await a_shell(broker, "projector", clock, parks=True)
    source = await broker.source([INBOX], group="g", member="m")
    async with running(run_batches(act, source, shell)):
        (letter,) = await patient(until(broker, LETTERS.name, 1), clock)
        await committed(broker)
    assert (letter.offset, letter.message) == (1, "ZeroDivisionError: ")
    assert taken == ["a", "c"]
    assert shell.meter.values[HANDLED.name, "projector", "polyflow.stop.requested.v1", "handled"] == 2
