"""What is removed from the SQLite read model: old requests, and ended runs with all that is kept of them.

A bounded part at a time, so that whoever writes beside it is not held up.  A run goes whole all the same: its
row goes first and leaves the run's id in `forgotten`, so nobody finds it any more; what else there is of it
follows, after a crash too.
"""

import sqlite3
from collections.abc import Iterator
from typing import Final

from polyflow_topics.names import RunId

RUNS: Final = 100
"""Runs that are removed at once, at most."""
ROWS: Final = 1000
"""Rows of one table that are removed at once, at most."""
LOGS: Final = 100
"""The same for ends of logs, of which each may have 64 KiB."""

ENDED: Final = "CASE status WHEN 'rejected' THEN created_at ELSE finished_at END"
"""When a run has ended; nothing while it goes on.  The index `runs_by_end` has it in the same words."""

_KEYS: Final = {
    "operations": "run, number",
    "edges": "run, downstream, upstream",
    "statuses": "run, sequence",
    "events": "run, sequence",
    "metrics": "run, name, operation",
    "requests": "run, specification",
    "logs": "run, number, attempt, container",
}
"""What is kept of runs beside their own row: the tables, and their primary keys."""


def forget(connection: sqlite3.Connection, requests: str, runs: str | None) -> bool:
    """Remove a part of what is old, within a transaction; return whether there is more of it.

    Args:
        connection: to the read model.
        requests: those go that are older than this moment.
        runs: those go that ended before this moment, if any is given.
    """
    more = [_removed(connection, "requests", "at < ?", requests)]
    # A run that was resumed meanwhile stays.
    connection.execute("DELETE FROM forgotten WHERE run IN (SELECT id FROM runs)")
    begun = bool(connection.execute("SELECT 1 FROM forgotten LIMIT 1").fetchall())
    if runs is not None:
        more.append(begun or _hidden(connection, runs))
    left = list(_rests(connection))
    if not any(left):
        connection.execute("DELETE FROM forgotten")
    return any([*more, *left])


def hide(connection: sqlite3.Connection, run: RunId) -> None:
    """Remove a run alone, within a transaction; what else there is of it goes with the next part."""
    connection.execute("INSERT OR IGNORE INTO forgotten VALUES (?)", (run,))
    connection.execute("DELETE FROM runs WHERE id = ?", (run,))


def _hidden(connection: sqlite3.Connection, before: str) -> bool:
    """Remove runs alone, and note which; return whether there may be more."""
    note = f"INSERT INTO forgotten SELECT id FROM runs WHERE {ENDED} < ? LIMIT ?"
    count = connection.execute(note, (before, RUNS)).rowcount
    connection.execute("DELETE FROM runs WHERE id IN (SELECT run FROM forgotten)")
    return count == RUNS


def _rests(connection: sqlite3.Connection) -> Iterator[bool]:
    """Remove what else there is of forgotten runs; yield for each table whether there may be more."""
    for table in _KEYS:
        yield _removed(connection, table, "run IN (SELECT run FROM forgotten)")


def _removed(connection: sqlite3.Connection, table: str, which: str, *parameters: str) -> bool:
    key, most = _KEYS[table], LOGS if table == "logs" else ROWS
    chosen = f"SELECT {key} FROM {table} WHERE {which} LIMIT ?"
    statement = f"DELETE FROM {table} WHERE ({key}) IN ({chosen})"
    return connection.execute(statement, (*parameters, most)).rowcount == most
