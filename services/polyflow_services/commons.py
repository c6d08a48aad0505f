"""What the engines of one home share: deciders that know more than one run, over one file.

Embedded, every run has a process and a broker of its own, which it shares with the runs of its hooks.  So
those deciders have their rows in a database that all of these processes write to, one at a time; an answer to
a run of another process lies there until that process takes it.  The cores are those that run on Kafka.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, Final

from polyflow_shared.clock import Clock
from polyflow_shared.deciding.decision import Decide
from polyflow_shared.deciding.rows import Row, RowCodec
from polyflow_shared.machine.home import Home
from polyflow_topics.admission import SlotReturned
from polyflow_topics.catalog import MESSAGES, RUN_INBOX, topic_of
from polyflow_topics.message import Message
from polyflow_topics.names import RunId
from polyflow_topics.results import ResultSettled

LOOK: Final = 0.1
"""Seconds between two looks at what other processes have left for this one's run."""
LOOKS: Final = 20
"""Looks after which those are looked for that have asked and whose processes are gone."""
PATIENCE: Final = 30.0
"""Seconds that a process waits for another one to have done with the database."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS rows
    (decider TEXT, key TEXT, value BLOB, PRIMARY KEY (decider, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mail (number INTEGER PRIMARY KEY, run TEXT, type TEXT, body TEXT);
CREATE INDEX IF NOT EXISTS mail_of ON mail (run);
CREATE TABLE IF NOT EXISTS asked
    (run TEXT, ask TEXT, type TEXT, body TEXT, PRIMARY KEY (run, ask)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS guests (run TEXT PRIMARY KEY, host TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS guests_of ON guests (host);
"""
"""Mail and what was asked are kept by the run that a process is for; `guests` are other runs in it."""


@dataclass(frozen=True, slots=True)
class Common:
    """A decider that is shared.

    Attributes:
        decide: its core.
        rows: its kinds of row.
        gives_back: by kind of message that asks for something, what gives that back for a run that is gone.
    """

    decide: Decide
    rows: RowCodec
    gives_back: Mapping[type[Message], Callable[[Any], SlotReturned | ResultSettled]]


class Commons:
    """The deciders that the runs of a home share, as one of its processes sees them."""

    def __init__(self, home: Home, run: RunId, deciders: Mapping[str, Common], clock: Clock) -> None:
        """Open nothing yet: most runs need none of it.

        Args:
            home: whose runs these are.
            run: this process's; empty for a process that runs none.
            deciders: by the name of the topic that each reads.
            clock: dates what is decided, and is waited by.
        """
        self._home = home
        self._run = run
        self._deciders = deciders
        self._clock = clock
        self._opened: sqlite3.Connection | None = None
        self._used = asyncio.Event()

    def decide(self, topic: str, message: Message) -> Sequence[Message]:
        """Let the decider of a topic take a message; return what it says to this run's planner.

        May block while another process decides.  Safe to repeat.
        """
        return self._taken(topic, message)[0]

    def changes(self, topic: str, message: Message) -> bool:
        """Let the decider of a topic take a message; return whether that has changed anything for anybody."""
        return self._taken(topic, message)[1]

    def _taken(self, topic: str, message: Message) -> tuple[Sequence[Message], bool]:
        with self._turn() as database:
            self._note(database, topic, message)
            before = database.total_changes
            said = self._follow(database, [message], self._clock.now())
            return said, database.total_changes > before

    async def mail(self) -> AsyncIterator[Sequence[Message]]:
        """Yield what other processes' runs have caused for this one, as it comes, for ever."""
        await self._used.wait()
        database = self._database()
        for look in count(1):
            await self._clock.sleep(LOOK)
            if look % LOOKS == 0:
                self.tidy()
            found = database.execute(
                "SELECT number, type, body FROM mail WHERE run = ? ORDER BY number", (self._run,)
            ).fetchall()
            if found:
                yield [MESSAGES[kind].model_validate_json(body) for _, kind, body in found]
                last = found[-1][0]
                database.execute("DELETE FROM mail WHERE run = ? AND number <= ?", (self._run, last))

    def close(self) -> None:
        """Let the file go."""
        if self._opened is not None:
            # What has ended needs nothing any more; what was interrupted asks again when it is resumed.
            with self._turn() as database:
                self._give_back_of(database, self._run)
            self._opened.close()
            self._opened = None

    def _follow(self, database: sqlite3.Connection, messages: list[Message], at: datetime) -> list[Message]:
        """Decide on messages and on those that the deciders say to themselves."""
        ours: list[Message] = []
        while messages:
            message = messages.pop(0)
            topic = topic_of(message)
            if topic in self._deciders:
                messages += self._decide(database, topic, message, at)
            elif topic != RUN_INBOX.name or (host := _host(database, message.key())) == self._run:
                ours.append(message)  # any but a run's inbox is for whoever has asked, which is us
            else:
                _leave(database, host, message)
        return ours

    def _decide(
        self, database: sqlite3.Connection, topic: str, message: Message, at: datetime
    ) -> Sequence[Message]:
        common = self._deciders[topic]
        rows = _Rows(database, topic, common.rows)
        decision = common.decide(rows, message, at)
        for key, row in decision.writes.items():
            if row is None:
                database.execute("DELETE FROM rows WHERE decider = ? AND key = ?", (topic, key))
            else:
                stored = (topic, key, common.rows.encode(row))
                database.execute("REPLACE INTO rows (decider, key, value) VALUES (?, ?, ?)", stored)
        return decision.messages

    def _note(self, database: sqlite3.Connection, topic: str, message: Message) -> None:
        """Remember what this run has asked for, until it is given back."""
        give_back = self._deciders[topic].gives_back.get(type(message))
        if give_back is not None:
            back = give_back(message)
            kept = (self._run, back.identity(), message.WIRE, message.model_dump_json())
            database.execute("REPLACE INTO asked (run, ask, type, body) VALUES (?, ?, ?, ?)", kept)
            if back.run != self._run:
                guest = (back.run, self._run)
                database.execute("REPLACE INTO guests (run, host) VALUES (?, ?)", guest)
        else:
            database.execute("DELETE FROM asked WHERE run = ? AND ask = ?", (self._run, message.identity()))

    def tidy(self) -> None:
        """Give back what runs have asked for whose processes are gone."""
        with self._turn() as database:
            runs = [run for (run,) in database.execute("SELECT DISTINCT run FROM asked")]
            for run in runs:
                if run != self._run and not self._home.run(RunId(run)).live():
                    self._give_back_of(database, run)

    def _give_back_of(self, database: sqlite3.Connection, run: str) -> None:
        asked = database.execute("SELECT type, body FROM asked WHERE run = ?", (run,)).fetchall()
        back: list[Message] = []
        for kind, body in asked:
            message = MESSAGES[kind].model_validate_json(body)
            back.append(self._deciders[topic_of(message)].gives_back[type(message)](message))
        ours = self._follow(database, back, self._clock.now())
        for message in ours:
            _leave(database, self._run, message)
        database.execute("DELETE FROM asked WHERE run = ?", (run,))
        database.execute("DELETE FROM mail WHERE run = ?", (run,))
        database.execute("DELETE FROM guests WHERE host = ?", (run,))

    @contextmanager
    def _turn(self) -> Iterator[sqlite3.Connection]:
        """Decide alone, and keep all of it or nothing."""
        database = self._database()
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
        except BaseException:
            database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")

    def _database(self) -> sqlite3.Connection:
        if self._opened is None:
            self._home.path.mkdir(parents=True, exist_ok=True)
            opened = sqlite3.connect(self._home.commons, timeout=PATIENCE, isolation_level=None)
            opened.execute("PRAGMA journal_mode = WAL")
            opened.execute("PRAGMA synchronous = NORMAL")
            opened.executescript(_SCHEMA)
            self._opened = opened
            self._used.set()
        return self._opened


def _host(database: sqlite3.Connection, run: str) -> str:
    """Return the run whose process a run is in: most have one of their own."""
    found = database.execute("SELECT host FROM guests WHERE run = ?", (run,)).fetchone()
    return run if found is None else str(found[0])


def _leave(database: sqlite3.Connection, run: str, message: Message) -> None:
    """Let the process of a run find a message."""
    row = (run, message.WIRE, message.model_dump_json())
    database.execute("INSERT INTO mail (run, type, body) VALUES (?, ?, ?)", row)


class _Rows:
    """A decider's rows in the database."""

    def __init__(self, database: sqlite3.Connection, decider: str, codec: RowCodec) -> None:
        self._database = database
        self._decider = decider
        self._codec = codec

    def get(self, key: str) -> Row | None:
        """Return the row, or None if there is none."""
        found = self._database.execute(
            "SELECT value FROM rows WHERE decider = ? AND key = ?", (self._decider, key)
        ).fetchone()
        return None if found is None else self._codec.decode(found[0])
