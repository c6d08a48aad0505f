"""One decision in the making: rows as they stand by now, messages so far, and what is still to be followed.

A turn is made and used up inside one call of `core.decide`; from outside that call is a pure function.
"""

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import replace

from polyflow_services.planner import state, timers
from polyflow_services.planner.params import Upstream
from polyflow_services.planner.state import HeadRow, OperationRow, RunRow, ScopePlanRow, ScopeRow
from polyflow_shared.decision import Decision
from polyflow_shared.errors import InvariantError
from polyflow_shared.rows import Overlay, Row, Rows, TimerRow
from polyflow_topics.events import OperationChanged, RunChanged
from polyflow_topics.inbox import Release
from polyflow_topics.message import Message, Values
from polyflow_topics.names import ClusterName, OperationName, RunId
from polyflow_topics.plan import EDGES_PER_CHUNK, PlannedOperation
from polyflow_topics.status import Pending, Status

R = TypeVar("R", bound=Row)

EDGES_PER_TURN: Final = EDGES_PER_CHUNK
"""Edges that one decision follows: each makes at most two messages, so a decision stays near 500."""


class Turn:
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
        self.infrastructure_retries = infrastructure_retries
        self.outputs_wait = outputs_wait
        self.run = run
        self.at = at
        self.rows: Overlay[Row] = Overlay(rows)
        self._run_key = state.run_key(run)
        self.messages: list[Message] = []
        self.releases: deque[Release] = deque()
        self.ended: deque[int] = deque()
        """Scopes whose last operation has ended."""
        self.freed: dict[int, None] = {}
        """Scopes that have a free slot, in order."""
        self.launches_freed = False
        """Whether there is room for another launch of the run."""
        self.edges_left = EDGES_PER_TURN
        self._head: HeadRow | None = None

    def decision(self) -> Decision:
        """Return what has come together."""
        return Decision(self.rows.writes, self.messages)

    # Rows

    def need(self, key: str, kind: type[R]) -> R:
        """Return a row that the plan or an earlier decision must have written.

        Raises:
            InvariantError: there is no such row, or it is of another kind.
        """
        row = self.rows.get(key)
        if not isinstance(row, kind):
            raise InvariantError(f"row {key} is missing")
        return row

    def put(self, key: str, row: Row | None) -> None:
        """Set a row, or remove it."""
        self.rows.writes[key] = row

    def run_row(self) -> RunRow:
        """Return the run's counters."""
        return self.need(self._run_key, RunRow)

    def put_run(self, row: RunRow) -> None:
        """Set the run's counters."""
        self.put(self._run_key, row)

    def head(self) -> HeadRow:
        """Return what the request said of itself."""
        if self._head is None:
            self._head = self.need(state.head_key(self.run), HeadRow)
        return self._head

    def operation(self, index: int) -> OperationRow:
        """Return an operation's status and counters."""
        return self.need(state.operation_key(self.run, index), OperationRow)

    def put_operation(self, index: int, row: OperationRow) -> None:
        """Set an operation's status and counters."""
        self.put(state.operation_key(self.run, index), row)

    def scope(self, number: int) -> ScopeRow:
        """Return a scope's counters."""
        return self.need(state.scope_key(self.run, number), ScopeRow)

    def put_scope(self, number: int, row: ScopeRow) -> None:
        """Set a scope's counters."""
        self.put(state.scope_key(self.run, number), row)

    def scope_plan(self, number: int) -> ScopePlanRow:
        """Return what the plan says of a scope."""
        return self.need(state.scope_plan_key(self.run, number), ScopePlanRow)

    def planned(self, index: int) -> PlannedOperation:
        """Return what the plan says of an operation."""
        row = self.need(state.plan_key(self.run, index), state.DocumentRow)
        return PlannedOperation.model_validate_json(bytes(row.body))

    def upstream(self, index: int) -> Upstream:
        """Return an operation as a param reads from it."""
        row = self.operation(index)
        return Upstream(row.name, row.status, self.document(state.outputs_key(self.run, index)))

    def document(self, key: str) -> Values | None:
        """Return a larger value, or None if there is none."""
        row = self.rows.get(key)
        return msgspec.json.decode(row.body) if isinstance(row, state.DocumentRow) else None

    def put_document(self, key: str, value: Values) -> None:
        """Set a larger value."""
        self.put(key, state.DocumentRow(msgspec.Raw(msgspec.json.encode(value))))

    def set_timer(self, name: str, due: datetime) -> None:
        """Let `TimerFired` come at `due`; another time of the same timer is forgotten.

        Args:
            name: as in `timers`.
            due: when.
        """
        self.put(state.timer_key(self.run, name), TimerRow(self.run, name, due))

    def drop_timer(self, name: str) -> None:
        """Forget a timer, if there is one."""
        self.put(state.timer_key(self.run, name), None)

    # Messages

    def send(self, message: Message) -> None:
        """Add a message."""
        self.messages.append(message)

    def next_sequence(self) -> int:
        """Return the number of the next public event of this run."""
        row = self.run_row()
        self.put_run(replace(row, sequence=row.sequence + 1))
        return row.sequence + 1

    def said_of_run(self) -> dict[str, Any]:
        """Return what the next public event says of its run; takes the next sequence number."""
        head = self.head()
        return {
            "run": self.run,
            "sequence": self.next_sequence(),
            "project": head.project,
            "owner": head.owner,
            "name": head.name,
            "tags": head.tags,
            "presets": head.presets,
            "at": self.at,
        }

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
                params=self.document(state.params_key(self.run)) or {},
                specification=head.specification,
                operations=head.operations,
                pending=self.run_row().pending if status is Status.CREATED else None,
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
    ) -> None:
        """Publish an operation's new status.

        Args:
            index: the operation's number.
            row: the operation as it stands now.
            why: reason (a word in CamelCase) and message (a sentence).
            exit_code: of the container, where it has ended by itself.
            values: resolved params and outputs.
        """
        self.send(
            OperationChanged(
                **self.said_of_run(),
                operation=OperationName(row.name),
                index=index,
                attempt=row.attempt,
                cluster=ClusterName(row.cluster),
                status=row.status,
                reason=why[0],
                message=why[1],
                exit_code=exit_code,
                params=values[0],
                outputs=values[1],
                pending=row.pending,
            )
        )

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
        return int(self.at.timestamp())

    def closing(self, number: int) -> tuple[int, ScopeRow] | None:
        """Return the innermost scope around (and with) this one that is closing, or None."""
        while number != state.NONE:
            row = self.scope(number)
            if row.rest is not None:
                return number, row
            number = self._parent(number)
        return None

    def ancestors(self, number: int) -> Sequence[int]:
        """Return this scope and all around it, innermost first."""
        found = []
        while number != state.NONE:
            found.append(number)
            number = self._parent(number)
        return found

    def _parent(self, number: int) -> int:
        owner = self.scope_plan(number).owner
        return state.NONE if owner == state.NONE else self.operation(owner).scope
