"""One run on this machine, from its request or its journal to its end: for `polyflow run` and the client."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

from polyflow.events.hooks import Following, open_hooks
from polyflow.events.progress import Progress
from polyflow.requests.ids import new_id
from polyflow.requests.orders import Request
from polyflow_services.embedded import RunEngine, open_run
from polyflow_services.spec_validator.act import NOWHERE
from polyflow_shared.machine.control import ControlServer
from polyflow_shared.machine.home import Home, RunFolder
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_shared.read_model.views import StoredEvent
from polyflow_shared.references.fetching import Places
from polyflow_topics.events import RequestAnswered, RunEvent
from polyflow_topics.message import Message
from polyflow_topics.names import RunId
from polyflow_topics.operating import RunRequest
from polyflow_topics.requests import StopPipeline

_WORKDIR: Final = "workdir"
WAITING: Final = "waiting for the runs of its hooks; Ctrl-C stops them"
ANSWER_WITHIN: Final = 4.0
"""Seconds within which the planner answers a request, or does not."""


class Watcher(Protocol):
    """Shows a run while it goes on."""

    def show(self, progress: Progress, events: list[RunEvent]) -> None:
        """Take notice of new events; called after `progress` has them."""

    def tell(self, text: str) -> None:
        """Say something to the user."""


class Session:
    """An engine that runs one run, and what other terminals may ask of it."""

    def __init__(self, run: RunId, opened: RunEngine, following: Iterable[RunId] = ()) -> None:
        """Serve this engine's run, and these runs of hooks that were cut short."""
        self.run = run
        self.folder = opened.folder
        self.engine = opened.engine
        self.control = ControlServer(self.ask)
        self._events = opened.engine.follow()
        self._asked: dict[str, asyncio.Future[RequestAnswered]] = {}
        self._following = Following(following)
        """Runs of hooks: they go on in this engine."""

    async def stop(self, reason: str, message: str) -> None:
        """Stop the run, and what has followed from it."""
        for run in (self.run, *self._following.open):
            await self.engine.publish(StopPipeline(run=run, request=new_id(), reason=reason, message=message))

    async def kill(self) -> None:
        """Stop the run, and what has followed from it, without waiting for processes to end by themselves."""
        await self.stop("Stopped", "Ctrl-C, twice")
        await self.engine.kill()

    async def ask(self, message: RunRequest) -> RequestAnswered | None:
        """Publish a request about the run; return the answer, None if there is none in time."""
        answer = self._asked[message.request] = asyncio.get_running_loop().create_future()
        try:
            await self.engine.publish(message)
            await asyncio.wait({answer}, timeout=ANSWER_WITHIN)
            return answer.result() if answer.done() and not answer.cancelled() else None
        finally:
            del self._asked[message.request]

    def end(self) -> None:
        """Let nobody wait for an answer that will not come any more."""
        for answer in self._asked.values():
            answer.cancel()

    async def events(self) -> AsyncIterator[Sequence[Message]]:
        """Yield the run's events from the session's beginning; other terminals see them as well.

        Raises:
            PolyflowError: a service has failed.
        """
        async for messages in self._events:
            self.control.tell([_stored(message) for message in messages if isinstance(message, RunEvent)])
            self._hear(messages)
            yield messages

    def _hear(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if not isinstance(message, RequestAnswered):
                continue
            asked = self._asked.get(message.request)
            if asked is not None and not asked.done():
                asked.set_result(message)

    async def follow(self, progress: Progress, watcher: Watcher) -> None:
        """Show the run until nothing more will come of it.

        Raises:
            PolyflowError: a service has failed.
        """
        waits = False
        async for messages in self.events():
            progress.refuse(messages)
            watcher.show(progress, progress.take(messages))
            self._following.note(messages)
            if progress.over and not self._following.open:
                return
            if progress.over and not waits:
                waits = True
                watcher.tell(WAITING)


@asynccontextmanager
async def running(
    home: Home,
    run: RunId,
    *,
    workdir: Path,
    request: Request | None = None,
    places: Places = NOWHERE,
) -> AsyncIterator[Session]:
    """Keep an engine for a run, which other terminals can reach; submit the request, if there is one."""
    model = SqliteReadModel.open(home.history)
    opened = await open_run(home, run, model, workdir=workdir, places=places)
    session = Session(run, opened, open_hooks(model, run))
    try:
        _remember(opened.folder, workdir)
        await session.control.start(opened.folder.socket)
        if request is not None:
            await opened.engine.submit(request.body, request_id=request.id, source=request.source)
        yield session
    finally:
        session.end()
        await session.control.close()
        await opened.close()
        model.close()


def workdir_of(folder: RunFolder) -> Path:
    """Return where a run's operations start whose container does not say."""
    return Path((folder.path / _WORKDIR).read_text())


def _remember(folder: RunFolder, workdir: Path) -> None:
    """Write down where operations start, once: a resumed run starts them in the same place."""
    kept = folder.path / _WORKDIR
    if not kept.exists():
        kept.write_text(str(workdir))


def _stored(event: RunEvent) -> StoredEvent:
    return StoredEvent(event.sequence, event.WIRE, event.model_dump_json())
