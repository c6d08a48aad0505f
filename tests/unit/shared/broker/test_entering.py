"""Why Kafka did not let us in, in one line that names the setting to look at."""

import socket
import ssl
from asyncio import IncompleteReadError

import pytest
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from click.testing import CliRunner

from polyflow.cli.installation.topics import topics
from polyflow.cli.runs.queues import queues
from polyflow_shared.broker.kafka.config import KafkaConfig
from polyflow_shared.broker.kafka.entering import refusal
from polyflow_shared.broker.security import KafkaSecurity
from polyflow_shared.errors import BrokerUnavailableError, SettingsError

PLAINTEXT = KafkaSecurity()
PASSWORD = KafkaSecurity(
    protocol="SASL_PLAINTEXT", mechanism="SCRAM-SHA-256", username="ana", password="secret"
)
TLS = KafkaSecurity(protocol="SASL_SSL", username="ana", password="secret")


def closed(cause: Exception) -> KafkaConnectionError:
    error = KafkaConnectionError("Connection at kafka:9092 closed")
    error.__cause__ = cause
    return error


def unverified(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, "why"
    return error


def tls_alert(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


PROTOCOL = "POLYFLOW_KAFKA_SECURITY_PROTOCOL, which is "
CASES = {
    "a password that is wrong": (SaslAuthenticationFailed(), PASSWORD, "POLYFLOW_KAFKA_PASSWORD_FILE", True),
    "a mechanism that is not taken": (
        UnsupportedSaslMechanismError(),
        PASSWORD,
        "takes no passwords by SCRAM-SHA-256: look at POLYFLOW_KAFKA_SASL_MECHANISM",
        True,
    ),
    "a password that nobody asks for": (
        IllegalSaslStateError(),
        PASSWORD,
        f"asks for no password: look at {PROTOCOL}SASL_PLAINTEXT",
        True,
    ),
    "an authority that we do not know": (unverified(20), TLS, "(why): look at POLYFLOW_KAFKA_CA_FILE", True),
    "a certificate that signs itself": (unverified(18), TLS, "look at POLYFLOW_KAFKA_CA_FILE", True),
    "a certificate of another host": (unverified(62), TLS, "is for another name", True),
    "a certificate of another address": (unverified(64), TLS, "look at POLYFLOW_BROKERS", True),
    "a certificate of yesterday": (unverified(10), TLS, "has expired", True),
    "a certificate of ours that is not taken": (
        closed(tls_alert("SSLV3_ALERT_BAD_CERTIFICATE")),
        TLS,
        "look at POLYFLOW_KAFKA_CERTIFICATE_FILE",
        True,
    ),
    "TLS to who does not speak it": (
        ConnectionResetError(),
        TLS,
        f"does not speak TLS: look at {PROTOCOL}SASL_SSL",
        False,
    ),
    "TLS answered by something else": (tls_alert("WRONG_VERSION_NUMBER"), TLS, "does not speak TLS", False),
    "no TLS to who speaks nothing else": (
        closed(IncompleteReadError(b"\x00\x02\x02", 0x15030300)),
        PASSWORD,
        f"speaks TLS only: look at {PROTOCOL}SASL_PLAINTEXT",
        True,
    ),
    "no password where one is asked for": (
        closed(IncompleteReadError(b"", 4)),
        PLAINTEXT,
        f"may ask for a password: look at {PROTOCOL}PLAINTEXT",
        False,
    ),
    "a broker that is not up": (
        ConnectionRefusedError(111, "Connection refused"),
        PLAINTEXT,
        "does not answer: Connection refused; look at POLYFLOW_BROKERS",
        False,
    ),
    "a broker that is reset while nothing is encrypted": (
        ConnectionResetError(104, "Connection reset by peer"),
        PASSWORD,
        "does not answer: Connection reset by peer",
        False,
    ),
    "a broker that does not answer in time": (TimeoutError(), TLS, "does not answer: TimeoutError", False),
    "a host that there is not": (socket.gaierror(-2, "unknown"), PLAINTEXT, "no such host", False),
}


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_names_what_to_look_at(case):
    error, security, told, by_settings = CASES[case]
    found = refusal(error, "kafka:9092", KafkaConfig(security=security))
    assert told in str(found)
    assert "kafka:9092" in str(found)
    assert "\n" not in str(found)
    assert "secret" not in str(found)
    assert type(found) is (SettingsError if by_settings else BrokerUnavailableError)


NOBODY = "127.0.0.1:1"


def test_a_command_names_what_it_has_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYFLOW_KAFKA", NOBODY)
    told = str(CliRunner().invoke(queues, []).exception)
    assert told.endswith("look at --kafka, or POLYFLOW_KAFKA")


def test_topics_read_what_services_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLYFLOW_KAFKA", raising=False)
    monkeypatch.setenv("POLYFLOW_BROKERS", NOBODY)
    told = str(CliRunner().invoke(topics, ["check"]).exception)
    assert told.endswith("look at --kafka, POLYFLOW_KAFKA or POLYFLOW_BROKERS")
