"""The read model in one SQLite file, which several processes read and write at the same time.

WAL lets readers go on while one process writes; writers wait for each other, some milliseconds a batch.
Source: https://www.sqlite.org/wal.html.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from polyflow_shared.read_model import forgetting, rows, schema
from polyflow_shared.read_model.changes import Changes
from polyflow_shared.read_model.port import ReadModelUnavailableError, ReadModelVersionError
from polyflow_shared.read_model.search import Search, statement
from polyflow_shared.read_model.views import Entry, RunSummary, RunView, StoredEvent, StoredLog
from polyflow_topics.names import RunId

BUSY_SECONDS: Final = 10.0
"""How long a writer waits for another."""
_BEFORE_ALL: Final = ""
"""A moment before all that events can have."""


class SqliteReadModel:
    """Reads and writes the file.  Not to be shared between threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take over an open connection whose tables exist; `open` makes both."""
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file; make it, and its folder, where it is missing.

        Raises:
            ReadModelUnavailableError: it cannot be opened.
            ReadModelVersionError: it was made by a newer release.
        """
        with _our_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            connection.execute("PRAGMA synchronous = NORMAL")
            _migrate(connection)
        return cls(connection)

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def apply(self, changes: Changes) -> None:
        """Write all of it in one transaction.

        Raises:
            ReadModelUnavailableError: try again later.
        """
        with self._transaction() as connection:
            connection.executemany(schema.PUT_RUN, changes.runs)
            connection.executemany(schema.PUT_OPERATION, changes.operations)
            connection.executemany(schema.PUT_EDGE, changes.edges)
            connection.executemany(schema.MOVE_OPERATION, changes.moves)
            connection.executemany(schema.ADD_STATUS, changes.statuses)
            connection.executemany(schema.ADD_EVENT, changes.events)
            connection.executemany(schema.PUT_LOG, changes.logs)
            connection.executemany(schema.PUT_REQUEST, changes.requests)
            connection.executemany(schema.PUT_METRIC, changes.metrics)

    def forget(self, requests: str, runs: str | None) -> bool:
        """Remove a part of the requests that are older than a moment, and of the runs that ended before one.

        Raises:
            ReadModelUnavailableError: try again later.
        """
        with self._transaction() as connection:
            return forgetting.forget(connection, requests, runs)

    def remove(self, run: RunId) -> None:
        """Remove a run with all that is kept of it; one that is not there is gone already.

        Raises:
            ReadModelUnavailableError: try again later.
        """
        with self._transaction() as connection:
            forgetting.hide(connection, run)
        while self.forget(_BEFORE_ALL, None):
            pass

    def search(self, search: Search) -> Iterator[Entry]:
        """Yield what a search finds, in its order.

        Raises:
            PqlError: the query or the sort cannot be read, or asks for what is not kept.
        """
        text, parameters = statement(search)
        with _our_errors():
            for row in self._connection.execute(text, parameters):
                yield rows.entry(row)

    def matching(self, prefix: str, *, limit: int = 10) -> Sequence[RunId]:
        """Return ids that begin so, at most `limit` of them."""
        statement = "SELECT id FROM runs WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT ?2"
        return [RunId(row[0]) for row in self._all(statement, (prefix, limit))]

    def summary(self, run: RunId) -> RunSummary | None:
        """Return a run in one line."""
        found = self._all(f"SELECT {rows.SUMMARY} FROM runs WHERE id = ?", (run,))
        return rows.summary(found[0]) if found else None

    def run(self, run: RunId) -> RunView | None:
        """Return all that is known of a run."""
        with self._transaction("DEFERRED"):
            heads = self._all(f"SELECT {rows.SUMMARY}, {rows.DETAILS} FROM runs WHERE id = ?", (run,))
            if not heads:
                return None
            since = self._all("SELECT since FROM runs WHERE id = ?", (run,))[0][0]
            operations = self._all(
                f"SELECT {rows.OPERATION} FROM operations WHERE run = ? AND (sequence >= ? OR sequence = 0) "
                "ORDER BY number",
                (run, since),
            )
            edges = self._all(
                "SELECT downstream, upstream FROM edges WHERE run = ? AND (sequence >= ? OR sequence = 0)",
                (run, since),
            )
            statuses = self._all(
                f"SELECT {rows.STATUS} FROM statuses WHERE run = ? ORDER BY sequence", (run,)
            )
        return rows.run_view(heads[0], operations, edges, statuses)

    def request(self, run: RunId) -> str | None:
        """Return the body of the request that made the run what it is, unless it was removed."""
        statement = (
            "SELECT body FROM requests JOIN runs ON run = id AND requests.specification = runs.specification "
            "WHERE id = ?"
        )
        found = self._all(statement, (run,))
        return found[0][0] if found else None

    def events(self, run: RunId, *, after: int = -1, types: Sequence[str] = ()) -> Sequence[StoredEvent]:
        """Return the run's events with a sequence above `after`, of these types if any, in order."""
        wanted = f"AND type IN ({', '.join('?' * len(types))}) " if types else ""
        statement = (
            "SELECT sequence, type, body FROM events WHERE run = ? AND sequence > ? "
            f"{wanted}ORDER BY sequence"
        )
        return [StoredEvent(*row) for row in self._all(statement, (run, after, *types))]

    def logs(self, run: RunId, number: int, attempt: int) -> Sequence[StoredLog]:
        """Return the ends of the logs of an attempt's containers, by their names."""
        statement = (
            "SELECT container, text, cut, missing FROM logs WHERE run = ? AND number = ? AND attempt = ? "
            "ORDER BY container"
        )
        return [StoredLog(*row) for row in self._all(statement, (run, number, attempt))]

    def _all(self, statement: str, parameters: rows.Row) -> list[rows.Row]:
        with _our_errors():
            return self._connection.execute(statement, parameters).fetchall()

    @contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        with _our_errors():
            self._connection.execute(f"BEGIN {kind}")
            try:
                yield self._connection
            except BaseException:
                # A full disk has ended the transaction already; rolling back once more would hide that error.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables up to `schema.VERSION`; two processes that start at once do it one after the other."""
    if _version(connection) == schema.VERSION:
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    version = _version(connection)
    if version == 0:
        for statement in schema.CREATE.split(";"):
            connection.execute(statement)
    if version < schema.VERSION:
        for step in schema.STEPS[max(version, 1) - 1 :]:
            connection.execute(step)
        connection.execute(f"PRAGMA user_version = {schema.VERSION}")
    connection.execute("COMMIT")
    if version > schema.VERSION:
        raise ReadModelVersionError(
            f"the history has version {version}; this release knows {schema.VERSION}: install a newer one"
        )


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
        raise ReadModelUnavailableError(f"the history cannot be used: {error}") from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        message = f"the history cannot be made: {where}{error.strerror}; $POLYFLOW_HOME says where it is kept"
        raise ReadModelUnavailableError(message) from error
