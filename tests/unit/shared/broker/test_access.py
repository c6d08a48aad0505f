"""Who needs which permissions, and what the broker's bits mean."""

import pytest

from polyflow_shared.broker.access import ADMINISTRATOR, USER, accounts, group_of, rights
from polyflow_shared.broker.kafka.access import operations
from polyflow_topics.catalog import CATALOG, OPERATION_COMMANDS

SERVICES = [name for name in accounts() if name not in {USER, ADMINISTRATOR}]


def of(account: str, *clusters: str) -> dict[str, frozenset[str]]:
    return {right.name: right.operations for right in rights(account, clusters)}


@pytest.mark.parametrize("account", SERVICES)
def test_a_service_writes_what_it_produces_and_reads_what_it_consumes_and_nothing_else(account):
    found = of(account)
    plain = [topic for topic in CATALOG if topic is not OPERATION_COMMANDS]
    for topic in plain:
        some = found.get(topic.name, frozenset())
        assert ("Write" in some) == (account in topic.producers)
        assert ("Read" in some) == (account in topic.consumers)
        assert ("DescribeConfigs" in some) == bool(some)
    assert not any(some & {"Create", "Delete", "Alter", "AlterConfigs"} for some in found.values())


def test_a_launcher_has_the_commands_and_the_group_of_its_own_cluster():
    found = of("pod_launcher", "gpu")
    assert found["polyflow.operation-commands.gpu"] == {"Read"}
    assert found["polyflow-pod_launcher-gpu"] == {"Read"}
    assert group_of("pod_launcher", "gpu") in found


def test_the_planner_writes_the_commands_of_every_cluster():
    found = of("planner", "local", "gpu")
    assert found["polyflow.operation-commands.local"] == found["polyflow.operation-commands.gpu"] == {"Write"}


def test_whoever_reads_nothing_needs_no_group():
    for account in ("gateway", "status_watcher", USER, ADMINISTRATOR):
        assert [right for right in rights(account, ["local"]) if right.kind == "group"] == []


def test_a_user_publishes_requests_and_reads_what_is_public():
    found = of(USER)
    assert found.pop("polyflow.pipeline-requests") == {"Write"}
    assert set(found.values()) == {frozenset({"Read"})}


def test_a_right_is_on_one_topic_or_group_once():
    for account in accounts():
        names = [(right.kind, right.name) for right in rights(account, ["local", "gpu"])]
        assert len(names) == len(set(names))


BITS = {
    0: set(),
    1 << 3: {"Read"},
    1 << 4 | 1 << 8: {"Write", "Describe"},
    1 << 10: {"DescribeConfigs"},
    1 << 12: set(),
}


@pytest.mark.parametrize("bits", BITS)
def test_bits_are_operations(bits):
    assert operations(bits) == BITS[bits]


def test_a_broker_may_tell_nothing():
    assert operations(-(2**31)) is None
