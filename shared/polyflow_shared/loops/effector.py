"""How an effector runs: records of different lanes at the same time, those of one lane in order.

A lane is a key, if nothing else is said.  A record that waits, or is tried again and again, holds up its own
lane and nobody else; up to `UNHURRIED` that nobody waits for hold up nothing that is behind them.  What is
committed is always a beginning of a partition: everything before it is done.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from polyflow_shared.broker.port import Place, Record, Source
from polyflow_shared.errors import PermanentError
from polyflow_shared.loops.service import (
    FINISH_WITHIN,
    ROUND,
    TAKE,
    Act,
    Intake,
    Shell,
    attempted,
    first_failure,
    foreseen,
    park,
    persist,
    send,
)
from polyflow_shared.observing.metrics import HANDLED, HANDLING
from polyflow_topics.envelope import wire_name

AT_ONCE: Final = 16
"""Lanes that one effector works on at the same time, if nothing else is said."""
WINDOW: Final = 2_000
"""Records that are taken and not done, at most, of those that somebody waits for."""
UNHURRIED: Final = 10_000
"""The same for those that nobody waits for; after a crash as many may be done again."""
UNHURRIED_AT_ONCE: Final = 1_000
"""Lanes of the latter that one effector works on at the same time."""


Lane = Callable[[Record], str]
"""Which records are worked on in order: those of the same lane."""


def by_key(record: Record) -> str:
    """Return a record's key."""
    return record.key


@dataclass(frozen=True, slots=True)
class Lanes:
    """How records share an effector.

    Attributes:
        of: which records wait for each other.
        at_once: lanes that are worked on at the same time (1 to `WINDOW`).
        unhurried: tells whether nobody waits for what a record asks for; all records of a lane are alike.
    """

    of: Lane = by_key
    at_once: int = AT_ONCE
    unhurried: Callable[[Record], bool] = lambda _: False


BY_KEY: Final = Lanes()


async def run_effector(act: Act, source: Source, shell: Shell, *, lanes: Lanes = BY_KEY) -> None:
    """Serve for ever.

    Args:
        act: does what a record asks for.
        source: where records come from.
        shell: what the loop needs around it.
        lanes: how records share it.

    Raises:
        InvariantError: going on would be guessing.
    """
    await _Effector(act, source, shell, lanes).serve()


class Progress:
    """Which records are under way, and up to where everything is done, by partition.  Pure."""

    def __init__(self) -> None:
        """Begin with nothing taken."""
        self._open: dict[Place, set[int]] = {}
        self._top: dict[Place, int] = {}
        self._told: dict[Place, int] = {}

    def begin(self, record: Record) -> bool:
        """Take a record in; return False if it is under way already, as after a rebalance."""
        place = (record.topic, record.partition)
        offsets = self._open.setdefault(place, set())
        if record.offset in offsets:
            return False
        offsets.add(record.offset)
        self._top[place] = (
            record.offset + 1 if len(offsets) == 1 else max(self._top[place], record.offset + 1)
        )
        return True

    def end(self, record: Record) -> None:
        """Note that a record is done."""
        self._open[record.topic, record.partition].discard(record.offset)

    def advanced(self) -> Mapping[Place, int]:
        """Return where each partition goes on, of those that got further since this was last asked."""
        news: dict[Place, int] = {}
        for place, offsets in self._open.items():
            position = min(offsets, default=self._top[place])
            if self._told.get(place) != position:
                news[place] = self._told[place] = position
        return news


class _Room:
    """How many records are taken and not done, and how many lanes are worked on."""

    def __init__(self, window: int, at_once: int) -> None:
        self.left = window
        self.places = asyncio.Semaphore(at_once)


class _Effector:
    def __init__(self, act: Act, source: Source, shell: Shell, lanes: Lanes) -> None:
        self._act = act
        self._lanes = lanes
        self._hurried = _Room(WINDOW, lanes.at_once)
        self._unhurried = _Room(UNHURRIED, UNHURRIED_AT_ONCE)
        self._source = source
        self._shell = shell
        self._progress = Progress()
        self._chains: dict[str, deque[Record]] = {}
        self._work: set[asyncio.Task[None]] = set()
        self._moved = asyncio.Event()
        self._freed = asyncio.Event()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        """Serve until cancelled; then let what is at hand end, if it does so soon, and commit it."""
        loops = [asyncio.ensure_future(self._take()), asyncio.ensure_future(self._commit())]
        try:
            await first_failure([*loops, self._failure])
        except asyncio.CancelledError:
            await self._finish()
            raise
        finally:
            for task in self._work:
                task.cancel()
            await asyncio.gather(*self._work, return_exceptions=True)

    async def _finish(self) -> None:
        if self._work:
            await asyncio.wait(self._work, timeout=FINISH_WITHIN)
        if done := self._progress.advanced():
            await self._source.commit(done)

    async def _take(self) -> None:
        intake = Intake(self._source, self._shell)
        while True:
            for record in await intake.take(limit=min(TAKE, await self._space())):
                if self._progress.begin(record):
                    self._queue(record)

    async def _space(self) -> int:
        """Return how many records may be taken (> 0), once there is room for some of either kind."""
        while not (left := min(self._hurried.left, self._unhurried.left)):
            self._shell.beat()
            self._freed.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._freed.wait(), ROUND)
        return left

    def _room_of(self, record: Record) -> _Room:
        return self._unhurried if self._lanes.unhurried(record) else self._hurried

    def _queue(self, record: Record) -> None:
        lane = self._lanes.of(record)
        self._room_of(record).left -= 1
        if lane in self._chains:
            self._chains[lane].append(record)
            return
        self._chains[lane] = deque([record])
        task = asyncio.create_task(self._work_on(lane))
        self._work.add(task)
        task.add_done_callback(self._ended)

    async def _work_on(self, lane: str) -> None:
        chain = self._chains[lane]
        room = self._room_of(chain[0])
        async with room.places:
            while chain:
                await _handle(self._act, chain[0], self._shell)
                self._progress.end(chain.popleft())
                room.left += 1
                self._freed.set()
                self._moved.set()
            del self._chains[lane]

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) and not self._failure.done():
            self._failure.set_exception(error)

    async def _commit(self) -> None:
        while True:
            await self._moved.wait()
            self._moved.clear()
            if done := self._progress.advanced():
                await persist(partial(self._source.commit, done), self._shell)


async def _handle(act: Act, record: Record, shell: Shell) -> None:
    begun = shell.clock.monotonic()
    try:
        answers = await attempted(lambda: act(record), shell)
        with foreseen(shell):
            await send(answers, shell)
    except PermanentError as error:
        await park(record, error, shell)
        return
    kind = (wire_name(record.headers) or b"").decode(errors="replace")
    shell.meter.count(HANDLED, service=shell.service, type=kind, outcome="handled")
    shell.meter.observe(HANDLING, shell.clock.monotonic() - begun, service=shell.service, type=kind)
    shell.log.info("message_handled", type=kind, key=record.key, offset=record.offset, sent=len(answers))
