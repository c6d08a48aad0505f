"""Cached results that nobody is to use any more: which ones are meant, and who forgets them."""

from asyncio import to_thread
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from polyflow.history import History, operation_of
from polyflow_shared.errors import PolyflowError
from polyflow_shared.machine.home import Home
from polyflow_shared.read_model.search import Search
from polyflow_topics.events import OperationChanged
from polyflow_topics.names import RunId


class NothingCachedError(PolyflowError):
    """There is nothing to invalidate."""


@dataclass(frozen=True, slots=True)
class Invalidated:
    """How many cached results are not used any more.

    Attributes:
        now: that somebody could still have used; on Kafka, where nobody says that, all that are meant.
        before: that nobody would have used anyway.
    """

    now: int
    before: int = 0


class Elsewhere(Protocol):
    """Where results are kept that are not on this machine."""

    async def forget(self, results: Sequence[str]) -> None:
        """Let nobody use these results any more."""


async def invalidate(
    at: Home, elsewhere: Elsewhere | None, *, run: str | None, operation: str | None, project: str | None
) -> Invalidated:
    """Let nobody use the cached results of a run, of one operation of it, or of a project any more.

    Args:
        at: where the history is.
        elsewhere: where the results are; on this machine if not given.
        run: the run, if not the project.
        operation: an operation of it, with what is in that; all if not given.
        project: the project, if not a run.

    Raises:
        UnknownRunError: no run, or more than one, is meant.
        UnknownOperationError: it has no such operation.
        NothingCachedError: nothing of it is cached.
        BrokerUnavailableError: what is elsewhere cannot be reached.
    """
    with closing(History.open(at)) as history:
        results = _results_meant(history, run, operation, project)
    if elsewhere is not None:
        await elsewhere.forget(results)
        return Invalidated(len(results))
    # May wait for other processes that use the cache.
    forgotten = await to_thread(_forget, at, results)
    return Invalidated(forgotten, len(results) - forgotten)


def _results_meant(
    history: History, run: str | None, operation: str | None, project: str | None
) -> list[str]:
    runs = [history.find(run)] if run else [one.id for one in history.runs(Search(project=project))]
    if operation:
        operation_of(history.view(runs[0]), operation)  # refused where there is none of that name
    results = sorted({result for one in runs for result in _results(history, one, operation)})
    if not results:
        what = f"operation {operation!r} of run {runs[0]}" if operation else run or f"project {project!r}"
        raise NothingCachedError(f"nothing of {what} is cached; operations need `cache` for that")
    return results


def _results(history: History, run: RunId, operation: str | None) -> Iterator[str]:
    """Yield what results of a run are kept under: of one operation and what is in it, if given, or all."""
    for event in history.events(run, types=(OperationChanged.WIRE,)):
        change = OperationChanged.model_validate_json(event.body)
        meant = operation is None or f"{change.operation}.".startswith(f"{operation}.")
        if change.cache and meant:
            yield change.cache


def _forget(at: Home, results: Sequence[str]) -> int:
    """Have results of this machine forgotten; return how many somebody could still have used."""
    from polyflow_services.embedded import commons_of  # noqa: PLC0415 -- all services take 100 ms to import
    from polyflow_topics.catalog import CACHE_REQUESTS  # noqa: PLC0415
    from polyflow_topics.results import ForgetResult  # noqa: PLC0415

    with closing(commons_of(at)) as commons:
        return sum(commons.changes(CACHE_REQUESTS.name, ForgetResult(result=result)) for result in results)
