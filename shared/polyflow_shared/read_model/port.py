"""The read model, in the few verbs that we need.  SQLite today; PostgreSQL behind the same verbs."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from polyflow_shared.errors import InvariantError, TransientError
from polyflow_shared.read_model.changes import Changes
from polyflow_shared.read_model.search import Search
from polyflow_shared.read_model.views import Entry, RunSummary, RunView, StoredEvent, StoredLog
from polyflow_topics.names import RunId


class ReadModelUnavailableError(TransientError):
    """The read model is locked, full or out of reach."""


class ReadModelVersionError(InvariantError):
    """The read model was made by a newer release."""


class ReadModelWriter(Protocol):
    """What the projector needs."""

    def apply(self, changes: Changes) -> None:
        """Write all of it, or nothing.  Writing it again changes nothing.

        Raises:
            ReadModelUnavailableError: try again later.
        """

    def forget(self, requests: str, runs: str | None) -> bool:
        """Remove what is old: as much as holds nobody up; return whether there is more.

        Args:
            requests: those go that are older than this moment, written as events write it.
            runs: those go, with all that is kept of them, that ended before this moment; none where none is
                given.  What goes on stays.

        Raises:
            ReadModelUnavailableError: try again later.
        """


class ReadModelReader(Protocol):
    """What users ask.

    Every verb raises `ReadModelUnavailableError` where trying again later may help.
    """

    def search(self, search: Search) -> Iterator[Entry]:
        """Yield what a search finds, in its order.

        Raises:
            PqlError: the query or the sort cannot be read, or asks for what is not kept.
        """

    def matching(self, prefix: str, *, limit: int = 10) -> Sequence[RunId]:
        """Return ids that begin so, at most `limit` of them."""

    def summary(self, run: RunId) -> RunSummary | None:
        """Return a run in one line."""

    def run(self, run: RunId) -> RunView | None:
        """Return all that is known of a run."""

    def request(self, run: RunId) -> str | None:
        """Return the body of the request that made the run what it is, unless it was removed."""

    def events(self, run: RunId, *, after: int = -1, types: Sequence[str] = ()) -> Sequence[StoredEvent]:
        """Return the run's events with a sequence above `after`, in order.

        Args:
            run: the run's id.
            after: a sequence number.
            types: of the events that are wanted; all where it is empty.
        """

    def logs(self, run: RunId, number: int, attempt: int) -> Sequence[StoredLog]:
        """Return the ends of the logs of an attempt's containers, as far as they were saved.

        Args:
            run: the run's id.
            number: the operation's number in the plan.
            attempt: counts from 0.
        """


class ReadModel(ReadModelReader, ReadModelWriter, Protocol):
    """Both sides of it, and what only its owner does."""

    def remove(self, run: RunId) -> None:
        """Remove a run with all that is kept of it; one that is not there is gone already.

        Raises:
            ReadModelUnavailableError: try again later.
        """
