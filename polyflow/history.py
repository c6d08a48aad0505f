"""Runs as users see them: the read model, and whether the engine of a run on this machine still lives."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Self, TypeVar

from polyflow.words import check_query, wrong_status
from polyflow_shared.errors import PolyflowError
from polyflow_shared.language import pql
from polyflow_shared.language.findings import did_you_mean
from polyflow_shared.language.pql import PqlError
from polyflow_shared.machine.home import Home, RunFolder
from polyflow_shared.read_model.search import Search
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_shared.read_model.views import (
    INTERRUPTED,
    REJECTED,
    Entry,
    OperationView,
    RunSummary,
    RunView,
    StoredEvent,
    StoredLog,
)
from polyflow_topics.names import OperationName, RunId
from polyflow_topics.status import FINAL, Status

LATEST: Final = "latest"
"""What users write for the newest run; nobody who does means the run of a hook."""

SOME: Final = 10
"""Operations that are named to who names one that there is not."""

_S = TypeVar("_S", bound=RunSummary)
NEWEST: Final = Search(runs_only=True)
"""All runs, the newest first."""
_LATEST: Final = replace(NEWEST, query="cloning_kind: ~hook", limit=1)
_STORED: Final = frozenset({*(status.value for status in FINAL), REJECTED})
_OPEN: Final = frozenset(status.value for status in Status) - _STORED


class UnknownRunError(PolyflowError):
    """No run, or more than one, is meant."""


class UnknownOperationError(PolyflowError):
    """The run has no such operation, or it has written nothing here."""


class QueryError(PolyflowError):
    """A query over runs cannot be carried out."""


class History:
    """What has run, and what runs, on this machine.  Not to be shared between threads."""

    def __init__(self, home: Home, model: SqliteReadModel) -> None:
        """Read this model; runs whose engine may live have their folders in `home`."""
        self.home = home
        self._model = model

    @classmethod
    def open(cls, home: Home) -> Self:
        """Open the history of a home folder; an empty one is made where there is none."""
        return cls(home, SqliteReadModel.open(home.history))

    def close(self) -> None:
        """Let the file go."""
        self._model.close()

    def find(self, text: str) -> RunId:
        """Return the run that is meant by its id, the beginning of its id, or `latest`.

        Raises:
            UnknownRunError: no run, or more than one, is meant.
        """
        if text == LATEST:
            found = [run.id for run in self._model.search(_LATEST)]
        else:
            found = list(self._model.matching(text.lower())) if text else []
        if not found:
            hint = "nothing has run yet" if text == LATEST else "`polyflow ls` lists all"
            raise UnknownRunError(f"there is no run {text!r}; {hint}")
        if len(found) > 1:
            raise UnknownRunError(
                f"{text!r} is the beginning of {len(found)} runs or more: {', '.join(found)}"
            )
        return found[0]

    def knows(self, text: str) -> bool:
        """Tell whether a run is meant by this text."""
        try:
            self.find(text)
        except UnknownRunError:
            return False
        return True

    def runs(self, search: Search = NEWEST, *, status: str | None = None) -> Sequence[RunSummary]:
        """Return what a search finds, in its order; `status` may be `interrupted` or `rejected` as well.

        Raises:
            QueryError: the query or the sort cannot be read, or asks for what is not kept, or cannot be.
        """
        if status is not None and (wrong := wrong_status(status)):
            raise QueryError(wrong)
        if status is None or status in _STORED:
            statuses = None if status is None else {status}
            return self._search(replace(search, statuses=statuses))
        # Whether a run is interrupted is not stored, so the limit counts after the look at its engine.
        seen = self._search(replace(search, statuses=_OPEN, limit=None, offset=0))
        end = None if search.limit is None else search.offset + search.limit
        return [run for run in seen if run.status == status][search.offset : end]

    def _search(self, search: Search) -> Sequence[RunSummary]:
        try:
            if search.query.strip():
                check_query(pql.parse(search.query))
            return [self._seen(entry) for entry in self._model.search(search)]
        except PqlError as error:
            raise QueryError(f"{error}{'; ' if error.hint else ''}{error.hint}") from error

    def run(self, run: RunId) -> RunView | None:
        """Return all that is known of a run."""
        view = self._model.run(run)
        return None if view is None else self._seen(view)

    def view(self, run: RunId) -> RunView:
        """Return all that is known of a run that was found a moment ago.

        Raises:
            UnknownRunError: it was removed meanwhile.
        """
        view = self.run(run)
        if view is None:
            raise UnknownRunError(f"the run {run} was removed meanwhile")
        return view

    def summary(self, run: RunId) -> RunSummary | None:
        """Return a run in one line."""
        found = self._model.summary(run)
        return None if found is None else self._seen(found)

    def goes_on(self, run: RunId) -> bool:
        """Tell whether a run is known, has not ended, and is not interrupted."""
        summary = self.summary(run)
        return summary is not None and not summary.final and summary.status != INTERRUPTED

    def request(self, run: RunId) -> str | None:
        """Return the body of the request that made the run what it is, unless it was removed."""
        return self._model.request(run)

    def events(self, run: RunId, *, after: int = -1, types: Sequence[str] = ()) -> Sequence[StoredEvent]:
        """Return the run's events with a sequence above `after`, of these types if any, in order."""
        return self._model.events(run, after=after, types=types)

    def logs(self, run: RunId, number: int, attempt: int) -> Sequence[StoredLog]:
        """Return the ends of the logs of an attempt's containers that a cluster has handed over."""
        return self._model.logs(run, number, attempt)

    def forget(self, run: RunId) -> None:
        """Remove all that is told of a run."""
        self._model.remove(run)

    def folder(self, run: RunId) -> RunFolder:
        """Return the run's folder, which exists only if an engine on this machine ran it."""
        return self.home.run(run)

    def engine(self, run: RunId) -> RunFolder:
        """Return the folder of the engine that runs a run: that of a hook is in what it follows."""
        summary = self._model.summary(run)
        return self.folder(engine_of(summary) if summary is not None else run)

    def _seen(self, run: _S) -> _S:
        inside = isinstance(run, Entry) and run.pipeline is not None
        if run.final or inside or not interrupted(self.folder(engine_of(run))):
            return run
        hint = f"the process that ran it is gone; it goes on with: polyflow resume {run.id}"
        return replace(run, status=INTERRUPTED, reason="EngineGone", message=hint)


def operation_of(view: RunView, name: str) -> OperationView:
    """Return an operation of a run by its scoped name.

    Raises:
        UnknownOperationError: there is none; the message says which there are.
    """
    found = view.operations.get(OperationName(name))
    if found is None:
        if not view.operations:
            origin = f"; it was to be a {view.origin.kind} of run {view.origin.run}" if view.origin else ""
            why = f"; {view.problems[0].message}" if view.problems else ""
            raise UnknownOperationError(f"the run has no operations: it is {view.status}{origin}{why}")
        hint = did_you_mean(name, view.operations) or f"it has {', '.join(list(view.operations)[:SOME])}"
        raise UnknownOperationError(f"the run has no operation {name!r}; {hint}")
    return found


def engine_of(run: RunSummary) -> RunId:
    """Return the run whose engine a run lives in, where that is on this machine."""
    origin = run.origin
    return origin.run if origin is not None and origin.kind == "hook" else run.id


def interrupted(folder: RunFolder) -> bool:
    """Tell whether an engine on this machine ran the run, and is gone."""
    return folder.lock.exists() and not folder.live()
