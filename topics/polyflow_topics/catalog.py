"""Who says what to whom: every topic, what it carries, and how it is kept.

Read this first.  Topics are created from here before any service starts; a service that finds one missing, or
with other partitions, does not start.
"""

from dataclasses import dataclass, field
from typing import Final

from polyflow_topics import (
    admission,
    commands,
    dead_letters,
    events,
    hooks,
    inbox,
    logs,
    metrics,
    operating,
    plan,
    queries,
    queues,
    requests,
    results,
)
from polyflow_topics.message import Message
from polyflow_topics.names import ClusterName

MIB: Final = 1024 * 1024
DAY: Final = 24 * 3600

MAX_REQUEST_BYTES: Final = 1 * MIB
"""The largest request that is accepted.  The topic takes more, so that a larger one is answered as well."""
MAX_PLAN_PART_BYTES: Final = 256 * 1024
MAX_OUTPUT_BYTES: Final = 64 * 1024
"""Outputs of one operation, as JSON."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic.

    Attributes:
        name: the topic's name; that of a topic a cluster ends in `.CLUSTER`.
        carries: the messages on it; none for a changelog, whose rows are its owner's business.
        producers: services that write to it; `user` is anybody.
        consumers: services that read it.
        public: whether users may rely on it.
        group: topics of one group have the same key and the same number of partitions.
        partitions: how many, where that is not for the installation to choose.
        retention: seconds that a record is kept; none where the topic is compacted.
        max_bytes: the largest record.
        config: further settings of Apache Kafka.
    """

    name: str
    carries: tuple[type[Message], ...]
    producers: frozenset[str]
    consumers: frozenset[str]
    public: bool = False
    group: str = "run"
    partitions: int | None = None
    retention: int | None = 7 * DAY
    max_bytes: int = 1 * MIB
    config: dict[str, str] = field(default_factory=dict)


_CHANGELOG: Final = {
    "cleanup.policy": "compact",
    "segment.bytes": str(64 * MIB),
    "segment.ms": "600000",
    "min.cleanable.dirty.ratio": "0.2",
    "min.compaction.lag.ms": "600000",
    "compression.type": "lz4",
}

PIPELINE_REQUESTS: Final = Topic(
    "polyflow.pipeline-requests",
    (
        requests.RequestPipeline,
        requests.StopPipeline,
        operating.SkipPipeline,
        operating.ApprovePipeline,
        operating.UploadPipeline,
        operating.PausePipeline,
        operating.UnpausePipeline,
        operating.LimitPipeline,
        results.ForgetResults,
        queues.ListQueues,
        operating.ExplainPipeline,
    ),
    frozenset({"user", "planner"}),
    frozenset({"spec_validator"}),
    public=True,
    group="request",
    max_bytes=8 * MIB,
    config={"message.timestamp.type": "LogAppendTime"},
)
RUN_INBOX: Final = Topic(
    "polyflow.run-inbox",
    (
        plan.PlanBegun,
        plan.PlanPart,
        plan.PlanEnded,
        inbox.OperationReported,
        inbox.OutputsLogged,
        inbox.StopRequested,
        inbox.OperatingRequested,
        inbox.TimerFired,
        inbox.ReleaseContinued,
        inbox.SweepContinued,
        queries.RunsFound,
        results.ResultAnswered,
        results.VerifyLookUp,
        admission.SlotAnswered,
        admission.VerifySlot,
    ),
    frozenset(
        {
            "spec_validator",
            "planner",
            "pod_launcher",
            "status_watcher",
            "early_stopping_monitor",
            "gateway",
            "projector",
            "cache",
            "admission",
        }
    ),
    frozenset({"planner"}),
    config={"message.timestamp.type": "LogAppendTime"},
)
PLANNER_ROWS: Final = Topic(
    "polyflow.planner-rows",
    (),
    frozenset({"planner"}),
    frozenset({"planner"}),
    retention=None,
    config=_CHANGELOG,
)
OPERATION_COMMANDS: Final = Topic(
    "polyflow.operation-commands",
    (
        commands.LaunchOperation,
        commands.StopOperation,
        commands.ReleaseOperation,
        commands.VerifyOperation,
    ),
    frozenset({"planner"}),
    frozenset({"pod_launcher"}),
    group="operation",
    config={"message.timestamp.type": "LogAppendTime"},
)
RUN_EVENTS: Final = Topic(
    "polyflow.run-events",
    (
        events.RunChanged,
        events.RunPlanned,
        events.OperationChanged,
        hooks.HookRequested,
        hooks.HookSkipped,
        events.RequestAccepted,
        events.RequestRejected,
        events.RequestAnswered,
        queries.RunsQueried,
    ),
    frozenset({"planner", "spec_validator"}),
    frozenset({"projector", "user"}),
    public=True,
    # A request is a text within a text, which may be twice as long.
    max_bytes=3 * MIB,
)
RUN_METRICS: Final = Topic(
    "polyflow.run-metrics",
    (
        metrics.MetricsLogged,
        metrics.OutputsMeasured,
        metrics.PoliciesDeclared,
        metrics.PoliciesClosed,
        metrics.ClosingContinued,
    ),
    frozenset({"status_watcher", "planner", "gateway", "early_stopping_monitor"}),
    frozenset({"early_stopping_monitor", "projector", "user"}),
    public=True,
)
RUN_LOGS: Final = Topic(
    "polyflow.run-logs",
    (logs.LogTailSaved,),
    frozenset({"pod_launcher"}),
    frozenset({"projector", "user"}),
    public=True,
)
MONITOR_ROWS: Final = Topic(
    "polyflow-early-stopping-monitor-rows-changelog",
    (),
    frozenset({"early_stopping_monitor"}),
    frozenset({"early_stopping_monitor"}),
    retention=None,
    config=_CHANGELOG,
)
CACHE_REQUESTS: Final = Topic(
    "polyflow.cache-requests",
    (results.LookUpResult, results.ResultSettled, results.ForgetResult, results.AnswersContinued),
    frozenset({"planner", "spec_validator", "cache"}),
    frozenset({"cache"}),
    group="result",
    config={"message.timestamp.type": "LogAppendTime"},
)
ADMISSION_REQUESTS: Final = Topic(
    "polyflow.admission-requests",
    (admission.AskForSlot, admission.SlotReturned, admission.LimitsChecked, queues.QueuesAsked),
    frozenset({"planner", "admission", "spec_validator"}),
    frozenset({"admission"}),
    group="installation",
    partitions=1,
    config={"message.timestamp.type": "LogAppendTime"},
)
ADMISSION_ROWS: Final = Topic(
    "polyflow.admission-rows",
    (),
    frozenset({"admission"}),
    frozenset({"admission"}),
    group="installation",
    partitions=1,
    retention=None,
    config=_CHANGELOG,
)
QUEUE_EVENTS: Final = Topic(
    "polyflow.queue-events",
    (queues.QueuesListed,),
    frozenset({"admission"}),
    frozenset({"user"}),
    public=True,
    group="installation",
    partitions=1,
    retention=DAY,
)
CACHE_ROWS: Final = Topic(
    "polyflow.cache-rows",
    (),
    frozenset({"cache"}),
    frozenset({"cache"}),
    group="result",
    retention=None,
    config=_CHANGELOG,
)
DEAD_LETTERS: Final = Topic(
    "polyflow.dead-letters",
    (dead_letters.DeadLetter,),
    frozenset(
        {
            "spec_validator",
            "planner",
            "pod_launcher",
            "early_stopping_monitor",
            "projector",
            "cache",
            "admission",
        }
    ),
    frozenset({"user"}),
    group="dead-letter",
    retention=30 * DAY,
    max_bytes=13 * MIB,
)

CATALOG: Final = (
    PIPELINE_REQUESTS,
    RUN_INBOX,
    PLANNER_ROWS,
    OPERATION_COMMANDS,
    RUN_EVENTS,
    RUN_METRICS,
    RUN_LOGS,
    MONITOR_ROWS,
    CACHE_REQUESTS,
    CACHE_ROWS,
    ADMISSION_REQUESTS,
    ADMISSION_ROWS,
    QUEUE_EVENTS,
    DEAD_LETTERS,
)

MESSAGES: Final = {message.WIRE: message for topic in CATALOG for message in topic.carries}
"""Every message by its wire name."""

_TOPIC_OF: Final = {message: topic.name for topic in CATALOG for message in topic.carries}


def commands_topic(cluster: ClusterName) -> str:
    """Return the name of the topic of commands for one cluster."""
    return f"{OPERATION_COMMANDS.name}.{cluster}"


def topic_of(message: Message) -> str:
    """Return the name of the topic that a message goes to.

    Raises:
        KeyError: no topic carries such messages.
    """
    if isinstance(message, commands.Command):
        return commands_topic(message.cluster)
    return _TOPIC_OF[type(message)]
