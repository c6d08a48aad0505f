"""The planner's core among faults: events twice, commands lost, a planner that dies between any two steps.

The cluster here keeps what a real one promises: a pod's name is used once, and a stop ends a live pod.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from polyflow_services.planner.core import decide, recovered
from polyflow_services.planner.rows import state
from polyflow_shared.deciding.rows import Overlay, StoredRows
from polyflow_topics.catalog import RUN_EVENTS, RUN_INBOX, topic_of
from polyflow_topics.commands import (
    Command,
    LaunchOperation,
    ReleaseOperation,
    StopOperation,
    VerifyOperation,
)
from polyflow_topics.events import OperationChanged, RunChanged, RunEvent
from polyflow_topics.inbox import TimerFired
from polyflow_topics.message import Message
from polyflow_topics.plan import PlanPart
from tests.unit.planner.plan_builder import RUN, START, report, stated
from tests.unit.planner.world import fits

LONG = 1_000
"""Messages after which faults end: with services, which go on, each restart makes more of them than are read."""


def is_service(launch: LaunchOperation) -> bool:
    return launch.parts is not None and launch.parts.service is not None


@dataclass
class PodOfWorld:
    launch: LaunchOperation
    live: bool = True
    up: bool = False
    """Whether it is a service that has said that it is up: it never ends by itself."""
    end: str = ""
    to_blame: bool = False
    """Whether its failure is the infrastructure's."""
    awaited: int = 0
    """Statements of outputs that were acknowledged to it."""


@dataclass
class FaultyWorld:
    """One run, one planner that dies often, one cluster that answers late, twice or not at all."""

    rng: Random
    log: list[Message]
    outcomes: tuple[str, ...] = ("succeeded", "succeeded", "succeeded", "failed", "lost")
    faults: float = 0.2
    rows: StoredRows = field(default_factory=lambda: StoredRows(state.CODEC))
    position: int = 0
    read: int = 0
    """Messages that were ever read: what a planner that died has read keeps its place in the log."""
    now: datetime = START
    commands: list[Command] = field(default_factory=list)
    pods: dict[tuple[int, int], PodOfWorld] = field(default_factory=dict)
    events: dict[int, RunEvent] = field(default_factory=dict)
    starts: list[LaunchOperation] = field(default_factory=list)
    most_active: dict[int, int] = field(default_factory=dict)
    statements: bool = False
    """Whether pods state outputs through the gateway."""
    losses: float = 0.0
    """How often a statement never arrives."""
    scopes: dict[int, int] = field(default_factory=dict)
    """The scope of each operation, by its number."""
    late: list[Message] = field(default_factory=list)
    """Statements that come at any time."""

    def play(self, steps: int = 20_000) -> None:
        """Let things happen in any order until nothing can happen any more."""
        for _ in range(steps):
            if not self._something():
                return
        raise AssertionError("the run does not come to its end")

    def go_on(self, steps: int = 300) -> None:
        """Let so many things happen in any order; a run that is held asks about itself for ever."""
        for _ in range(steps):
            if not self._something():
                return

    def _something(self) -> bool:
        if len(self.log) > LONG:
            self.faults = 0.0
        live = [key for key, pod in self.pods.items() if pod.live and not pod.up]
        choices = [
            *([self._plan] if self.position < len(self.log) else []),
            *([self._command] if self.commands else []),
            *([self._pod] if live else []),
            *([self._late] if self.late else []),
        ]
        if not choices:
            return self._timer()
        self.rng.choice(choices)()
        return True

    def _fault(self) -> bool:
        return self.rng.random() < self.faults

    # The planner's loop: decide on an overlay, send, save, commit; it may die between any two of these.

    def _plan(self) -> None:
        batch = self.log[self.position : self.position + self.rng.randint(1, 4)]
        self.read = max(self.read, self.position + len(batch))
        overlay, messages = self._decided(batch)
        if not self._sent(messages) or self._fault():
            self._restart()
            return
        for key, row in overlay.writes.items():
            self.rows.put(key, None if row is None else state.CODEC.encode(row))
        if self._fault():
            self._restart()
        else:
            self.position += len(batch)

    def _decided(self, batch: list[Message]) -> tuple[Overlay, list[Message]]:
        overlay: Overlay = Overlay(self.rows)
        messages: list[Message] = []
        for message in batch:
            decision = decide(overlay, message, self.now)
            overlay.apply(decision.writes)
            messages.extend(decision.messages)
        return overlay, messages

    def _sent(self, messages: list[Message]) -> bool:
        """Send, and return False if the planner died on the way."""
        for message in messages:
            self._send(message)
            if self.rng.random() < self.faults / 10:
                return False
        return True

    def _restart(self) -> None:
        self.log.extend(recovered(key for key, _ in self.rows.items()))

    def _send(self, message: Message) -> None:
        assert fits(message)
        topic = topic_of(message)
        if topic == RUN_INBOX.name:
            self.log.extend([message, message])
        elif topic == RUN_EVENTS.name:
            assert isinstance(message, RunEvent)
            if not message.sequence:  # an answer about a run that is not known, or has ended
                return
            seen = self.events.setdefault(message.sequence, message)
            assert self._same(seen, message), (seen, message)
        elif isinstance(message, Command):
            self.commands.append(message)

    def _same(self, first: RunEvent, second: RunEvent) -> bool:
        return first.model_dump(exclude={"at"}) == second.model_dump(exclude={"at"})

    # The cluster: commands for one operation stay in order; some are lost, some come twice.

    def _command(self) -> None:
        command = self.rng.choice(self.commands)
        command = next(one for one in self.commands if one.key() == command.key())
        self.commands.remove(command)
        if self._fault():
            return
        for _ in range(2 if self._fault() else 1):
            self._obey(command)

    def _obey(self, command: Command) -> None:
        name = (command.index, command.attempt)
        pod = self.pods.get(name)
        match command:
            case LaunchOperation():
                self._launch(command)
            case StopOperation():
                if pod is None:
                    self._say(command, "absent")
                elif pod.live:
                    self._end(name, "stopped")
            case VerifyOperation():
                self._say(command, "present" if pod is not None else "absent")
                if pod is not None and not pod.live:
                    self._say(pod.launch, pod.end)
            case ReleaseOperation():
                assert pod is None or not pod.live, "an end was saved that has not happened"

    def _launch(self, launch: LaunchOperation) -> None:
        name = (launch.index, launch.attempt)
        if name in self.pods:
            return
        self.pods[name] = PodOfWorld(launch, to_blame=self.rng.random() < 0.3)
        self.starts.append(launch)
        scope = self.scope_of(launch.index)
        active = sum(
            pod.live and not pod.up and self.scope_of(key[0]) == scope for key, pod in self.pods.items()
        )
        self.most_active[scope] = max(active, self.most_active.get(scope, 0))
        if self.rng.random() < 0.5:
            self._begun(launch)

    def _begun(self, launch: LaunchOperation) -> None:
        self.pods[launch.index, launch.attempt].up = is_service(launch)
        self._say(launch, "running")

    def _pod(self) -> None:
        name = self.rng.choice([key for key, pod in self.pods.items() if pod.live and not pod.up])
        launch = self.pods[name].launch
        if is_service(launch) and self.rng.random() < 0.7:
            self._begun(launch)
            return
        self._end(name, self.rng.choice(self.outcomes))

    def _end(self, name: tuple[int, int], status: str) -> None:
        pod = self.pods[name]
        if self.statements:
            self._state(name)
        pod.live = False
        pod.end = status
        self._say(pod.launch, status)

    def _say(self, about: Command, status: str) -> None:
        pod = self.pods.get((about.index, about.attempt), PodOfWorld(about))
        to_blame = status == "failed" and pod.to_blame
        awaited = pod.awaited if status == "succeeded" else 0
        for _ in range(2):
            self.log.append(report(about, status, infrastructure=to_blame, awaited=awaited))

    # Statements of outputs: before the end and after it, twice, in any order, and sometimes never.

    def _state(self, name: tuple[int, int]) -> None:
        pod = self.pods[name]
        pod.awaited = self.rng.randint(0, 3)
        said = [stated(pod.launch, number) for number in range(1, pod.awaited + 1)] * 2
        self.rng.shuffle(said)
        for statement in said:
            if self.rng.random() >= self.losses:
                place = self.rng.randint(self.read, len(self.log))
                self.log.insert(place, statement) if self.rng.random() < 0.5 else self.late.append(statement)

    def _late(self) -> None:
        self.log.append(self.late.pop())

    # Time passes only when nothing else can happen.

    def _timer(self) -> bool:
        timers = [state.CODEC.decode(row) for key, row in self.rows.items() if "/timer/" in key]
        waited_for = [row for row in timers if row.name not in {"stub", "stop", "early"}]
        if not waited_for:
            return False
        timer = min(waited_for, key=lambda row: row.due)
        self.now = max(self.now, timer.due) + timedelta(seconds=1)
        fired = TimerFired(run=RUN, name=timer.name, due=timer.due)
        self.log.extend([fired] * self.rng.randint(1, 2))
        return True

    # What was seen.

    def scope_of(self, index: int) -> int:
        """Return the number of an operation's scope."""
        if not self.scopes:
            parts = [message for message in self.log if isinstance(message, PlanPart)]
            opens = {op.index: op.opens for part in parts for op in part.operations}
            self.scopes = {op.index: op.scope for part in parts for op in part.operations}
            for block in (block for part in parts for block in part.trials):
                for place in range(len(block.values)):
                    self.scopes[block.first + place] = opens[block.owner] or 0
        return self.scopes[index]

    def finals(self) -> dict[str, list[str]]:
        """Return each operation's final statuses, by name."""
        found: dict[str, list[str]] = {}
        for event in self.events.values():
            if isinstance(event, OperationChanged) and state.final(event.status):
                found.setdefault(event.operation, []).append(event.status)
        return found

    def ends(self) -> list[str]:
        """Return the run's final statuses."""
        return [
            event.status
            for event in self.events.values()
            if isinstance(event, RunChanged) and state.final(event.status)
        ]
