"""Runs from Python: submit, repeat, stop, get, watch and explain them; for asyncio, and for everybody else.

Without `kafka` the client runs an engine of its own for each run that it submits, on this machine, for as
long as it is open.  With `kafka` it publishes to the services behind that broker.  Runs are read from this
machine's read model in both modes.
"""

import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, closing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, Unpack

from pydantic import JsonValue

from polyflow import forgetting, queueing
from polyflow.forgetting import Invalidated
from polyflow.history import History
from polyflow.known import explaining, written
from polyflow.known.explaining import Explanation
from polyflow.known.heard import source_of
from polyflow.known.written import LogPiece
from polyflow.repeating import How, Overrides
from polyflow.requesting import About, Requested, ordered
from polyflow.requests.ids import new_id
from polyflow.running.asking import accepted, ask_here, going_on
from polyflow.specifications.collecting import Specification
from polyflow_shared.clock import SystemClock
from polyflow_shared.machine.home import Home, RunFolder, home
from polyflow_shared.read_model.search import Search
from polyflow_shared.read_model.views import RunSummary, RunView
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
from polyflow_topics.queues import QueuesListed
from polyflow_topics.requests import StopPipeline

if TYPE_CHECKING:
    from polyflow.running.kafka import KafkaRuns


class AsyncClient:
    """Submits, repeats, stops, gets, watches, lists and explains runs."""

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
        self._requested = Requested(self._home, self._kafka)

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; runs of this client's own engines that still go on are interrupted, and can be resumed."""
        await self._requested.close()
        if self._kafka is not None:
            await self._kafka.__aexit__()

    async def submit(
        self,
        specification: Specification,
        *,
        params: Mapping[str, JsonValue] | None = None,
        request_id: str | None = None,
        **about: Unpack[About],
    ) -> RunId:
        """Request a run, and return its id.

        A request that is wrong is no error here: its run is `rejected`, with all problems (`get`, `watch`).

        Args:
            specification: a file, a text, or an object.
            params: values for its inputs, by name.
            request_id: the same one twice is one run; a new one if not given.
            about: see `polyflow.requesting.About`.

        Raises:
            TypeError, ValueError: an argument is none, or has what JSON cannot carry.
            NotReadableError: the file cannot be read.
            RequestTakenError: this client has begun a run of this request id, with another body.
            RunTakenError: a run of this id goes on in another process of this machine.
            BrokerUnavailableError: it is not known to be written; submit it again under its id.
        """
        self._requested.check_open()
        order = ordered(specification, params, about, request_id, self._home)
        request = order.request()
        await self._requested.submit(order, request)
        return request.run

    async def restart(self, run: str, **other: Unpack[Overrides]) -> RunId:
        """Request a new run from the request of an earlier one, and return its id.

        Everything runs, but for what its cache has.  As in `submit`, a request that is wrong is no error.

        Args:
            run: its id, the beginning of one, or `latest`; on Kafka the whole id of one that is not known to
                this machine.
            other: what is other than the first time: see `polyflow.repeating.Overrides`.

        Raises:
            UnknownRunError: no run, or more than one, is meant.
            NotRepeatableError: it means nothing as things stand; the message says why.
            NotReadableError: a file cannot be read.
            NotUploadedError: what was uploaded for the earlier run cannot be copied.
            BrokerUnavailableError: it is not known to be written.
        """
        return await self._requested.repeat(run, How("restart"), other)

    async def copy(self, run: str, **other: Unpack[Overrides]) -> RunId:
        """Do as `restart`, with the artifacts that this machine has of the earlier run.

        Raises:
            NotCopiedError: these cannot be copied; further errors as of `restart`.
        """
        return await self._requested.repeat(run, How("copy"), other)

    async def rerun(
        self, run: str, operation: str, *, keep_changed: bool = False, **other: Unpack[Overrides]
    ) -> RunId:
        """Request a new run that does an operation and all that follows anew, and keeps the rest.

        Args:
            run: as for `restart`.
            operation: where it begins, by its scoped name.
            keep_changed: whether operations are kept although their definition has changed.
            other: as for `restart`, as are the errors.
        """
        return await self._requested.repeat(run, How("rerun", operation, keep_changed), other)

    async def resume(self, run: str, *, keep_changed: bool = False, **other: Unpack[Overrides]) -> RunId:
        """Go on with a run, and return its id: what has succeeded stays, the rest runs.

        A run of this machine whose process was killed is taken up as it is.  A request that is wrong, or has
        nothing left to do, leaves the run as it was, and is no error: `watch` tells why.

        Args:
            run: as for `restart`.
            keep_changed: whether operations are kept although their definition has changed.
            other: as for `restart`.

        Raises:
            NotRepeatableError: the run goes on, or is interrupted and something is to be other than it was;
                further errors as of `restart`.
            RunTakenError: it goes on in another process of this machine.
        """
        return await self._requested.repeat(run, How("resume", keeps_changed=keep_changed), other)

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
            if run in self._requested.here and history.summary(run) is None:
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

    async def explain(self, run: str, operation: str = "") -> Explanation:
        """Return why a run, or an operation of it, is not running, or why it ended as it did.

        What goes on is asked of the planner; what has ended is told by its recorded events.

        Args:
            run: its id, the beginning of one, or `latest`; on Kafka the whole id of one that is not known to
                this machine.
            operation: the operation, by its scoped name; empty for the run.

        Raises:
            UnknownRunError: nothing is known of it, or more than one is meant.
            UnknownOperationError: it has no such operation.
            RefusedError: the planner knows no such operation.
            BrokerUnavailableError: the broker cannot be reached.
        """
        await self._requested.begun(RunId(run))
        with closing(History.open(self._home)) as history:
            return await explaining.explain(source_of(history, self._kafka), run, operation)

    async def logs(
        self, run: str, operation: str, *, follow: bool = False, attempt: int | None = None
    ) -> AsyncGenerator[LogPiece, None]:
        """Yield what an operation has written to its standard output and error, as far as it is here.

        Args:
            run: as for `get`, as is its error.
            operation: the operation, by its scoped name.
            follow: whether to go on until it has ended; not where an attempt is named.
            attempt: which attempt, counted from 0; the last one if not given.

        Raises:
            ValueError: the attempt is no such number.
            UnknownOperationError: there is no such operation, or it has no log; the message says why.
        """
        if attempt is not None and attempt < 0:
            raise ValueError(f"{attempt} is no attempt: these are counted from 0")
        if follow:
            await self._requested.begun(RunId(run), operation)
        with closing(History.open(self._home)) as history:
            found, clock = history.find(run), SystemClock()
            pieces = written.logs(history, found, operation, clock, follow=follow, attempt=attempt)
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece

    async def queues(self) -> QueuesListed:
        """Return the queues, the one that goes first first: their limits, how many run and how many wait.

        Raises:
            NoAnswerError: admission does not answer.
            CatalogueError: something is wrong with the catalogue of this machine.
            BrokerUnavailableError: the broker cannot be reached.
        """
        return await queueing.queues(self._home, self._kafka)

    async def invalidate(
        self, run: str | None = None, operation: str | None = None, *, project: str | None = None
    ) -> Invalidated:
        """Let nobody use the cached results of a run, of one operation of it, or of a project any more.

        What goes on goes on; its results are not used by others either.

        Args:
            run: as for `get`, as is its error; on Kafka too, one that is known to this machine.
            operation: an operation of it, with what is in that; all if not given.
            project: in place of a run: those of all runs of this project.

        Raises:
            ValueError: it is not either a run or a project.
            UnknownOperationError: the run has no such operation.
            NothingCachedError: nothing of it is cached.
            BrokerUnavailableError: it is not known to be written.
        """
        if (run is None) is (project is None) or (operation and not run):
            raise ValueError("give either a run (and an operation of it) or a project")
        return await forgetting.invalidate(
            self._home, self._kafka, run=run, operation=operation, project=project
        )

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

    async def watch(self, run: str) -> AsyncGenerator[Message, None]:
        """Yield a run's events in order, those so far and those to come, until it has ended.

        Of what this client has requested last: the end of a run that it has resumed is that of the new life.

        Args:
            run: as for `restart`.

        Raises:
            UnknownRunError: with the first event: no run, or more than one, is meant.
        """
        async with aclosing(self._requested.watch(run)) as events:
            async for message in events:
                yield message


def _kafka_runs(kafka: str, prefix: str) -> "KafkaRuns":
    from polyflow.running.kafka import KafkaRuns  # noqa: PLC0415 -- Kafka's client takes 90 ms to import

    return KafkaRuns(kafka, prefix=prefix)
