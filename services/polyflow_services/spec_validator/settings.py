"""The spec validator's knobs."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class SpecValidatorSettings(BaseSettings):
    """Every knob, its unit and its default."""

    model_config = SettingsConfigDict(env_prefix="POLYFLOW_SPEC_VALIDATOR_", frozen=True)

    brokers: str = "localhost:9092"
    """Kafka bootstrap servers, `host:port[,host:port]`."""
    clusters: frozenset[str] = frozenset({"local"})
    """Names of the clusters that operations may be sent to, as a JSON list; each needs its pod launcher."""
