"""Several brokers of one Kafka on this machine: each topic on all of them, each may be killed."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.testbed import kafka
from tests.testbed.kafka import KafkaServer
from tests.testbed.processes import free_ports

CATCH_UP: Final = 120.0
"""Seconds for a broker that has come back to have what it has missed."""
_OPTIONS: Final = """
node.id={node}
controller.quorum.voters={voters}
offsets.topic.replication.factor={count}
transaction.state.log.replication.factor={count}
transaction.state.log.min.isr={least}
min.insync.replicas={least}
"""


@dataclass
class KafkaBrokers:
    """Brokers of one Kafka, the first with the number 1.

    Attributes:
        servers: each with a folder of its own.
    """

    servers: Sequence[KafkaServer]

    @property
    def bootstrap(self) -> str:
        """Their addresses, for clients."""
        return ",".join(server.bootstrap for server in self.servers)

    async def start(self) -> None:
        """Start all that do not run; none answers before most of them do."""
        await asyncio.gather(*(server.start() for server in self.servers if server.pid is None))

    async def stop(self) -> None:
        """Stop all."""
        await asyncio.gather(*(server.stop() for server in self.servers))

    async def leader(self, topic: str) -> KafkaServer:
        """Return who leads most partitions of a topic."""
        leaders = Counter(part["leader"] for part in await self._partitions([topic]))
        return self.servers[leaders.most_common(1)[0][0] - 1]

    async def caught_up(self, topics: Sequence[str]) -> None:
        """Return when all brokers have all that was acknowledged in these topics.

        Raises:
            TimeoutError: they have not, in time.
        """
        async with asyncio.timeout(CATCH_UP):
            while not await self._is_whole(topics):  # noqa: ASYNC110 (brokers tell only who asks)
                await asyncio.sleep(0.5)

    async def _is_whole(self, topics: Sequence[str]) -> bool:
        return all(len(part["isr"]) == len(self.servers) for part in await self._partitions(topics))

    async def _partitions(self, topics: Sequence[str]) -> list[dict[str, Any]]:
        from aiokafka.admin import AIOKafkaAdminClient
        from aiokafka.errors import KafkaError

        while True:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
            try:
                await admin.start()
                found = await admin.describe_topics(list(topics))
                return [part for topic in found for part in topic["partitions"]]
            except (KafkaError, OSError):
                await asyncio.sleep(0.2)
            finally:
                await admin.close()


@asynccontextmanager
async def started_brokers(count: int) -> AsyncIterator[KafkaBrokers]:
    """Yield brokers that answer; two of three are enough to write.  Their data goes when the context ends."""
    with tempfile.TemporaryDirectory(prefix="polyflow-kafka-", ignore_cleanup_errors=True) as folder:
        brokers = await asyncio.to_thread(prepare, Path(folder), count)
        try:
            await brokers.start()
            yield brokers
        finally:
            await brokers.stop()


def prepare(folder: Path, count: int) -> KafkaBrokers:
    """Write the settings of so many brokers into a folder, one for each in it."""
    kafka.get()
    ports = free_ports(2 * count)
    controllers, own = ports[:count], ports[count:]
    voters = ",".join(f"{node}@127.0.0.1:{port}" for node, port in enumerate(controllers, start=1))
    cluster = kafka.new_cluster()
    servers = []
    for node, (port, controller) in enumerate(zip(own, controllers, strict=True), start=1):
        place = folder / str(node)
        place.mkdir()
        options = _OPTIONS.format(node=node, voters=voters, count=count, least=count // 2 + 1)
        kafka.write_properties(place, port, controller, options)
        kafka.format_storage(place, cluster)
        servers.append(KafkaServer(place, port))
    return KafkaBrokers(servers)
