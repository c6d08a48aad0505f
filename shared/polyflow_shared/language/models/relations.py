"""What belongs to a run beside it: hooks, events, a build, uploads, the template lock."""

from typing import Any, Literal

from pydantic import Field

from polyflow_shared.language.models.base import Model, Templated
from polyflow_shared.language.models.io import V1Param
from polyflow_shared.language.models.policies import PatchStrategy, Status, V1Cache

EventKind = Literal[
    "run_status_created", "run_status_resuming", "run_status_compiled", "run_status_on_schedule",
    "run_status_queued", "run_status_scheduled", "run_status_starting", "run_status_running",
    "run_status_processing", "run_status_stopping", "run_status_failed", "run_status_stopped",
    "run_status_succeeded", "run_status_skipped", "run_status_warning", "run_status_unschedulable",
    "run_status_upstream_failed", "run_status_retrying", "run_status_unknown", "run_status_done",
    "run_approved_actor", "run_invalidated_actor", "run_new_artifacts", "connection_git_commit",
    "connection_dataset_version", "connection_registry_image", "alert_info", "alert_warning",
    "alert_critical",    "model_version_new_metric", "project_custom_event", "org_custom_event",
]  # fmt: skip
"""What can happen that an operation waits for."""


class V1Hook(Model):
    """A component that is run when a run has ended."""

    hub_ref: str
    """The component, in the hub."""
    connection: str | None = None
    """The connection that it writes to."""
    trigger: Status | None = None
    """The status that it is run for; every final one where absent."""
    conditions: str | None = None
    """An expression; where it is false, nothing is run."""
    presets: list[str] | None = None
    """Names of saved presets that are laid over it."""
    queue: str | None = None
    """The queue that it waits in."""
    namespace: str | None = None
    """The Kubernetes namespace that it runs in."""
    params: Templated[dict[str, V1Param]] | None = None
    """Values for its inputs, each `{value: ...}`."""
    disable_defaults: Templated[bool] | None = None
    """Whether it goes without what is known of the run that has ended: name, status, inputs, outputs and
    more.
    """


class V1EventTrigger(Model):
    """Events that an operation waits for."""

    kinds: Templated[list[EventKind]]
    """Kinds of events, of which one must happen."""
    ref: str
    """What they happen to: `ops.NAME`, `runs.ID`, `connections.NAME`. `ops.NAME` makes that operation an
    upstream.
    """


class V1Build(Model):
    """A container image that is built before the run."""

    hub_ref: str
    """The component that builds, in the hub."""
    connection: str | None = None
    """The connection of the registry or repository."""
    presets: Templated[list[str]] | None = None
    """Names of saved presets that are laid over it."""
    queue: str | None = None
    """The queue that it waits in."""
    namespace: str | None = None
    """The Kubernetes namespace that it runs in."""
    cache: Templated[V1Cache] | None = None
    """When an image that was built before is used."""
    params: Templated[dict[str, V1Param]] | None = None
    """Values for its inputs, each `{value: ...}`; `destination` is the name of the image."""
    run_patch: dict[str, Any] | None = None
    """A part of a run that is laid over the component's."""
    patch_strategy: Templated[PatchStrategy] | None = None
    """How these fields are laid over the component."""


class V1Template(Model):
    """Marks a specification that is to be edited before it can be run."""

    enabled: Templated[bool] | None = None
    """Whether it is refused to run as it is."""
    description: str | None = None
    """What a user is told."""
    fields: Templated[list[str]] | None = None
    """Names of the fields that are to be edited."""


class V1Mount(Model):
    """A file or folder that is uploaded when a run is requested."""

    from_: str = Field(alias="from")
    """The path on your machine."""
    to: str | None = None
    """The path among the run's artifacts."""
