"""What an operation runs in pods: a job, a service, and what the platform runs itself."""

from typing import Literal

from polyflow_shared.language.models.base import Integer, Templated
from polyflow_shared.language.models.pods import PodFields


class V1Job(PodFields):
    """One container that runs to its end."""

    kind: Literal["job"] = "job"
    """Says that this is a job."""


class V1Service(PodFields):
    """A container that runs until it is stopped, and answers on its ports."""

    kind: Literal["service"] = "service"
    """Says that this is a service."""
    ports: Templated[list[Integer]] | None = None
    """Ports that the container listens on."""
    rewrite_path: Templated[bool] | None = None
    """Whether the platform's own base URL is taken off before a request is handed on."""
    is_external: Templated[bool] | None = None
    """Whether it is reached without the platform's authentication."""
    replicas: Templated[Integer] | None = None
    """Equal pods, 1 where absent."""


class V1NotifierJob(PodFields):
    """A job that tells somebody of a run; made by the platform."""

    kind: Literal["notifier"] = "notifier"
    """Says that this is a notifier."""


class V1CleanerJob(PodFields):
    """A job that removes what runs have left; made by the platform."""

    kind: Literal["cleaner"] = "cleaner"
    """Says that this is a cleaner."""


class V1TunerJob(PodFields):
    """A job that suggests the next trials of a matrix; made by the platform."""

    kind: Literal["tuner"] = "tuner"
    """Says that this is a tuner."""
