"""What a pod is made of besides its main container's command."""

from typing import Final

from pydantic import Field

from polyflow_topics.message import Frozen, Values

MAIN: Final = "main"
"""The name of the operation's own container in its pod."""
VOLUME: Final = "polyflow"
"""The name of the volume that outputs and artifacts are written to; every pod has it."""
MOUNT: Final = "/polyflow"
"""Where it is mounted in every container."""


def volume_variable(name: str) -> str:
    """Return the environment variable that tells a container where a volume of this name is mounted."""
    return f"POLYFLOW_VOLUME_{name.replace('-', '_').upper()}"


ARTIFACTS: Final = "artifacts"
"""The word that entries about files and folders of an operation begin with, and the type of a map of them."""
ARTIFACTS_PATH: Final = f"{MOUNT}/{ARTIFACTS}"
"""The folder of an operation's artifacts in every container of a pod."""
ALL_ARTIFACTS: Final = "."
"""The path that stands for all artifacts of an operation."""
RUNS_VARIABLE: Final = "POLYFLOW_RUNS_PATH"
"""The environment variable that tells a process of a machine where the folders of all its runs are."""


def artifacts_variable(operation: str) -> str:
    """Return the environment variable that tells a container where the artifacts of an operation are."""
    return f"POLYFLOW_ARTIFACTS_OF_{operation}"


class Service(Frozen):
    """Says that a pod answers on ports, and goes on until it is stopped."""

    ports: tuple[int, ...]
    """Those that it listens on, at least one; it is up once the first of them answers."""


class PodParts(Frozen):
    """The rest of a pod: further containers, volumes, and where and as whom it runs.

    Objects are those of Kubernetes' core/v1 API, with its camelCase keys.  Secrets are references only.
    """

    container: Values = Field(default_factory=dict)
    """Further fields of the main container: `resources`, `ports`, `volumeMounts`, `securityContext` …"""
    env: dict[str, Values] = Field(default_factory=dict)
    """The main container's variables that are kept elsewhere: each an EnvVarSource, by its name."""
    init: tuple[Values, ...] = ()
    """Containers that run before the main one, each to its end, in this order; all have names."""
    sidecars: tuple[Values, ...] = ()
    """Containers that run beside the main one and end with it; all have names."""
    volumes: tuple[Values, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    spec: Values = Field(default_factory=dict)
    """Further fields of the pod's spec: `nodeSelector`, `tolerations`, `serviceAccountName` …."""
    service: Service | None = None
    """Set for a service; a job has none."""
    namespace: str = ""
    """Where it is created; empty for the cluster's own choice."""
    artifacts: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Artifacts of other operations that it reads: the paths that have to be there, by the operation's name.
    Under an empty name those of other runs, from the folder of all runs on."""
    ttl: int | None = None
    """Seconds that the pod is kept after its end."""
