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
    """component to run. pathRef/urlRef/inline are not allowed."""
    connection: str | None = None
    """Connection the component sends to."""
    trigger: Status | None = None
    """`succeeded`, `failed`, `stopped`, `skipped`, `upstream_failed` or `done`; absent means done (all)."""
    conditions: str | None = None
    """Expression; false to the hook is not created."""
    presets: list[str] | None = None
    """Saved presets (list; no comma string here)."""
    queue: str | None = None
    """Queue for this run."""
    namespace: str | None = None
    """Namespace for this run."""
    params: Templated[dict[str, V1Param]] | None = None
    """Long form only (`k: {value: v}`)."""
    disable_defaults: Templated[bool] | None = None
    """true to do not inject the finished run's context params."""


class V1EventTrigger(Model):
    """Events that an operation waits for."""

    kinds: Templated[list[EventKind]]
    """Required list (may be empty!) of event kinds."""
    ref: str
    """`ops.NAME`, `runs.UUID`, `connections.NAME`, or free text. Only `ops.NAME` creates an edge."""


class V1Build(Model):
    """A container image that is built before the run."""

    hub_ref: str
    """builder component (kaniko, buildah, dockerizer ...)."""
    connection: str | None = None
    """Registry/git connection."""
    presets: Templated[list[str]] | None = None
    """Saved presets to apply."""
    queue: str | None = None
    """Queue for this run."""
    namespace: str | None = None
    """Namespace for this run."""
    cache: Templated[V1Cache] | None = None
    """Cache policy of this run."""
    params: Templated[dict[str, V1Param]] | None = None
    """Long form only; conventionally `destination` = image name."""
    run_patch: dict[str, Any] | None = None
    """Partial runtime merged over the component."""
    patch_strategy: Templated[PatchStrategy] | None = None
    """Merge strategy."""


class V1Template(Model):
    """Marks a specification that is to be edited before it can be run."""

    enabled: Templated[bool] | None = None
    """Whether the template lock is on."""
    description: str | None = None
    """Shown to the user."""
    fields: Templated[list[str]] | None = None
    """Names of the fields the user must change."""


class V1Mount(Model):
    """A file or folder that is uploaded when a run is requested."""

    from_: str = Field(alias="from")
    """On the machine of the user."""
    to: str | None = None
    """In the run's artifacts."""
