"""polyflow's services on Apache Kafka, as a user reaches them: requests out, run events in."""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Final, Self

from pydantic import ValidationError

from polyflow.events.hooks import Following
from polyflow.events.recording import LoggedMessage, of_broker
from polyflow.requests.ids import new_id
from polyflow.requests.orders import SOURCE, Request
from polyflow_shared.broker import codec
from polyflow_shared.broker.kafka import KafkaBroker, KafkaConfig
from polyflow_shared.broker.partitioner import partition_of
from polyflow_shared.broker.port import Outgoing
from polyflow_shared.broker.security import KafkaSecurity
from polyflow_shared.clock import SystemClock
from polyflow_shared.errors import SettingsError
from polyflow_shared.hosting.settings import KafkaSecuritySettings, wrong_settings
from polyflow_topics import catalog
from polyflow_topics.envelope import write_headers
from polyflow_topics.events import RequestAnswered
from polyflow_topics.message import Message
from polyflow_topics.names import RunId
from polyflow_topics.operating import RunRequest
from polyflow_topics.queues import ListQueues, QueuesListed
from polyflow_topics.requests import RequestPipeline, StopPipeline
from polyflow_topics.results import MAX_RESULTS, ForgetResults

_EVENTS: Final = catalog.RUN_EVENTS.name
ANSWER_WITHIN: Final = 10.0
"""Seconds that the answer to a request is waited for."""


class KafkaRuns:
    """Publishes requests and stops, and follows runs."""

    def __init__(self, bootstrap_servers: str, *, prefix: str = "") -> None:
        """Reach the broker when it is first needed, as safely as the variables POLYFLOW_KAFKA_… say.

        Raises:
            SettingsError: one of them has a value that it cannot have.
        """
        config = KafkaConfig(
            bootstrap_servers=bootstrap_servers,
            named_by="--kafka, or POLYFLOW_KAFKA",
            prefix=prefix,
            security=kafka_security(),
        )
        self.address = bootstrap_servers
        self.broker = KafkaBroker(config)
        self._clock = SystemClock()

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        await self.broker.close()

    async def publish(self, request: Request) -> None:
        """Publish a pipeline request.

        Raises:
            BrokerUnavailableError: it is not known to be written; publishing it again under its id is safe.
        """
        at = self._clock.now()
        headers = write_headers(RequestPipeline.WIRE, identity=request.id, source=request.source, at=at)
        sink = await self.broker.sink("user")
        await sink.send([Outgoing(catalog.PIPELINE_REQUESTS.name, request.id, request.body, headers)])

    async def stop(self, run: RunId, *, reason: str = "Stopped", message: str = "") -> None:
        """Publish the wish to end a run."""
        await self.tell(StopPipeline(run=run, request=new_id(), reason=reason, message=message))

    async def ask(self, message: RunRequest) -> RequestAnswered | None:
        """Publish a request about a run, and return the answer; None if there is none in time.

        Raises:
            BrokerUnavailableError: it is not known to be written; publishing it again under its id is safe.
        """
        start = await self.now(message.run)
        await self.tell(message)
        try:
            async with (
                asyncio.timeout(ANSWER_WITHIN),
                aclosing(self.follow(message.run, start=start)) as told,
            ):
                async for events in told:
                    for event in events:
                        if isinstance(event, RequestAnswered) and event.request == message.request:
                            return event
        except TimeoutError:
            pass
        return None

    async def tell(self, message: RunRequest) -> None:
        """Publish a request about a run, and wait for no answer."""
        sink = await self.broker.sink("user")
        await sink.send([codec.encode(message, source=SOURCE, at=self._clock.now())])

    async def forget(self, results: Sequence[str]) -> None:
        """Publish the wish that nobody uses certain cached results any more."""
        sink = await self.broker.sink("user")
        at = self._clock.now()
        for some in range(0, len(results), MAX_RESULTS):
            forget = ForgetResults(results=tuple(results[some : some + MAX_RESULTS]))
            await sink.send([codec.encode(forget, source=SOURCE, at=at)])

    async def queues(self) -> QueuesListed | None:
        """Ask admission how the queues stand; return None if there is no answer in time.

        Raises:
            BrokerUnavailableError: the broker does not answer.
        """
        asked = ListQueues(request=new_id())
        log = await self.broker.log("user")
        start = await log.end(catalog.QUEUE_EVENTS.name, 0)
        sink = await self.broker.sink("user")
        await sink.send([codec.encode(asked, source=SOURCE, at=self._clock.now())])
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                async for records in log.follow(catalog.QUEUE_EVENTS.name, 0, start=start):
                    for message in map(codec.decode, records):
                        if isinstance(message, QueuesListed) and message.request == asked.request:
                            return message
        except TimeoutError:
            pass
        return None

    async def now(self, run: RunId) -> int:
        """Return the place among the events from which nothing of a run that is requested later is missed."""
        log = await self.broker.log("user")
        return await log.end(_EVENTS, await self.partition(run))

    async def everywhere(self) -> Mapping[int, int]:
        """Return that place of each partition: for a run, and for the runs that will follow from it."""
        log = await self.broker.log("user")
        partitions = range(await self.broker.partitions(_EVENTS))
        ends = await asyncio.gather(*(log.end(_EVENTS, partition) for partition in partitions))
        return dict(zip(partitions, ends, strict=True))

    async def follow(self, run: RunId, *, start: int = 0) -> AsyncGenerator[Sequence[Message], None]:
        """Yield a run's events from a place on, those that the broker has kept, as they come, for ever."""
        log = await self.broker.log("user")
        async for records in log.follow(_EVENTS, await self.partition(run), start=start):
            if events := [codec.decode(record) for record in records if record.key == run]:
                yield events

    async def until_ended(
        self, runs: Iterable[RunId], places: Mapping[int, int]
    ) -> AsyncGenerator[Sequence[Message], None]:
        """Yield the events of runs, as they come, until all of these have ended.

        Args:
            runs: they are followed one partition after the other, for all have to end.
            places: where in each partition to begin; where none is named, with what the broker has kept.
        """
        log = await self.broker.log("user")
        for partition, some in (await self._together(runs)).items():
            following = Following(some)
            async for records in log.follow(_EVENTS, partition, start=places.get(partition, 0)):
                if events := [codec.decode(record) for record in records if record.key in some]:
                    following.note(events)
                    yield events
                if not following.open:
                    break

    async def so_far(self, *runs: RunId) -> Sequence[Message]:
        """Return the events of runs, as far as the broker has kept them; those of each run in order."""
        log = await self.broker.log("user")
        found: list[Message] = []
        for partition, some in (await self._together(runs)).items():
            end = await log.end(_EVENTS, partition)
            async for records in log.read(_EVENTS, partition, start=0, end=end):
                found += [codec.decode(record) for record in records if record.key in some]
        return found

    async def partition(self, run: RunId) -> int:
        """Return the partition that has a run's events."""
        return partition_of(run, await self.broker.partitions(_EVENTS))

    async def _together(self, runs: Iterable[RunId]) -> Mapping[int, set[RunId]]:
        """Return runs by the partitions that have their events."""
        partitions = await self.broker.partitions(_EVENTS)
        found: dict[int, set[RunId]] = {}
        for run in runs:
            found.setdefault(partition_of(run, partitions), set()).add(run)
        return found


def runs_on(kafka: str) -> KafkaRuns:
    """Return the runs behind a broker whose topics have the prefix that POLYFLOW_PREFIX says."""
    return KafkaRuns(kafka, prefix=os.environ.get("POLYFLOW_PREFIX", ""))


async def recorded(kafka: str, run: RunId) -> Sequence[LoggedMessage]:
    """Return the records of a run that the broker still keeps, commands to clusters left out."""
    async with runs_on(kafka) as runs:
        return await of_broker(runs.broker, run)


def kafka_security() -> KafkaSecurity:
    """Return the security that the variables POLYFLOW_KAFKA_… ask for.

    Raises:
        SettingsError: one of them has a value that it cannot have.
    """
    try:
        return KafkaSecuritySettings().security
    except ValidationError as error:
        raise SettingsError("\n".join(wrong_settings(error))) from error
