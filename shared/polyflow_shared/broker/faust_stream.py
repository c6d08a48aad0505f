"""A topic read through Faust, with a table whose rows are in a changelog.  Faust is imported here alone.

Left to itself, Faust 0.15.3 loses records: it acknowledges one whose handler has raised, starts the agent
again behind it, and does not look at what became of the changelog's records.  So here a record is
acknowledged by hand, after its handler has returned; the first error ends the stream, and the agent is not
started again; and a row has changed when the broker has acknowledged it.

Around a rebalance it drops records that nobody may fetch again: what is in its queues when they are opened
a second time, and what was fetched before, which it even acknowledges (`Stream`: "Skipping message").  So
queues are opened once, and its consumer is told where to begin; should it pass over a record all the same,
the stream ends, and nothing is committed behind it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, Final, NoReturn

import faust
from aiokafka import AIOKafkaConsumer
from faust.transport.drivers.aiokafka import Consumer
from mode.utils.queues import FlowControlEvent

from polyflow_shared.broker.in_order import InOrder
from polyflow_shared.broker.kafka import KafkaBroker
from polyflow_shared.broker.kafka.config import KafkaConfig
from polyflow_shared.broker.kafka.errors import our_errors
from polyflow_shared.broker.port import Log, Place, Record
from polyflow_shared.broker.security import KafkaSecurity
from polyflow_shared.codec import from_timestamp
from polyflow_shared.errors import BrokerUnavailableError, FencedError
from polyflow_shared.lag import Standing
from polyflow_topics.catalog import MIB

Handle = Callable[[Record], Awaitable[None]]
"""Do everything that a record asks for.  Safe to repeat."""

_COMMIT_SECONDS: Final = 1.0
_REQUEST_BYTES: Final = 2 * MIB
"""The largest row, and room for what is around it."""
_BUFFER: Final = 131_072
"""Records of the changelog that are read ahead while rows are restored."""
_RAW: Final[Mapping[str, Any]] = {
    "key_type": bytes,
    "value_type": bytes,
    "key_serializer": "raw",
    "value_serializer": "raw",
}


class FaustRows:
    """The rows of all owned partitions, in memory, in their stored form."""

    def __init__(self, table: Any) -> None:
        """Begin with what Faust restores."""
        self._table = table

    def get(self, key: str) -> bytes | None:
        """Return the stored form of a row, or None if there is none."""
        value: bytes | None = self._table.data.data.get(key.encode())
        return value

    def __len__(self) -> int:
        return len(self._table.data.data)

    async def save(self, partition: int, rows: Mapping[str, bytes | None]) -> None:
        """Write changed rows to the changelog; they are in the table when all are acknowledged.

        Raises:
            BrokerUnavailableError: at least one is not known to be written.
            RecordTooLargeError: at least one is larger than the topic takes.
        """
        with our_errors("writing rows"):
            await asyncio.gather(*[await self._sent(key, value, partition) for key, value in rows.items()])
        for key, value in rows.items():
            self._apply(key.encode(), value, partition)

    async def _sent(self, key: str, value: bytes | None, partition: int) -> Awaitable[object]:
        topic = self._table.changelog_topic
        # Not `send`: of its two futures it returns one, and the other one's error is never looked at.
        future: Awaitable[object] = topic.as_future_message(key.encode(), value, partition=partition)
        await topic.publish_message(future)
        return future

    def _apply(self, key: bytes, value: bytes | None, partition: int) -> None:
        store = self._table.data
        if value is None:
            store.data.pop(key, None)
            store._key_partition.pop(key, None)
            return
        store.data[key] = value
        # By this index, Faust drops the rows of a partition that has moved away.
        store._key_partition[key] = partition


class FaustStream:
    """One member of a consumer group that handles a topic's records one after the other."""

    def __init__(self, config: KafkaConfig, *, topic: str, changelog: str, group: str, member: str) -> None:
        """Connect to nothing yet; to be called in the event loop that runs it.

        Args:
            config: how to reach Kafka.
            topic: what to read; it must exist.
            changelog: the topic that keeps the rows; it must exist, with as many partitions.
            group: the consumer group.
            member: this member's name, stable over restarts (static membership).
        """
        self._config = config
        self._app = _app(config, group, member)
        self._name = topic
        self._topic = self._app.topic(config.outer(topic), allow_empty=True, **_RAW)
        log = self._app.topic(config.outer(changelog), acks=False, allow_empty=True, maxsize=_BUFFER, **_RAW)
        self.rows = FaustRows(self._app.Table("rows", changelog_topic=log))
        self.started = asyncio.Event()
        """Set when the rows are restored."""
        self._watching = AIOKafkaConsumer(
            **config.connection(member), group_id=config.outer(group), enable_auto_commit=False
        )
        self._broker = KafkaBroker(config)
        self._log: Log
        self._joined = False
        self._failed: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()

    async def run(self, handle: Handle) -> None:
        """Handle records for ever.

        Raises:
            Exception: what `handle` raised; its record is not acknowledged, and comes again.
            BrokerUnavailableError: Faust has given up.
            FencedError: another process has this member's place.
        """
        self._app.agent(self._topic, name="records")(self._agent(handle))
        self._app.on_partitions_assigned.connect(self._assigned)
        self._app.on_partitions_revoked.connect(self._revoked)
        with our_errors("connecting"):
            await self._watching.start()
        try:
            self._log = await self._broker.log("following")
            await self._until_it_ends()
        finally:
            await self._watching.stop()
            await self._broker.close()
            await self._app.stop()

    async def _until_it_ends(self) -> None:
        starting = asyncio.ensure_future(self._start())
        starting.add_done_callback(self._has_started)
        stopped = asyncio.ensure_future(self._app.wait_until_stopped())
        ends: list[asyncio.Future[Any]] = [self._failed, stopped]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():
                self._failed.result()
            raise BrokerUnavailableError(f"Faust has stopped: {self._app.crash_reason!r}")
        finally:
            starting.cancel()
            stopped.cancel()

    async def standing(self) -> Mapping[Place, Standing]:
        """Return for each owned partition how far the group has come.

        The broker is asked, for Faust itself may have lost sight of a partition.

        Raises:
            BrokerUnavailableError: it is not known now.
        """
        consumer: Any = self._app.consumer
        topic = self._config.outer(self._name)
        owned = [place for place in consumer.assignment() if place.topic == topic]
        with our_errors(f"the lag of group {self._app.conf.id}"):
            async with asyncio.timeout(self._config.request_timeout):
                first = await self._watching.beginning_offsets(owned)
                ends = await self._watching.end_offsets(owned)
                done = {place: await self._watching.committed(place) for place in owned}
        return {
            (self._name, place.partition): Standing(max(first[place], done[place] or 0), ends[place])
            for place in owned
        }

    async def waits(self, place: Place, one: Standing) -> bool:
        """Tell whether there is a record that was not handled: the last offsets may have none, only marks.

        Raises:
            BrokerUnavailableError: it is not known now.
        """
        return await self._first_record(place, one.next, one.end) is not None

    async def _first_record(self, place: Place, start: int, end: int) -> int | None:
        """Return the offset of the first record with start <= offset < end; None if there is none."""
        topic, number = place
        async for records in self._log.read(topic, number, start=start, end=end):
            return records[0].offset
        return None

    async def _start(self) -> None:
        with our_errors("starting"):
            await self._app.start()

    def _has_started(self, starting: asyncio.Future[None]) -> None:
        if starting.cancelled():
            return
        error = starting.exception()
        if error is None:
            self.started.set()
        else:
            # Faust would neither end by itself nor go on.
            self._fail(error)

    def _agent(self, handle: Handle) -> Callable[[Any], Awaitable[None]]:
        async def follow(message: Any) -> None:
            await self._look_behind(message)
            await handle(self._record(message))

        async def records(stream: Any) -> None:
            async for event in stream.noack().events():
                await self._finish(asyncio.ensure_future(follow(event.message)))
                self._app.order.handled(event.message.tp, event.message.offset)
                event.ack()

        return records

    async def _look_behind(self, message: Any) -> None:
        """Return if all records before this one were handled, or are no more.

        Raises:
            BrokerUnavailableError: Faust has passed over some: they come again after a restart.
        """
        following = await self._app.order.following(message.tp)
        if message.offset <= following:
            return
        topic, number = self._config.inner(message.topic), message.partition
        missed = await self._first_record((topic, number), following, message.offset)
        if missed is not None:
            raise BrokerUnavailableError(f"Faust has passed over the record of {topic}/{number} at {missed}")

    async def _assigned(self, *_: Any, **__: Any) -> None:
        self._joined = True

    async def _revoked(self, *_: Any, **__: Any) -> None:
        """End if our place is lost: told so, aiokafka would join again and take it back (`membership.py`)."""
        consumer: Any = self._app.consumer
        thread = consumer._thread
        coordinator = thread._consumer._coordinator
        if self._joined and not coordinator.member_id:
            # This ends what is about to join again, before it is told that we have returned.
            thread.thread_loop.call_soon_threadsafe(coordinator._coordination_task.cancel)
            self._fail(FencedError("another process has this member's place in the group"))

    def _fail(self, error: BaseException) -> None:
        if not self._failed.done():
            self._failed.set_exception(error)

    async def _finish(self, handling: asyncio.Future[None]) -> None:
        """Return when a record has been handled; never, if that failed: Faust would go on behind it."""
        try:
            await asyncio.wait({handling})
        finally:
            handling.cancel()
        error = handling.exception()
        if error is not None:
            self._fail(error)
            await asyncio.Event().wait()

    def _record(self, message: Any) -> Record:
        key: bytes | None = message.key
        return Record(
            self._config.inner(message.topic),
            message.partition,
            message.offset,
            key.decode(errors="backslashreplace") if key else "",
            message.value,
            tuple((name, content or b"") for name, content in message.headers or ()),
            from_timestamp(int(message.timestamp * 1000)),
        )


class _Consumer(Consumer):
    """Faust's consumer, which begins where it should, and commits nothing behind what was not handled."""

    async def on_partitions_assigned(self, assigned: Any, generation_id: int = 0) -> None:
        """Take partitions over, without an idea yet of what comes next of them."""
        self._order.end()
        await super().on_partitions_assigned(assigned, generation_id)

    async def perform_seek(self) -> None:
        """Begin again at what is committed; where nothing is, at the first record.

        Faust asks for this after each rebalance, having dropped what was fetched.  Where nothing is committed
        aiokafka's `seek_to_committed`, which it calls, goes on behind the dropped records.  It asks as well
        when something was fetched that is not wanted now; then rows may not be restored yet.
        """
        await super().perform_seek()
        places = [place for place in self.assignment() if not self._is_changelog_tp(place)]
        committed: dict[Any, int] = {
            place: offset for place in places if (offset := self._read_offset[place])
        }
        first = await self._first(set(places) - set(committed))
        for place, offset in first.items():
            await self.seek(place, offset)
        if self.flow_active:
            self._order.begin({**committed, **first})

    async def _first(self, places: set[Any]) -> dict[Any, int]:
        found: Any = await self.earliest_offsets(*places) if places else {}
        return dict(found)

    def _new_offset(self, tp: Any) -> int | None:
        acknowledged = super()._new_offset(tp)
        return None if acknowledged is None else self._order.committable(tp, acknowledged)

    @property
    def _order(self) -> InOrder:
        app: Any = self.app
        order: InOrder = app.order
        return order


class _Gate(FlowControlEvent):
    """Opens and closes queues; what is in them when it is opened is dropped.

    At the end of recovery Faust opens it once more, when records have come already that nobody fetches again.
    """

    def resume(self) -> None:
        """Open, if it is not open."""
        if not self.is_active():
            super().resume()


class _App(faust.App):
    """Faust without a folder: it makes one though it keeps nothing in it, and a kill would leave that."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        self.order = InOrder()
        super().__init__(*args, **settings)

    def _create_directories(self) -> None:
        pass

    @cached_property
    def flow_control(self) -> Any:
        """What opens and closes all queues."""
        return _Gate(loop=self.loop)

    def _new_consumer(self) -> Any:
        transport: Any = self.transport
        transport.Consumer = _Consumer
        return super()._new_consumer()


def _app(config: KafkaConfig, group: str, member: str) -> _App:
    seconds = config.session_timeout
    return _App(
        config.outer(group),
        broker=[f"kafka://{address}" for address in config.bootstrap_servers.split(",")],
        broker_client_id=config.client,
        broker_credentials=_credentials(config.security),
        consumer_group_instance_id=member,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=seconds,
        broker_heartbeat_interval=min(3.0, seconds / 3),
        broker_request_timeout=max(config.request_timeout, seconds),
        broker_commit_interval=_COMMIT_SECONDS,
        producer_acks=-1,
        producer_request_timeout=config.request_timeout,
        producer_max_request_size=_REQUEST_BYTES,
        producer_compression_type=config.compression,
        store="memory://",
        table_standby_replicas=0,
        stream_recovery_delay=0,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        autodiscover=False,
        web_enabled=False,
    )


def _credentials(security: KafkaSecurity) -> Any:
    """Return the security of a connection in Faust's form, or None where there is none."""
    context = security.context()
    if security.authenticates:
        return faust.SASLCredentials(
            mechanism=security.mechanism,
            username=security.username,
            password=security.password,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None
