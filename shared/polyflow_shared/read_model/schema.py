"""The tables of the SQLite read model, and the statements that write them."""

from typing import Final

from polyflow_shared.read_model.changes import RunRow
from polyflow_shared.read_model.forgetting import ENDED

STEPS: Final = (
    "ALTER TABLE runs ADD COLUMN description TEXT NOT NULL DEFAULT ''",
    """CREATE TABLE logs (
        run TEXT NOT NULL, number INTEGER NOT NULL, attempt INTEGER NOT NULL, container TEXT NOT NULL,
        text TEXT NOT NULL, cut INTEGER NOT NULL, missing TEXT NOT NULL,
        PRIMARY KEY (run, number, attempt, container)
    ) WITHOUT ROWID""",
    "ALTER TABLE runs ADD COLUMN pending TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE operations ADD COLUMN pending TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE runs ADD COLUMN kind TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE operations ADD COLUMN id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE operations ADD COLUMN pipeline TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE operations ADD COLUMN kind TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX operations_by_pipeline ON operations (pipeline)",
    "ALTER TABLE runs ADD COLUMN origin TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE runs ADD COLUMN original TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE runs ADD COLUMN cloning_kind TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE runs ADD COLUMN generation INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE runs ADD COLUMN since INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE operations ADD COLUMN definition TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE edges ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE statuses ADD COLUMN operation TEXT",
    """CREATE TABLE requests (
        run TEXT NOT NULL, specification TEXT NOT NULL, body TEXT NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (run, specification)
    ) WITHOUT ROWID""",
    """CREATE TABLE metrics (
        run TEXT NOT NULL, operation TEXT NOT NULL, name TEXT NOT NULL, value REAL, attempt INTEGER NOT NULL,
        line INTEGER NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (run, name, operation)
    ) WITHOUT ROWID""",
    "CREATE INDEX requests_by_age ON requests (at)",
    f"CREATE INDEX runs_by_end ON runs ({ENDED})",
    "CREATE TABLE forgotten (run TEXT PRIMARY KEY) WITHOUT ROWID",
    "ALTER TABLE operations ADD COLUMN ran_from TEXT",
    "ALTER TABLE operations ADD COLUMN ran_until TEXT",
)
"""What each version adds to the one before, from 1 on.  A newer release adds steps at the end."""

VERSION: Final = 1 + len(STEPS)
"""Kept in `user_version`."""

CREATE: Final = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, name TEXT NOT NULL, project TEXT NOT NULL,
    owner TEXT NOT NULL,
    tags TEXT NOT NULL, presets TEXT NOT NULL, params TEXT NOT NULL, specification TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL, total INTEGER NOT NULL,
    problems TEXT NOT NULL, created_at TEXT NOT NULL, started_at TEXT, finished_at TEXT
) WITHOUT ROWID;
CREATE INDEX runs_by_age ON runs (created_at);
CREATE TABLE operations (
    run TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, dag INTEGER NOT NULL,
    sequence INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL DEFAULT 'created',
    reason TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '',
    cluster TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL DEFAULT 0,
    started_at TEXT, finished_at TEXT, exit_code INTEGER, params TEXT, outputs TEXT,
    PRIMARY KEY (run, number)
) WITHOUT ROWID;
CREATE TABLE edges (
    run TEXT NOT NULL, downstream INTEGER NOT NULL, upstream INTEGER NOT NULL,
    PRIMARY KEY (run, downstream, upstream)
) WITHOUT ROWID;
CREATE TABLE statuses (
    run TEXT NOT NULL, sequence INTEGER NOT NULL, number INTEGER, attempt INTEGER NOT NULL,
    status TEXT NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (run, sequence)
) WITHOUT ROWID;
CREATE TABLE events (
    run TEXT NOT NULL, sequence INTEGER NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (run, sequence)
) WITHOUT ROWID;
"""

PUT_RUN: Final = f"""
INSERT INTO runs ({", ".join(RunRow._fields)}) VALUES ({", ".join("?" * len(RunRow._fields))})
ON CONFLICT (id) DO UPDATE SET
    sequence = excluded.sequence, name = excluded.name, project = excluded.project, owner = excluded.owner,
    tags = excluded.tags, presets = excluded.presets, params = excluded.params,
    specification = excluded.specification, status = excluded.status, reason = excluded.reason,
    message = excluded.message, total = excluded.total, problems = excluded.problems,
    created_at = min(runs.created_at, excluded.created_at),
    started_at = coalesce(runs.started_at, excluded.started_at), finished_at = excluded.finished_at,
    description = excluded.description, pending = excluded.pending, kind = excluded.kind,
    origin = excluded.origin, original = excluded.original, cloning_kind = excluded.cloning_kind,
    generation = excluded.generation, since = max(runs.since, excluded.since)
WHERE excluded.sequence > runs.sequence OR (excluded.sequence = 0 AND runs.sequence = 0)
"""

PUT_OPERATION: Final = """
INSERT INTO operations (run, number, name, dag, id, pipeline, kind, definition, sequence)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, number) DO UPDATE SET
    attempts = CASE name WHEN excluded.name THEN attempts ELSE 0 END,
    params = CASE name WHEN excluded.name THEN params END,
    name = excluded.name, dag = excluded.dag, id = excluded.id, pipeline = excluded.pipeline,
    kind = excluded.kind, definition = excluded.definition, sequence = excluded.sequence,
    status = 'created', reason = '', message = '', pending = '', started_at = NULL, finished_at = NULL,
    exit_code = NULL, outputs = NULL, ran_from = NULL, ran_until = NULL
WHERE excluded.sequence > operations.sequence
"""
"""A later plan is that of a run that was resumed: its operations begin anew."""

PUT_EDGE: Final = """
INSERT INTO edges (run, upstream, downstream, sequence) VALUES (?, ?, ?, ?)
ON CONFLICT (run, downstream, upstream) DO UPDATE SET sequence = max(edges.sequence, excluded.sequence)
"""

MOVE_OPERATION: Final = """
UPDATE operations SET
    sequence = ?1, status = ?2, reason = ?3, message = ?4, cluster = ?5, attempts = max(attempts, ?6),
    started_at = coalesce(started_at, ?7), finished_at = ?8, exit_code = coalesce(?9, exit_code),
    params = coalesce(?10, params), outputs = coalesce(?11, outputs), pending = ?14,
    ran_from = ?15, ran_until = ?16
WHERE run = ?12 AND number = ?13 AND sequence < ?1
"""

ADD_STATUS: Final = """
INSERT INTO statuses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, sequence) DO NOTHING
"""

ADD_EVENT: Final = """
INSERT INTO events VALUES (?, ?, ?, ?)
ON CONFLICT (run, sequence) DO UPDATE SET type = excluded.type, body = excluded.body WHERE events.sequence = 0
"""

PUT_LOG: Final = """
INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, number, attempt, container) DO UPDATE SET
    text = excluded.text, cut = excluded.cut, missing = excluded.missing
WHERE logs.missing != ''
"""
"""A log that was read is not replaced by one that could not be read any more."""

PUT_REQUEST: Final = """
INSERT INTO requests VALUES (?, ?, ?, ?) ON CONFLICT (run, specification) DO NOTHING
"""

PUT_METRIC: Final = """
INSERT INTO metrics (run, operation, name, value, attempt, line, at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, name, operation) DO UPDATE SET
    value = excluded.value, attempt = excluded.attempt, line = excluded.line, at = excluded.at
WHERE (excluded.attempt, excluded.line) > (metrics.attempt, metrics.line)
"""
