"""Every metric of every service, as data; and the narrow port through which they are written.

Labels are bounded: a service, a topic, a message's type, a status, a reason from a fixed set; never a run.
The table in the README is checked against `CATALOG`.
"""

from dataclasses import dataclass
from typing import Final, Literal, Protocol

from polyflow_shared.cluster.kubernetes.pods.failures import catalog

FAST: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds of buckets, in seconds, for what happens within one service."""
SLOW: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds of buckets, in seconds, for what crosses several services."""
SIZES: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
"""Upper bounds of buckets for counts of records."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        name: by Prometheus' rules: prefix, base unit, `_total` for a counter.
        kind: what it is to Prometheus.
        labels: names of its labels; every one has few values.
        help: one sentence for whoever reads a dashboard.
        buckets: upper bounds of a histogram's buckets, in the metric's unit.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...] = ()


HANDLED: Final = Metric(
    "polyflow_messages_handled_total",
    "counter",
    ("service", "type", "outcome"),
    "Messages taken from a topic, by what became of them: handled, parked, or retried (each time).",
)
HANDLING: Final = Metric(
    "polyflow_message_handling_seconds",
    "histogram",
    ("service", "type"),
    "From decoding a message to the last of its replies on the broker (effectors).",
    FAST,
)
BATCH_SECONDS: Final = Metric(
    "polyflow_batch_seconds",
    "histogram",
    ("service",),
    "From taking a batch to its commit (services that handle batches: deciders and the projector).",
    FAST,
)
BATCH_RECORDS: Final = Metric(
    "polyflow_batch_records", "histogram", ("service",), "Records in a batch.", SIZES
)
SENT: Final = Metric(
    "polyflow_messages_sent_total", "counter", ("service", "type"), "Messages acknowledged by the broker."
)
DEAD_LETTERS: Final = Metric(
    "polyflow_dead_letters_total",
    "counter",
    ("service", "reason"),
    "Records set aside on the dead-letter topic, by reason.",
)
LAG: Final = Metric(
    "polyflow_consumer_lag_records",
    "gauge",
    ("service", "topic", "partition"),
    "Records of an owned partition not taken yet.",
)
BROKER_UNAVAILABLE: Final = Metric(
    "polyflow_broker_unavailable_total",
    "counter",
    ("service",),
    "Calls to the broker that had to be repeated.",
)
RESTORED: Final = Metric(
    "polyflow_rows_restored_total",
    "counter",
    ("service",),
    "Changelog records read when partitions were taken over.",
)
RESTORE_SECONDS: Final = Metric(
    "polyflow_restore_seconds",
    "histogram",
    ("service",),
    "From the barrier to all rows of a partition.",
    SLOW,
)
ROWS: Final = Metric(
    "polyflow_rows", "gauge", ("service",), "Rows held in memory, over all owned partitions."
)
STALE_ROWS: Final = Metric(
    "polyflow_stale_rows_total",
    "counter",
    ("service",),
    "Rows of a former owner that were found and written over.",
)
TIMERS_FIRED: Final = Metric("polyflow_timers_fired_total", "counter", ("service",), "Timers that came due.")
OPEN_COMMANDS: Final = Metric(
    "polyflow_open_commands",
    "gauge",
    (),
    "Launches sent that no cluster has answered yet, over the owned partitions.",
)
RUNS: Final = Metric("polyflow_runs_total", "counter", ("status", "reason"), "Runs that came to a status.")
OPERATIONS: Final = Metric(
    "polyflow_operations_total", "counter", ("status", "reason"), "Operations that came to a status."
)
HAND_OVER: Final = Metric(
    "polyflow_hand_over_seconds",
    "histogram",
    (),
    "From the cluster seeing an operation's end to the launches that it releases being on the broker.",
    SLOW,
)
REJECTIONS: Final = Metric(
    "polyflow_requests_rejected_total",
    "counter",
    ("code",),
    "Requests refused, by the code of the first problem.",
)
METRIC_TO_STOP: Final = Metric(
    "polyflow_metric_to_stop_seconds",
    "histogram",
    (),
    "From an operation measuring a value to the stop that it causes being on the broker.",
    SLOW,
)
GATEWAY_REQUESTS: Final = Metric(
    "polyflow_gateway_requests_total",
    "counter",
    ("code",),
    "Requests to the gateway, by the HTTP status that they were answered with.",
)
GATEWAY_SECONDS: Final = Metric(
    "polyflow_gateway_request_seconds",
    "histogram",
    (),
    "From a request's head to its answer, which the broker's acknowledgement comes before.",
    FAST,
)
WATCH_HEARD: Final = Metric(
    "polyflow_watch_heard_timestamp_seconds",
    "gauge",
    ("namespace",),
    "When the API server last answered for the pods of a namespace, in seconds since 1970 (status watcher).",
)

CATALOG: Final = (
    HANDLED,
    HANDLING,
    BATCH_SECONDS,
    BATCH_RECORDS,
    SENT,
    DEAD_LETTERS,
    LAG,
    BROKER_UNAVAILABLE,
    RESTORED,
    RESTORE_SECONDS,
    ROWS,
    STALE_ROWS,
    TIMERS_FIRED,
    OPEN_COMMANDS,
    RUNS,
    OPERATIONS,
    HAND_OVER,
    REJECTIONS,
    METRIC_TO_STOP,
    GATEWAY_REQUESTS,
    GATEWAY_SECONDS,
    WATCH_HEARD,
)

REASONS: Final = frozenset(catalog.REASONS) | frozenset(
    {
        "",
        # Said by the clusters on this machine, of a pod, beside Kubernetes' words.
        "Killed",
        "Signal",
        "OutputsInvalid",
        "CommandMissing",
        "CommandInvalid",
        "CommandNotFound",
        "CommandNotExecutable",
        "WorkingDirNotFound",
        "SidecarFailed",
        "SecretNotFound",
        "ConfigMapNotFound",
        "SecretInvalid",
        "ConfigMapInvalid",
        "VolumeNotSupported",
        "VolumeNotMade",
        "VariableNotSupported",
        "PortTaken",
        "ArtifactNotFound",
        "Interrupted",
        # Said by the planner: why an operation waits, is tried again, or ends.
        "LaunchExpired",
        "ConcurrencyLimit",
        "Kept",
        "Restarted",
        "Copied",
        "Resumed",
        "Rerun",
        "Hook",
        "ApprovalAwaited",
        "UploadAwaited",
        "UploadFailed",
        "StaleUpload",
        "BuildAwaited",
        "Paused",
        "OutputsAwaited",
        "OutputsMissing",
        "ParamInvalid",
        "QueryInvalid",
        "ConditionInvalid",
        "ConditionFalse",
        "TriggerNotMet",
        "EventMissed",
        "UpstreamSkipped",
        "CacheHit",
        "CacheAwaited",
        "TrialsPlanned",
        "DagEnded",
        "QueueLimit",
        "InstallationLimit",
        "OperationsFailed",
        "OperationsStopped",
        "ScopeSkipped",
        "ScopeFailed",
        "ScopeStopped",
        "ScopeUpstreamFailed",
        "Lost",
        "Absent",
        # Said by the projector, of what an operation asks about other runs.
        "RunNotFound",
        "RunOfOtherProject",
        "TooMuchFound",
        # Said by whoever stops.
        "Stopped",
        "Skipped",
        "MetricEarlyStopping",
        "FailureEarlyStopping",
    }
)
"""Reasons that are labels as they are, Kubernetes' among them; every other counts as `Other`, for users may
write their own."""


def bounded(reason: str) -> str:
    """Return a reason as a label's value: itself if it is one of `REASONS`, else `Other`."""
    return reason if reason in REASONS else "Other"


class Meter(Protocol):
    """Where numbers go.  No call blocks, and none fails for the caller."""

    active: bool
    """Whether anybody reads the numbers; what is costly to find out need not be where nobody does."""

    def count(self, metric: Metric, amount: float = 1.0, /, **labels: str) -> None:
        """Add to a counter (amount >= 0)."""

    def set(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Set a gauge."""

    def add(self, metric: Metric, amount: float, /, **labels: str) -> None:
        """Move a gauge up or down."""

    def forget(self, metric: Metric, /, **labels: str) -> None:
        """Show a gauge with these labels no more; harmless if it is not shown."""

    def observe(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Add a value, in the metric's unit, to a histogram."""


class NullMeter:
    """Forgets everything: for the embedded mode."""

    active = False

    def count(self, metric: Metric, amount: float = 1.0, /, **labels: str) -> None:
        """Forget it."""

    def set(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Forget it."""

    def add(self, metric: Metric, amount: float, /, **labels: str) -> None:
        """Forget it."""

    def forget(self, metric: Metric, /, **labels: str) -> None:
        """Have nothing to forget."""

    def observe(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Forget it."""


class MemoryMeter:
    """Keeps everything in one dictionary, for tests: by the metric's name and its labels' values."""

    active = True

    def __init__(self) -> None:
        """Begin with nothing."""
        self.values: dict[tuple[str, ...], float] = {}
        self.observed: dict[tuple[str, ...], list[float]] = {}

    def count(self, metric: Metric, amount: float = 1.0, /, **labels: str) -> None:
        """Add to a counter."""
        self.add(metric, amount, **labels)

    def set(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Set a gauge."""
        self.values[_place(metric, labels)] = value

    def add(self, metric: Metric, amount: float, /, **labels: str) -> None:
        """Move a value up or down."""
        place = _place(metric, labels)
        self.values[place] = self.values.get(place, 0.0) + amount

    def forget(self, metric: Metric, /, **labels: str) -> None:
        """Keep a gauge no more."""
        self.values.pop(_place(metric, labels), None)

    def observe(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Keep the value."""
        self.observed.setdefault(_place(metric, labels), []).append(value)


def _place(metric: Metric, labels: dict[str, str]) -> tuple[str, ...]:
    """Return where a metric's value is kept.

    Raises:
        ValueError: the labels are not those of the catalogue.
    """
    if set(labels) != set(metric.labels):
        raise ValueError(f"{metric.name} has the labels {metric.labels}, not {tuple(labels)}")
    return (metric.name, *(labels[name] for name in metric.labels))
