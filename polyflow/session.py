"""One run on this machine, from its request or its journal to its end: for `polyflow run` and the client."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

from polyflow.progress import Progress
from polyflow.request import Request
from polyflow_services.embedded import RunEngine, open_run
from polyflow_services.spec_validator.act import NOWHERE
from polyflow_shared.control import ControlServer
from polyflow_shared.home import Home, RunFolder
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_shared.read_model.views import StoredEvent
from polyflow_shared.references.fetching import Places
from polyflow_topics.events import RunEvent
from polyflow_topics.message import Message
from polyflow_topics.names import RunId

_WORKDIR: Final = "workdir"


class Watcher(Protocol):
    """Shows a run while it goes on."""

    def show(self, progress: Progress, events: list[RunEvent]) -> None:
        """Take notice of new events; called after `progress` has them."""


class Session:
    """An engine that runs one run, and what other terminals may ask of it."""

    def __init__(self, run: RunId, opened: RunEngine) -> None:
        """Serve this engine's run."""
        self.run = run
        self.folder = opened.folder
        self.engine = opened.engine
        self.control = ControlServer(self.stop)
        self._events = opened.engine.follow()

    async def stop(self, reason: str, message: str) -> None:
        """Stop the run."""
        await self.engine.stop(self.run, reason=reason, message=message)

    async def events(self) -> AsyncIterator[Sequence[Message]]:
        """Yield the run's events from the session's beginning; other terminals see them as well.

        Raises:
            PolyflowError: a service has failed.
        """
        async for messages in self._events:
            self.control.tell([_stored(message) for message in messages if isinstance(message, RunEvent)])
            yield messages

    async def follow(self, progress: Progress, watcher: Watcher) -> None:
        """Show the run until nothing more will come of it.

        Raises:
            PolyflowError: a service has failed.
        """
        async for messages in self.events():
            progress.refuse(messages)
            watcher.show(progress, progress.take(messages))
            if progress.over:
                return


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
    session = Session(run, opened)
    try:
        _remember(opened.folder, workdir)
        await session.control.start(opened.folder.socket)
        if request is not None:
            await opened.engine.submit(request.body, request_id=request.id, source=request.source)
        yield session
    finally:
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
