"""Runs from Python: submit, stop, get, watch and list them; for asyncio, and for everybody else.

Without `kafka` the client runs an engine of its own for each run that it submits, on this machine, for as
long as it is open.  With `kafka` it publishes to the services behind that broker.  Runs are read from this
machine's read model in both modes.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import JsonValue

from polyflow import following
from polyflow.asking import accepted, ask_here, going_on, new_id
from polyflow.collecting import Options, overlay_of, read_specification, sent_with
from polyflow.history import History
from polyflow.progress import Progress
from polyflow.request import Order, Request
from polyflow.session import Session, running
from polyflow_shared.clock import SystemClock
from polyflow_shared.home import Home, RunFolder, connections_of, home, hubs_of, private_hosts_of
from polyflow_shared.read_model.search import Search
from polyflow_shared.read_model.views import RunSummary, RunView
from polyflow_topics.catalog import MESSAGES
from polyflow_topics.events import RequestAnswered
from polyflow_topics.message import Message
from polyflow_topics.names import OperationName, RunId, reason_of
from polyflow_topics.operating import (
    ApprovePipeline,
    LimitPipeline,
    PausePipeline,
    RunRequest,
    SkipPipeline,
    UnpausePipeline,
)
from polyflow_topics.requests import StopPipeline

Specification = Path | str | Mapping[str, Any]
"""A file, a specification's text, or the specification as an object."""


class AsyncClient:
    """Submits, stops, gets, watches and lists runs."""

    def __init__(
        self, *, kafka: str | None = None, prefix: str = "", home_folder: Path | None = None
    ) -> None:
        """Open nothing yet.

        Args:
            kafka: bootstrap servers, `host:port[,host:port]`; this machine alone if not given.
            prefix: what the services behind that broker write before the names of their topics.
            home_folder: where runs and their history are kept; `$POLYFLOW_HOME` or `~/.polyflow` if not
                given.
        """
        self._home = Home(home_folder) if home_folder else home(os.environ)
        self._kafka = _kafka_runs(kafka, prefix) if kafka else None
        self._starts: dict[RunId, int] = {}
        self._keeping: dict[RunId, asyncio.Task[None]] = {}
        self._leaving = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; runs of this client's own engines that still go on are interrupted, and can be resumed."""
        self._leaving.set()
        await asyncio.gather(*self._keeping.values(), return_exceptions=True)
        if self._kafka is not None:
            await self._kafka.__aexit__()

    async def submit(
        self,
        specification: Specification,
        *,
        params: Mapping[str, JsonValue] | None = None,
        request_id: str | None = None,
        **about: Any,
    ) -> RunId:
        """Request a run, and return its id.

        A request that is wrong is no error here: its run is `rejected`, with all problems (`get`, `watch`).

        Args:
            specification: a file, a text, or an object.
            params: values for its inputs, by name.
            request_id: the same one twice is one run; a new one if not given.
            about: `name`, `project`, `owner`, `tags`, `presets`; `hubs` where components are looked up.

        Raises:
            NotReadableError: the file cannot be read.
            RunTakenError: a run of this id goes on in another process of this machine.
            BrokerUnavailableError: it is not known to be written; submit it again under its id.
        """
        order = _order(specification, {**about, "params": dict(params or {})}, request_id, self._home)
        request = order.request()
        if self._kafka is not None:
            self._starts[request.run] = await self._kafka.now(request.run)
            await self._kafka.publish(request)
        elif request.run not in self._keeping:
            await self._begin(request, order)
        return request.run

    async def ask(self, message: RunRequest) -> RequestAnswered | None:
        """Ask something of a run that goes on; return the answer, None if there is none in time.

        Args:
            message: one of `polyflow_topics.operating`, or `StopPipeline`.

        Raises:
            RefusedError: it means nothing as things stand.
            UnknownRunError: no run, or more than one, is meant by its id, the beginning of one, or `latest`.
            NotRunningError: nobody on this machine runs it; the message says what has become of it.
            EngineGoneError: it ended before it answered.
            BrokerUnavailableError: it is not known to be written.
        """
        asked = message if message.request else message.model_copy(update={"request": new_id()})
        if self._kafka is not None:
            return accepted(await self._kafka.ask(asked))
        run, folder = self._meant(message.run)
        return await ask_here(asked.model_copy(update={"run": run}), folder.socket)

    def _meant(self, run: RunId) -> tuple[RunId, RunFolder]:
        """Return a run, and the folder of its engine."""
        with closing(History.open(self._home)) as history:
            if run in self._keeping and history.summary(run) is None:
                return run, history.engine(run)  # it has just begun, and is not in the history yet
            found = history.find(run)
            return found, going_on(history, found)

    async def stop(self, run: RunId, operation: str = "", *, reason: str = "Stopped") -> None:
        """Ask for a run, or one operation of it, to end.

        Args:
            run: the run.
            operation: its scoped name; empty for the whole run.
            reason: a word in CamelCase.

        Raises:
            ValueError: the reason is no word in CamelCase.
            RefusedError, NotRunningError, BrokerUnavailableError: see `ask`.
        """
        message = "asked by a client"
        await self.ask(
            StopPipeline(
                run=run, operation=OperationName(operation), reason=reason_of(reason), message=message
            )
        )

    async def skip(self, run: RunId, operation: str = "") -> None:
        """Ask for what has not started to be left out; raises what `ask` does."""
        await self.ask(SkipPipeline(run=run, operation=OperationName(operation)))

    async def approve(self, run: RunId, operation: str = "") -> None:
        """Approve a run, or an operation of it; raises what `ask` does."""
        await self.ask(ApprovePipeline(run=run, operation=OperationName(operation)))

    async def pause(self, run: RunId) -> None:
        """Launch nothing more of a run; raises what `ask` does."""
        await self.ask(PausePipeline(run=run))

    async def unpause(self, run: RunId) -> None:
        """Go on with a paused run; raises what `ask` does."""
        await self.ask(UnpausePipeline(run=run))

    async def set_concurrency(self, run: RunId, concurrency: int | None, scope: str = "") -> None:
        """Let so many operations (>= 1; None: any number) of a DAG be active at once.

        Raises:
            ValueError: it is no such number.
            RefusedError, NotRunningError, BrokerUnavailableError: see `ask`.
        """
        if concurrency is not None and (not isinstance(concurrency, int) or concurrency < 1):
            message = (
                f"{concurrency!r} is neither a number from 1 on nor None; to launch nothing, pause the run"
            )
            raise ValueError(message)
        await self.ask(LimitPipeline(run=run, operation=OperationName(scope), concurrency=concurrency))

    async def get(self, run: str) -> RunView:
        """Return all that is known of a run, given by its id, the beginning of one, or `latest`.

        Raises:
            UnknownRunError: no run, or more than one, is meant.
        """
        with closing(History.open(self._home)) as history:
            return history.view(history.find(run))

    async def list(
        self,
        *,
        query: str = "",
        sort: str = "",
        project: str | None = None,
        status: str | None = None,
        limit: int | None = None,
    ) -> Sequence[RunSummary]:
        """Return runs, the newest first unless `sort` says otherwise; at most 5,000.

        Raises:
            QueryError: the query or the sort cannot be read, or asks for what is not kept.
        """
        search = Search(query=query, sort=sort, project=project, runs_only=True, limit=limit)
        with closing(History.open(self._home)) as history:
            return history.runs(search, status=status)

    async def watch(self, run: RunId) -> AsyncGenerator[Message, None]:
        """Yield a run's events in order, those so far and those to come, until it has ended."""
        progress = Progress(run)
        async with aclosing(self._events(run)) as events:
            async for message in events:
                progress.refuse([message])
                if progress.rejected is message or progress.take([message]):
                    yield message
                if progress.over:
                    return

    async def _events(self, run: RunId) -> AsyncGenerator[Message, None]:
        if self._kafka is not None:
            async for events in self._kafka.follow(run, start=self._starts.get(run, 0)):
                for event in events:
                    yield event
            return
        with closing(History.open(self._home)) as history:
            async with aclosing(following.events(history, run, SystemClock())) as stored:
                async for event in stored:
                    yield MESSAGES[event.type].model_validate_json(event.body)

    async def _begin(self, request: Request, order: Order) -> None:
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(self._keep(request, order, begun))
        self._keeping[request.run] = task
        done, _ = await asyncio.wait({begun, task}, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()

    async def _keep(self, request: Request, order: Order, begun: asyncio.Future[None]) -> None:
        async with running(
            self._home, request.run, workdir=order.workdir, request=request, places=order.places
        ) as session:
            begun.set_result(None)
            over = asyncio.ensure_future(_until_over(session))
            leaving = asyncio.ensure_future(self._leaving.wait())
            await asyncio.wait({over, leaving}, return_when=asyncio.FIRST_COMPLETED)
            for task in (over, leaving):
                task.cancel()
            await asyncio.gather(over, leaving, return_exceptions=True)


def _order(specification: Specification, about: Mapping[str, Any], request_id: str | None, at: Home) -> Order:
    known = dict(about)
    options = Options(
        hubs=known.pop("hubs", None) or hubs_of(os.environ),
        presets=[at.presets],
        private_hosts=private_hosts_of(os.environ),
        connections=connections_of(os.environ),
    )
    if isinstance(specification, Path):
        text: Any = overlay_of(specification).text
        workdir, file = specification.resolve().parent, str(specification)
    else:
        text = specification if isinstance(specification, str) else dict(specification)
        workdir, file = Path.cwd(), ""
    known |= sent_with(read_specification(text), file, options)
    return Order(text, workdir, known, request_id, options.places)


def _kafka_runs(kafka: str, prefix: str) -> Any:
    from polyflow.kafka import KafkaRuns  # noqa: PLC0415 -- Kafka's client takes 90 ms to import

    return KafkaRuns(kafka, prefix=prefix)


async def _until_over(session: Session) -> None:
    progress = Progress(session.run)
    async for messages in session.events():
        progress.refuse(messages)
        progress.take(messages)
        if progress.over:
            return
