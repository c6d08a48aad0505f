"""What the broker lets our account do: asked at the start, so that it is told before it is missed.

aiokafka 0.14 knows neither the version of the metadata request that tells it, nor reads it from the answer
about groups; both are declared here as Kafka's protocol has them.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IncompatibleBrokerVersion,
    KafkaError,
    TopicAuthorizationFailedError,
)
from aiokafka.protocol.admin import DescribeGroupsRequest_v3, DescribeGroupsResponse_v3
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

from polyflow_shared.broker.access import Right

_OPERATIONS: Final = {
    3: "Read",
    4: "Write",
    5: "Create",
    6: "Delete",
    7: "Alter",
    8: "Describe",
    10: "DescribeConfigs",
    11: "AlterConfigs",
}
"""Kafka's names of operations by their codes, which are also their bits (`AclOperation`)."""
_NOT_TOLD: Final = -(2**31)

Granted = frozenset[str] | None
"""Operations that are allowed, or None where the broker does not tell."""


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            Array(("node_id", Int32), ("host", String("utf-8")), ("port", Int32), ("rack", String("utf-8"))),
        ),
        ("cluster_id", String("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String("utf-8")),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
        ("authorized_operations", Int32),
    )


class _MetadataStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", Array(String("utf-8"))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class _AllowedOnTopics(Request[_MetadataStruct]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = list(topics)

    def build(self, request_struct_class: type[_MetadataStruct]) -> _MetadataStruct:
        return request_struct_class(self._topics, False, False, True)


class _GroupStruct(DescribeGroupsRequest_v3):  # type: ignore[misc]
    RESPONSE_TYPE = DescribeGroupsResponse_v3


class _AllowedOnGroup(Request[_GroupStruct]):  # type: ignore[misc]
    API_KEY = 15

    def __init__(self, group: str) -> None:
        self._group = group

    def build(self, request_struct_class: type[_GroupStruct]) -> _GroupStruct:
        return request_struct_class([self._group], True)


def operations(bits: int) -> Granted:
    """Return the operations that Kafka writes as bits, or None where it has left them out."""
    if bits == _NOT_TOLD:
        return None
    return frozenset(name for code, name in _OPERATIONS.items() if bits & (1 << code))


async def lacking(admin: AIOKafkaAdminClient, asked: Sequence[Right]) -> list[str]:
    """Return what of this the account may not do, such as `Write on topic polyflow.run-inbox`.

    Nothing is said of topics that do not exist, or by brokers that do not tell (before Kafka 2.3).

    Args:
        admin: connected.
        asked: with names as they are on the broker.

    Raises:
        KafkaError: the broker does not answer.
    """
    granted = await _on_topics(admin, [right.name for right in asked if right.kind == "topic"])
    lines = []
    for right in asked:
        allowed = granted.get(right.name) if right.kind == "topic" else await _on_group(admin, right.name)
        if allowed is not None:
            missing = sorted(right.operations - allowed)
            lines += [f"{operation} on {right.kind} {right.name}" for operation in missing]
    return lines


async def _on_topics(admin: AIOKafkaAdminClient, names: Sequence[str]) -> Mapping[str, Granted]:
    if not names:
        return {}
    try:
        answer = await admin._send_request(_AllowedOnTopics(names))
    except (IncompatibleBrokerVersion, NotImplementedError):
        return {}
    return {
        name: operations(bits) if not code else (frozenset() if code == _NO_TOPIC_RIGHT else None)
        for code, name, _, _, bits in answer.topics
    }


async def _on_group(admin: AIOKafkaAdminClient, group: str) -> Granted:
    try:
        node = await admin.find_coordinator(group)
        answer = await admin._send_request(_AllowedOnGroup(group), node)
    except GroupAuthorizationFailedError:
        return frozenset()
    except (IncompatibleBrokerVersion, NotImplementedError):
        return None
    except KafkaError as error:
        # A broker that is new has no coordinator yet; joining waits for it.
        if error.retriable:
            return None
        raise
    ((code, *_, bits),) = answer.groups
    return frozenset() if code == GroupAuthorizationFailedError.errno else operations(bits)


_NO_TOPIC_RIGHT: Final = TopicAuthorizationFailedError.errno
