"""The broker port on Apache Kafka: creates topics, checks them, and hands out sources, sinks and logs."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    NoError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from polyflow_shared.broker.access import Right
from polyflow_shared.broker.kafka.access import lacking
from polyflow_shared.broker.kafka.config import KafkaConfig
from polyflow_shared.broker.kafka.entering import enter
from polyflow_shared.broker.kafka.errors import ACCESS_HELP, our_errors
from polyflow_shared.broker.kafka.producer import BATCH_BYTES, KafkaSink, Producer
from polyflow_shared.broker.kafka.reader import KafkaLog
from polyflow_shared.broker.kafka.source import KafkaSource
from polyflow_shared.broker.kafka.topics import KafkaTopic, wanted
from polyflow_shared.broker.port import WHOLE_BYTES, Ownership
from polyflow_shared.broker.store import named
from polyflow_shared.clock import Clock, SystemClock
from polyflow_shared.errors import AccessError, BrokerUnavailableError, PolyflowError, TopicError
from polyflow_topics.catalog import Topic

_GLANCE = 0.02
"""Seconds between two looks at whether new topics are known."""


class _Closable(Protocol):
    async def close(self) -> None: ...


class KafkaBroker:
    """Kafka, reached lazily: nothing connects before it is needed."""

    def __init__(self, config: KafkaConfig, *, clock: Clock | None = None) -> None:
        """Remember how to reach it."""
        self._config = config
        self._clock = clock or SystemClock()
        self._admin: AIOKafkaAdminClient | None = None
        self._client: AIOKafkaClient | None = None
        self._entered = False
        self._connecting = asyncio.Lock()
        self._open: list[_Closable] = []

    async def source(
        self, topics: Sequence[str], *, group: str, member: str, ownership: Ownership | None = None
    ) -> KafkaSource:
        """Join a group; return when partitions are assigned and their owner has taken them over."""
        counts = {topic: await self.partitions(topic) for topic in topics}
        if len(set(counts.values())) != 1:
            raise TopicError(f"topics read together differ in their numbers of partitions: {counts}")
        source = KafkaSource(self._config, topics, group=group, member=member, ownership=ownership)
        self._open.append(source)
        try:
            await source.begin()
        except PolyflowError:
            # The caller may try again under the same name, and would fence this one.
            await source.close()
            raise
        return source

    async def sink(self, name: str) -> KafkaSink:
        """Return a new sink with a producer of its own."""
        return KafkaSink(self._config, self._producer(name), self.partitions)

    async def log(self, name: str) -> KafkaLog:
        """Return access to single partitions, with a producer of its own."""
        # Kafka keeps a batch whole or not at all.
        producer = self._producer(name, batch_bytes=WHOLE_BYTES)
        return KafkaLog(self._config, producer, await self._reader(), self._clock)

    async def partitions(self, topic: str) -> int:
        """Return the number of partitions."""
        count = (await self._counts([topic]))[topic]
        if count is None:
            raise TopicError(
                f"topic {self._config.outer(topic)} does not exist on {self._config.bootstrap_servers}; "
                "`polyflow topics create` creates what the catalogue names"
            )
        return count

    async def create(self, topics: Sequence[Topic], *, partitions: int, clusters: Sequence[str]) -> None:
        """Create what is missing, with the catalogue's settings."""
        asked = named(topics, clusters)
        counts = await self._counts([name for name, _ in asked])
        for name, topic in asked:
            count, right = counts[name], topic.partitions or partitions
            if count not in (None, right):
                raise TopicError(f"topic {self._config.outer(name)} has {count} partitions, not {right}")
        missing = [self._new(name, topic, partitions) for name, topic in asked if counts[name] is None]
        if missing:
            await self._create(missing)

    async def found(self, topics: Sequence[str]) -> dict[str, KafkaTopic]:
        """Return the topics that are there, by their names in the catalogue, with all their settings.

        Raises:
            BrokerUnavailableError: Kafka does not answer, or does not let us in.
            AccessError: we may not read the settings.
        """
        with our_errors(f"looking up topics on {self._config.bootstrap_servers}"):
            admin = await self._administrator()
            described = await admin.describe_topics([self._config.outer(topic) for topic in topics])
            there = {each["topic"]: each["partitions"] for each in described if each["partitions"]}
            resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in there]
            answers = await admin.describe_configs(resources) if resources else []
        found = {}
        for code, _, _, name, entries in (each for answer in answers for each in answer.resources):
            if for_code(code) is not NoError:
                raise AccessError(
                    f"the settings of topic {name} cannot be read: {for_code(code).__name__}; "
                    f"our account needs DescribeConfigs on it.  {ACCESS_HELP}"
                )
            replicas = min(len(each["replicas"]) for each in there[name])
            settings = {entry[0]: entry[1] or "" for entry in entries}
            found[self._config.inner(name)] = KafkaTopic(name, len(there[name]), replicas, settings)
        return found

    async def check_access(self, rights: Sequence[Right]) -> None:
        """Look whether the broker lets our account do all of this.

        Args:
            rights: with names as the catalogue has them.

        Raises:
            AccessError: it does not; the message has every operation that is missing, and on what.
            BrokerUnavailableError: Kafka does not answer.
            SettingsError: Kafka does not let us in.
        """
        named = [Right(each.kind, self._config.outer(each.name), each.operations) for each in rights]
        with our_errors(f"looking up permissions on {self._config.bootstrap_servers}"):
            missing = await lacking(await self._administrator(), named)
        if missing:
            account = self._config.security.username or "this connection"
            raise AccessError(f"{account} lacks on Kafka: {', '.join(missing)}.  {ACCESS_HELP}")

    async def close(self) -> None:
        """Close everything that came from here."""
        opened, self._open = self._open, []
        for each in reversed(opened):
            await each.close()
        if self._client is not None:
            await self._client.close()
        if self._admin is not None:
            await self._admin.close()

    def _producer(self, name: str, *, batch_bytes: int = BATCH_BYTES) -> Producer:
        producer = Producer(self._config, name, batch_bytes=batch_bytes)
        self._open.append(producer)
        return producer

    def _new(self, name: str, topic: Topic, partitions: int) -> NewTopic:
        right = wanted(
            topic, self._config.outer(name), partitions=partitions, replication=self._config.replication
        )
        return NewTopic(right.name, right.partitions, right.replication, topic_configs=dict(right.settings))

    async def _create(self, topics: list[NewTopic]) -> None:
        with our_errors("creating topics"):
            response = await (await self._administrator()).create_topics(topics)
        for name, code, *message in response.topic_errors:
            # Another process may have been quicker.
            if for_code(code) is TopicAuthorizationFailedError:
                raise AccessError(f"topic {name} was not created: our account needs Create.  {ACCESS_HELP}")
            if for_code(code) not in (NoError, TopicAlreadyExistsError):
                raise TopicError(f"topic {name} was not created: {for_code(code).__name__} {message}")
        await self._appeared([self._config.inner(topic.name) for topic in topics])

    async def _appeared(self, topics: Sequence[str]) -> None:
        """Return when the broker that answers us knows the topics: another one has created them."""
        deadline = self._clock.monotonic() + self._config.request_timeout
        while None in (await self._counts(topics)).values():
            if self._clock.monotonic() > deadline:
                raise BrokerUnavailableError(f"topics were created and cannot be seen: {', '.join(topics)}")
            await self._clock.sleep(_GLANCE)

    async def _counts(self, topics: Sequence[str]) -> dict[str, int | None]:
        """Return the numbers of partitions by topic; None where there is no such topic."""
        with our_errors(f"looking up topics on {self._config.bootstrap_servers}"):
            admin = await self._administrator()
            described = await admin.describe_topics([self._config.outer(topic) for topic in topics])
        for each in described:
            if for_code(each["error_code"]) is TopicAuthorizationFailedError:
                raise AccessError(f"our account may not even see topic {each['topic']}.  {ACCESS_HELP}")
        return {self._config.inner(each["topic"]): len(each["partitions"]) or None for each in described}

    async def _administrator(self) -> AIOKafkaAdminClient:
        async with self._connecting:
            if self._admin is None:
                await self._enter()
                admin = AIOKafkaAdminClient(**self._config.connection("admin"))
                try:
                    await admin.start()
                    self._admin = admin
                finally:
                    if self._admin is None:
                        await admin.close()
            return self._admin

    async def _enter(self) -> None:
        if not self._entered:
            await enter(self._config)
            self._entered = True

    async def _reader(self) -> AIOKafkaClient:
        async with self._connecting:
            if self._client is None:
                await self._enter()
                client = AIOKafkaClient(**self._config.connection("log"))
                try:
                    with our_errors(f"connecting to {self._config.bootstrap_servers}"):
                        await client.bootstrap()
                    self._client = client
                finally:
                    if self._client is None:
                        await client.close()
            return self._client
