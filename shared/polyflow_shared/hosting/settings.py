"""The knobs that several processes have; each one's own are in its `settings.py`.

Constructed when a process starts (`process.py`) and nowhere else; cores and loops get plain values.
"""

import json
import socket
from pathlib import Path
from ssl import SSLError
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from polyflow_shared.broker.security import KafkaSecurity, Mechanism, Protocol
from polyflow_shared.language.fields.wording import should_be
from polyflow_shared.machine.home import listed
from polyflow_shared.stated.tokens import KEY_BYTES
from polyflow_topics.names import INSTALLATION, installation_of

Place = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
"""A path on this machine; `~` is the user's folder."""


def _several(value: Any) -> Any:
    """Return the parts of a text with commas or of a JSON list; anything else is left to the check."""
    if not isinstance(value, str):
        return value
    return json.loads(value) if value.lstrip().startswith("[") else listed(value)


SEVERAL: Final = (NoDecode, BeforeValidator(_several))
"""Marks a list: written with commas, as the command line writes lists, or as a JSON list."""


class ProcessSettings(BaseSettings):
    """Every knob, its unit and its default; each is read from `POLYFLOW_` and its name in capitals.

    Numbers are bounded at both ends: what no clock, date or counter can hold is told at the start, not later.
    """

    model_config = SettingsConfigDict(
        env_prefix="POLYFLOW_",
        env_ignore_empty=True,
        env_parse_none_str="none",
        frozen=True,
        validate_default=True,
    )

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least level that is written."""
    log_format: Literal["auto", "json", "plain"] = "auto"
    """`auto`: plain on a terminal, JSON elsewhere."""


class KafkaSecuritySettings(ProcessSettings):
    """The security of a connection to Apache Kafka.

    What would not be used is refused: it was meant to protect something.
    """

    kafka_security_protocol: Protocol = "PLAINTEXT"
    """`SSL` and `SASL_SSL` encrypt; `SASL_PLAINTEXT` and `SASL_SSL` ask for a password."""
    kafka_sasl_mechanism: Mechanism = "PLAIN"
    """How the password is proved."""
    kafka_username: str = ""
    """For SASL."""
    kafka_password_file: Place | None = None
    """For SASL, instead of `kafka_password`: a file that has the password alone, as secrets are mounted."""
    kafka_password: SecretStr = SecretStr("")
    """For SASL, if there is no `kafka_password_file`."""
    kafka_ca_file: Place | None = None
    """PEM file of whom the broker may be vouched for by; whom the machine trusts if not given."""
    kafka_key_file: Place | None = None
    """PEM file of this client's key; in `kafka_certificate_file` if not given."""
    kafka_key_password: SecretStr = SecretStr("")
    """Of this client's key, if it has one."""
    kafka_certificate_file: Place | None = None
    """PEM file of this client's certificate, where the broker asks for one."""

    @property
    def security(self) -> KafkaSecurity:
        """All of them as a value."""
        return KafkaSecurity(
            protocol=self.kafka_security_protocol,
            mechanism=self.kafka_sasl_mechanism,
            username=self.kafka_username,
            password=_password(self.kafka_password_file) or self.kafka_password.get_secret_value(),
            authority=self.kafka_ca_file,
            certificate=self.kafka_certificate_file,
            key=self.kafka_key_file,
            key_password=self.kafka_key_password.get_secret_value(),
        )

    @field_validator("kafka_username")
    @classmethod
    def _name_goes_with_sasl(cls, value: str, info: ValidationInfo) -> str:
        _goes_with_sasl(bool(value), info)
        return value

    @field_validator("kafka_password_file")
    @classmethod
    def _has_a_password(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value:
            _goes_with_sasl(given=True, info=info)
            _password(value)
        return value

    @field_validator("kafka_password")
    @classmethod
    def _password_goes_with_sasl(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        given = bool(value.get_secret_value())
        if given and info.data.get("kafka_password_file"):
            raise ValueError("it would not be used: POLYFLOW_KAFKA_PASSWORD_FILE is given")
        # A file that is wrong has a line of its own.
        if info.data.get("kafka_password_file", "wrong") is None:
            _goes_with_sasl(given, info)
        return value

    @field_validator("kafka_ca_file", "kafka_key_file", "kafka_certificate_file")
    @classmethod
    def _goes_with_ssl(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        protocol = _protocol(info)
        if value and not protocol.endswith("SSL"):
            raise ValueError(f"it would not be used: {_PROTOCOL} is {protocol}")
        return value

    @field_validator("kafka_ca_file")
    @classmethod
    def _can_be_trusted(cls, value: Path | None) -> Path | None:
        if value:
            _try(KafkaSecurity(protocol="SSL", authority=value))
        return value

    @field_validator("kafka_certificate_file")
    @classmethod
    def _can_be_shown(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        key, password = info.data.get("kafka_key_file"), info.data.get("kafka_key_password", SecretStr(""))
        if key and not value:
            raise ValueError("it is needed: POLYFLOW_KAFKA_KEY_FILE is given")
        if value:
            secret = password.get_secret_value()
            _try(KafkaSecurity(protocol="SSL", certificate=value, key=key, key_password=secret))
        return value


_PROTOCOL: Final = "POLYFLOW_KAFKA_SECURITY_PROTOCOL"


def _protocol(info: ValidationInfo) -> str:
    return str(info.data.get("kafka_security_protocol", "what cannot be"))


def _goes_with_sasl(given: bool, info: ValidationInfo) -> None:
    protocol = _protocol(info)
    if given != protocol.startswith("SASL"):
        raise ValueError(f"it {'would not be used' if given else 'is needed'}: {_PROTOCOL} is {protocol}")


def _password(path: Path | None) -> str:
    """Return what a file has, without the end of its line; nothing if there is no file.

    Raises:
        ValueError: it cannot be read, or is empty.
    """
    if path is None:
        return ""
    try:
        password = path.read_text().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ValueError("it is no text") from error
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from error
    if not password:
        raise ValueError("it is empty")
    return password


def _try(security: KafkaSecurity) -> None:
    """Read the files now, so that a wrong one is told with the name of its setting."""
    try:
        security.context()
    except SSLError as error:
        raise ValueError(f"it is not the PEM file that it should be: {error.reason or error}") from error
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from error


def wrong_settings(error: ValidationError) -> list[str]:
    """Return a line for each setting that is wrong: its variable, and what was expected."""
    return [
        f"POLYFLOW_{'_'.join(str(part) for part in each['loc']).upper()}: {_expected(each)}"
        for each in error.errors(include_url=False)
    ]


def _expected(error: ErrorDetails) -> str:
    match error["type"]:
        case "missing":
            return "it is needed"
        case "value_error":  # one of ours, which may be about a secret: what was given is not shown
            return str(error["ctx"]["error"])
        case "string_pattern_mismatch":
            return f"this should be of the form {error['ctx']['pattern']}, not `{error['input']}`"
        case _:
            return should_be([error])


def checked_token_key(value: SecretStr | None) -> SecretStr | None:
    """Return a key for tokens that is long enough, or none.

    Raises:
        ValueError: it is too short.
    """
    if value is not None and len(value.get_secret_value().encode()) < KEY_BYTES:
        raise ValueError(f"it needs at least {KEY_BYTES} bytes, such as of `openssl rand -hex 32`")
    return value


class ServiceSettings(KafkaSecuritySettings):
    """The knobs of a service on Kafka."""

    brokers: str = "localhost:9092"
    """Kafka bootstrap servers, `host:port[,host:port]`."""
    prefix: str = ""
    """Written before the name of every topic and group, so that several installations can share a broker."""
    member: str = Field(default_factory=socket.gethostname, min_length=1)
    """This replica's name, stable over restarts: under it the broker gives it its partitions back at once.

    No two replicas of one service have the same."""
    session_timeout: float = Field(default=30.0, ge=6.0, le=1800.0)
    """Seconds without a sign of life after which this replica's partitions go to others."""
    metrics_host: str = "127.0.0.1"
    """The address on which metrics and health are served; `0.0.0.0` in a container."""
    metrics_port: int | None = Field(default=0, ge=0, le=65535)
    """The port for metrics and health; 0: a free one, which the log's first line tells; `none`: no page."""


class LimitSettings(ProcessSettings):
    """The limits of an installation; its spec validator and its admission are told the same."""

    max_concurrency: int | None = Field(default=None, ge=1, le=1_000_000)
    """Operations that run at once in the whole installation; any number if not given."""
    queues: Place | None = None
    """The file with the catalogue of queues; without one there are none."""


class HomeSettings(ProcessSettings):
    """The knobs of a process that keeps something on this machine."""

    home: Place = Path("~/.polyflow")
    """The folder of everything that polyflow keeps on this machine."""


class ClusterPlaceSettings(HomeSettings):
    """Where a process cluster is found, for itself and for whoever talks to it."""

    cluster_socket: Place = Field(default_factory=lambda read: Path(read["home"], "cluster.sock"))
    """Where the process cluster listens; it and those who serve it have the same."""


class ClusterServiceSettings(ServiceSettings, ClusterPlaceSettings):
    """The knobs of a service that serves one cluster."""

    cluster: str = Field(default="local", pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
    """The name of the cluster that is served: commands for it have a topic of their own.

    Small letters, digits, hyphens."""
    cluster_kind: Literal["processes", "kubernetes"] = "processes"
    """What the cluster is: processes of this machine behind `cluster_socket`, or Kubernetes."""
    kubernetes_namespaces: Annotated[tuple[str, ...], Field(min_length=1), *SEVERAL] = ("default",)
    """Namespaces that pods may be in, with commas; new pods go to the first, if they do not say."""
    kubernetes_context: str | None = None
    """The context of the kubeconfig file (`KUBECONFIG`); its current one if not given."""
    installation: str = Field(default="", pattern=rf"^({INSTALLATION})?$")
    """Tells the pods of this polyflow from those of another one on the same cluster:
    two installations of one name end each other's pods.

    Small letters, digits, hyphens, 63 at most."""
    gateway_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    """Where pods on Kubernetes reach the gateway, `http://` or `https://`; without it they send nothing."""
    token_key: SecretStr | None = Field(default=None, validate_default=True)
    """The installation's secret, at least 32 bytes, as the gateway has it; `gateway_url` needs it."""
    api_in_flight: int = Field(default=64, ge=1, le=1000)
    """Requests to the API server at the same time."""
    api_per_second: float = Field(default=500.0, ge=0.01, le=100_000.0)
    """Requests to the API server in a second, over a while; twice as many may come at once."""

    @property
    def owner_of_pods(self) -> str:
        """The name of the installation, given or not."""
        return self.installation or installation_of(self.prefix)

    _long_enough = field_validator("token_key")(checked_token_key)

    @field_validator("token_key")
    @classmethod
    def _goes_with_gateway(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and info.data.get("gateway_url"):
            raise ValueError("it is needed: POLYFLOW_GATEWAY_URL is given")
        return value
