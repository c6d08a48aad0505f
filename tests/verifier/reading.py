"""Reads what a broker holds, whichever it is: each topic from its beginning to its end at this moment."""

from collections.abc import Sequence

from polyflow_shared.broker.port import Broker
from polyflow_topics.catalog import CATALOG, OPERATION_COMMANDS, commands_topic
from polyflow_topics.names import ClusterName
from tests.verifier.log import LoggedMessage, logged


async def recorded(broker: Broker, clusters: Sequence[str] = ("local",)) -> list[LoggedMessage]:
    """Return all records that are still there, those of one partition in order.

    Args:
        broker: where they are; its topics exist.
        clusters: names of the clusters whose commands are read.
    """
    names = [topic.name for topic in CATALOG if topic is not OPERATION_COMMANDS]
    names += [commands_topic(ClusterName(cluster)) for cluster in clusters]
    log = await broker.log("verifier")
    found: list[LoggedMessage] = []
    for topic in names:
        for partition in range(await broker.partitions(topic)):
            end = await log.end(topic, partition)
            async for records in log.read(topic, partition, start=0, end=end):
                found += [logged(record) for record in records]
    return found
