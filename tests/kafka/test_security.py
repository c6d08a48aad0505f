"""All that talks to Kafka, through listeners that ask for passwords and certificates."""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contract.test_shape import ROOT
from tests.e2e.command import POLYFLOW
from tests.testbed.kafka_secured import PASSWORD, USERNAME, SecuredKafka, secured_kafka
from tests.testbed.processes import end_process, start

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

SERVICES = (
    "process_cluster",
    "spec_validator",
    "planner",
    "pod_launcher",
    "status_watcher",
    "early_stopping_monitor",
    "projector",
)


@pytest.fixture(scope="module")
def broker() -> Iterator[SecuredKafka]:
    with asyncio.Runner() as runner:
        context = secured_kafka()
        yield runner.run(context.__aenter__())
        runner.run(context.__aexit__(None, None, None))


def password(broker: SecuredKafka, *, right: bool = True) -> dict[str, str]:
    return {
        "POLYFLOW_KAFKA": broker.plain,
        "POLYFLOW_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "POLYFLOW_KAFKA_USERNAME": USERNAME,
        "POLYFLOW_KAFKA_PASSWORD": PASSWORD if right else "wrong",
    }


def scram(broker: SecuredKafka, *, trusting: bool = True) -> dict[str, str]:
    trusted = {"POLYFLOW_KAFKA_CA_FILE": str(broker.folder / "authority.crt")} if trusting else {}
    return trusted | {
        "POLYFLOW_KAFKA": broker.scram,
        "POLYFLOW_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "POLYFLOW_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "POLYFLOW_KAFKA_USERNAME": USERNAME,
        "POLYFLOW_KAFKA_PASSWORD": PASSWORD,
    }


def certificate(broker: SecuredKafka, *, shown: bool = True) -> dict[str, str]:
    own = {
        "POLYFLOW_KAFKA_CERTIFICATE_FILE": str(broker.folder / "client.crt"),
        "POLYFLOW_KAFKA_KEY_FILE": str(broker.folder / "client.key"),
    }
    return (own if shown else {}) | {
        "POLYFLOW_KAFKA": broker.mutual,
        "POLYFLOW_KAFKA_SECURITY_PROTOCOL": "SSL",
        "POLYFLOW_KAFKA_CA_FILE": str(broker.folder / "authority.crt"),
    }


def polyflow(settings: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(POLYFLOW), *words],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        cwd=ROOT,
    )


@pytest.mark.parametrize("settings", [password, scram, certificate])
def test_whoever_is_known_is_let_in(broker, settings):
    done = polyflow(settings(broker), "topics", "create", "--partitions", "2")
    assert done.returncode == 0, done.stderr


REFUSED = {
    "a wrong password": (lambda broker: password(broker, right=False), "Authentication failed"),
    "a broker that nobody vouches for": (
        lambda broker: scram(broker, trusting=False),
        "CERTIFICATE_VERIFY_FAILED",
    ),
    "no certificate": (lambda broker: certificate(broker, shown=False), "closed"),
    "no security": (lambda broker: {"POLYFLOW_KAFKA": broker.plain}, "looking up topics"),
    "a setting that is wrong": (
        lambda broker: password(broker) | {"POLYFLOW_KAFKA_USERNAME": ""},
        "POLYFLOW_KAFKA_USERNAME: Value error, it is needed",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_whoever_is_not_is_told_why(broker, case):
    settings, told = REFUSED[case]
    done = polyflow(settings(broker), "topics", "create")
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("settings", [scram, certificate])
def test_every_service_works_over_tls(broker, settings, tmp_path: Path):
    variables = settings(broker) | {
        "POLYFLOW_BROKERS": settings(broker)["POLYFLOW_KAFKA"],
        "POLYFLOW_HOME": str(tmp_path),
        "POLYFLOW_WORKDIR": str(ROOT / "examples"),
        "POLYFLOW_NAMESPACE": f"{settings.__name__}.",
    }
    assert polyflow(variables, "topics", "create", "--partitions", "2").returncode == 0
    with ExitStack() as stack:
        for service in SERVICES:
            process = start(
                [str(POLYFLOW), "serve", service], tmp_path / f"{service}.log", {**os.environ, **variables}
            )
            stack.callback(process.wait)
            stack.callback(end_process, process.pid)
        # Early stopping needs them all: metrics go through the monitor, which reads by Faust.
        done = polyflow(variables, "run", "examples/05_early_stopping.yaml", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["reason"] == "MetricEarlyStopping"
