"""The knobs that several processes have; each one's own are in its `settings.py`.

Constructed when a process starts (`process.py`) and nowhere else; cores and loops get plain values.
"""

import json
import socket
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from polyflow_shared.home import listed

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
    """Every knob, its unit and its default; each is read from `POLYFLOW_` and its name in capitals."""

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


class ServiceSettings(ProcessSettings):
    """The knobs of a service on Kafka."""

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
    metrics_port: int | None = Field(default=0, ge=0, le=65535)
    """The port for metrics and health; 0: a free one, which the log's first line tells; `none`: no page."""


class HomeSettings(ProcessSettings):
    """The knobs of a process that keeps something on this machine."""

    home: Place = Path("~/.polyflow")
    """The folder of everything that polyflow keeps on this machine."""


class ClusterPlaceSettings(HomeSettings):
    """Where a process cluster is found, for itself and for whoever talks to it."""

    cluster_socket: Place = Field(default_factory=lambda read: Path(read["home"], "cluster.sock"))
    """Where the process cluster listens; `cluster.sock` in the home folder, if not given."""


class ClusterServiceSettings(ServiceSettings, ClusterPlaceSettings):
    """The knobs of a service that serves one cluster."""

    cluster: str = Field(default="local", pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
    """The name of the cluster that is served: commands for it have a topic of their own."""
    cluster_kind: Literal["processes", "kubernetes"] = "processes"
    """What the cluster is: processes of this machine behind `cluster_socket`, or Kubernetes."""
    kubernetes_namespaces: Annotated[tuple[str, ...], Field(min_length=1), *SEVERAL] = ("default",)
    """Namespaces that pods may be in, with commas; new pods go to the first."""
    kubernetes_context: str | None = None
    """The context of the kubeconfig file (`KUBECONFIG`); its current one if not given."""
    installation: str = Field(default="polyflow", pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    """Tells the pods of this polyflow from those of another one on the same cluster."""
    api_in_flight: int = Field(default=64, ge=1, le=1000)
    """Requests to the API server at the same time."""
    api_per_second: float = Field(default=500.0, gt=0)
    """Requests to the API server in a second, over a while; twice as many may come at once."""
