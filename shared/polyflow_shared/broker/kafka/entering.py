"""The first connection to Kafka: whoever is not let in is told in one line which setting to look at.

aiokafka writes to its log why an address does not let us in, and raises only that none was left.
"""

import socket
from asyncio import IncompleteReadError
from ssl import SSLCertVerificationError, SSLError
from typing import Final

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from polyflow_shared.broker.kafka.config import KafkaConfig
from polyflow_shared.broker.security import KafkaSecurity
from polyflow_shared.errors import BrokerUnavailableError, PolyflowError, SettingsError

_PROTOCOL: Final = "POLYFLOW_KAFKA_SECURITY_PROTOCOL"
_OTHER_NAME: Final = frozenset({62, 64})
"""OpenSSL's codes for a certificate of another host name, and of another address."""
_EXPIRED: Final = 10
_TLS_ALERT: Final = 0x15
"""The first byte of what says no in TLS; Kafka's own answers begin with their size, which is less."""


async def enter(config: KafkaConfig) -> None:
    """Return when one of the addresses has let us in.

    Raises:
        SettingsError: an address answers, and does not let us in as the settings are.
        BrokerUnavailableError: none does, and a setting need not be the reason.
    """
    told: list[PolyflowError] = []
    for host, port, _ in collect_hosts(config.bootstrap_servers, randomize=False):
        try:
            await _greet(config, host, port)
        except (KafkaError, OSError, TimeoutError) as error:
            told.append(refusal(error, f"{host}:{port}", config))
        else:
            return
    raise next((error for error in told if isinstance(error, SettingsError)), told[0])


async def _greet(config: KafkaConfig, host: str, port: int) -> None:
    about = config.connection("first")
    del about["bootstrap_servers"]
    connection = await create_conn(host, port, **about)
    try:
        # A listener that asks for a password takes the greeting from anybody, and ends the connection here.
        await connection.send(MetadataRequest([]))
    finally:
        connection.close()


def refusal(error: BaseException, address: str, config: KafkaConfig) -> PolyflowError:
    """Return the error for whoever was not let in.

    Args:
        error: what was raised.
        address: `host:port`.
        config: as we have tried it.
    """
    kafka, security = f"Kafka at {address}", config.security
    match error:
        case SaslAuthenticationFailed():
            return SettingsError(
                f"{kafka} does not know this user name with this password: look at POLYFLOW_KAFKA_USERNAME "
                "and POLYFLOW_KAFKA_PASSWORD (or POLYFLOW_KAFKA_PASSWORD_FILE)"
            )
        case UnsupportedSaslMechanismError():
            return SettingsError(
                f"{kafka} takes no passwords by {security.mechanism}: look at POLYFLOW_KAFKA_SASL_MECHANISM"
            )
        case IllegalSaslStateError():
            return SettingsError(f"{kafka} asks for no password: look at {_PROTOCOL}, {_is(security)}")
        case SSLCertVerificationError():
            return _not_trusted(error, address, config)
    return _tls_amiss(error, kafka, security) or _silent(error, kafka, config)


def _not_trusted(error: SSLCertVerificationError, address: str, config: KafkaConfig) -> PolyflowError:
    if error.verify_code in _OTHER_NAME:
        return SettingsError(
            f"the certificate of Kafka at {address} is for another name ({error.verify_message}): "
            f"look at {config.named_by}"
        )
    if error.verify_code == _EXPIRED:
        return SettingsError(f"the certificate of Kafka at {address} has expired: the broker needs a new one")
    return SettingsError(
        f"nobody whom we trust vouches for the certificate of Kafka at {address} ({error.verify_message}): "
        "look at POLYFLOW_KAFKA_CA_FILE"
    )


def _tls_amiss(error: BaseException, kafka: str, security: KafkaSecurity) -> PolyflowError | None:
    """Return the error where one side speaks TLS and the other does not, or a certificate is not taken."""
    cause = error.__cause__
    if isinstance(cause, SSLError) and "CERTIFICATE" in (cause.reason or ""):
        return SettingsError(
            f"{kafka} does not take our certificate, or asks for one: look at POLYFLOW_KAFKA_CERTIFICATE_FILE"
        )
    if security.encrypts and isinstance(error, SSLError | ConnectionResetError):
        return BrokerUnavailableError(f"{kafka} does not speak TLS: look at {_PROTOCOL}, {_is(security)}")
    if isinstance(cause, IncompleteReadError) and (cause.expected or 0) >> 24 == _TLS_ALERT:
        return SettingsError(f"{kafka} speaks TLS only: look at {_PROTOCOL}, {_is(security)}")
    return None


def _silent(error: BaseException, kafka: str, config: KafkaConfig) -> PolyflowError:
    if isinstance(error, socket.gaierror):
        return BrokerUnavailableError(f"{kafka} is nowhere: there is no such host; look at {config.named_by}")
    if isinstance(error.__cause__, IncompleteReadError):
        return BrokerUnavailableError(
            f"{kafka} ends the connection at our first request; it may ask for a password: "
            f"look at {_PROTOCOL}, {_is(config.security)}"
        )
    why = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    return BrokerUnavailableError(f"{kafka} does not answer: {why}; look at {config.named_by}")


def _is(security: KafkaSecurity) -> str:
    return f"which is {security.protocol}"
