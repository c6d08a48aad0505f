"""The gateway's knobs."""

from pydantic import Field, SecretStr, field_validator

from polyflow_shared.hosting.settings import ServiceSettings, checked_token_key


class GatewaySettings(ServiceSettings):
    """Every knob, its unit and its default: those that all services have, and its own."""

    gateway_host: str = "127.0.0.1"
    """The address on which it listens; `0.0.0.0` in a container."""
    gateway_port: int = Field(default=0, ge=0, le=65535)
    """The port on which it listens; 0: a free one, which the log tells."""
    token_key: SecretStr
    """The installation's secret, at least 32 bytes: what the tokens of attempts are made with."""
    requests_per_second: float = Field(default=20.0, ge=0.01, le=10_000.0)
    """Requests of one attempt in a second, over a while; five times as many may come at once."""
    requests_at_once: int = Field(default=256, ge=1, le=10_000)
    """Requests that are taken at the same time; more are told to come again, and so is who connects while
    twice as many connections are open."""

    _long_enough = field_validator("token_key")(checked_token_key)
