"""All that talks to Kafka, through listeners that ask for passwords and certificates."""

import json
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contract.test_shape import ROOT
from tests.e2e.command import POLYFLOW
from tests.testbed.kafka_secured import PASSWORD, USERNAME, SecuredKafka
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


@pytest.fixture
def broker(secured) -> SecuredKafka:
    return secured


def password(broker: SecuredKafka, *, right: bool = True) -> dict[str, str]:
    return {
        "POLYFLOW_KAFKA": broker.plain,
        "POLYFLOW_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "POLYFLOW_KAFKA_USERNAME": USERNAME,
        "POLYFLOW_KAFKA_PASSWORD": PASSWORD if right else "wrong",
    }


def scram(broker: SecuredKafka, *, trusting: bool = True, mechanism: str = "SCRAM-SHA-512") -> dict[str, str]:
    trusted = {"POLYFLOW_KAFKA_CA_FILE": str(broker.folder / "authority.crt")} if trusting else {}
    return trusted | {
        "POLYFLOW_KAFKA": broker.scram,
        "POLYFLOW_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "POLYFLOW_KAFKA_SASL_MECHANISM": mechanism,
        "POLYFLOW_KAFKA_USERNAME": USERNAME,
        "POLYFLOW_KAFKA_PASSWORD": PASSWORD,
    }


def scram_256(broker: SecuredKafka) -> dict[str, str]:
    return scram(broker, mechanism="SCRAM-SHA-256")


def plain_over_tls(broker: SecuredKafka) -> dict[str, str]:
    return scram(broker, mechanism="PLAIN")


def password_file(broker: SecuredKafka) -> dict[str, str]:
    path = broker.folder / "password"
    path.write_text(f"{PASSWORD}\n")
    settings = scram(broker) | {"POLYFLOW_KAFKA_PASSWORD_FILE": str(path)}
    del settings["POLYFLOW_KAFKA_PASSWORD"]
    return settings


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


@pytest.mark.parametrize("settings", [password, scram, scram_256, plain_over_tls, password_file, certificate])
def test_whoever_is_known_is_let_in(broker, settings):
    done = polyflow(settings(broker), "topics", "create", "--partitions", "2")
    assert done.returncode == 0, done.stderr


NAMED = "--kafka, POLYFLOW_KAFKA or POLYFLOW_BROKERS"
REFUSED = {
    "a wrong password": (
        lambda broker: password(broker, right=False),
        "does not know this user name with this password: look at POLYFLOW_KAFKA_USERNAME",
    ),
    "a wrong password by SCRAM": (
        lambda broker: scram(broker) | {"POLYFLOW_KAFKA_PASSWORD": "wrong"},
        "look at POLYFLOW_KAFKA_USERNAME and POLYFLOW_KAFKA_PASSWORD",
    ),
    "a mechanism that the listener does not take": (
        lambda broker: password(broker) | {"POLYFLOW_KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"},
        "takes no passwords by SCRAM-SHA-256: look at POLYFLOW_KAFKA_SASL_MECHANISM",
    ),
    "a broker that nobody vouches for": (
        lambda broker: scram(broker, trusting=False),
        "look at POLYFLOW_KAFKA_CA_FILE",
    ),
    "a certificate of another name": (
        lambda broker: scram(broker) | {"POLYFLOW_KAFKA": broker.scram.replace("127.0.0.1", "localhost")},
        "is for another name",
    ),
    "a listener without TLS": (
        lambda broker: scram(broker) | {"POLYFLOW_KAFKA": broker.plain},
        "does not speak TLS: look at POLYFLOW_KAFKA_SECURITY_PROTOCOL, which is SASL_SSL",
    ),
    "no TLS, and a listener with it": (
        lambda broker: password(broker) | {"POLYFLOW_KAFKA": broker.scram},
        "speaks TLS only: look at POLYFLOW_KAFKA_SECURITY_PROTOCOL, which is SASL_PLAINTEXT",
    ),
    "a password, and a listener that asks for none": (
        lambda broker: password(broker) | {"POLYFLOW_KAFKA": broker.open},
        "asks for no password: look at POLYFLOW_KAFKA_SECURITY_PROTOCOL, which is SASL_PLAINTEXT",
    ),
    "no password, and a listener that asks for one": (
        lambda broker: {"POLYFLOW_KAFKA": broker.plain},
        "it may ask for a password: look at POLYFLOW_KAFKA_SECURITY_PROTOCOL, which is PLAINTEXT",
    ),
    "no certificate": (
        lambda broker: certificate(broker, shown=False),
        "asks for one: look at POLYFLOW_KAFKA_CERTIFICATE_FILE",
    ),
    "an address where nobody is": (
        lambda broker: {"POLYFLOW_KAFKA": "127.0.0.1:1"},
        "does not answer: Connect call failed",
    ),
    "a host that there is not": (
        lambda broker: {"POLYFLOW_KAFKA": "kafka.invalid:9092"},
        f"there is no such host; look at {NAMED}",
    ),
    "a setting that is wrong": (
        lambda broker: password(broker) | {"POLYFLOW_KAFKA_USERNAME": ""},
        "polyflow: POLYFLOW_KAFKA_USERNAME: it is needed",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_whoever_is_not_is_told_why_in_one_line(broker, case):
    settings, told = REFUSED[case]
    done = polyflow(settings(broker), "topics", "create")
    assert done.returncode == 2
    assert told in lines_of(done.stderr)[-1]
    assert len(lines_of(done.stderr)) == 1


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("service", ["planner", "early_stopping_monitor"])
def test_a_service_that_is_not_let_in_ends_with_that_line(broker, service, case):
    settings, told = REFUSED[case]
    variables = settings(broker)
    done = polyflow(
        {**variables, "POLYFLOW_BROKERS": variables["POLYFLOW_KAFKA"], "POLYFLOW_LOG_LEVEL": "warning"},
        "serve",
        service,
    )
    assert done.returncode in {1, 2}
    assert told.replace(NAMED, "POLYFLOW_BROKERS") in lines_of(done.stderr)[-1]
    assert len(lines_of(done.stderr)) == 1


def lines_of(text: str) -> list[str]:
    """Return lines, but what aiokafka says of every password that is not encrypted."""
    return [line for line in text.splitlines() if "in the clear" not in line]


@pytest.mark.parametrize("settings", [scram, scram_256, plain_over_tls, password_file, certificate])
def test_every_service_works_over_tls(broker, settings, tmp_path: Path):
    variables = settings(broker) | {
        "POLYFLOW_BROKERS": settings(broker)["POLYFLOW_KAFKA"],
        "POLYFLOW_HOME": str(tmp_path),
        "POLYFLOW_WORKDIR": str(ROOT / "examples"),
        "POLYFLOW_PREFIX": f"{settings.__name__}.",
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
