"""Runs of this machine that nobody wants any more: which ones may go, and how one goes.

First its folder, with logs and artifacts, then what is told of it: who is interrupted here can do it again.
Cached results stay with the cache, and what a run has copied is its own.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from polyflow.history import NEWEST, History, engine_of
from polyflow_shared.errors import PolyflowError
from polyflow_shared.read_model.search import MAX_FOUND, Search
from polyflow_shared.read_model.views import INTERRUPTED, Entry, RunSummary
from polyflow_topics.names import RunId

_HOOKS: Final = replace(NEWEST, query="cloning_kind: hook")


class NotRemovedError(PolyflowError):
    """A run cannot be removed, or not yet; the message says why."""


@dataclass(frozen=True, slots=True)
class Meant:
    """Runs that are to go.

    Attributes:
        runs: each with the runs of its hooks before it; each once.
        staying: those that were found as well, and stay as they go on or are interrupted.
    """

    runs: Sequence[RunSummary]
    staying: Sequence[RunSummary] = ()


def named(history: History, texts: Sequence[str], *, interrupted: bool) -> Meant:
    """Return the runs that are meant by these texts, each as `History.find` takes it.

    Args:
        history: the runs of this machine.
        texts: ids, beginnings of ids, or `latest`.
        interrupted: whether those may go whose engine is gone.

    Raises:
        NotRemovedError: one goes on, or is interrupted where that may not go.
        UnknownRunError: no run, or more than one, is meant by a text.
    """
    meant = _sorted(history, [history.view(history.find(text)) for text in texts], interrupted=interrupted)
    if meant.staying:
        raise NotRemovedError(_why_not(meant.staying[0]))
    return meant


def found(history: History, search: Search, *, interrupted: bool) -> Meant:
    """Return all runs that a search finds, sorted into those that go and those that stay.

    Args:
        history: the runs of this machine.
        search: what they are found by, whatever its limit is.
        interrupted: whether those may go whose engine is gone.

    Raises:
        NotRemovedError: it finds what is within runs.
        QueryError: the query cannot be read.
    """
    runs = list(_every(history, replace(search, runs_only=True)))
    if any(isinstance(run, Entry) and run.pipeline is not None for run in runs):
        raise NotRemovedError("a query with `pipeline` finds what is within runs, which goes with its run")
    return _sorted(history, runs, interrupted=interrupted)


def remove(history: History, run: RunSummary) -> int:
    """Remove a run that may go, for ever; return the bytes of the files that it had.

    Raises:
        NotRemovedError: it goes on by now, or a file of it cannot be removed.
        ReadModelUnavailableError: try again later.
    """
    folder = history.folder(run.id)
    with history.engine(run.id).held() as held:
        if not held:
            raise NotRemovedError(_going_on(run.id))
        size = _size(folder.path)
        try:
            if folder.path.exists():
                shutil.rmtree(folder.path)
        except OSError as error:
            raise NotRemovedError(f"the run {run.id} is not removed: {error}") from error
        history.forget(run.id)
    return size


def _sorted(history: History, runs: Sequence[RunSummary], *, interrupted: bool) -> Meant:
    hooks = _by_run(_every(history, _HOOKS)) if runs else {}
    going: dict[RunId, RunSummary] = {}
    staying: list[RunSummary] = []
    for run in runs:
        # Hooks first: where it ends midway, none is left whose run, and with it its engine, is gone.
        group = [*hooks.get(run.id, ()), run]
        if all(_may_go(history, one, interrupted=interrupted) for one in group):
            going.update((one.id, one) for one in group)
        else:
            staying.append(run)
    return Meant(list(going.values()), staying)


def _every(history: History, search: Search) -> Iterator[RunSummary]:
    """Yield all that a search finds, however much that is: twice where a run has begun meanwhile."""
    offset, page = 0, history.runs(replace(search, limit=MAX_FOUND))
    while page:
        yield from page
        offset += len(page)
        page = history.runs(replace(search, limit=MAX_FOUND, offset=offset)) if len(page) == MAX_FOUND else ()


def _by_run(hooks: Iterable[RunSummary]) -> Mapping[RunId, Sequence[RunSummary]]:
    """Return the runs of hooks by the run that they follow."""
    found: dict[RunId, list[RunSummary]] = {}
    for hook in hooks:
        found.setdefault(engine_of(hook), []).append(hook)
    return found


def _may_go(history: History, run: RunSummary, *, interrupted: bool) -> bool:
    if run.status == INTERRUPTED:
        return interrupted
    return run.final and not history.folder(engine_of(run)).live()


def _why_not(run: RunSummary) -> str:
    if run.status == INTERRUPTED:
        hint = f"polyflow resume {run.id} goes on with it, polyflow rm --interrupted {run.id} gives it up"
        return f"the run {run.id} is interrupted: {hint}"
    return _going_on(run.id)


def _going_on(run: RunId) -> str:
    return f"the run {run}, or one of its hooks, goes on; to end it: polyflow stop {run}"


def _size(folder: Path) -> int:
    """Return the bytes of all files below a folder; links count as themselves."""
    return sum(
        os.lstat(os.path.join(where, name)).st_size for where, _, names in os.walk(folder) for name in names
    )
