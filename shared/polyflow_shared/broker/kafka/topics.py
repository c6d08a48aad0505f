"""What a topic of the catalogue is on Kafka, and how one that is there differs from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from polyflow_topics.catalog import Topic

ENVELOPE_BYTES: Final = 64 * 1024
"""Room for key, headers and framing beside the largest value that a topic takes."""
CLEANUP: Final = "cleanup.policy"
SAFE_REPLICATION: Final = 3
"""With this many replicas two must have a record before it is acknowledged: one broker may then be lost."""


@dataclass(frozen=True, slots=True)
class KafkaTopic:
    """One topic, as it is on a broker or should be.

    Attributes:
        name: on the broker.
        partitions: how many (>= 1).
        replication: replicas of each (>= 1).
        settings: Kafka's, by name.
    """

    name: str
    partitions: int
    replication: int
    settings: Mapping[str, str]


def wanted(topic: Topic, name: str, *, partitions: int, replication: int) -> KafkaTopic:
    """Return what the catalogue asks for; `name` is that on the broker."""
    settings = {CLEANUP: "delete", "max.message.bytes": str(topic.max_bytes + ENVELOPE_BYTES), **topic.config}
    if topic.retention is not None:
        settings["retention.ms"] = str(topic.retention * 1000)
    if replication >= SAFE_REPLICATION:
        settings["min.insync.replicas"] = "2"
    return KafkaTopic(name, topic.partitions or partitions, replication, settings)


def differences(found: KafkaTopic | None, right: KafkaTopic) -> list[str]:
    """Return a line for each way in which a topic is not what it should be."""
    if found is None:
        return [f"{right.name}: it does not exist"]
    pairs = {
        "partitions": (str(found.partitions), str(right.partitions)),
        "replicas": (str(found.replication), str(right.replication)),
        **{name: (found.settings.get(name, "not set"), value) for name, value in right.settings.items()},
    }
    return [
        f"{right.name}: {name} is {has}, not {should}"
        for name, (has, should) in pairs.items()
        if has != should
    ]
