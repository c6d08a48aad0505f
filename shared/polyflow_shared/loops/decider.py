"""How a decider runs, partition by partition: take, decide, send, save, apply, commit.

Sending comes before saving: saved first, a command that was not sent would be lost for ever, for the
repeated message looks handled.  Sent first, a crash repeats it, and every command is safe to repeat.  A
send or save that fails ends the process without a commit; the next owner reads the same records again.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from polyflow_shared.broker import codec
from polyflow_shared.broker.port import Broker, Log, Outgoing, Record, Source
from polyflow_shared.deciding.decision import Decide, Decision
from polyflow_shared.deciding.rows import Overlay, Row, RowCodec, StoredRows, TimerRow
from polyflow_shared.errors import FencedError, PermanentError
from polyflow_shared.loops.changelog import Changelog, Pieces
from polyflow_shared.loops.service import ROUND, Intake, Shell, finish, first_failure, foreseen, park
from polyflow_shared.loops.timers import Timers
from polyflow_shared.observing.metrics import (
    BATCH_RECORDS,
    BATCH_SECONDS,
    HANDLED,
    RESTORE_SECONDS,
    RESTORED,
    ROWS,
    SENT,
    STALE_ROWS,
    TIMERS_FIRED,
)
from polyflow_topics.inbox import TimerFired
from polyflow_topics.message import Message

IDLE_CHECK: Final = 60.0
"""Seconds after which an owner looks for foreign records in its changelog, if it has nothing else to do."""

Observe = Callable[[Message, Decision, datetime], None]
"""Told of each decision when its messages are on the broker, and when that was."""
Recount = Callable[[Iterable[StoredRows]], None]
"""Told of the rows of all owned partitions when other partitions are owned than before."""


async def no_step(_: str) -> None:
    """Do nothing between two steps of the loop."""


@dataclass(frozen=True)
class Decider:
    """What makes a decider out of the loop."""

    decide: Decide
    rows: RowCodec
    inbox: str
    """The topic that it reads."""
    changelog: str
    """The topic that keeps its rows: as many partitions as the inbox."""
    recovered: Callable[[Iterable[str]], Sequence[Message]] = lambda _: ()
    """What it says to itself after a restart, given the keys of its rows."""
    observe: Observe | None = None
    recount: Recount | None = None
    session_timeout: float = 30.0
    """Seconds without a sign of life after which the broker gives the partitions to somebody else."""
    step: Callable[[str], Awaitable[None]] = no_step
    """Called between any two steps with the name of the one before: where fault tests let the process die."""


async def run_decider(decider: Decider, broker: Broker, shell: Shell, *, group: str, member: str) -> None:
    """Serve for ever.

    Raises:
        BrokerUnavailableError: a send or save is not known to have succeeded; restart.
        FencedError: somebody else owns the partitions.
        OffsetsLostError: the consumer group has lost its offsets.
    """
    loop = _Loop(decider, await broker.log(shell.service), shell)
    source = await broker.source([decider.inbox], group=group, member=member, ownership=loop)
    tasks = {asyncio.ensure_future(loop.timers.run()), asyncio.ensure_future(loop.run(source))}
    try:
        await first_failure(tasks)
    finally:
        await source.close()


class _Changes:
    """What the decisions of a batch change in one partition: as cores read it, and as it is saved."""

    def __init__(self, rows: StoredRows) -> None:
        self.overlay: Overlay[Row] = Overlay(rows)
        self.stored = Pieces(rows.codec)

    def apply(self, writes: Mapping[str, Row | None]) -> None:
        # First what may fail: of a decision that cannot be stored nothing is kept.
        self.stored.add(writes)
        self.overlay.apply(writes)


class _Loop:
    """The partitions that this process owns, and one round of the loop."""

    def __init__(self, decider: Decider, log: Log, shell: Shell) -> None:
        self.timers = Timers(shell.clock, self._fire)
        self._decider = decider
        self._log = log
        self._shell = replace(shell, beat=self._beat)
        self._beat_outside = shell.beat
        self._owned: dict[int, Changelog] = {}
        self._last = shell.clock.monotonic()
        self._checked = self._last

    # Ownership

    async def assigned(self, partitions: Sequence[int], fresh: Collection[int]) -> None:
        """Take partitions over: barrier, rows, timers, open commands."""
        for partition in partitions:
            begun = self._shell.clock.monotonic()
            changelog = Changelog(self._log, self._decider.changelog, partition, self._decider.rows)
            await changelog.take_over(fresh=partition in fresh)
            await self._decider.step("taken_over")
            self._owned[partition] = changelog
            await self._resume(partition, changelog)
            await self._decider.step("resumed")
            self._measure_restore(changelog, self._shell.clock.monotonic() - begun)
        self._recount()
        self._last = self._shell.clock.monotonic()

    async def revoked(self, partitions: Sequence[int]) -> None:
        """Forget partitions that somebody else owns by now."""
        for partition in partitions:
            self._owned.pop(partition, None)
            self.timers.drop(partition)
        self._recount()

    async def _resume(self, partition: int, changelog: Changelog) -> None:
        decoded = changelog.rows.codec.decode
        keys = []
        timers: dict[str, Row | None] = {}
        for key, value in changelog.rows.items():
            keys.append(key)
            if "/timer/" in key and isinstance(row := decoded(value), TimerRow):
                timers[key] = row
        self.timers.note(partition, timers)
        await self._send(self._encoded(self._decider.recovered(keys), self._shell.clock.now()))

    def _measure_restore(self, changelog: Changelog, seconds: float) -> None:
        meter, service = self._shell.meter, self._shell.service
        meter.count(RESTORED, changelog.read, service=service)
        meter.count(STALE_ROWS, changelog.stale, service=service)
        meter.observe(RESTORE_SECONDS, seconds, service=service)
        self._shell.log.info(
            "partition_taken_over", rows=len(changelog.rows), read=changelog.read, stale=changelog.stale
        )

    # The loop

    async def run(self, source: Source) -> None:
        """Handle batches for ever."""
        wait = min(ROUND, self._decider.session_timeout / 3)
        intake = Intake(source, self._shell)
        while True:
            records = await intake.take(wait)
            self._refuse_if_away()
            if records:
                await finish(self._handle_batch(records, source))
            await self._look_for_others()

    async def _handle_batch(self, records: Sequence[Record], source: Source) -> None:
        begun = self._shell.clock.monotonic()
        await self._decider.step("taken")
        await self._handle(records)
        await source.commit()
        await self._decider.step("committed")
        self._measure_round(records, begun)

    def _beat(self) -> None:
        self._last = self._shell.clock.monotonic()
        self._beat_outside()

    def _refuse_if_away(self) -> None:
        # Each try to take records is a beat: who waits for the broker is awake, and who stood still is not.
        away = self._shell.clock.monotonic() - self._last
        if away > self._decider.session_timeout:
            raise FencedError(
                f"this process was away for {away:.0f} s: its partitions belong to others by now"
            )

    async def _handle(self, records: Sequence[Record]) -> None:
        changes: dict[int, _Changes] = {}
        pairs: list[tuple[Message, Decision]] = []
        said: list[Outgoing] = []
        for record in records:
            if record.partition not in changes:
                changes[record.partition] = _Changes(self._owned[record.partition].rows)
            decided = await self._decide(record, changes[record.partition], records[-1].at)
            if decided is not None:
                message, decision, outgoing = decided
                pairs.append((message, decision))
                said += outgoing
        self._refuse_if_away()
        await self._send(said)
        self._observe(pairs)
        await self._decider.step("sent")
        await asyncio.gather(*(self._save(partition, change) for partition, change in changes.items()))
        await self._decider.step("saved")

    async def _decide(
        self, record: Record, changes: "_Changes", at: datetime
    ) -> tuple[Message, Decision, Sequence[Outgoing]] | None:
        """Return what was read, decided and is to be said at this time; None of a record that is parked."""
        try:
            with foreseen(self._shell):
                message = codec.decode(record)
                decision = self._decider.decide(changes.overlay, message, record.at)
                said = self._encoded(decision.messages, at)
                changes.apply(decision.writes)
                return message, decision, said
        except PermanentError as error:
            await park(record, error, self._shell)
            return None

    def _encoded(self, messages: Sequence[Message], at: datetime) -> Sequence[Outgoing]:
        name = self._shell.name
        return [codec.encode(message, source=name, at=at) for message in messages]

    async def _send(self, records: Sequence[Outgoing]) -> None:
        if records:
            await self._shell.sink.send(records)

    async def _save(self, partition: int, changes: "_Changes") -> None:
        for piece in changes.stored.pieces:
            await self._owned[partition].append(piece)
        self.timers.note(partition, changes.overlay.writes)

    async def _look_for_others(self) -> None:
        now = self._shell.clock.monotonic()
        if now - self._checked >= IDLE_CHECK:
            self._checked = now
            for changelog in self._owned.values():
                await changelog.check()

    async def _fire(self, timer: TimerFired) -> None:
        await self._send(self._encoded([timer], self._shell.clock.now()))
        self._shell.meter.count(TIMERS_FIRED, service=self._shell.service)

    # Numbers

    def _recount(self) -> None:
        if self._decider.recount is not None:
            self._decider.recount(changelog.rows for changelog in self._owned.values())
        self._measure_rows()

    def _measure_rows(self) -> None:
        count = sum(len(changelog.rows) for changelog in self._owned.values())
        self._shell.meter.set(ROWS, count, service=self._shell.service)

    def _observe(self, pairs: Sequence[tuple[Message, Decision]]) -> None:
        if not self._shell.meter.active:
            return
        meter, service = self._shell.meter, self._shell.service
        # Counted by kind first: a call for each message would cost as much as deciding.
        for wire, count in Counter(message.WIRE for message, _ in pairs).items():
            meter.count(HANDLED, count, service=service, type=wire, outcome="handled")
        for wire, count in Counter(sent.WIRE for _, one in pairs for sent in one.messages).items():
            meter.count(SENT, count, service=service, type=wire)
        now = self._shell.clock.now()
        for message, decision in pairs:
            if self._decider.observe is not None:
                self._decider.observe(message, decision, now)

    def _measure_round(self, records: Sequence[Record], begun: float) -> None:
        meter, service = self._shell.meter, self._shell.service
        seconds = self._shell.clock.monotonic() - begun
        # One line a batch: a line a message would cost more than the decision itself.
        self._shell.log.info("batch_handled", records=len(records), seconds=round(seconds, 4))
        if meter.active:
            meter.observe(BATCH_SECONDS, seconds, service=service)
            meter.observe(BATCH_RECORDS, len(records), service=service)
            self._measure_rows()
