"""The catalogue: names, sizes, who writes and who reads, and that the services' code agrees."""

import re
from collections.abc import Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest

from polyflow_services.admission.core import Limits
from polyflow_services.admission.core import decide as admission_decide
from polyflow_services.cache.core import decide as cache_decide
from polyflow_services.early_stopping_monitor.core import decide as monitor_decide
from polyflow_services.planner.core import decide as plan_decide
from polyflow_services.pod_launcher.act import Launcher
from polyflow_services.projector.act import Projector
from polyflow_services.projector.core import project
from polyflow_services.spec_validator.act import Validator
from polyflow_shared.broker.codec import decode, encode
from polyflow_shared.broker.port import Record
from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.memory import MemoryCluster
from polyflow_shared.errors import NotDecodableError, NotReadError
from polyflow_shared.read_model.changes import Changes
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics import catalog
from polyflow_topics.catalog import CATALOG, MESSAGES, MIB
from polyflow_topics.events import RequestAnswered
from polyflow_topics.message import Message
from polyflow_topics.metrics import ClosingContinued, OutputsMeasured, PoliciesClosed, PoliciesDeclared
from tests.contract.samples import SENT, WIRES, record

SERVICES = {
    "spec_validator",
    "planner",
    "pod_launcher",
    "status_watcher",
    "early_stopping_monitor",
    "projector",
    "gateway",
    "cache",
    "admission",
}

every_topic = pytest.mark.parametrize("topic", CATALOG, ids=lambda topic: topic.name)


@every_topic
def test_a_name_is_one_that_kafka_takes_without_warning(topic):
    # `.` and `_` collide in the names of Kafka's metrics, so only one of them is used.
    assert re.fullmatch(r"polyflow[.-][a-z]+(-[a-z]+)*", topic.name)
    assert len(topic.name) <= 100


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_the_first_lines_of_a_service_name_its_topics(service):
    # All that take records set some aside, which no service says of itself.
    others = [topic for topic in CATALOG if topic is not catalog.DEAD_LETTERS]
    names = {topic.name: topic.name.removeprefix("polyflow.") for topic in others}
    its = {names[topic.name] for topic in others if service in topic.producers | topic.consumers}
    told = set(re.findall(r"`([^`]+)`", import_module(f"polyflow_services.{service}").__doc__ or ""))
    assert {word.removesuffix(".CLUSTER") for word in told} & set(names.values()) == its


def test_names_and_types_are_unique():
    assert len({topic.name for topic in CATALOG}) == len(CATALOG)
    assert len(MESSAGES) == sum(len(topic.carries) for topic in CATALOG)


@pytest.mark.parametrize("wire", WIRES)
def test_a_type_has_a_version(wire):
    assert re.fullmatch(r"polyflow(\.[a-z]+(-[a-z]+)*)+\.v[1-9][0-9]*", wire)


@every_topic
def test_producers_and_consumers_are_known(topic):
    assert topic.producers
    assert topic.consumers
    assert (topic.producers | topic.consumers) <= SERVICES | {"user"}


@every_topic
def test_users_are_on_public_topics_only(topic):
    users = "user" in topic.producers | topic.consumers
    assert users == topic.public or topic is catalog.DEAD_LETTERS


def test_every_service_reads_or_writes():
    assert {name for topic in CATALOG for name in topic.producers | topic.consumers} == SERVICES | {"user"}


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_topics_that_one_decider_reads_are_partitioned_alike(service):
    read = [topic for topic in CATALOG if service in topic.consumers]
    assert len({topic.group for topic in read}) <= 1


@pytest.mark.parametrize("topic", CATALOG, ids=lambda topic: topic.name)
def test_what_is_on_topics_of_one_group_has_the_same_key(topic):
    for message in topic.carries:
        decoded = decode(record(message.WIRE))
        if topic.group == "run":
            assert decoded.key() == decoded.run


@every_topic
def test_a_changelog_is_compacted_and_nothing_else_is(topic):
    changelog = not topic.carries
    assert (topic.config.get("cleanup.policy") == "compact") == changelog
    assert (topic.retention is None) == changelog
    assert (topic.producers == topic.consumers) == changelog


@every_topic
def test_the_largest_example_fits(topic):
    for message in topic.carries:
        sent = encode(decode(record(message.WIRE)), source="/polyflow/planner", at=SENT)
        assert len(sent.value) < topic.max_bytes


def test_a_request_that_is_too_large_still_arrives_and_so_does_its_dead_letter():
    requests, letters = catalog.PIPELINE_REQUESTS, catalog.DEAD_LETTERS
    assert requests.max_bytes > catalog.MAX_REQUEST_BYTES
    in_base64 = requests.max_bytes * 4 / 3
    assert in_base64 + MIB <= letters.max_bytes


def test_a_plan_part_and_outputs_fit_their_topics():
    assert catalog.RUN_INBOX.max_bytes > catalog.MAX_PLAN_PART_BYTES
    # Control characters are six bytes in JSON: the worst that 64 KiB of outputs can become once more escaped.
    assert catalog.RUN_EVENTS.max_bytes > catalog.MAX_OUTPUT_BYTES * 6


def test_a_cluster_has_a_topic_of_its_own():
    assert catalog.commands_topic("gpu") == "polyflow.operation-commands.gpu"


class NoRows:
    def __init__(self) -> None:
        self.asked = False

    def get(self, key: str) -> None:
        self.asked = True


async def planner_takes(read: Record) -> bool:
    try:
        plan_decide(NoRows(), decode(read), SENT)
    except NotReadError:
        return False
    return True


async def cache_takes(read: Record) -> bool:
    try:
        cache_decide(NoRows(), decode(read), SENT)
    except NotReadError:
        return False
    return True


async def admission_takes(read: Record) -> bool:
    try:
        admission_decide(NoRows(), decode(read), SENT, limits=Limits())
    except NotReadError:
        return False
    return True


async def monitor_takes(read: Record) -> bool:
    rows = NoRows()
    monitor_decide(rows, decode(read), SENT)
    return rows.asked


async def projector_takes(read: Record) -> bool:
    message, sent = decode(read), list[Message]()

    async def send(messages: Sequence[Message]) -> None:
        sent.extend(messages)

    with closing(SqliteReadModel.open(Path(":memory:"))) as model:
        await Projector(model, send).act([(message, read)])
    return bool(sent) or project([message]) != Changes()


async def validator_takes(read: Record) -> bool:
    try:
        return bool(await Validator().act(read))
    except NotDecodableError:
        return False


async def launcher_takes(read: Record) -> bool:
    try:
        await Launcher(MemoryCluster(), FakeClock(SENT)).act(decode(read), SENT)
    except NotDecodableError:
        return False
    return True


TAKES = {
    "planner": planner_takes,
    "cache": cache_takes,
    "admission": admission_takes,
    "early_stopping_monitor": monitor_takes,
    "projector": projector_takes,
    "spec_validator": validator_takes,
    "pod_launcher": launcher_takes,
}
"""Whether a service does something with a message, asked of its code."""


FOR_WHOEVER_ASKED = RequestAnswered.WIRE
"""Travels with the events of a run, so that no answer comes before what it speaks of; no service reads it."""


PASSED_OVER = {
    "projector": {OutputsMeasured.WIRE, PoliciesDeclared.WIRE, PoliciesClosed.WIRE, ClosingContinued.WIRE}
}
"""Lies among the metrics so that the monitor has all of it in one order; the read model needs none of it."""


def said(service: str) -> set[str]:
    carried = {message.WIRE for topic in CATALOG if service in topic.consumers for message in topic.carries}
    return carried - {FOR_WHOEVER_ASKED} - PASSED_OVER.get(service, set())


@pytest.mark.parametrize("service", TAKES)
async def test_a_service_handles_what_the_catalogue_says_it_reads(service):
    assert {wire for wire in WIRES if await TAKES[service](record(wire))} == said(service)


def test_every_service_that_reads_was_asked():
    assert {service for service in SERVICES if said(service)} == set(TAKES)
