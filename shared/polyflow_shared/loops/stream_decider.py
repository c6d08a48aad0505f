"""How a decider with derived state runs on Faust: one record after the other, send, save, acknowledge.

The order is that of `decider.py`, and so is what a crash between two steps does: the record comes again.
There is no barrier, and there are no timers: what a stale process writes here could be derived again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from polyflow_shared.broker import codec
from polyflow_shared.broker.faust import FaustRows, FaustStream
from polyflow_shared.broker.kafka import KafkaBroker, KafkaConfig
from polyflow_shared.broker.lag import LagGauge, Stalls, Standing
from polyflow_shared.broker.port import Place, Record
from polyflow_shared.deciding.decision import Decision
from polyflow_shared.deciding.rows import Row, RowCodec, TimerRow
from polyflow_shared.errors import BrokerUnavailableError, InvariantError, PermanentError, TopicError
from polyflow_shared.loops.decider import Decider
from polyflow_shared.loops.service import Shell, first_failure, foreseen, park, send
from polyflow_shared.observing.metrics import BATCH_RECORDS, BATCH_SECONDS, HANDLED, ROWS
from polyflow_topics.message import Message

PULSE: Final = 5.0
"""Seconds between two looks at the lag."""
STALL: Final = 30.0
"""Seconds without a record of a partition handled, while there are some, after which the process ends: that
Faust has passed over the last one shows in no other way."""


async def run_stream_decider(
    decider: Decider, broker: KafkaBroker, config: KafkaConfig, shell: Shell, *, group: str, member: str
) -> None:
    """Serve for ever.

    Raises:
        BrokerUnavailableError: a row is not known to be saved, or Faust has given up; restart.
        TopicError: a topic is missing, or the two are partitioned differently.
    """
    counts = {await broker.partitions(topic) for topic in (decider.inbox, decider.changelog)}
    if len(counts) > 1:
        raise TopicError(f"{decider.inbox} and {decider.changelog} have different numbers of partitions")
    stream = FaustStream(config, topic=decider.inbox, changelog=decider.changelog, group=group, member=member)
    turns = _Turns(decider, stream.rows, shell)
    await first_failure(
        {asyncio.ensure_future(stream.run(turns.handle)), asyncio.ensure_future(_pulse(stream, shell))}
    )


async def _pulse(stream: FaustStream, shell: Shell) -> None:
    """Give signs of life; end what has records of a partition and handles none of them.

    Raises:
        BrokerUnavailableError: Faust hands nothing on, though there is something: a restart helps.
    """
    await stream.started.wait()
    gauge, stalls = LagGauge(shell.meter, shell.service), Stalls(STALL)
    while True:
        try:
            standing = await stream.standing()
        except BrokerUnavailableError as error:
            shell.log.warning("lag_not_known", error=str(error))
            stalls.forget()
        else:
            gauge.show({place: one.lag for place, one in standing.items()})
            await _end_if_stalled(stream, standing, stalls.look(standing, shell.clock.monotonic()))
        shell.beat()
        await shell.clock.sleep(PULSE)


async def _end_if_stalled(
    stream: FaustStream, standing: Mapping[Place, Standing], stalled: Sequence[Place]
) -> None:
    for place in stalled:
        if await stream.waits(place, standing[place]):
            topic, number = place
            waiting = standing[place].lag
            raise BrokerUnavailableError(
                f"no record of {topic}/{number} was handled for {STALL:.0f} s, and {waiting} are waiting"
            )


class _Decoded:
    """Rows as a core reads them."""

    def __init__(self, rows: FaustRows, rows_codec: RowCodec) -> None:
        self._rows = rows
        self._codec = rows_codec

    def get(self, key: str) -> Row | None:
        value = self._rows.get(key)
        return None if value is None else self._codec.decode(value)


class _Turns:
    """What is done with one record."""

    def __init__(self, decider: Decider, rows: FaustRows, shell: Shell) -> None:
        self._decider = decider
        self._rows = rows
        self._decoded = _Decoded(rows, decider.rows)
        self._shell = shell

    async def handle(self, record: Record) -> None:
        """Decide, send, save; when this returns, the record is acknowledged."""
        begun = self._shell.clock.monotonic()
        try:
            with foreseen(self._shell):
                message = codec.decode(record)
                decision = self._decider.decide(self._decoded, message, record.at)
                stored = self._stored(decision)
                await send(decision.messages, self._shell)
        except PermanentError as error:
            await park(record, error, self._shell)
            return
        await self._decider.step("sent")
        await self._rows.save(record.partition, stored)
        await self._decider.step("saved")
        self._measure(message, decision, begun)

    def _stored(self, decision: Decision) -> dict[str, bytes | None]:
        if any(isinstance(row, TimerRow) for row in decision.writes.values()):
            raise InvariantError("a decider with timers does not run on Faust")
        encode = self._decider.rows.encode
        return {key: None if row is None else encode(row) for key, row in decision.writes.items()}

    def _measure(self, message: Message, decision: Decision, begun: float) -> None:
        meter, service = self._shell.meter, self._shell.service
        labels: dict[str, Any] = {"service": service}
        meter.count(HANDLED, type=message.WIRE, outcome="handled", **labels)
        meter.observe(BATCH_SECONDS, self._shell.clock.monotonic() - begun, **labels)
        meter.observe(BATCH_RECORDS, 1, **labels)
        meter.set(ROWS, len(self._rows), **labels)
        if self._decider.observe is not None:
            self._decider.observe(message, decision, self._shell.clock.now())
        self._shell.log.debug("message_handled", type=message.WIRE, sent=len(decision.messages))
        self._shell.beat()
