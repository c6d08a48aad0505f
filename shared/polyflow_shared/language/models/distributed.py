"""Distributed runs: several roles of pods that work together."""

from typing import Any, Literal

from pydantic import Field

from polyflow_shared.language.models.base import Integer, Model, Templated
from polyflow_shared.language.models.kubernetes import ResourceRequirements
from polyflow_shared.language.models.pods import PodFields

CleanPodPolicy = Literal["All", "Running", "None"]
"""Which pods are deleted when the job has ended."""


class V1KFReplica(PodFields):
    """Pods of one role of a Kubeflow job."""

    replicas: Templated[Integer] | None = None
    """Number of pods of this role (engine default 1)."""


class V1SchedulingPolicy(Model):
    """Pods that start together or not at all."""

    min_available: Templated[Integer] | None = None
    """Minimum pods to start together."""
    queue: str | None = None
    """Volcano/scheduler queue."""
    min_resources: Templated[Integer] | None = None
    """Minimum resources for the gang."""
    priority_class: str | None = None
    """Priority class of the gang."""
    schedule_timeout_seconds: Templated[Integer] | None = None
    """Give up gang scheduling after this."""


class V1PytorchElasticPolicy(Model):
    """How many workers a PyTorch job may have, and how they find each other."""

    min_replicas: Templated[Integer] | None = None
    """Lower bound for elasticity."""
    max_replicas: Templated[Integer] | None = None
    """Upper bound for elasticity."""
    rdvz_backend: str | None = None
    """e.g. c10d, etcd."""
    rdvz_port: Templated[Integer] | None = None
    """Rendezvous port."""
    rdvz_host: str | None = None
    """Rendezvous host."""
    rdvz_id: str | None = None
    """Rendezvous job id."""
    rdvz_conf: list[dict[str, Any]] | None = None
    """List of {key,value}."""
    standalone: Templated[bool] | None = None
    """Single-node rendezvous."""
    n_proc_per_node: Templated[Integer] | None = None
    """Processes per node."""
    max_restarts: Templated[Integer] | None = None
    """Restarts of the worker group before failing."""
    metrics: list[dict[str, Any]] | None = Field(default=None, alias="Metrics")
    """HPA metrics (note the capital M alias)."""


class V1MPIJob(Model):
    """An MPI job."""

    kind: Literal["mpijob"] = "mpijob"
    """Says what this is."""
    clean_pod_policy: CleanPodPolicy | None = None
    """Which pods to delete when done: `All`, `Running`, `None`."""
    scheduling_policy: V1SchedulingPolicy | None = None
    """Gang scheduling."""
    slots_per_worker: Templated[Integer] | None = None
    """MPI slots per worker (default 1 in the operator)."""
    launcher: Templated[V1KFReplica] | None = None
    """Replica that runs mpirun."""
    worker: Templated[V1KFReplica] | None = None
    """Worker replicas."""


class V1PytorchJob(Model):
    """A PyTorch job."""

    kind: Literal["pytorchjob"] = "pytorchjob"
    """Says what this is."""
    clean_pod_policy: CleanPodPolicy | None = None
    """As of an MPI job."""
    scheduling_policy: V1SchedulingPolicy | None = None
    """As of an MPI job."""
    elastic_policy: V1PytorchElasticPolicy | None = None
    """Elastic (torchrun) settings."""
    n_proc_per_node: Templated[Integer] | None = None
    """Processes per node."""
    master: Templated[V1KFReplica] | None = None
    """Rank 0."""
    worker: Templated[V1KFReplica] | None = None
    """Workers."""


class V1TFJob(Model):
    """A TensorFlow job."""

    kind: Literal["tfjob"] = "tfjob"
    """Says what this is."""
    clean_pod_policy: CleanPodPolicy | None = None
    """As of an MPI job."""
    scheduling_policy: V1SchedulingPolicy | None = None
    """As of an MPI job."""
    enable_dynamic_worker: bool | None = None
    """Allow workers to scale."""
    success_policy: str | None = None
    """Empty = chief/worker-0 decides; `AllWorkers` = all workers must succeed."""
    chief: Templated[V1KFReplica] | None = None
    """Chief replica."""
    ps: Templated[V1KFReplica] | None = None
    """Parameter servers."""
    worker: Templated[V1KFReplica] | None = None
    """Worker replicas."""
    evaluator: Templated[V1KFReplica] | None = None
    """Evaluator replica."""


class V1DaskReplica(PodFields):
    """Pods of one role of a Dask cluster."""

    replicas: Templated[Integer] | None = None
    """Pods of this role."""


class V1DaskCluster(Model):
    """A Dask cluster."""

    kind: Literal["daskcluster"] = "daskcluster"
    """Says what this is."""
    worker: Templated[V1DaskReplica] | None = None
    """Worker replicas."""
    scheduler: Templated[V1DaskReplica] | None = None
    """Scheduler replica."""
    min_replicas: Templated[Integer] | None = None
    """Adaptive minimum."""
    max_replicas: Templated[Integer] | None = None
    """Adaptive maximum."""


class V1RayReplica(PodFields):
    """Pods of one role of a Ray cluster."""

    replicas: Templated[Integer] | None = None
    """Pods of this role."""
    min_replicas: Templated[Integer] | None = None
    """Autoscaling bound."""
    max_replicas: Templated[Integer] | None = None
    """Autoscaling bound."""
    ray_start_params: dict[str, str] | None = None
    """`ray start` flags."""


class V1RayAutoscalerOptions(Model):
    """How a Ray cluster scales itself."""

    upscaling_mode: str | None = None
    """Default/Aggressive/Conservative."""
    image_pull_policy: str | None = None
    """Autoscaler image pull policy."""
    resources: Templated[ResourceRequirements] | None = None
    """Autoscaler container resources."""


class V1RayCluster(Model):
    """A Ray cluster, and the job that is submitted to it."""

    kind: Literal["raycluster"] = "raycluster"
    """Says what this is."""
    entrypoint: str | None = None
    """Command submitted as the Ray job; absent means cluster only."""
    runtime_env: Templated[dict[str, Any]] | None = None
    """Ray runtime env."""
    metadata: Templated[dict[str, str]] | None = None
    """Ray job metadata."""
    ray_version: str | None = None
    """Ray version string."""
    head: Templated[V1RayReplica] | None = None
    """Head replica."""
    workers: Templated[dict[str, V1RayReplica]] | None = None
    """Map group-nametoreplica."""
    enable_in_tree_autoscaling: Templated[bool] | None = None
    """Turn the Ray autoscaler on."""
    autoscaler_options: Templated[V1RayAutoscalerOptions] | None = None
    """Autoscaler settings (below)."""
