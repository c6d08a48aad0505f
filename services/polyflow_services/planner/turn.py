"""One decision in the making: rows as they stand by now, messages so far, and what is still to be followed.

A turn is made and used up inside one call of `core.decide`; from outside that call is a pure function.
"""

from collections import deque
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from polyflow_services.planner.rows import claims, event_edges, keys, state, timers
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.values import reading
from polyflow_services.planner.values.params import Upstream
from polyflow_shared.deciding.decision import Decision
from polyflow_shared.deciding.rows import Rows, TimerRow
from polyflow_topics.events import OperationChanged, RunChanged
from polyflow_topics.inbox import Release, SweepContinued
from polyflow_topics.message import Message, Values
from polyflow_topics.names import RunId
from polyflow_topics.origins import Origin
from polyflow_topics.plan import EDGES_PER_CHUNK, OutputOf
from polyflow_topics.status import Pending, Status

INFRASTRUCTURE_RETRIES: Final = 3
OUTPUTS_WAIT: Final = 60.0
"""Where no settings say otherwise, whose docstrings tell what both are: importing them costs a cold start."""
STEPS_PER_TURN: Final = EDGES_PER_CHUNK
"""Edges that one decision follows, and operations that it takes out of queues: each makes at most two
messages, so a decision stays near 500."""


class Turn(reading.DatedRows):
    """A decision about one run."""

    def __init__(
        self,
        rows: Rows[Any],
        run: RunId,
        at: datetime,
        *,
        infrastructure_retries: int,
        outputs_wait: float,
    ) -> None:
        """Begin with the rows as they are.

        Args:
            rows: what the planner remembers.
            run: the run that the decision is about.
            at: when the record was written.
            infrastructure_retries: see the settings.
            outputs_wait: see the settings.
        """
        super().__init__(rows, run)
        self.infrastructure_retries = infrastructure_retries
        self.outputs_wait = outputs_wait
        self.run = run
        self.at = at
        self.messages: list[Message] = []
        self.releases: deque[Release] = deque()
        self.ended: deque[int] = deque()
        """Scopes whose last operation has ended."""
        self.freed: dict[int, None] = {}
        """Scopes that have a free slot; the last one is served first."""
        self.launches_freed = False
        """Whether there is room for another launch of the run."""
        self.steps_left = STEPS_PER_TURN
        self._said: dict[str, Any] | None = None
        self._now = 0

    def decision(self) -> Decision:
        """Return what has come together."""
        return Decision(self.writes(), self.messages)

    def upstream(self, source: OutputOf) -> Upstream:
        """Return an operation, or the run, as a param reads from it."""
        if source.of == "outputs":
            row = self.operation(source.operation)
            outputs = self.document(keys.outputs_key(self.run, source.operation))
            return Upstream(row.name, row.status, outputs)
        return reading.read(self, source)

    def set_timer(self, name: str, due: datetime) -> None:
        """Let `TimerFired` come at `due`; another time of the same timer is forgotten.

        Args:
            name: as in `timers`.
            due: when.
        """
        self.put(keys.timer_key(self.run, name), TimerRow(self.run, name, due))

    def drop_timer(self, name: str) -> None:
        """Forget a timer, if there is one."""
        self.remove(keys.timer_key(self.run, name))

    def release(
        self, source: int, *, opening: bool = False, chunk: int = 0, group: int | None = None
    ) -> None:
        """Let a chunk of edges be followed, and with it those behind it.

        Args:
            source: the operation that lets go what waits for it; where it is an opening one, the scope.
            opening: whether the edges are those of a scope that opens.
            chunk: counts from 0.
            group: where an event has happened, or cannot any more: which downstreams wait for it.
        """
        told = {"source": source, "opening": opening, "chunk": chunk, "group": group}
        self.releases.append(Release.trusted(told))

    def step(self) -> bool:
        """Take one of the steps that are left to this decision; return whether there was one."""
        if not self.steps_left:
            return False
        self.steps_left -= 1
        return True

    # Messages

    def send(self, message: Message) -> None:
        """Add a message."""
        self.messages.append(message)

    def sweep(self, name: str, cursor: int = 0) -> None:
        """Go on with a sweep in another decision.

        Args:
            name: as in `sweep_names`.
            cursor: the operation to begin with.
        """
        self.send(SweepContinued(run=self.run, sweep=name, cursor=cursor))

    def name_attempt(self, attempt: int) -> None:
        """Note that an attempt was named to somebody: once the run is resumed, no other may have its number.

        What was said of it may still be on its way.
        """
        run = self.run_row()
        if run.attempts <= attempt:
            self.put_run(replace(run, attempts=attempt + 1))

    def next_sequence(self) -> int:
        """Return the number of the next public event of this run."""
        row = self.run_row()
        sequence = row.sequence + 1
        self.put_run(replace(row, sequence=sequence))
        return sequence

    def said_of_run(self) -> dict[str, Any]:
        """Return what the next public event says of its run; takes the next sequence number."""
        return {**self._in_every_event(), "sequence": self.next_sequence()}

    def _in_every_event(self) -> dict[str, Any]:
        if self._said is None:
            head = self.head()
            self._said = {
                "run": self.run,
                "project": head.project,
                "owner": head.owner,
                "name": head.name,
                "tags": head.tags,
                "presets": head.presets,
                "at": self.at,
            }
        return self._said

    def about(self, index: int, row: OperationRow) -> dict[str, Any]:
        """Return what a command says of the attempt that it is for."""
        return {
            "run": self.run,
            "operation": row.name,
            "index": index,
            "attempt": row.attempt,
            "cluster": row.cluster,
        }

    def tell_run(self, status: Status, *, reason: str = "", message: str = "") -> None:
        """Publish the run's new status."""
        head = self.head()
        self.send(
            RunChanged(
                **self.said_of_run(),
                status=status,
                reason=reason,
                message=message,
                description=head.description,
                params=self.document(keys.params_key(self.run)) or {},
                specification=head.specification,
                operations=head.operations,
                pending=self.run_row().pending if status is Status.CREATED else None,
                kind=head.kind,
                origin=Origin.model_validate_json(head.origin) if head.origin else None,
                generation=head.generation,
            )
        )

    def tell_operation(
        self,
        index: int,
        row: OperationRow,
        *,
        why: tuple[str, str] = ("", ""),
        exit_code: int | None = None,
        values: tuple[Values | None, Values | None] = (None, None),
        ran: tuple[datetime, datetime] | None = None,
    ) -> None:
        """Publish an operation's new status.

        Args:
            index: the operation's number.
            row: the operation as it stands now.
            why: reason (a word in CamelCase) and message (a sentence).
            exit_code: of the container, where it has ended by itself.
            values: resolved params and outputs.
            ran: from when to when, where that was before, or another operation whose result it has.
        """
        if row.cached and row.status is Status.RUNNING:
            self._begin(index)
        if row.read:
            reading.keep(self, index, row, values[0])
        if row.groups:
            self._decide_groups(index, row, ran=exit_code is not None and not row.service)
        self.messages.append(
            OperationChanged.trusted(
                {
                    **self._in_every_event(),
                    "sequence": self.next_sequence(),
                    "operation": row.name,
                    "index": index,
                    "attempt": row.attempt,
                    "cluster": row.cluster,
                    "status": row.status,
                    "reason": why[0],
                    "message": why[1],
                    "exit_code": exit_code,
                    "params": values[0],
                    "outputs": values[1],
                    "pending": row.pending,
                    "cache": self._result(index) if row.cached else "",
                    "ran": ran,
                }
            )
        )

    def _decide_groups(self, index: int, row: OperationRow, *, ran: bool) -> None:
        """Let go on what waits for events of an operation, as far as its status decides that.

        For others a service has succeeded once it is up: its end comes after theirs.
        """
        status = Status.SUCCEEDED if row.up else row.status
        for number in range(row.groups):
            key = event_edges.group_key(self.run, index, number)
            group = self.need(key, event_edges.GroupRow)
            met = event_edges.has_happened(group.events, status, ran=ran)
            if group.came is None and (met or state.final(status)):
                self.put_alone(key, replace(group, came=status, met=met))
                if self.lets_go(row.scope):
                    self.release(index, group=number)

    def _begin(self, index: int) -> None:
        """Note when an operation began to run whose result is kept: others that use it read that."""
        asked = self.result_asked(index)
        if asked is not None and asked.started is None:
            self.put_alone(claims.look_up_key(self.run, index), replace(asked, started=self.at))

    def _result(self, index: int) -> str:
        asked = self.result_asked(index)
        return "" if asked is None else asked.result

    def move(self, index: int, status: Status, *, why: tuple[str, str] = ("", "")) -> bool:
        """Give an operation a new status and publish it; do nothing where the table has no such move.

        Returns:
            Whether it has moved.
        """
        before = self.operation(index)
        after = state.moved(before, status)
        if after is before:
            return False
        self.put_operation(index, after)
        self.wait_no_more(index, before)
        self.tell_operation(index, after, why=why)
        return True

    def hold(self, index: int, pending: Pending, why: tuple[str, str]) -> None:
        """Note and publish what holds an operation that is created; do nothing where it was told before."""
        before = self.operation(index)
        if before.pending is not pending and before.status is Status.CREATED:
            after = replace(before, pending=pending)
            self.put_operation(index, after)
            self.tell_operation(index, after, why=why)

    def wait_no_more(self, index: int, before: OperationRow) -> None:
        """Remove the timers of a pod that waited for something and does not any more."""
        if before.waits:
            self.drop_timer(timers.of_operation(timers.IMAGE, index))
            self.drop_timer(timers.of_operation(timers.LAUNCH, index))

    def now(self) -> int:
        """Return the decision's time in whole seconds since 1970."""
        if not self._now:
            self._now = int(self.at.timestamp())
        return self._now
