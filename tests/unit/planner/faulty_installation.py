"""Planners and admission among faults: each dies between any two steps, and former owners are late.

Nothing that was sent is lost; all of it may come again, in the order of its sender, at any time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random

from polyflow_services.admission import core as admission
from polyflow_services.admission import state as admission_state
from polyflow_services.planner import core as planner
from polyflow_services.planner.rows import state as planner_state
from polyflow_shared.deciding.decision import Decide
from polyflow_shared.deciding.rows import Overlay, RowCodec, StoredRows
from polyflow_topics.catalog import ADMISSION_REQUESTS, RUN_INBOX, topic_of
from polyflow_topics.commands import LaunchOperation
from polyflow_topics.events import RunChanged
from polyflow_topics.inbox import OperatingRequested, TimerFired
from polyflow_topics.message import Message
from polyflow_topics.names import RunId
from tests.unit.planner.plan_builder import START, report
from tests.unit.planner.world import fits

ADMISSION = "admission"
LONG = 1_500
"""Steps after which faults end, for each restart makes more to be read."""


@dataclass
class Process:
    """A decider and its partition; it takes some records, decides, sends, saves and commits."""

    decide: Decide
    codec: RowCodec
    recovered: Callable[[Iterable[str]], Sequence[Message]]
    log: list[tuple[Message, datetime]] = field(default_factory=list)
    position: int = 0

    def __post_init__(self) -> None:
        self.rows = StoredRows(self.codec)

    def decided(self, records: Sequence[tuple[Message, datetime]]) -> tuple[Overlay, list[Message]]:
        overlay: Overlay = Overlay(self.rows)
        said: list[Message] = []
        for message, at in records:
            decision = self.decide(overlay, message, at)
            overlay.apply(decision.writes)
            said += decision.messages
        return overlay, said

    def save(self, overlay: Overlay) -> None:
        for key, row in overlay.writes.items():
            self.rows.put(key, None if row is None else self.codec.encode(row))

    def restart(self, at: datetime) -> None:
        self.log += [(message, at) for message in self.recovered(key for key, _ in self.rows.items())]


class FaultyInstallation:
    """Some runs, a planner for each, admission, and a cluster that starts a pod once whatever is repeated."""

    def __init__(self, plans: Sequence[Sequence[Message]], limit: int, rng: Random) -> None:
        self.rng = rng
        self.faults = 0.2
        self.now = START
        decide = partial(admission.decide, limits=admission.Limits(limit))
        self.admission = Process(decide, admission_state.CODEC, admission.recovered)
        self.processes = {ADMISSION: self.admission}
        for messages in plans:
            process = Process(planner.decide, planner_state.CODEC, planner.recovered)
            process.log += [(message, START) for message in messages]
            self.processes[messages[0].key()] = process
        self.late: list[list[Message]] = []
        """What former owners have yet to send."""
        self.pods: dict[tuple[str, int, int], bool] = {}
        """Whether the pod of an attempt lives, by run, number and attempt."""
        self.launched: dict[tuple[str, int, int], LaunchOperation] = {}
        self.most = 0
        """Pods that lived at once, at most."""
        self.ended: dict[str, str] = {}
        """How runs have ended."""

    def play(self, wishes: Iterator[Message], steps: int = 20_000) -> None:
        """Let things happen in any order, and people ask for what they wish, until nothing can happen."""
        for step in range(steps):
            self.now += timedelta(milliseconds=100)
            if step == LONG:
                self.faults = 0.0
            if not self._something(wishes):
                return
        raise AssertionError("it does not come to an end")

    def _something(self, wishes: Iterator[Message]) -> bool:
        behind = [name for name, process in self.processes.items() if process.position < len(process.log)]
        live = [name for name, lives in self.pods.items() if lives]
        choices = [
            *([lambda: self._step(self.rng.choice(behind))] * 6 if behind else []),
            *([lambda: self._end(self.rng.choice(live))] if live else []),
            *([self._send_late] if self.late else []),
        ]
        if not choices or self.rng.random() < 0.15:
            wish = next(wishes, None)
            if wish is not None:
                self._send(wish)
                return True
        if not choices:
            return self._timer()
        self.rng.choice(choices)()
        return True

    def _fault(self) -> bool:
        return self.rng.random() < self.faults

    # A decider's loop

    def _step(self, name: str) -> None:
        process = self.processes[name]
        until = process.position + self.rng.randint(1, 4)
        records = process.log[process.position : until]
        overlay, said = process.decided(records)
        sent = self.rng.randint(0, len(said)) if self._fault() else len(said)
        for message in said[:sent]:
            self._send(message)
        if sent < len(said) or self._fault():
            if said and self._fault():  # it does not know yet that it is the owner no more
                self.late.append(said[sent:] or said)
            process.restart(self.now)
            return
        process.save(overlay)
        if self._fault():
            process.restart(self.now)
        else:
            process.position += len(records)

    def _send_late(self) -> None:
        said = self.late[self.rng.randrange(len(self.late))]
        self._send(said.pop(0))
        self.late = [one for one in self.late if one]

    def _send(self, message: Message) -> None:
        assert fits(message)
        topic = topic_of(message)
        if topic == ADMISSION_REQUESTS.name:
            self._write(ADMISSION, message)
        elif topic == RUN_INBOX.name:
            self._write(message.key(), message)
        elif isinstance(message, LaunchOperation):
            self._launch(message)
        elif isinstance(message, RunChanged) and planner_state.final(message.status):
            self.ended[message.run] = message.status

    def _write(self, name: str, message: Message) -> None:
        self.processes[name].log += [(message, self.now)] * (2 if self._fault() else 1)

    # The cluster

    def _launch(self, launch: LaunchOperation) -> None:
        name = (launch.run, launch.index, launch.attempt)
        if name not in self.pods:
            self.pods[name] = True
            self.launched[name] = launch
            self.most = max(self.most, sum(self.pods.values()))

    def _end(self, name: tuple[str, int, int]) -> None:
        self.pods[name] = False
        status = self.rng.choice(("succeeded", "succeeded", "failed"))
        self._send(report(self.launched[name], status))

    # Time passes only when nothing else can happen; nobody is asked again for the time alone.

    def _timer(self) -> bool:
        rows = [
            process.codec.decode(row)
            for process in self.processes.values()
            for key, row in process.rows.items()
            if "/timer/retry/" in key or "/timer/recover" in key
        ]
        if not rows:
            return False
        timer = min(rows, key=lambda row: row.due)
        self.now = max(self.now, timer.due) + timedelta(seconds=1)
        self._send(TimerFired(run=RunId(timer.run), name=timer.name, due=timer.due))
        return True


def pauses(runs: Sequence[RunId], rng: Random, most: int = 4) -> Iterator[Message]:
    """Yield pauses of runs, each with its end; the runs go on at last."""
    for number in range(rng.randint(1, most)):
        run = rng.choice(runs)
        yield OperatingRequested(run=run, kind="pause", operation="", request=f"pause {number}")
        yield OperatingRequested(run=run, kind="unpause", operation="", request=f"unpause {number}")
