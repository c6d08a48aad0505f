"""The control socket of a run."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from polyflow_shared import control
from polyflow_shared.control import ControlServer, EngineGoneError
from polyflow_shared.read_model.views import StoredEvent


class Engine:
    """What is asked of an engine."""

    def __init__(self) -> None:
        self.stops: list[tuple[str, str]] = []

    async def stop(self, reason: str, message: str) -> None:
        self.stops.append((reason, message))


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
    started = ControlServer(engine.stop)
    await started.start(path)
    yield started
    await started.close()


async def test_a_stop_reaches_the_engine(server: ControlServer, path: Path, engine: Engine) -> None:
    await control.ask_to_stop(path, reason="Enough", message="please")
    assert engine.stops == [("Enough", "please")]


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
        await control.ask_to_stop(path, reason="Stopped", message="")
    with pytest.raises(EngineGoneError):
        await anext(control.follow(path.parent / "gone" / "control.sock"))


async def test_garbage_is_not_answered_and_harms_nothing(
    server: ControlServer, path: Path, engine: Engine
) -> None:
    for garbage in (b"\xff\xfe\n", b"[]\n", b"{}\n", b"\n", b'{"do": "stop"'):
        reader, writer = await control._connect(path)
        writer.write(garbage)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
    assert engine.stops == []
