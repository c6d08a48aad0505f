"""Engines on this machine that a client keeps: one for each run that it has begun, while it is open."""

import asyncio

from polyflow.events.progress import Progress
from polyflow.requests.orders import Order, Request
from polyflow.running.session import running
from polyflow_shared.machine.home import Home
from polyflow_topics.events import RunEvent
from polyflow_topics.names import RunId


class Engines:
    """The engines of one client."""

    def __init__(self, at: Home) -> None:
        """Keep them in this home folder; none is started yet."""
        self._at = at
        self._tasks: dict[RunId, asyncio.Task[None]] = {}
        self._leaving = asyncio.Event()

    def __contains__(self, run: RunId) -> bool:
        """Tell whether a run was begun here."""
        return run in self._tasks

    async def begin(self, run: RunId, order: Order, request: Request | None) -> None:
        """Let a run begin, or go on, in an engine of its own.

        A run that is resumed has gone on, or was refused, when this returns.  Where hooks of its former life
        still run here, they end first.

        Args:
            run: the run.
            order: where it runs.
            request: what is submitted; None for a run that is taken up as it is.

        Raises:
            RunTakenError: another process runs it.
            PolyflowError: a service has failed.
        """
        engine = order.engine or run
        if (former := self._tasks.get(engine)) is not None:
            await asyncio.wait({former})
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(self._keep(run, order, request, begun))
        self._tasks[engine] = task
        done, _ = await asyncio.wait({begun, task}, return_when=asyncio.FIRST_COMPLETED)
        if not begun.done():
            del self._tasks[engine]  # it has not begun here: who asks again is told so again
        for one in done:
            one.result()

    async def close(self) -> None:
        """End all engines; runs that still go on are interrupted."""
        self._leaving.set()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _keep(
        self, run: RunId, order: Order, request: Request | None, begun: asyncio.Future[None]
    ) -> None:
        progress = Progress(run, wanted=request.digest if request else "")
        async with running(
            self._at, order.engine or run, workdir=order.workdir, request=request, places=order.places
        ) as session:
            if order.resumed is None:
                begun.set_result(None)
            over = asyncio.ensure_future(session.follow(progress, _Beginning(begun)))
            leaving = asyncio.ensure_future(self._leaving.wait())
            done, _ = await asyncio.wait({over, leaving}, return_when=asyncio.FIRST_COMPLETED)
            for task in (over, leaving):
                task.cancel()
            await asyncio.gather(over, leaving, return_exceptions=True)
            if over in done:
                over.result()


class _Beginning:
    """Says when the first is known of a request."""

    def __init__(self, begun: asyncio.Future[None]) -> None:
        self._begun = begun

    def show(self, progress: Progress, events: list[RunEvent]) -> None:
        """Take notice of new events."""
        known = progress.rejected is not None or progress.specification == progress.wanted
        if known and not self._begun.done():
            self._begun.set_result(None)

    def tell(self, text: str) -> None:
        """Say nothing: a program asks for what it wants to know."""
