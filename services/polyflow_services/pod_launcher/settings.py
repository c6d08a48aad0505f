"""The pod launcher's knobs."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class PodLauncherSettings(BaseSettings):
    """Every knob, its unit and its default."""

    model_config = SettingsConfigDict(env_prefix="POLYFLOW_POD_LAUNCHER_", frozen=True)

    brokers: str = "localhost:9092"
    """Kafka bootstrap servers, `host:port[,host:port]`."""
    cluster: str = "local"
    """The name of the cluster that is served; its commands are read."""
    socket: Path = Path("~/.polyflow/cluster.sock")
    """Where the process cluster listens."""
