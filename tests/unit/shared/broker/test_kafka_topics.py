"""What a topic of the catalogue is on Kafka, and how one that is there differs."""

from dataclasses import replace

import pytest

from polyflow_shared.broker.kafka.topics import ENVELOPE_BYTES, differences, wanted
from polyflow_shared.errors import TopicError
from polyflow_shared.hosting.process import check_cleanup
from polyflow_topics.catalog import CATALOG, PLANNER_ROWS, RUN_INBOX

RIGHT = wanted(RUN_INBOX, "x.inbox", partitions=12, replication=3)


@pytest.mark.parametrize("topic", CATALOG, ids=[topic.name for topic in CATALOG])
def test_a_topic_is_kept_for_a_time_or_compacted(topic):
    settings = wanted(topic, topic.name, partitions=1, replication=1).settings
    assert settings["cleanup.policy"] == ("delete" if topic.retention else "compact")
    assert ("retention.ms" in settings) == bool(topic.retention)
    assert int(settings["max.message.bytes"]) == topic.max_bytes + ENVELOPE_BYTES


@pytest.mark.parametrize(("replication", "in_sync"), [(1, None), (2, None), (3, "2"), (5, "2")])
def test_with_three_replicas_two_must_have_a_record(replication, in_sync):
    topic = wanted(RUN_INBOX, "x", partitions=1, replication=replication)
    assert topic.settings.get("min.insync.replicas") == in_sync


DIFFERENT = {
    "nothing": (RIGHT, []),
    "it is missing": (None, ["x.inbox: it does not exist"]),
    "partitions": (replace(RIGHT, partitions=4), ["x.inbox: partitions is 4, not 12"]),
    "replicas": (replace(RIGHT, replication=1), ["x.inbox: replicas is 1, not 3"]),
    "a setting": (
        replace(RIGHT, settings={**RIGHT.settings, "min.insync.replicas": "1"}),
        ["x.inbox: min.insync.replicas is 1, not 2"],
    ),
    "a setting more": (replace(RIGHT, settings={**RIGHT.settings, "flush.ms": "1"}), []),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_a_difference_has_a_line(case):
    found, lines = DIFFERENT[case]
    assert differences(found, RIGHT) == lines


@pytest.mark.parametrize("topic", [RUN_INBOX, PLANNER_ROWS], ids=lambda topic: topic.name)
def test_another_cleanup_policy_is_refused(topic):
    right = wanted(topic, topic.name, partitions=1, replication=1)
    wrong = replace(right, settings={**right.settings, "cleanup.policy": "compact,delete"})
    check_cleanup({topic.name: right})
    with pytest.raises(TopicError, match="compact,delete"):
        check_cleanup({topic.name: wrong})
