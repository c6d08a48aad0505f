"""What every loop of a service is made of: take, decode, act, send, commit; and every reaction to an error.

Sending comes before committing: a crash between the two repeats answers, and never loses them.  The loop of
an effector is in `effector.py`, that of a decider in `decider.py`.
"""

import asyncio
import errno
import random
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from polyflow_shared.broker import codec
from polyflow_shared.broker.lag import LagGauge
from polyflow_shared.broker.port import Record, Sink, Source
from polyflow_shared.clock import Clock, backoff
from polyflow_shared.errors import (
    BrokerUnavailableError,
    PermanentError,
    PolyflowError,
    TransientError,
    UnforeseenError,
)
from polyflow_shared.observing.logs import Log
from polyflow_shared.observing.metrics import BROKER_UNAVAILABLE, DEAD_LETTERS, HANDLED, SENT, Meter
from polyflow_topics.dead_letters import DeadLetter
from polyflow_topics.envelope import source_of
from polyflow_topics.message import Message

T = TypeVar("T")

Act = Callable[[Record], Awaitable[Sequence[Message]]]
"""Do what a record asks for; return the answers.  Safe to repeat."""
ActOnMessage = Callable[[Message, datetime], Awaitable[Sequence[Message]]]
"""Do what a message asks for, which the log dates so; return the answers.  Safe to repeat."""
ActOnMany = Callable[[Sequence[tuple[Message, Record]]], Awaitable[None]]
"""Take in several messages at once.  Safe to repeat."""

TAKE: Final = 500
"""Records taken at once, at most."""
FIRST_RETRY: Final = 0.2
"""Seconds before a transient error is tried again for the first time; doubles each time."""
LONGEST_RETRY: Final = 30.0
ROUND: Final = 5.0
"""Seconds that a loop waits for records before it comes round."""
FINISH_WITHIN: Final = 5.0
"""Seconds that a batch may take to its end after its loop was told to end; cut off, it comes again."""
LAG_EVERY: Final = 10.0
"""Seconds between two looks at the lag."""
TRIES: Final = 3
"""How often an effector tries what fails unforeseen, before its record is set aside."""
TEXT: Final = 2_000
"""Characters of an unforeseen error that its dead letter has, at most."""

_OF_THE_MACHINE: Final = frozenset(
    {
        errno.EDQUOT,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.EROFS,
    }
)
"""A full disk, say: every record would fail, and none of them is to blame."""


@dataclass(frozen=True)
class Shell:
    """What a loop needs around its service."""

    service: str
    """The service's name, as the catalogue spells it."""
    sink: Sink
    clock: Clock
    meter: Meter
    log: Log
    beat: Callable[[], None] = lambda: None
    """Told each time that the loop comes round."""
    stumble: Callable[[], None] = lambda: None
    """Told instead while a batch has to be tried again, and nothing else can be done meanwhile."""
    parks_unforeseen: bool = False
    """Whether a record on which our own code fails unforeseen is set aside, so that those behind it go on.
    The loop ends otherwise: whoever waits for one run only should hear of it at once."""

    @property
    def name(self) -> str:
        """The CloudEvents source of what the service says."""
        return source_of(self.service)


def on_message(act: ActOnMessage) -> Act:
    """Return an act on records from one on messages."""

    async def decoded(record: Record) -> Sequence[Message]:
        return await act(codec.decode(record), record.at)

    return decoded


async def run_batches(act: ActOnMany, source: Source, shell: Shell) -> None:
    """Serve for ever a service that takes in many messages at once, such as a read model."""
    intake = Intake(source, shell)

    async def handle(records: Sequence[Record]) -> None:
        await _handle_batch(act, records, shell)
        await persist(source.commit, shell)

    while True:
        if records := await intake.take():
            await finish(handle(records))


async def run_watcher(observed: AsyncIterator[Sequence[Message]], shell: Shell) -> None:
    """Publish what a service observes in the world, for as long as it observes."""
    while (messages := await _observation(observed, shell)) is not None:
        await finish(send(messages, shell))
        shell.log.debug("observed", sent=len(messages))


async def _observation(observed: AsyncIterator[Sequence[Message]], shell: Shell) -> Sequence[Message] | None:
    """Return what is observed next, or None at the end; a quiet world is no sign of a stuck loop."""
    waiting = asyncio.ensure_future(anext(observed, None))
    try:
        while not waiting.done():
            shell.beat()
            await asyncio.wait({waiting}, timeout=ROUND)
        return waiting.result()
    finally:
        waiting.cancel()


async def send(messages: Sequence[Message], shell: Shell) -> None:
    """Publish messages; try again until the broker has them all."""
    if not messages:
        return
    at = shell.clock.now()
    records = [codec.encode(message, source=shell.name, at=at) for message in messages]
    await persist(lambda: shell.sink.send(records), shell)
    if shell.meter.active:
        for message in messages:
            shell.meter.count(SENT, service=shell.service, type=message.WIRE)


@contextmanager
def foreseen(shell: Shell) -> Iterator[None]:
    """Make any error of our own code, while it handles a record, one that sets this record aside.

    What the machine is to blame for ends the process still, as does everything where the shell parks nothing.

    Raises:
        UnforeseenError: instead of what nobody foresaw.
    """
    try:
        yield
    except (PolyflowError, MemoryError):
        raise
    except Exception as error:
        if not shell.parks_unforeseen or getattr(error, "errno", None) in _OF_THE_MACHINE:
            raise
        text = f"{type(error).__name__}: {error}"[:TEXT]
        # Half of a surrogate pair, which a message may be about, cannot be written.
        raise UnforeseenError(text.encode(errors="backslashreplace").decode()) from error


async def attempted(act: Callable[[], Awaitable[T]], shell: Shell) -> T:
    """Return what `act` returns, trying what fails unforeseen again, for it may come of the world.

    Raises:
        UnforeseenError: it failed each time.
    """
    failures = 0
    while True:
        try:
            with foreseen(shell):
                return await persist(act, shell)
        except UnforeseenError as error:
            failures += 1
            if failures == TRIES:
                raise
            await _wait(failures, error, shell)


async def park(record: Record, error: PermanentError, shell: Shell) -> None:
    """Set a record aside on the dead-letter topic, with its reason."""
    letter = DeadLetter(
        service=shell.service,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        reason=error.reason,
        message=str(error),
        record_key=record.key,
        headers={name: value.decode(errors="replace") for name, value in record.headers},
        value=b64encode(record.value or b"").decode(),
        at=shell.clock.now(),
    )
    await send([letter], shell)
    shell.meter.count(DEAD_LETTERS, service=shell.service, reason=error.reason)
    shell.meter.count(HANDLED, service=shell.service, type="", outcome="parked")
    keys: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "reason": error.reason,
        "error": str(error),
    }
    if isinstance(error, UnforeseenError):
        shell.log.error("message_parked", cause=error.__cause__, **keys)
    else:
        shell.log.warning("message_parked", **keys)


async def persist(attempt: Callable[[], Awaitable[T]], shell: Shell) -> T:
    """Return what `attempt` returns, trying again after transient errors, waiting longer each time.

    The broker's are counted as such; any other comes of what a message asks for, such as of the cluster.
    """
    failures = 0
    while True:
        try:
            return await attempt()
        except TransientError as error:
            failures += 1
            if isinstance(error, BrokerUnavailableError):
                shell.meter.count(BROKER_UNAVAILABLE, service=shell.service)
            else:
                shell.meter.count(HANDLED, service=shell.service, type="", outcome="retried")
            await _wait(failures, error, shell)


async def _wait(failures: int, error: PolyflowError, shell: Shell) -> None:
    """Wait until what has failed so often is tried again."""
    seconds = backoff(failures, first=FIRST_RETRY, cap=LONGEST_RETRY) * random.uniform(0.5, 1.0)
    shell.log.warning("tried_again", failures=failures, seconds=round(seconds, 2), error=str(error))
    await shell.clock.sleep(seconds)
    shell.beat()


async def finish(work: Coroutine[Any, Any, T]) -> T:
    """Await work that should not be cut in two: when cancelled, let it end if it does so soon."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    finally:
        if not task.done():
            try:
                await asyncio.wait({task}, timeout=FINISH_WITHIN)
            finally:
                task.cancel()


class Intake:
    """Takes records over and over; each time it comes round, or tries again, it shows that the loop lives."""

    def __init__(self, source: Source, shell: Shell) -> None:
        """Take from this source."""
        self._source = source
        self._shell = shell
        self._lag_due = shell.clock.monotonic()
        self._gauge = LagGauge(shell.meter, shell.service)

    async def take(self, wait: float = ROUND, limit: int = TAKE) -> Sequence[Record]:
        """Return the next records, at most `limit`, or none when there were none for `wait` seconds."""
        await self._measure_lag()
        return await self._tried(lambda: self._source.take(limit, wait=wait))

    async def _measure_lag(self) -> None:
        now = self._shell.clock.monotonic()
        if self._shell.meter.active and now >= self._lag_due:
            # On Kafka this is a request of its own, too dear for every batch.
            self._lag_due = now + LAG_EVERY
            self._gauge.show(await self._tried(self._source.lag))

    async def _tried(self, ask: Callable[[], Awaitable[T]]) -> T:
        async def asked() -> T:
            self._shell.beat()
            return await ask()

        return await persist(asked, self._shell)


async def first_failure(tasks: Collection[asyncio.Future[None]]) -> None:
    """Wait for tasks that should run for ever; when one fails, end the others and raise its error."""
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _handle_batch(act: ActOnMany, records: Sequence[Record], shell: Shell) -> None:
    decoded = [pair for record in records if (pair := await _decoded(record, shell)) is not None]
    stumbling = replace(shell, beat=shell.stumble)
    try:
        with foreseen(shell):
            await persist(lambda: act(decoded), stumbling)
    except UnforeseenError:
        decoded = [pair for pair in decoded if await _alone(act, pair, stumbling)]
    if shell.meter.active:
        for message, _ in decoded:
            shell.meter.count(HANDLED, service=shell.service, type=message.WIRE, outcome="handled")
    shell.log.info("batch_handled", records=len(records))


async def _alone(act: ActOnMany, pair: tuple[Message, Record], shell: Shell) -> bool:
    """Take in one message of a batch that failed; return False if it is the one to set aside."""
    try:
        await attempted(lambda: act([pair]), shell)
    except UnforeseenError as error:
        await park(pair[1], error, shell)
        return False
    return True


async def _decoded(record: Record, shell: Shell) -> tuple[Message, Record] | None:
    try:
        with foreseen(shell):
            return codec.decode(record), record
    except PermanentError as error:
        await park(record, error, shell)
        return None
