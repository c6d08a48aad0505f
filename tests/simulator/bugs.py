"""Planted bugs: mistakes that a change could make, each as one part in the place of another.

A simulator that does not find them would not find a real one either.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace as changed

from polyflow_services.cache import core as cache
from polyflow_services.planner import core as planner
from polyflow_services.planner.rows import keys, state
from polyflow_shared.broker.port import Broker, Log, Outgoing, Ownership, Place, Record, Source
from polyflow_shared.cluster.port import Cluster, Pod
from polyflow_shared.deciding.decision import Decision
from polyflow_shared.deciding.rows import Overlay, Row, Rows, TimerRow
from polyflow_topics.commands import LaunchOperation, ReleaseOperation
from polyflow_topics.events import RunChanged
from polyflow_topics.inbox import OperationReported, StopRequested, SweepContinued, TimerFired
from polyflow_topics.message import Message
from polyflow_topics.names import PodName
from polyflow_topics.plan import PlanPart
from polyflow_topics.results import ResultAnswered
from polyflow_topics.status import PodStatus, Status, Trigger
from tests.simulator.bugs_about_runs import ABOUT_RUNS
from tests.simulator.cluster import SimulatedCluster, SimulatedWatch
from tests.simulator.planting import misheard, replanned, rewritten, silenced
from tests.simulator.services import Parts


def _lost_command(cause: Message, said: Message) -> bool:
    # What a sweep or a timer sends again arrives, so a world without faults is late and not stuck.
    return not isinstance(said, LaunchOperation) or isinstance(cause, SweepContinued | TimerFired)


def _forgotten_release(cause: Message, said: Message) -> bool:
    failed = isinstance(cause, OperationReported) and cause.status is PodStatus.FAILED
    return not (failed and isinstance(said, ReleaseOperation))


def _early_start(rows: Rows[Any], message: Message, at: datetime) -> Decision:
    if isinstance(message, PlanPart):
        hasty = tuple(one.model_copy(update={"trigger": Trigger.ONE_DONE}) for one in message.operations)
        message = message.model_copy(update={"operations": hasty})
    return planner.decide(rows, message, at)


def _leaked_slot(rows: Rows[Any], key: str, row: Row | None) -> Row | None:
    before = rows.get(key)
    if isinstance(row, state.ScopeRow) and isinstance(before, state.ScopeRow) and row.active < before.active:
        return changed(row, active=before.active)
    return row


def _leaked_row(rows: Rows[Any], key: str, row: Row | None) -> Row | None:
    return rows.get(key) if row is None and "/edges/" in key else row


def _endless_retries(rows: Rows[Any], key: str, row: Row | None) -> Row | None:
    before = rows.get(key)
    if isinstance(row, state.OperationRow) and isinstance(before, state.OperationRow):
        return changed(row, retries=before.retries)
    return row


def _current(rows: Rows[Any], message: OperationReported) -> state.OperationRow | None:
    row: state.OperationRow | None = rows.get(keys.operation_key(message.run, message.index))
    return row


def _final_not_final(rows: Rows[Any], message: Message, at: datetime) -> Decision:
    if isinstance(message, OperationReported) and message.status is PodStatus.RUNNING:
        row = _current(rows, message)
        if row is not None and row.status is Status.SUCCEEDED:
            rows = Overlay(rows)
            key = keys.operation_key(message.run, message.index)
            rows.apply({key: changed(row, status=Status.SCHEDULED)})
    return planner.decide(rows, message, at)


def _lost_stop(rows: Rows[Any], message: Message, at: datetime) -> Decision:
    if isinstance(message, StopRequested) and rows.get(keys.run_key(message.run)) is None:
        return Decision()
    return planner.decide(rows, message, at)


def _two_ends(rows: Rows[Any], message: Message, at: datetime) -> Decision:
    decision = planner.decide(rows, message, at)
    again = [
        said.model_copy(update={"sequence": said.sequence + 1})
        for said in decision.messages
        if isinstance(said, RunChanged) and state.final(said.status)
    ]
    return changed(decision, messages=[*decision.messages, *again])


def _ignored_report(rows: Rows[Any], message: Message, at: datetime) -> Decision:
    if isinstance(message, OperationReported) and message.status is PodStatus.SUCCEEDED:
        row = _current(rows, message)
        if row is not None and row.status is Status.SCHEDULED:
            return Decision()
    return planner.decide(rows, message, at)


def _wrong_attempt(rows: Rows[Any], message: Message, at: datetime) -> Decision:
    if isinstance(message, OperationReported) and (row := _current(rows, message)) is not None:
        message = message.model_copy(update={"attempt": row.attempt})
    return planner.decide(rows, message, at)


def _services_stay(part: PlanPart) -> PlanPart:
    scopes = tuple(scope.model_copy(update={"services": 0}) for scope in part.scopes)
    return part.model_copy(update={"scopes": scopes})


def _no_rules(part: PlanPart) -> PlanPart:
    plain = tuple(one.model_copy(update={"failure_rules": ()}) for one in part.operations)
    return part.model_copy(update={"operations": plain})


def _service_never_up(rows: Rows[Any], key: str, row: Row | None) -> Row | None:
    del rows, key
    return changed(row, service=False) if isinstance(row, state.OperationRow) else row


def _user_to_blame(report: OperationReported) -> dict[str, Any]:
    lost = report.status is PodStatus.LOST
    return {"infrastructure": False, "status": PodStatus.FAILED if lost else report.status}


def _hasty_timer(rows: Rows[Any], message: Message, at: datetime) -> Decision:
    decision = planner.decide(rows, message, at)
    writes = {
        key: changed(row, due=at) if isinstance(row, TimerRow) and row.name.startswith("retry/") else row
        for key, row in decision.writes.items()
    }
    return changed(decision, writes=writes)


def _nobody_waits(rows: Rows[Any], message: Message, at: datetime) -> Decision:
    decision = cache.decide(rows, message, at)
    messages = [
        said.model_copy(update={"answer": "absent"})
        if isinstance(said, ResultAnswered) and said.answer == "awaited"
        else said
        for said in decision.messages
    ]
    return changed(decision, messages=messages)


class _TwoNames:
    """A cluster where a second launch of a pod finds another name free."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)

    async def ensure(self, pod: Pod) -> None:
        if await self._cluster.get(pod.name) is not None:
            pod = replace(pod, name=PodName(f"{pod.name}-again"))
        await self._cluster.ensure(pod)


class _Forgetful(SimulatedWatch):
    """A watch that lists again after a gap, and does not say what has changed meanwhile."""

    def relist(self) -> None:
        """Say nothing."""


class _WithoutDiff(SimulatedCluster):
    def watch(self) -> SimulatedWatch:
        return _Forgetful(self._world, self._life)


def _without_diff(cluster: Cluster) -> Cluster:
    assert isinstance(cluster, SimulatedCluster)
    return _WithoutDiff(cluster._world, cluster._life)


class _Hasty:
    """A source that commits what it takes before anything was done with it."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    async def take(self, limit: int, *, wait: float | None = None) -> Sequence[Record]:
        taken = await self._source.take(limit, wait=wait)
        await self._source.commit()
        return taken

    async def commit(self, done: Mapping[Place, int] | None = None) -> None:
        """Do nothing: it was done."""


class _HastyBroker:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    async def source(
        self, topics: Sequence[str], *, group: str, member: str, ownership: Ownership | None = None
    ) -> Any:
        return _Hasty(await self._broker.source(topics, group=group, member=member, ownership=ownership))


class _TrustingLog:
    """A log whose records all seem to be of their reader's own making."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._next: dict[Place, int] = {}

    async def append(self, topic: str, partition: int, records: Sequence[Outgoing]) -> Sequence[int]:
        offsets = await self._log.append(topic, partition, records)
        if len(offsets) > 1 or (topic, partition) in self._next:
            first = self._next[topic, partition]
            offsets = range(first, first + len(offsets))
        self._next[topic, partition] = offsets[-1] + 1
        return offsets

    async def read(
        self, topic: str, partition: int, *, start: int, end: int
    ) -> AsyncIterator[Sequence[Record]]:
        epoch = b""
        async for records in self._log.read(topic, partition, start=start, end=end):
            for record in records:
                if record.key.startswith("barrier/"):
                    epoch = str(record.offset).encode()
                yield [changed(record, headers=(("epoch", epoch),))]

    async def end(self, topic: str, partition: int) -> int:
        return self._next[topic, partition]


class _TrustingBroker:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    async def log(self, name: str) -> Log:
        return _TrustingLog(await self._broker.log(name))


BUGS: Final[Mapping[str, Parts]] = {
    "lost command": Parts(planner=silenced(_lost_command)),
    "double start": Parts(cluster=_TwoNames),
    "early start": Parts(planner=_early_start),
    "leaked slot": Parts(planner=rewritten(_leaked_slot)),
    "leaked row": Parts(planner=rewritten(_leaked_row)),
    "forgotten release": Parts(planner=silenced(_forgotten_release)),
    "final not final": Parts(planner=_final_not_final),
    "lost stop": Parts(planner=_lost_stop),
    "duplicate final event": Parts(planner=_two_ends),
    "ignored report": Parts(planner=_ignored_report),
    "wrong attempt accepted": Parts(planner=_wrong_attempt),
    "commit before effect": Parts(broker=_HastyBroker),
    "relist without diff": Parts(cluster=_without_diff),
    "retries without end": Parts(planner=rewritten(_endless_retries)),
    "stale writer not fenced": Parts(broker=_TrustingBroker),
    "services without end": Parts(planner=replanned(_services_stay)),
    "service waited for to its end": Parts(planner=rewritten(_service_never_up)),
    "failure policy forgotten": Parts(planner=replanned(_no_rules)),
    "infrastructure's failure counted": Parts(planner=misheard(_user_to_blame)),
    "no back-off": Parts(planner=_hasty_timer),
    "equal operations not awaited": Parts(cache=_nobody_waits),
    "outputs not awaited": Parts(planner=misheard(lambda _: {"awaited": 0})),
    **ABOUT_RUNS,
}
"""What was done wrong, and the services with it."""
