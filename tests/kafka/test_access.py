"""Kafka's permissions: each service runs with those that the catalogue gives it, and with no others."""

import argparse
import asyncio
import json
import os
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest

from polyflow_shared.broker.access import ADMINISTRATOR, USER, Right, accounts, rights
from polyflow_shared.broker.kafka import KafkaBroker, KafkaConfig
from polyflow_shared.broker.kafka.access import _AllowedOnGroup, _AllowedOnTopics, lacking, operations
from polyflow_shared.broker.port import Outgoing
from polyflow_shared.broker.security import KafkaSecurity
from polyflow_shared.errors import AccessError
from polyflow_topics.catalog import PLANNER_ROWS, RUN_INBOX
from tests.contract.deliveries import LIMIT
from tests.contract.test_shape import ROOT
from tests.e2e.command import POLYFLOW
from tests.testbed.kafka_secured import PASSWORD, SecuredKafka
from tests.testbed.processes import end_process, start

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

SERVICES = [name for name in accounts() if name not in {USER, ADMINISTRATOR}]
CLUSTERS = ["local"]
_CODES = {name: code for code in range(12) for name in operations(1 << code) or ()}
_RESOURCES = {"topic": 2, "group": 3}
_LITERAL, _ALLOW = 3, 3


def account_of(secured: SecuredKafka, name: str, prefix: str) -> dict[str, str]:
    return {
        "POLYFLOW_KAFKA": secured.scram,
        "POLYFLOW_BROKERS": secured.scram,
        "POLYFLOW_PREFIX": prefix,
        "POLYFLOW_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "POLYFLOW_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "POLYFLOW_KAFKA_CA_FILE": str(secured.folder / "authority.crt"),
        "POLYFLOW_KAFKA_USERNAME": name,
        "POLYFLOW_KAFKA_PASSWORD": PASSWORD,
    }


def config_of(secured: SecuredKafka, name: str, prefix: str) -> KafkaConfig:
    security = KafkaSecurity(
        protocol="SASL_SSL",
        mechanism="SCRAM-SHA-512",
        username=name,
        password=PASSWORD,
        authority=secured.folder / "authority.crt",
    )
    return KafkaConfig(bootstrap_servers=secured.scram, prefix=prefix, security=security)


def polyflow(variables: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(POLYFLOW), *words],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=ROOT,
    )


def printed(prefix: str) -> dict[str, list[str]]:
    """Return the commands that `polyflow topics acls` prints, by account."""
    done = polyflow({}, "topics", "acls", "--prefix", prefix)
    assert done.returncode == 0, done.stderr
    commands: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        if line.startswith("# "):
            account = line.removeprefix("# ")
        else:
            commands.setdefault(account, []).append(line)
    return commands


def read(command: str) -> tuple[str, list[tuple[str, str, str]]]:
    """Return whom a command is about, and each kind of thing, name and operation, as `kafka-acls` reads it."""
    parser = argparse.ArgumentParser("kafka-acls", exit_on_error=False)
    parser.add_argument("--bootstrap-server", required=True)
    parser.add_argument("--add", action="store_true", required=True)
    parser.add_argument("--allow-principal", required=True)
    for name in ("--operation", "--topic", "--group"):
        parser.add_argument(name, action="append", default=[])
    program, *words = shlex.split(command)
    assert program == "kafka-acls"
    asked = parser.parse_args(words)
    return asked.allow_principal, [
        (kind, name, operation)
        for kind in ("topic", "group")
        for name in getattr(asked, kind)
        for operation in asked.operation
    ]


async def grant(secured: SecuredKafka, commands: Sequence[str]) -> None:
    """Do what `kafka-acls` would: the test bed has no such program."""
    admin = AIOKafkaAdminClient(bootstrap_servers=secured.open)
    await admin.start()
    try:
        for principal, granted in map(read, commands):
            for kind, name, operation in granted:
                answer = await admin._send_to_controller(
                    CreateAclsRequest(
                        _RESOURCES[kind], name, _LITERAL, principal, "*", _CODES[operation], _ALLOW
                    )
                )
                assert [code for code, _ in answer.creation_responses] == [0]
    finally:
        await admin.close()


@pytest.fixture(scope="module")
def prefix(secured) -> Iterator[str]:
    """Topics that the administrator has created, with the permissions that the catalogue gives everybody."""
    name = f"{uuid4().hex[:8]}."
    commands = printed(name)
    asyncio.run(grant(secured, [line for lines in commands.values() for line in lines]))
    created = polyflow(account_of(secured, ADMINISTRATOR, name), "topics", "create", "--partitions", "2")
    assert created.returncode == 0, created.stderr
    checked = polyflow(account_of(secured, ADMINISTRATOR, name), "topics", "check", "--partitions", "2")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return name


@pytest.mark.parametrize("account", accounts())
async def test_an_account_may_do_what_it_needs_and_nothing_else(secured, prefix, account):
    broker = KafkaBroker(config_of(secured, account, prefix))
    try:
        await broker.check_access(rights(account, CLUSTERS))
        granted = await allowed(await broker._administrator(), prefix)
    finally:
        await broker.close()
    expected = {
        (right.kind, prefix + right.name): with_describe(right.operations)
        for right in rights(account, CLUSTERS)
    }
    assert granted == expected


def with_describe(some: frozenset[str]) -> frozenset[str]:
    return some | {"Describe"} if some & {"Read", "Write"} else some


async def allowed(admin: AIOKafkaAdminClient, prefix: str) -> dict[tuple[str, str], frozenset[str]]:
    """Return what the broker says that an account may do, over all topics and groups."""
    everything = [right for account in accounts() for right in rights(account, CLUSTERS)]
    topics = sorted({prefix + right.name for right in everything if right.kind == "topic"})
    groups = sorted({prefix + right.name for right in everything if right.kind == "group"})
    answer = await admin._send_request(_AllowedOnTopics(topics))
    found = {
        ("topic", name): operations(bits) or frozenset() for code, name, *_, bits in answer.topics if not code
    }
    for group in groups:
        found["group", group] = await allowed_on_group(admin, group)
    return {place: some for place, some in found.items() if some}


async def allowed_on_group(admin: AIOKafkaAdminClient, group: str) -> frozenset[str]:
    async with asyncio.timeout(LIMIT):
        while True:
            answer = await admin._send_request(_AllowedOnGroup(group))
            ((code, *_, bits),) = answer.groups
            # A broker that is new has no coordinator at first.
            if not for_code(code).retriable:
                return (operations(bits) or frozenset()) if not code else frozenset()
            await asyncio.sleep(0.1)


async def test_what_is_not_allowed_is_refused_and_told_as_such(secured, prefix):
    broker = KafkaBroker(config_of(secured, "spec_validator", prefix))
    try:
        with pytest.raises(AccessError, match="topics acls"):
            await (await broker.sink("tests")).send([Outgoing(PLANNER_ROWS.name, "k", b"v")])
        with pytest.raises(AccessError, match="topics acls"):
            await broker.source([RUN_INBOX.name], group="polyflow-planner", member="one")
    finally:
        await broker.close()


def test_a_pipeline_runs_where_each_service_has_its_own_account(secured, prefix, tmp_path: Path):
    about = {
        "POLYFLOW_HOME": str(tmp_path),
        "POLYFLOW_WORKDIR": str(ROOT / "examples"),
        "POLYFLOW_TOKEN_KEY": "a key for tests only, of 32 bytes",
        "POLYFLOW_GATEWAY_PORT": "0",
    }
    with ExitStack() as stack:
        for service in ("process_cluster", *SERVICES):
            variables = account_of(secured, service, prefix) if service in SERVICES else {}
            process = start(
                [str(POLYFLOW), "serve", service],
                tmp_path / f"{service}.log",
                {**os.environ, **variables, **about},
            )
            stack.callback(process.wait)
            stack.callback(end_process, process.pid)
        user = account_of(secured, USER, prefix) | about
        done = polyflow(user, "run", "examples/05_early_stopping.yaml", "--format", "json")
        logs = {path.stem: path.read_text() for path in tmp_path.glob("*.log")}
    assert done.returncode == 0, done.stderr + "\n".join(logs.values())
    assert json.loads(done.stdout)["reason"] == "MetricEarlyStopping"
    assert [name for name, text in logs.items() if "AccessError" in text] == []


MISSING = {
    "no Write": ("planner", "topic", "polyflow.run-inbox", "Write"),
    "no Read": ("projector", "topic", "polyflow.run-logs", "Read"),
    "no DescribeConfigs": ("gateway", "topic", "polyflow.run-metrics", "DescribeConfigs"),
    "no topic of commands": ("pod_launcher", "topic", "polyflow.operation-commands.local", "Read"),
    "no group": ("early_stopping_monitor", "group", "polyflow-early_stopping_monitor", "Read"),
}


@pytest.mark.parametrize("case", MISSING)
def test_a_service_without_a_permission_ends_with_a_line_that_names_it(secured, case):
    service, kind, name, operation = MISSING[case]
    prefix = f"{uuid4().hex[:8]}."
    created = polyflow(account_of(secured, "polyflow", prefix), "topics", "create", "--partitions", "1")
    assert created.returncode == 0, created.stderr
    some = [
        replace(right, operations=right.operations - {operation}) if right.name == name else right
        for right in rights(service, CLUSTERS)
    ]
    asyncio.run(grant(secured, [as_command(service, right, prefix) for right in some if right.operations]))
    variables = account_of(secured, service, prefix) | {"POLYFLOW_LOG_LEVEL": "warning"}
    secret = {"POLYFLOW_TOKEN_KEY": "a key for tests only, of 32 bytes"}
    done = polyflow(variables | secret, "serve", service)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"{service} lacks on Kafka: " in line
    assert f"{operation} on {kind} {prefix}{name}.  `polyflow topics acls`" in line


def as_command(account: str, right: Right, prefix: str) -> str:
    wanted = [word for operation in sorted(right.operations) for word in ("--operation", operation)]
    words = ["kafka-acls", "--bootstrap-server", "x", "--add", "--allow-principal", f"User:{account}"]
    return shlex.join([*words, *wanted, f"--{right.kind}", prefix + right.name])


async def test_an_account_that_may_do_nothing_is_told_all_that_it_lacks(secured):
    prefix = f"{uuid4().hex[:8]}."
    broker = KafkaBroker(config_of(secured, "status_watcher", prefix))
    try:
        asked = [replace(right, name=prefix + right.name) for right in rights("status_watcher", CLUSTERS)]
        told = await lacking(await broker._administrator(), asked)
    finally:
        await broker.close()
    assert told == [
        f"{operation} on {right.kind} {right.name}"
        for right in asked
        for operation in sorted(right.operations)
    ]
