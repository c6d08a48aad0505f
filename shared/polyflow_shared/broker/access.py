"""What each service must be allowed to do on Apache Kafka, and no more: derived from the catalogue.

Operations have Kafka's own names.  Whoever may read or write a topic may describe it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from polyflow_topics.catalog import CATALOG, OPERATION_COMMANDS, Topic, commands_topic
from polyflow_topics.names import ClusterName

USER: Final = "user"
"""Whoever runs pipelines and follows them."""
ADMINISTRATOR: Final = "administrator"
"""Whoever creates topics and compares them with the catalogue."""
_SEES_COMMANDS: Final = "spec_validator"
"""Looks whether there is a topic for each cluster, and neither reads nor writes it."""


@dataclass(frozen=True, slots=True)
class Right:
    """What somebody may do with one topic or consumer group.

    Attributes:
        kind: what it is.
        name: of the topic or the group, without an installation's prefix.
        operations: by Kafka's names.
    """

    kind: Literal["topic", "group"]
    name: str
    operations: frozenset[str]


def group_of(service: str, cluster: str = "") -> str:
    """Return the consumer group of a service; one that serves a cluster has a group for each."""
    return f"polyflow-{service}-{cluster}" if cluster else f"polyflow-{service}"


def accounts() -> tuple[str, ...]:
    """Return everybody who needs something: all services, users, and who creates topics."""
    services = {name for topic in CATALOG for name in topic.producers | topic.consumers} - {USER}
    return (*sorted(services), USER, ADMINISTRATOR)


def rights(account: str, clusters: Sequence[str]) -> tuple[Right, ...]:
    """Return what an account must be allowed.

    Args:
        account: a service as the catalogue spells it, `user` or `administrator`.
        clusters: the clusters that it has to do with.
    """
    topics = [right for topic in CATALOG for right in _on_topic(account, topic, clusters)]
    return (*topics, *_on_groups(account, clusters))


def _on_topic(account: str, topic: Topic, clusters: Sequence[str]) -> Iterator[Right]:
    operations = _operations(account, topic)
    if operations:
        for name in _names(topic, clusters):
            yield Right("topic", name, operations)


def _operations(account: str, topic: Topic) -> frozenset[str]:
    if account == ADMINISTRATOR:
        return frozenset({"Create", "Describe", "DescribeConfigs"})
    if account == _SEES_COMMANDS and topic is OPERATION_COMMANDS:
        return frozenset({"Describe"})
    ways = {"Read": topic.consumers, "Write": topic.producers}
    operations = {operation for operation, those in ways.items() if account in those}
    # Services look at the start whether a topic keeps what they need.
    if operations and account != USER and topic is not OPERATION_COMMANDS:
        operations.add("DescribeConfigs")
    return frozenset(operations)


def _on_groups(account: str, clusters: Sequence[str]) -> Iterator[Right]:
    read = [topic for topic in CATALOG if account in topic.consumers]
    if not read or account == USER:
        return
    for cluster in clusters if OPERATION_COMMANDS in read else [""]:
        yield Right("group", group_of(account, cluster), frozenset({"Read"}))


def _names(topic: Topic, clusters: Sequence[str]) -> list[str]:
    if topic is OPERATION_COMMANDS:
        return [commands_topic(ClusterName(cluster)) for cluster in clusters]
    return [topic.name]
