"""What surrounds a run: time limits and retries, caching, what the platform adds."""

from typing import Literal

from polyflow_shared.language.models.base import Integer, Model, Number, Templated
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
    """Seconds without activity before the service is stopped."""


class V1ExecProbe(Model):
    """A command that tells by its exit code whether a service is in use."""

    command: list[str]
    """The command and its arguments."""


class V1HttpProbe(Model):
    """A request that tells whether a service is in use."""

    path: str | None = None
    """The path that is asked for."""
    port: Integer | None = None
    """The port of the container."""


class V1ActivityProbe(Model):
    """How it is found out whether a service is in use."""

    exec: V1ExecProbe | None = None
    """A command in the container."""
    http: V1HttpProbe | None = None
    """A request to the container."""


class V1Backoff(Model):
    """How long an attempt waits after the one before.  Polyflow's own."""

    kind: Literal["fixed", "exponential"] | None = None
    """`exponential`, which doubles with each attempt and has some chance in it, where absent."""
    delay: Number | None = None
    """Seconds before the second attempt; 1 where absent."""
    max_delay: Number | None = None
    """Seconds that an attempt waits at most; 300 where absent."""


class V1Termination(Model):
    """How long an attempt may take, how often an operation is tried, how long what it leaves is kept.

    What a DAG or a matrix has here holds for each operation in it.
    """

    max_retries: Templated[Integer] | None = None
    """Further attempts after one has failed, 0 where absent."""
    ttl: Templated[Integer] | None = None
    """Seconds that pods and their like are kept after the run has ended."""
    timeout: Templated[Integer] | None = None
    """Seconds that each attempt may take; it fails when they are over."""
    culling: V1Culling | None = None
    """When a service that nobody uses is stopped."""
    probe: V1ActivityProbe | None = None
    """How it is found out whether a service is in use."""
    pod_failure_policy: Templated[PodFailurePolicy] | None = None
    """Which failures of pods count, as in Kubernetes."""
    backoff: V1Backoff | None = None
    """How long further attempts wait.  Polyflow's own."""


class V1Cache(Model):
    """When an earlier run with the same content is used instead of a new one."""

    disable: Templated[bool] | None = None
    """True: earlier results are never used. False: they are looked for even by a run that is no part of
    another. Absent: only by parts of a DAG or matrix.
    """
    ttl: Templated[Integer] | None = None
    """Seconds after its end during which an earlier run is used; absent means for ever."""
    io: Templated[list[str]] | None = None
    """Names of the inputs and outputs that must be equal; all where absent."""
    sections: Templated[list[Literal["containers", "init", "connections"]]] | None = None
    """Parts of the run that must be equal; all three where absent."""


class V1Notification(Model):
    """Who is told when a run comes to a status."""

    connections: list[str]
    """Names of connections: Slack, a webhook and their like."""
    trigger: Status | None = None
    """The status that is told; every final one where absent."""


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
    """Whether the main container gets a token of the user; false where absent."""
    docker: Templated[bool] | None = None
    """Whether the node's Docker socket is mounted; false where absent."""
    shm: Templated[bool] | None = None
    """Whether /dev/shm is mounted as large as memory; true where absent."""
    tmux: Templated[bool] | None = None
    """Whether shells are in tmux; false where absent."""
    sandbox: Templated[bool] | None = None
    """Whether commands, files and terminals of the container can be reached from outside; only for services.
    """
    ssh: Templated[bool] | None = None
    """Whether the container can be reached by SSH; only for services."""
    mount_artifacts_store: Templated[bool] | None = None
    """Whether the main container gets the artifacts store; false where absent."""
    collect_artifacts: Templated[bool] | None = None
    """Whether the artifacts and outputs of the run are kept; true where absent."""
    collect_logs: Templated[bool] | None = None
    """Whether logs are kept; true where absent."""
    collect_resources: Templated[bool] | None = None
    """Whether use of CPU, memory and GPU is recorded; true where absent."""
    sync_statuses: Templated[bool] | None = None
    """Whether statuses of pods become those of the run; true where absent."""
    auto_resume: Templated[bool] | None = None
    """Whether a run goes on where it was when its pod was evicted; true where absent."""
    log_level: str | None = None
    """How much the platform's own containers log."""
    external_host: Templated[bool] | None = None
    """Whether the platform is reached by its address for the outside; false where absent."""
    sidecar: Templated[V1PolyaxonSidecarContainer] | None = None
    """Settings of the platform's own container."""
    notifications: Templated[list[V1Notification]] | None = None
    """Who is told when the run comes to a status."""
