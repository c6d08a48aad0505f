"""The knobs that all services have; each service's own are in its `settings.py`.

Constructed when a process starts (`process.py`) and nowhere else; cores and loops get plain values.
"""

import socket
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Every knob, its unit and its default; each is read from `POLYFLOW_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="POLYFLOW_", frozen=True)

    brokers: str = "localhost:9092"
    """Kafka bootstrap servers, `host:port[,host:port]`."""
    namespace: str = ""
    """Written before the name of every topic and group, so that several installations can share a broker."""
    member: str = Field(default_factory=socket.gethostname, min_length=1)
    """This replica's name, stable over restarts: under it the broker gives it its partitions back at once."""
    session_timeout: float = Field(default=30.0, ge=6.0)
    """Seconds without a sign of life after which this replica's partitions go to others."""
    metrics_host: str = "127.0.0.1"
    """The address on which metrics and health are served; `0.0.0.0` in a container."""
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """The port for metrics and health; 0 takes a free one, which the first line of the log tells."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least level that is written."""
    log_format: Literal["auto", "json", "plain"] = "auto"
    """`auto`: plain on a terminal, JSON elsewhere."""


class ClusterServiceSettings(ServiceSettings):
    """The knobs of a service that serves one cluster."""

    cluster: str = Field(default="local", pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
    """The name of the cluster that is served: commands for it have a topic of their own."""
    cluster_socket: Path = Path("~/.polyflow/cluster.sock")
    """Where the process cluster listens."""
