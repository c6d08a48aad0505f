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
    """Pods of this role, 1 where absent."""


class V1SchedulingPolicy(Model):
    """Pods that start together or not at all."""

    min_available: Templated[Integer] | None = None
    """Pods that must be able to start together."""
    queue: str | None = None
    """The queue of the scheduler."""
    min_resources: Templated[Integer] | None = None
    """Resources that there must be for all of them."""
    priority_class: str | None = None
    """The priority class of all of them."""
    schedule_timeout_seconds: Templated[Integer] | None = None
    """Seconds after which waiting is given up."""


class V1PytorchElasticPolicy(Model):
    """How many workers a PyTorch job may have, and how they find each other."""

    min_replicas: Templated[Integer] | None = None
    """Workers at least."""
    max_replicas: Templated[Integer] | None = None
    """Workers at most."""
    rdvz_backend: str | None = None
    """How workers find each other: `c10d`, `etcd`."""
    rdvz_port: Templated[Integer] | None = None
    """The port where they meet."""
    rdvz_host: str | None = None
    """The host where they meet."""
    rdvz_id: str | None = None
    """The name of the meeting."""
    rdvz_conf: list[dict[str, Any]] | None = None
    """Further settings, each with `key` and `value`."""
    standalone: Templated[bool] | None = None
    """Whether all workers are on one node."""
    n_proc_per_node: Templated[Integer] | None = None
    """Processes in each pod."""
    max_restarts: Templated[Integer] | None = None
    """Restarts of all workers before the run fails."""
    metrics: list[dict[str, Any]] | None = Field(default=None, alias="Metrics")
    """What the number of workers follows, as in Kubernetes; written with a capital M."""


class V1MPIJob(Model):
    """An MPI job."""

    kind: Literal["mpijob"] = "mpijob"
    """Says that this is an MPI job."""
    clean_pod_policy: CleanPodPolicy | None = None
    """Which pods are deleted when the run has ended."""
    scheduling_policy: V1SchedulingPolicy | None = None
    """Whether and how its pods start together."""
    slots_per_worker: Templated[Integer] | None = None
    """Processes in each worker, 1 where absent."""
    launcher: Templated[V1KFReplica] | None = None
    """The pod that runs `mpirun`."""
    worker: Templated[V1KFReplica] | None = None
    """The pods that do the work."""


class V1PytorchJob(Model):
    """A PyTorch job."""

    kind: Literal["pytorchjob"] = "pytorchjob"
    """Says that this is a PyTorch job."""
    clean_pod_policy: CleanPodPolicy | None = None
    """Which pods are deleted when the run has ended."""
    scheduling_policy: V1SchedulingPolicy | None = None
    """Whether and how its pods start together."""
    elastic_policy: V1PytorchElasticPolicy | None = None
    """How many workers there may be, and how they find each other."""
    n_proc_per_node: Templated[Integer] | None = None
    """Processes in each pod."""
    master: Templated[V1KFReplica] | None = None
    """The pod of rank 0."""
    worker: Templated[V1KFReplica] | None = None
    """The other pods."""


class V1TFJob(Model):
    """A TensorFlow job."""

    kind: Literal["tfjob"] = "tfjob"
    """Says that this is a TensorFlow job."""
    clean_pod_policy: CleanPodPolicy | None = None
    """Which pods are deleted when the run has ended."""
    scheduling_policy: V1SchedulingPolicy | None = None
    """Whether and how its pods start together."""
    enable_dynamic_worker: bool | None = None
    """Whether the number of workers may change."""
    success_policy: str | None = None
    """`AllWorkers`: all workers must succeed. Empty: the chief must, or the first worker."""
    chief: Templated[V1KFReplica] | None = None
    """The pod that leads."""
    ps: Templated[V1KFReplica] | None = None
    """The parameter servers."""
    worker: Templated[V1KFReplica] | None = None
    """The pods that train."""
    evaluator: Templated[V1KFReplica] | None = None
    """The pod that evaluates."""


class V1DaskReplica(PodFields):
    """Pods of one role of a Dask cluster."""

    replicas: Templated[Integer] | None = None
    """Pods of this role, 1 where absent."""


class V1DaskCluster(Model):
    """A Dask cluster."""

    kind: Literal["daskcluster"] = "daskcluster"
    """Says that this is a Dask cluster."""
    worker: Templated[V1DaskReplica] | None = None
    """The workers."""
    scheduler: Templated[V1DaskReplica] | None = None
    """The scheduler."""
    min_replicas: Templated[Integer] | None = None
    """Workers at least, where their number follows the load."""
    max_replicas: Templated[Integer] | None = None
    """Workers at most, where their number follows the load."""


class V1RayReplica(PodFields):
    """Pods of one role of a Ray cluster."""

    replicas: Templated[Integer] | None = None
    """Pods of this role, 1 where absent."""
    min_replicas: Templated[Integer] | None = None
    """Pods at least, where their number follows the load."""
    max_replicas: Templated[Integer] | None = None
    """Pods at most, where their number follows the load."""
    ray_start_params: dict[str, str] | None = None
    """Flags of `ray start`, by name."""


class V1RayAutoscalerOptions(Model):
    """How a Ray cluster scales itself."""

    upscaling_mode: str | None = None
    """How fast the cluster grows: `Default`, `Aggressive` or `Conservative`."""
    image_pull_policy: str | None = None
    """When the autoscaler's image is pulled."""
    resources: Templated[ResourceRequirements] | None = None
    """What the autoscaler may use."""


class V1RayCluster(Model):
    """A Ray cluster, and the job that is submitted to it."""

    kind: Literal["raycluster"] = "raycluster"
    """Says that this is a Ray cluster."""
    entrypoint: str | None = None
    """The command that is run on the cluster; without one there is the cluster alone."""
    runtime_env: Templated[dict[str, Any]] | None = None
    """Ray's runtime environment."""
    metadata: Templated[dict[str, str]] | None = None
    """Texts that the Ray job carries, by name."""
    ray_version: str | None = None
    """The version of Ray."""
    head: Templated[V1RayReplica] | None = None
    """The head."""
    workers: Templated[dict[str, V1RayReplica]] | None = None
    """Groups of workers, by name."""
    enable_in_tree_autoscaling: Templated[bool] | None = None
    """Whether the number of workers follows the load."""
    autoscaler_options: Templated[V1RayAutoscalerOptions] | None = None
    """How it follows the load."""
