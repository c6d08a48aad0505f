"""Runs from Python code that is not asynchronous."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from pydantic import JsonValue

from polyflow.client import AsyncClient
from polyflow.forgetting import Invalidated
from polyflow.known.explaining import Explanation
from polyflow.known.written import LogPiece
from polyflow.repeating import Overrides
from polyflow.requesting import About, ClientClosedError
from polyflow.specifications.collecting import Specification
from polyflow_shared.read_model.views import RunSummary, RunView
from polyflow_topics.events import RequestAnswered
from polyflow_topics.message import Message
from polyflow_topics.names import RunId
from polyflow_topics.operating import RunRequest
from polyflow_topics.queues import QueuesListed

T = TypeVar("T")


class Client:
    """Submits, repeats, stops, gets, watches and explains runs; its engines run in a thread of their own."""

    def __init__(
        self, *, kafka: str | None = None, prefix: str = "", home_folder: Path | None = None
    ) -> None:
        """Start the thread; arguments as for `AsyncClient`."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="polyflow-client", daemon=True)
        self._thread.start()
        self._client = self._call(
            _made(lambda: AsyncClient(kafka=kafka, prefix=prefix, home_folder=home_folder))
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close as `AsyncClient` does, and end the thread; a second time this does nothing."""
        if self._loop.is_closed():
            return
        self._call(self._client.__aexit__(kind, error, trace))
        self._call(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def submit(
        self,
        specification: Specification,
        *,
        params: Mapping[str, JsonValue] | None = None,
        request_id: str | None = None,
        **about: Unpack[About],
    ) -> RunId:
        """Request a run, and return its id; as `AsyncClient.submit`."""
        return self._call(self._client.submit(specification, params=params, request_id=request_id, **about))

    def restart(self, run: str, **other: Unpack[Overrides]) -> RunId:
        """Request a new run from the request of an earlier one; as `AsyncClient.restart`."""
        return self._call(self._client.restart(run, **other))

    def copy(self, run: str, **other: Unpack[Overrides]) -> RunId:
        """Request the same, with the artifacts of the earlier run; as `AsyncClient.copy`."""
        return self._call(self._client.copy(run, **other))

    def rerun(
        self, run: str, operation: str, *, keep_changed: bool = False, **other: Unpack[Overrides]
    ) -> RunId:
        """Request a new run from an operation on, and keep the rest; as `AsyncClient.rerun`."""
        return self._call(self._client.rerun(run, operation, keep_changed=keep_changed, **other))

    def resume(self, run: str, *, keep_changed: bool = False, **other: Unpack[Overrides]) -> RunId:
        """Go on with a run; as `AsyncClient.resume`."""
        return self._call(self._client.resume(run, keep_changed=keep_changed, **other))

    def ask(self, message: RunRequest) -> RequestAnswered | None:
        """Ask something of a run that goes on; as `AsyncClient.ask`."""
        return self._call(self._client.ask(message))

    def stop(self, run: RunId, operation: str = "", *, reason: str = "Stopped") -> None:
        """Ask for a run, or one operation of it, to end; as `AsyncClient.stop`."""
        self._call(self._client.stop(run, operation, reason=reason))

    def skip(self, run: RunId, operation: str = "") -> None:
        """Ask for what has not started to be left out; as `AsyncClient.skip`."""
        self._call(self._client.skip(run, operation))

    def approve(self, run: RunId, operation: str = "") -> None:
        """Approve a run, or an operation of it; as `AsyncClient.approve`."""
        self._call(self._client.approve(run, operation))

    def pause(self, run: RunId) -> None:
        """Launch nothing more of a run; as `AsyncClient.pause`."""
        self._call(self._client.pause(run))

    def unpause(self, run: RunId) -> None:
        """Go on with a paused run; as `AsyncClient.unpause`."""
        self._call(self._client.unpause(run))

    def set_concurrency(self, run: RunId, concurrency: int | None, scope: str = "") -> None:
        """Let so many operations of a DAG be active at once; as `AsyncClient.set_concurrency`."""
        self._call(self._client.set_concurrency(run, concurrency, scope))

    def explain(self, run: str, operation: str = "") -> Explanation:
        """Return why a run, or an operation of it, stands as it does; as `AsyncClient.explain`."""
        return self._call(self._client.explain(run, operation))

    def logs(
        self, run: str, operation: str, *, follow: bool = False, attempt: int | None = None
    ) -> Iterator[LogPiece]:
        """Yield what an operation has written; as `AsyncClient.logs`."""
        return self._each(self._client.logs(run, operation, follow=follow, attempt=attempt))

    def queues(self) -> QueuesListed:
        """Return how the queues stand; as `AsyncClient.queues`."""
        return self._call(self._client.queues())

    def invalidate(
        self, run: str | None = None, operation: str | None = None, *, project: str | None = None
    ) -> Invalidated:
        """Let nobody use certain cached results any more; as `AsyncClient.invalidate`."""
        return self._call(self._client.invalidate(run, operation, project=project))

    def get(self, run: str) -> RunView:
        """Return all that is known of a run; as `AsyncClient.get`."""
        return self._call(self._client.get(run))

    def list(
        self,
        *,
        query: str = "",
        sort: str = "",
        project: str | None = None,
        status: str | None = None,
        limit: int | None = None,
    ) -> Sequence[RunSummary]:
        """Return runs, the newest first unless `sort` says otherwise; as `AsyncClient.list`."""
        found = self._client.list(query=query, sort=sort, project=project, status=status, limit=limit)
        return self._call(found)

    def watch(self, run: str) -> Iterator[Message]:
        """Yield a run's events in order until it has ended; as `AsyncClient.watch`."""
        return self._each(self._client.watch(run))

    def _each(self, coming: AsyncGenerator[T, None]) -> Iterator[T]:
        try:
            while True:
                yield self._call(_next(coming))
        except StopAsyncIteration:
            return
        finally:
            if not self._loop.is_closed():
                self._call(_closed(coming))

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if self._loop.is_closed():
            coroutine.close()
            raise ClientClosedError
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


async def _made(make: Callable[[], T]) -> T:
    return make()


async def _closed(events: AsyncGenerator[Any, None]) -> None:
    await events.aclose()


async def _next(events: AsyncIterator[T]) -> T:
    return await anext(events)
