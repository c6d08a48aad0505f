"""A world for the planner's core: a log, rows that survive, and what was said."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from polyflow_services.planner.core import decide
from polyflow_services.planner.rows import state
from polyflow_shared.deciding.rows import StoredRows
from polyflow_topics.catalog import topic_of
from polyflow_topics.commands import LaunchOperation, StopOperation
from polyflow_topics.events import OperationChanged, RequestRejected, RunChanged
from polyflow_topics.inbox import TimerFired
from polyflow_topics.message import Message, Values
from polyflow_topics.names import RunId
from tests.unit.planner.plan_builder import START, Dag, plan, report

_TO_ITSELF = "polyflow.run-inbox"


class World:
    """Takes messages in order and keeps what the planner says; its messages to itself come back to it."""

    def __init__(self, *, deliveries: int = 1, patient: bool = False) -> None:
        """Begin empty; what the planner says to itself is delivered so often.

        Unless it is patient, no attempt is waited for: time jumps to when it is due.
        """
        self.deliveries = deliveries
        self.patient = patient
        self.rows = StoredRows(state.CODEC)
        self.said: list[Message] = []
        self.now: datetime = START

    def take(self, *messages: Message) -> "World":
        self._take(messages)
        while not self.patient and (due := self.retries()):
            self._take(due[:1] * self.deliveries)
        return self

    def retries(self) -> list[TimerFired]:
        """Return the timers that operations wait for, as they will fire, the next one first."""
        timers = [row for key, row in self.rows.items() if "/timer/retry/" in key]
        rows = sorted((self.rows.codec.decode(row) for row in timers), key=lambda row: row.due)
        return [TimerFired(run=RunId(row.run), name=row.name, due=row.due) for row in rows]

    def _take(self, messages: Iterable[Message]) -> None:
        waiting = list(messages)
        while waiting:
            message = waiting.pop(0)
            if isinstance(message, TimerFired) and message.name.startswith("retry/"):
                self.now = max(self.now, message.due)
            decision = decide(self.rows, message, self.now)
            self.save(decision.writes)
            self.said.extend(decision.messages)
            assert all(map(fits, decision.messages))
            to_itself = [message for message in decision.messages if topic_of(message) == _TO_ITSELF]
            waiting.extend(message for message in to_itself for _ in range(self.deliveries))

    def save(self, writes) -> None:
        for key, row in writes.items():
            self.rows.put(key, None if row is None else state.CODEC.encode(row))

    def later(self, **delta: float) -> "World":
        self.now += timedelta(**delta)
        return self

    def of(self, *kinds: type[Message]) -> list[Message]:
        return [message for message in self.said if isinstance(message, kinds)]

    def launches(self) -> list[LaunchOperation]:
        return [message for message in self.said if isinstance(message, LaunchOperation)]

    def launch(self, operation: str) -> LaunchOperation:
        """Return the latest launch of an operation."""
        return [launch for launch in self.launches() if launch.operation == operation][-1]

    def story(self) -> list[str]:
        """Return what was said, without plans and releases, in a few words each."""
        return list(_words(self.said))


def played(
    graph: Dag, reports: Iterable[tuple[str, str]] = (), deliveries: int = 2, *, address: Values | None = None
) -> World:
    """Return the world after a DAG's latest launches were reported so, every message delivered so often.

    What is reported as running says that this is its address.
    """
    world = World(deliveries=deliveries)
    for message in plan(graph):
        world.take(*[message] * deliveries)
    for operation, status in reports:
        outputs = address if address and status == "running" else {}
        world.take(*[report(world.launch(operation), status, outputs=outputs)] * deliveries)
    return world


def fits(message: Message) -> bool:
    """Tell whether a message has all of its fields, and such values that it comes back from its bytes."""
    kind = type(message)
    return kind.model_validate_json(message.model_dump_json()) == message and set(vars(message)) == set(
        kind.model_fields
    )


def _words(messages: Iterable[Message]) -> Iterable[str]:
    for message in messages:
        match message:
            case LaunchOperation():
                yield f"launch {message.operation}#{message.attempt}"
            case StopOperation():
                yield f"stop {message.operation}#{message.attempt}"
            case OperationChanged() if message.status not in {"scheduled", "running"}:
                yield f"{message.operation} {message.status}"
            case RunChanged() if message.status not in {"created", "running"}:
                yield f"run {message.status}"
            case RequestRejected():
                yield f"rejected {message.problems[0].code}"
