"""Apache Kafka as the broker, through aiokafka, which is imported here and nowhere else.

`broker.py` is where to start; `source.py` reads as a member of a group, `producer.py` writes, `reader.py`
reads single partitions back, `errors.py` turns aiokafka's exceptions into ours.
"""

from polyflow_shared.broker.kafka.broker import KafkaBroker
from polyflow_shared.broker.kafka.config import KafkaConfig

__all__ = ["KafkaBroker", "KafkaConfig"]
