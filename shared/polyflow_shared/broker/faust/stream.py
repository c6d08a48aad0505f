"""One member of a consumer group, from its start to the first error."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NoReturn

from aiokafka import AIOKafkaConsumer

from polyflow_shared.broker.codec import from_timestamp
from polyflow_shared.broker.faust.app import app_of
from polyflow_shared.broker.faust.rows import FaustRows
from polyflow_shared.broker.kafka import KafkaBroker
from polyflow_shared.broker.kafka.config import KafkaConfig
from polyflow_shared.broker.kafka.errors import our_errors
from polyflow_shared.broker.lag import Standing
from polyflow_shared.broker.port import Log, Place, Record
from polyflow_shared.errors import BrokerUnavailableError, FencedError

Handle = Callable[[Record], Awaitable[None]]
"""Do everything that a record asks for.  Safe to repeat."""

_BUFFER: Final = 131_072
"""Records of the changelog that are read ahead while rows are restored."""
_RAW: Final[Mapping[str, Any]] = {
    "key_type": bytes,
    "value_type": bytes,
    "key_serializer": "raw",
    "value_serializer": "raw",
}


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
        self._app = app_of(config, group, member)
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
