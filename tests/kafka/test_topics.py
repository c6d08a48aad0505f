"""Topics on a real broker: created from the catalogue, compared with it, and wrong ones told at the start."""

import os
import subprocess
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from polyflow_topics.catalog import CATALOG, PLANNER_ROWS, RUN_INBOX
from tests.e2e.command import POLYFLOW

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


def topics(kafka: str, prefix: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(POLYFLOW), "topics", *words, "--kafka", kafka, "--prefix", prefix],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def serve_planner(kafka: str, prefix: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(POLYFLOW), "serve", "planner"],
        env={**os.environ, "POLYFLOW_BROKERS": kafka, "POLYFLOW_PREFIX": prefix},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def change(kafka: str, topic: str, setting: str, value: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {setting: value})])
    finally:
        await admin.close()


@pytest.fixture
def prefix() -> str:
    return f"{uuid4().hex[:8]}."


def test_what_would_be_created_is_shown_and_not_created(kafka, prefix):
    first = topics(kafka, prefix, "create", "--dry-run", "--partitions", "3")
    again = topics(kafka, prefix, "create", "--dry-run", "--partitions", "3")
    assert first.returncode == 0, first.stderr
    assert first.stdout == again.stdout
    lines = first.stdout.splitlines()
    assert len(lines) == 1 + len(CATALOG)
    (rows,) = (line for line in lines if line.startswith(prefix + PLANNER_ROWS.name))
    assert rows.split()[1:3] == ["3", "1"]
    assert "cleanup.policy=compact" in rows


def test_what_was_created_is_as_the_catalogue_has_it(kafka, prefix):
    assert topics(kafka, prefix, "create").returncode == 0
    checked = topics(kafka, prefix, "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "as the catalogue has them" in checked.stdout
    assert "nothing is missing" in topics(kafka, prefix, "create", "--dry-run").stdout


async def test_each_difference_has_its_line(kafka, prefix):
    missing = topics(kafka, prefix, "check")
    assert missing.returncode == 1
    assert f"{prefix}{RUN_INBOX.name}: it does not exist" in missing.stdout.splitlines()
    assert topics(kafka, prefix, "create").returncode == 0
    await change(kafka, prefix + RUN_INBOX.name, "retention.ms", "1000")
    differing = topics(kafka, prefix, "check", "--partitions", "5").stdout.splitlines()
    assert f"{prefix}{RUN_INBOX.name}: retention.ms is 1000, not 604800000" in differing
    assert f"{prefix}{PLANNER_ROWS.name}: partitions is 4, not 5" in differing


WRONG = {
    "a changelog that is not compacted": (PLANNER_ROWS.name, "delete", "compact"),
    "an inbox that is compacted": (RUN_INBOX.name, "compact", "delete"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_service_does_not_start_on_a_topic_that_loses_what_it_needs(kafka, prefix, case):
    topic, policy, right = WRONG[case]
    assert topics(kafka, prefix, "create").returncode == 0
    await change(kafka, prefix + topic, "cleanup.policy", policy)
    done = serve_planner(kafka, prefix)
    told = done.stdout + done.stderr
    assert done.returncode == 1
    assert f"{prefix}{topic} has cleanup.policy={policy}" in told
    assert f"set cleanup.policy={right}" in told
    assert "Traceback" not in told
