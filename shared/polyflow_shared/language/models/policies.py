"""What surrounds a run: time limits and retries, caching, what the platform adds."""

from typing import Literal

from polyflow_shared.language.models.base import Integer, Model, Templated
from polyflow_shared.language.models.kubernetes import PodFailurePolicy, ResourceRequirements

Status = Literal[
    "created", "resuming", "on_schedule", "compiled", "queued", "scheduled", "starting", "running",
    "processing", "stopping", "failed", "stopped", "succeeded", "skipped", "warning", "unschedulable",
    "upstream_failed",
    "retrying", "unknown", "done",
]  # fmt: skip
"""A run's status; `done` stands for every final one."""

PatchStrategy = Literal["post_merge", "pre_merge", "replace", "isnull"]
"""How a layer is merged over its base: it wins, the base wins, fields are replaced, gaps are filled."""


class V1Culling(Model):
    """When an idle service is stopped."""

    timeout: Integer | None = None
    """Seconds of inactivity before the service is stopped."""


class V1ExecProbe(Model):
    """A command that tells by its exit code whether a service is in use."""

    command: list[str]
    """The command and its arguments."""


class V1HttpProbe(Model):
    """A request that tells whether a service is in use."""

    path: str | None = None
    """Of the URL."""
    port: Integer | None = None
    """Of the container."""


class V1ActivityProbe(Model):
    """How it is found out whether a service is in use."""

    exec: V1ExecProbe | None = None
    """A command in the container."""
    http: V1HttpProbe | None = None
    """A request to the container."""


class V1Termination(Model):
    """How long a run may take, how often it is tried, how long what it leaves is kept."""

    max_retries: Templated[Integer] | None = None
    """Retries of the pod/job after failure (Kubernetes backoffLimit). Default 0. Negative values are not
    rejected. Same run, statuses show `retrying`.
    """
    ttl: Templated[Integer] | None = None
    """Seconds to keep finished Kubernetes resources before deletion."""
    timeout: Templated[Integer] | None = None
    """Seconds of active time; when exceeded the operator sets **stopped** (reason DeadlineExceeded), not
    failed.
    """
    culling: V1Culling | None = None
    """Idle shutdown (services)."""
    probe: V1ActivityProbe | None = None
    """How idleness is probed: `{exec:{command}}` or `{http:{path,port}}`."""
    pod_failure_policy: Templated[PodFailurePolicy] | None = None
    """Kubernetes podFailurePolicy (e.g. ignore exit 143)."""


class V1Cache(Model):
    """When an earlier run with the same content is used instead of a new one."""

    disable: Templated[bool] | None = None
    """true = never reuse. false = force the check even for a top-level run. absent means check only for
    children of a pipeline.
    """
    ttl: Templated[Integer] | None = None
    """Seconds after the cached run finished during which it may be reused. Absent = for ever. Not range-
    checked.
    """
    io: Templated[list[str]] | None = None
    """Names of inputs/outputs/contexts that count; absent means all."""
    sections: Templated[list[Literal["containers", "init", "connections"]]] | None = None
    """Subset of `init`, `connections`, `containers` that count; absent means all three."""


class V1Notification(Model):
    """Who is told when a run comes to a status."""

    connections: list[str]
    """Notification connections (slack, webhook, pagerduty, discord,  ...)."""
    trigger: Status | None = None
    """A run status (any of the 20) or `done`; absent means all done statuses."""


class V1PolyaxonSidecarContainer(Model):
    """The platform's own container beside the main one."""

    image: str | None = None
    """Its image, without the tag."""
    image_tag: str | None = None
    """The image's tag."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    """When its image is pulled."""
    resources: Templated[ResourceRequirements] | None = None
    """What it may use."""
    sleep_interval: Templated[Integer] | None = None
    """Seconds between two looks at the main container."""
    sync_interval: Templated[Integer] | None = None
    """Seconds between two uploads of outputs."""
    monitor_logs: Templated[bool] | None = None
    """Whether it collects logs."""
    monitor_spec: Templated[bool] | None = None
    """Whether it records the specification."""
    no_connections: Templated[bool] | None = None
    """Whether it goes without the run's connections."""


class V1Plugins(Model):
    """What the platform adds to the pods of a run."""

    auth: Templated[bool] | None = None
    """Mount a user token in the main container. Default false."""
    docker: Templated[bool] | None = None
    """Mount the docker socket. Default false."""
    shm: Templated[bool] | None = None
    """Mount /dev/shm. Default true."""
    tmux: Templated[bool] | None = None
    """tmux for shells. Default false."""
    sandbox: Templated[bool] | None = None
    """In-container exec/files/pty API. Only kind `service`."""
    ssh: Templated[bool] | None = None
    """SSH access. Only kind `service`."""
    mount_artifacts_store: Templated[bool] | None = None
    """Mount the artifacts store in the main container. Default false."""
    collect_artifacts: Templated[bool] | None = None
    """Collect the artifacts/outputs directory. Default true."""
    collect_logs: Templated[bool] | None = None
    """Archive logs. Default true."""
    collect_resources: Templated[bool] | None = None
    """Record cpu/memory/gpu. Default true."""
    sync_statuses: Templated[bool] | None = None
    """Sync pod statuses. Default true."""
    auto_resume: Templated[bool] | None = None
    """Resume in place after eviction. Default true."""
    log_level: str | None = None
    """Log level of the platform helpers."""
    external_host: Templated[bool] | None = None
    """Use the external API host. Default false."""
    sidecar: Templated[V1PolyaxonSidecarContainer] | None = None
    """Sidecar tuning: image, imageTag, imagePullPolicy, resources, sleepInterval, syncInterval (s; 60
    forced for pipeline children when unset), monitorLogs, monitorSpec, noConnections.
    """
    notifications: Templated[list[V1Notification]] | None = None
    """List of notifications."""
