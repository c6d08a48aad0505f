"""What retention does to a topic, at once."""

from collections.abc import Mapping

from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition

from polyflow_shared.broker.kafka import KafkaConfig


async def remove(config: KafkaConfig, topic: str, before: Mapping[int, int]) -> None:
    """Remove the records of partitions that come before an offset."""
    admin = AIOKafkaAdminClient(bootstrap_servers=config.bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_records(
            {
                TopicPartition(config.outer(topic), number): RecordsToDelete(before_offset=offset)
                for number, offset in before.items()
            }
        )
    finally:
        await admin.close()
