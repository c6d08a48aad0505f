"""The control socket of a run."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from polyflow_shared.machine import control
from polyflow_shared.machine.control import ControlServer, EngineGoneError
from polyflow_shared.read_model.views import StoredEvent
from polyflow_topics.events import RequestAnswered
from polyflow_topics.names import RunId
from polyflow_topics.operating import RunRequest
from polyflow_topics.requests import StopPipeline
from tests.contract.samples import SENT


class Engine:
    """What is asked of an engine."""

    def __init__(self) -> None:
        self.asked: list[RunRequest] = []
        self.answer: RequestAnswered | None = None

    async def ask(self, message: RunRequest) -> RequestAnswered | None:
        self.asked.append(message)
        return self.answer


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture(params=["short", "x" * 200])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path / request.param
    folder.mkdir()
    return folder / "control.sock"


@pytest.fixture
async def server(path: Path, engine: Engine) -> AsyncIterator[ControlServer]:
    started = ControlServer(engine.ask)
    await started.start(path)
    yield started
    await started.close()


STOP = StopPipeline(run=RunId("r"), request="one", reason="Enough")


async def test_a_request_reaches_the_engine_and_its_answer_comes_back(
    server: ControlServer, path: Path, engine: Engine
) -> None:
    assert await control.ask(path, STOP) is None
    engine.answer = RequestAnswered(run=STOP.run, sequence=1, kind="stop", accepted=False, at=SENT)
    assert await control.ask(path, STOP) == engine.answer
    assert engine.asked == [STOP, STOP]


async def test_a_follower_gets_events_until_the_engine_ends(server: ControlServer, path: Path) -> None:
    seen = control.follow(path)
    assert await anext(seen) is None
    event = StoredEvent(7, "polyflow.run.changed.v1", json.dumps({"status": "running", "zero": 0}))
    server.tell([event])
    assert await anext(seen) == event
    await server.close()
    with pytest.raises(StopAsyncIteration):
        await anext(seen)


async def test_nobody_listening_is_a_clear_error(path: Path) -> None:
    with pytest.raises(EngineGoneError, match="no engine listens"):
        await control.ask(path, STOP)
    with pytest.raises(EngineGoneError):
        await anext(control.follow(path.parent / "gone" / "control.sock"))


NO_REQUEST = b'{"do": "ask", "type": "polyflow.run.changed.v1", "data": {}}\n'


async def test_garbage_is_not_answered_and_harms_nothing(
    server: ControlServer, path: Path, engine: Engine
) -> None:
    for garbage in (b"\xff\xfe\n", b"[]\n", b"{}\n", b"\n", b'{"do": "ask"', NO_REQUEST):
        reader, writer = await control._connect(path)
        writer.write(garbage)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
    assert engine.asked == []
