"""How to reach Kafka, and how to behave there."""

from dataclasses import dataclass
from typing import Any, Literal

from polyflow_shared.broker.security import OPEN, KafkaSecurity


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaConfig:
    """Every knob of the adapter.

    Attributes:
        bootstrap_servers: `host:port[,host:port]`.
        named_by: what has said so: where a user looks when nobody answers there.
        prefix: written before the name of every topic and group, so that several installations can share a
            broker.
        client: appears in the broker's logs and quotas.
        session_timeout: seconds without a heartbeat after which a member's partitions go to others (>= 6).  A
            member that comes back under its name before that gets them back at once.
        request_timeout: seconds until a request, or a batch that is tried again and again, has failed (> 0).
        stall_timeout: seconds that a member may leave records untaken before it counts as stuck (> 0).
        hand_over: seconds that a rebalance waits until the records at hand are committed (>= 0); after that
            their commit is refused.
        replication: replicas of the topics that `create` creates (>= 1).
        security: who we are, and how the connection is protected.
        compression: how batches are compressed on their way; a topic's own setting decides how they are kept.
    """

    bootstrap_servers: str = "localhost:9092"
    named_by: str = "POLYFLOW_BROKERS"
    prefix: str = ""
    client: str = "polyflow"
    session_timeout: float = 30.0
    request_timeout: float = 30.0
    stall_timeout: float = 900.0
    hand_over: float = 20.0
    replication: int = 1
    security: KafkaSecurity = OPEN
    compression: Literal["gzip", "snappy", "lz4", "zstd"] | None = None

    def connection(self, name: str) -> dict[str, Any]:
        """Return what every client of aiokafka is told about the connection.

        Raises:
            OSError: a file of the security cannot be read.
        """
        return {
            **self.security.options(),
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": f"{self.client}-{name}",
            "request_timeout_ms": int(self.request_timeout * 1000),
        }

    def outer(self, name: str) -> str:
        """Return a topic's or group's name on the broker."""
        return self.prefix + name

    def inner(self, name: str) -> str:
        """Return a topic's name as the catalogue has it."""
        return name.removeprefix(self.prefix)
