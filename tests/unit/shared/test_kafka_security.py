"""The security of a connection to Kafka: what is meant to protect does, or is refused."""

import ssl
from typing import Any

import pytest
from pydantic import ValidationError

from polyflow_shared.broker.kafka.config import KafkaConfig
from polyflow_shared.broker.security import KafkaSecurity
from polyflow_shared.hosting.settings import KafkaSecuritySettings, wrong_settings

SASL = {"kafka_security_protocol": "SASL_SSL", "kafka_username": "ana", "kafka_password": "secret"}

UNSAID = {"kafka_security_protocol": "SASL_SSL", "kafka_username": "ana"}

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a protocol that does not exist": (
        {"kafka_security_protocol": "TLS"},
        "POLYFLOW_KAFKA_SECURITY_PROTOCOL",
    ),
    "a mechanism that does not exist": (
        SASL | {"kafka_sasl_mechanism": "MD5"},
        "POLYFLOW_KAFKA_SASL_MECHANISM",
    ),
    "a user name on an open connection": (
        {"kafka_username": "ana"},
        "USERNAME: it would not be used",
    ),
    "a password without SASL": (
        {"kafka_security_protocol": "SSL", "kafka_password": "secret"},
        "PASSWORD: it would not be used: POLYFLOW_KAFKA_SECURITY_PROTOCOL is SSL",
    ),
    "SASL without a user name": (
        {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_password": "secret"},
        "USERNAME: it is needed",
    ),
    "SASL without a password": (SASL | {"kafka_password": ""}, "PASSWORD: it is needed"),
    "a password and a file with one": (
        SASL | {"kafka_password_file": "FILE"},
        "PASSWORD: it would not be used: POLYFLOW_KAFKA_PASSWORD_FILE is given",
    ),
    "a file with a password without SASL": (
        {"kafka_security_protocol": "SSL", "kafka_password_file": "FILE"},
        "PASSWORD_FILE: it would not be used: POLYFLOW_KAFKA_SECURITY_PROTOCOL is SSL",
    ),
    "a file with a password that is not there": (
        UNSAID | {"kafka_password_file": "/nowhere"},
        "PASSWORD_FILE: it cannot be read: No such file",
    ),
    "a file with a password that is empty": (
        UNSAID | {"kafka_password_file": "EMPTY"},
        "PASSWORD_FILE: it is empty",
    ),
    "an authority where nothing is encrypted": (
        SASL | {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_ca_file": "FILE"},
        "CA_FILE: it would not be used",
    ),
    "an authority that is not there": (
        SASL | {"kafka_ca_file": "/nowhere"},
        "CA_FILE: it cannot be read",
    ),
    "an authority that is no certificate": (
        SASL | {"kafka_ca_file": "FILE"},
        "CA_FILE: it is not the PEM",
    ),
    "a certificate where nothing is encrypted": ({"kafka_certificate_file": "FILE"}, "it would not be used"),
    "a certificate that is none": (
        {"kafka_security_protocol": "SSL", "kafka_certificate_file": "FILE"},
        "CERTIFICATE_FILE: it is not the PEM",
    ),
    "a key without its certificate": (
        {"kafka_security_protocol": "SSL", "kafka_key_file": "FILE"},
        "CERTIFICATE_FILE: it is needed: POLYFLOW_KAFKA_KEY_FILE is given",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_setting_is_told_by_its_variable(case, tmp_path):
    given, told = WRONG[case]
    (tmp_path / "file").write_text("neither a key nor a certificate")
    (tmp_path / "empty").write_text("\n")
    places = {"FILE": str(tmp_path / "file"), "EMPTY": str(tmp_path / "empty")}
    given = {name: places.get(value, value) for name, value in given.items()}
    with pytest.raises(ValidationError) as wrong:
        KafkaSecuritySettings(**given)
    assert any(told in line for line in wrong_settings(wrong.value)), wrong_settings(wrong.value)


def test_without_settings_nothing_is_encrypted_and_nobody_is_asked():
    told = KafkaConfig(security=KafkaSecuritySettings().security).connection("x")
    assert told["security_protocol"] == "PLAINTEXT"
    assert told["ssl_context"] is None
    assert "sasl_mechanism" not in told


def test_over_tls_the_brokers_certificate_and_name_are_looked_at():
    told = KafkaSecuritySettings(**SASL, kafka_sasl_mechanism="SCRAM-SHA-256").security.options()
    assert told["ssl_context"].verify_mode is ssl.CERT_REQUIRED
    assert told["ssl_context"].check_hostname
    assert (told["sasl_mechanism"], told["sasl_plain_username"]) == ("SCRAM-SHA-256", "ana")
    assert told["sasl_plain_password"] == "secret"


def test_a_file_that_is_wrong_is_the_only_thing_told():
    with pytest.raises(ValidationError) as wrong:
        KafkaSecuritySettings(**UNSAID, kafka_password_file="/nowhere")
    assert len(wrong_settings(wrong.value)) == 1


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_password_may_be_in_a_file(tmp_path, end):
    path = tmp_path / "password"
    path.write_text(f" a secret {end}", newline="")
    settings = KafkaSecuritySettings(**UNSAID, kafka_password_file=path)
    assert settings.security.options()["sasl_plain_password"] == " a secret "
    assert "a secret" not in f"{settings!r} {settings.security!r}"


def test_a_password_is_never_shown():
    settings = KafkaSecuritySettings(**SASL)
    shown = f"{settings!r} {settings} {settings.security!r} {KafkaConfig(security=settings.security)!r}"
    assert "secret" not in shown
    assert "hush" not in repr(KafkaSecurity(key_password="hush"))
